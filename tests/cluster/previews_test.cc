// ApplicationSets of a real cluster: branches of a repository over http become previews, each in a namespace of its
// own, held by a daemon that is nobody but the ServiceAccount that `holdfast install --previews` gave it.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <sstream>

#include "cluster/installed.h"

namespace holdfast::cluster {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

class Previews : public InstalledOnce<Previews> {
 protected:
  static void SetUpTestSuite() {
    InstalledOnce::SetUpTestSuite();
    of_suite_->start_controllers();  // which empty a namespace that is deleted
  }

  Previews() {
    install({"--previews"});
    wait_for_definitions();
    namespaces({"teams", "shop"});
    repository_.write("app/page.yaml", config_map("page", "blue"));
    repository_.commit("Start");
  }
  ~Previews() override {
    daemon_.reset();
    forget("hfset", "teams");
    forget("hfapp", "teams");
    std::ignore = kubectl_.run({"delete", "namespaces", "-l", "holdfast.dev/application-set", "--timeout=20s"});
    std::ignore = kubectl_.run({"-n", "teams", "delete", "configmaps", "--all"});
  }

  [[nodiscard]] std::string set(const std::string& more = "") const {
    return "apiVersion: holdfast.dev/v1alpha1\nkind: ApplicationSet\nmetadata: {name: previews, namespace: teams}\n"
           "spec:\n"
           "  generators:\n"
           "  - branches: {repoURL: " +
           server_.url() +
           "/work, match: feature/*, interval: 2s}\n"
           "  template:\n"
           "    metadata: {name: 'web-{{branchSlug}}'}\n"
           "    spec:\n"
           "      source: {repoURL: " +
           server_.url() +
           "/work, ref: {branch: '{{branch}}'}, path: app}\n"
           "  preview: {namespace: 'preview-{{branchSlug}}'}\n" +
           more;
  }
  void start() { Installed::start({"--previews"}); }
  void push_branch(const std::string& branch) {
    repository_.git({"checkout", "-q", "-B", branch, "main"});
    repository_.write("app/branch.yaml", config_map("branch", "green"));
  }
  void back_to_main() { repository_.git({"checkout", "-q", "main"}); }
  // The namespace of a branch of the set; empty: none is on record.
  [[nodiscard]] std::string namespace_of(const std::string& application_start) const {
    std::istringstream lines(
        kubectl_.field("teams", "hfset", "previews",
                       "{range .status.previews[*]}{.application}{\" \"}{.namespace}{\" \"}{.uid}{\"\\n\"}{end}"));
    for (std::string application, name, uid; lines >> application >> name >> uid;)
      if (application.starts_with(application_start)) return name;
    return {};
  }
  [[nodiscard]] std::string color(const std::string& namespace_, const std::string& name) const {
    return namespace_.empty() ? "" : Installed::color(namespace_, name);
  }
  [[nodiscard]] std::string condition(const std::string& type, const std::string& part = "message") const {
    return kubectl_.field("teams", "hfset", "previews",
                          "{.status.conditions[?(@.type==\"" + type + "\")]." + part + "}");
  }
  [[nodiscard]] std::string status(const std::string& field) const {
    return kubectl_.field("teams", "hfset", "previews", "{.status." + field + "}");
  }
  static void report(const char* what, SteadyClock::time_point begun, std::chrono::milliseconds most) {
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - begun);
    std::printf("%s: %lld ms\n", what, static_cast<long long>(took.count()));
    EXPECT_LE(took, most) << what;
  }
};

TEST_F(Previews, a_branch_has_a_preview_in_a_namespace_of_its_own_for_as_long_as_it_is_there) {
  start();
  apply(set());
  EXPECT_TRUE(eventually_is([&] { return condition("Ready", "status"); }, "True"));
  EXPECT_EQ(condition("Ready"), "0 of 0 applications are ready");

  push_branch("feature/login");
  const auto pushed = SteadyClock::now();
  repository_.commit("Try a login");
  back_to_main();
  EXPECT_TRUE(eventually_is([&] { return color(namespace_of("web-feature-login"), "branch"); }, "green"));
  report("push to running preview", pushed, 10s);
  const std::string space = namespace_of("web-feature-login");
  EXPECT_TRUE(space.starts_with("preview-feature-login-")) << space;
  EXPECT_EQ(color(space, "page"), "blue");
  const auto label = [&](const std::string& name) {
    return kubectl_.field("", "namespace", space, "{.metadata.labels." + name + "}");
  };
  EXPECT_EQ(label("pod-security\\.kubernetes\\.io/enforce"), "restricted");
  EXPECT_EQ(kubectl_.field(space, "resourcequota", "holdfast-preview", "{.spec.hard.pods}"), "50");
  EXPECT_TRUE(eventually_is([&] { return status("ready"); }, "1"));
  EXPECT_TRUE(eventually_is([&] { return condition("Ready", "status"); }, "True"));
  const std::string table = kubectl_.must({"-n", "teams", "get", "hfset"});
  EXPECT_TRUE(table.contains("MATCHED   APPLIED   READY")) << table;

  kubectl_.must({"-n", space, "patch", "configmap", "page", "--type=merge", "-p", R"({"data":{"color":"red"}})"});
  EXPECT_TRUE(eventually_is([&] { return color(space, "page"); }, "blue"));

  const auto deleted = SteadyClock::now();
  repository_.git({"branch", "-D", "feature/login"});
  EXPECT_TRUE(eventually_is([&] { return kubectl_.field("", "namespace", space, "{.metadata.uid}"); }, "", 60s));
  report("branch deleted to namespace gone", deleted, 60s);
  EXPECT_TRUE(eventually_is([&] { return status("previews[*].namespace"); }, ""));
  EXPECT_TRUE(names("hfapp", "teams").empty());
  EXPECT_NE(kubectl_.field("", "namespace", "shop", "{.metadata.uid}"), "");
}

TEST_F(Previews, a_set_that_is_deleted_takes_its_previews_down_and_nothing_else) {
  start();
  apply(set());
  push_branch("feature/a");
  repository_.commit("Begin");
  back_to_main();
  EXPECT_TRUE(eventually_is([&] { return color(namespace_of("web-feature-a"), "branch"); }, "green"));
  const std::string space = namespace_of("web-feature-a");
  kubectl_.must({"-n", "teams", "delete", "hfset", "previews", "--timeout=40s"});
  EXPECT_EQ(kubectl_.field("", "namespace", space, "{.metadata.uid}"), "");
  EXPECT_TRUE(eventually([&] { return names("hfapp", "teams").empty(); }, kDeadline));
}

TEST_F(Previews, a_namespace_that_was_there_before_is_neither_used_nor_deleted) {
  const std::string space = "preview-mine";
  apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: " + space + "}\n");
  const std::string uid = kubectl_.field("", "namespace", space, "{.metadata.uid}");
  std::string plain = set();
  plain.replace(plain.find("match: feature/*"), 16, "match: mine");
  push_branch("mine");
  repository_.commit("Begin");
  back_to_main();
  start();
  apply(plain);
  EXPECT_TRUE(eventually_is([&] { return condition("Stalled", "reason"); }, "NamespaceTaken"));
  EXPECT_TRUE(condition("Ready").contains("was there before, so it is neither used nor deleted")) << condition("Ready");
  EXPECT_TRUE(names("hfapp", "teams").empty());
  kubectl_.must({"-n", "teams", "delete", "hfset", "previews", "--timeout=40s"});
  EXPECT_EQ(kubectl_.field("", "namespace", space, "{.metadata.uid}"), uid);
  EXPECT_EQ(kubectl_.field("", "namespace", space, "{.metadata.deletionTimestamp}"), "");
  kubectl_.must({"delete", "namespace", space, "--wait=false"});
}

TEST_F(Previews, an_application_that_somebody_else_made_is_not_taken_over) {
  const std::string theirs =
      "apiVersion: holdfast.dev/v1alpha1\nkind: Application\n"
      "metadata: {name: web-mine, namespace: teams}\n"
      "spec: {suspend: true, source: {repoURL: " +
      server_.url() + "/work, path: elsewhere}}\n";
  apply(theirs);
  std::string plain = set();
  plain.replace(plain.find("match: feature/*"), 16, "match: mine");
  push_branch("mine");
  repository_.commit("Begin");
  back_to_main();
  start();
  apply(plain);
  EXPECT_TRUE(eventually_is([&] { return condition("Stalled", "reason"); }, "NotOurs"));
  EXPECT_EQ(kubectl_.field("teams", "hfapp", "web-mine", "{.spec.source.path}"), "elsewhere");
  EXPECT_EQ(kubectl_.field("teams", "hfapp", "web-mine", "{.metadata.ownerReferences}"), "");
  kubectl_.must({"-n", "teams", "delete", "hfapp", "web-mine", "--timeout=10s"});
  EXPECT_TRUE(
      eventually_is([&] { return kubectl_.field("teams", "hfapp", "web-mine", "{.spec.source.path}"); }, "app"));
}

// Whatever is in a branch, and however it says so.
TEST_F(Previews, nothing_escalates_through_a_preview) {
  push_branch("feature/evil");
  repository_.write("app/role.yaml",
                    "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: evil}\nrules: []\n");
  repository_.write("app/space.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: evil}\n");
  repository_.write("app/elsewhere.yaml", config_map("evil", "red", "shop"));
  repository_.write("app/filled.yaml", config_map("evil-filled", "red", "'${where}'"));
  repository_.write("app/application.yaml",
                    "apiVersion: holdfast.dev/v1alpha1\nkind: Application\nmetadata: {name: evil}\n"
                    "spec: {source: {repoURL: " +
                        server_.url() + "/work, path: all}, destination: {namespace: shop}}\n");
  repository_.write("app/quota.yaml",
                    "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: holdfast-preview}\n"
                    "spec: {hard: {pods: 100000}}\n");
  repository_.commit("Break out");
  repository_.git({"checkout", "-q", "-B", "feature/hooked", "main"});
  repository_.write("app/hook.yaml", config_map("evil-hook", "red", "shop, annotations: {holdfast.dev/hook: pre}"));
  repository_.commit("Break out by a hook");
  repository_.git({"checkout", "-q", "-B", "feature/kustomized", "main"});
  repository_.write("app/kustomization.yaml", "namespace: shop\nresources: [page.yaml]\n");
  repository_.commit("Break out by Kustomize");
  back_to_main();
  start();
  std::string filled = set();
  filled.replace(filled.find("path: app}"), 10, "path: app}\n      postBuild: {substitute: {where: shop}}");
  apply(filled);
  EXPECT_TRUE(eventually_is([&] { return color(namespace_of("web-feature-evil"), "branch"); }, "green"));
  const std::string space = namespace_of("web-feature-evil");
  const auto said = [&](const std::string& start) {
    for (const std::string& name : names("hfapp", "teams"))
      if (name.starts_with(start))
        return kubectl_.field("teams", "hfapp", name, "{.status.conditions[?(@.type==\"Ready\")].message}");
    return std::string();
  };
  EXPECT_TRUE(eventually([&] { return said("web-feature-evil").contains("confined to"); }, kDeadline))
      << said("web-feature-evil") << daemon_->output();
  for (const char* way : {"web-feature-kustomized", "web-feature-hooked"})
    EXPECT_TRUE(eventually([&] { return said(way).contains("confined to"); }, kDeadline)) << said(way);
  EXPECT_EQ(kubectl_.field("", "clusterrole", "evil", "{.metadata.name}"), "");
  EXPECT_EQ(kubectl_.field("", "namespace", "evil", "{.metadata.name}"), "");
  EXPECT_EQ(kubectl_.must({"-n", "shop", "get", "configmaps", "-o", "name", "--field-selector",
                           "metadata.name!=kube-root-ca.crt"}),
            "");
  EXPECT_EQ(kubectl_.field(space, "hfapp", "evil", "{.metadata.name}"), "");
  EXPECT_EQ(kubectl_.field(space, "resourcequota", "holdfast-preview", "{.spec.hard.pods}"), "50");
}

TEST_F(Previews, each_folder_has_an_application_and_what_it_made_stays_when_the_folder_goes) {
  for (const char* team : {"red", "blue"})
    repository_.write("teams/" + std::string(team) + "/page.yaml", config_map("page-" + std::string(team), team));
  repository_.commit("Have teams");
  start();
  apply(
      "apiVersion: holdfast.dev/v1alpha1\nkind: ApplicationSet\nmetadata: {name: previews, namespace: teams}\nspec:\n"
      "  generators:\n  - directories: {repoURL: " +
      server_.url() + "/work, paths: [teams/*], interval: 2s}\n" +
      "  template:\n    metadata: {name: 'team-{{pathBase}}'}\n"
      "    spec: {source: {repoURL: " +
      server_.url() + "/work, path: '{{path}}'}, prune: false, destination: {namespace: shop}}\n");
  EXPECT_TRUE(eventually_is([&] { return status("ready"); }, "2"));
  EXPECT_EQ(color("shop", "page-red"), "red");
  EXPECT_EQ(names("hfapp", "teams"), (std::vector<std::string>{"team-blue", "team-red"}));
  repository_.git({"rm", "-rq", "teams/red"});
  repository_.commit("Leave");
  EXPECT_TRUE(eventually([&] { return names("hfapp", "teams") == std::vector<std::string>{"team-blue"}; }, kDeadline))
      << daemon_->output();
  EXPECT_EQ(color("shop", "page-red"), "red");
  kubectl_.must({"-n", "shop", "delete", "configmaps", "page-red", "page-blue"});
}

TEST_F(Previews, the_api_server_refuses_what_contradicts_itself) {
  std::string two = set();
  two.replace(two.find("  - branches:"), 13, "  - list: {elements: []}\n    branches:");
  EXPECT_TRUE(kubectl_.run({"apply", "-f", "-"}, two).err.contains("has to be one of branches, directories and list"));
  apply(set());
  const Finished moved =
      kubectl_.run({"-n", "teams", "patch", "hfset", "previews", "--type=merge", "-p", R"({"spec":{"preview":null}})"});
  EXPECT_TRUE(moved.err.contains("make another ApplicationSet")) << moved.err;
  const std::string explained = kubectl_.must({"explain", "applicationset.spec.preview.quota"});
  EXPECT_TRUE(explained.contains("hard limits of its ResourceQuota")) << explained;
}

TEST_F(Previews, while_the_repository_is_away_nothing_is_deleted) {
  start();
  apply(set());
  push_branch("feature/a");
  repository_.commit("Begin");
  back_to_main();
  EXPECT_TRUE(eventually_is([&] { return color(namespace_of("web-feature-a"), "branch"); }, "green"));
  const std::string space = namespace_of("web-feature-a");
  const std::string uid = kubectl_.field("", "namespace", space, "{.metadata.uid}");
  std::filesystem::rename(repository_.directory(), repository_.directory() + ".away");
  EXPECT_TRUE(eventually_is([&] { return condition("Ready", "reason"); }, "GeneratorFailed"));
  std::filesystem::rename(repository_.directory() + ".away", repository_.directory());
  EXPECT_TRUE(eventually_is([&] { return condition("Ready", "status"); }, "True", 60s));
  EXPECT_EQ(kubectl_.field("", "namespace", space, "{.metadata.uid}"), uid);
  for (const std::string& line : daemon_->lines()) EXPECT_FALSE(line.contains("deleting")) << line;
}

}  // namespace
}  // namespace holdfast::cluster
