// Hooks, waves, replacement and deletions on a real API server. There is no kubelet: the test says for it what becomes
// of pods, and kube-controller-manager draws the conclusions.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <sstream>

#include "cluster/application.h"
#include "cluster/eventually.h"

namespace holdfast::cluster {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::system_clock;

constexpr auto kDeadline = 30s;

std::string metadata(const std::string& name, const std::string& annotations) {
  return "metadata: {name: " + name + ", annotations: {" + annotations + "}}\n";
}

std::string job(const std::string& name, const std::string& annotations) {
  return "apiVersion: batch/v1\nkind: Job\n" + metadata(name, annotations) +
         "spec:\n  backoffLimit: 0\n  template:\n    spec:\n      restartPolicy: Never\n"
         "      containers: [{name: main, image: example.com/job:1}]\n";
}

std::string deployment(const std::string& name, const std::string& annotations, const std::string& label) {
  return "apiVersion: apps/v1\nkind: Deployment\n" + metadata(name, annotations) +
         "spec:\n  selector: {matchLabels: {app: " + label + "}}\n  template:\n    metadata: {labels: {app: " + label +
         "}}\n    spec:\n      containers: [{name: main, image: example.com/web:1}]\n";
}

std::string config_map(const std::string& name, const std::string& annotations, const std::string& color) {
  return "apiVersion: v1\nkind: ConfigMap\n" + metadata(name, annotations) + "data: {color: " + color + "}\n";
}

class StagedApplication {
 public:
  StagedApplication(ControlPlane& plane, const std::string& name) : app(plane, name) {
    app.kubectl.must({"create", "namespace", name});
  }

  void run() {
    std::vector<std::string> arguments = app.arguments("run");
    arguments.insert(arguments.end(), {"--namespace", app.name});
    app.daemon = std::make_unique<HoldfastProcess>(arguments);
  }
  void write(const std::string& file, const std::string& text) const { app.repository.write("apps/" + file, text); }
  [[nodiscard]] bool exists(const std::string& type, const std::string& prefix) const {
    std::istringstream names(app.kubectl.must({"-n", app.name, "get", type, "-o", "name"}));
    for (std::string name; std::getline(names, name);)
      if (name.substr(name.find('/') + 1).starts_with(prefix)) return true;
    return false;
  }
  // As a kubelet would: each pod of that owner is now so.
  void pods_are(const std::string& prefix, const std::string& status) const {
    std::istringstream names(app.kubectl.must({"-n", app.name, "get", "pods", "-o", "name"}));
    for (std::string name; std::getline(names, name);)
      if (name.starts_with("pod/" + prefix))
        app.kubectl.must({"-n", app.name, "patch", name, "--subresource=status", "--type=merge", "-p",
                          R"({"status":)" + status + "}"});
  }
  void job_succeeds(const std::string& prefix) const {
    ASSERT_TRUE(eventually([&] { return exists("pods", prefix); }, kDeadline)) << app.daemon->output();
    pods_are(prefix, R"({"phase":"Succeeded"})");
  }
  // What the daemon wrote in the namespace and the server took, but for its record, in the order of the audit log.
  [[nodiscard]] std::vector<std::string> writes(Clock::time_point since) const {
    app.plane.settle_audit();
    std::vector<std::string> names;
    for (const AuditedRequest& request : app.plane.requests(holdfast_user, since, [&](const AuditedRequest& asked) {
           return asked.is_write() && !asked.is_dry_run() && asked.code < 300 && asked.namespace_ == app.name &&
                  !asked.name.starts_with("holdfast-");
         })) {
      const std::string name =
          request.resource == "jobs" ? request.name.substr(0, request.name.rfind('-')) : request.name;
      names.push_back(request.verb + " " + name);
    }
    return names;
  }

  Application app;
};

TEST(WavesTest, Ask34_hooks_and_waves_go_in_order_and_each_job_runs_once) {
  ControlPlane plane = ControlPlane::own();
  plane.start_controllers();
  StagedApplication staged(plane, name_of_test("waves"));
  Application& app = staged.app;
  staged.write("a-after.yaml", job("after", "holdfast.dev/hook: post"));
  staged.write("b-second.yaml", config_map("second", "argocd.argoproj.io/sync-wave: '1'", "blue"));
  staged.write("c-first.yaml", deployment("first", "", "first"));
  staged.write("d-before.yaml", job("before", "argocd.argoproj.io/hook: PreSync"));
  app.repository.commit("Start");
  const auto since = Clock::now();
  staged.run();

  staged.job_succeeds("before-");
  ASSERT_TRUE(eventually([&] { return staged.exists("pods", "first-"); }, kDeadline)) << app.daemon->output();
  EXPECT_FALSE(staged.exists("configmap", "second")) << "the Deployment is not ready";
  // A process that dies here finds on record that the hook has run.
  app.daemon->signal(SIGKILL);
  app.daemon->wait_exit(5s);
  staged.run();
  app.daemon->wait_for_line("read main@", kDeadline);
  EXPECT_FALSE(staged.exists("configmap", "second"));
  staged.pods_are("first-",
                  R"({"phase":"Running","conditions":[{"type":"Ready","status":"True"}],
                      "containerStatuses":[{"name":"main","ready":true,"restartCount":0,"image":"i","imageID":"i"}]})");
  ASSERT_TRUE(eventually([&] { return staged.exists("configmap", "second"); }, kDeadline)) << app.daemon->output();
  staged.job_succeeds("after-");
  app.wait_synced(app.repository.git({"rev-parse", "HEAD"}));

  std::vector<std::string> creates = staged.writes(since);
  std::erase_if(creates, [](const std::string& write) { return !write.starts_with("patch "); });
  const auto once = [&](const std::string& name) {
    EXPECT_EQ(std::ranges::count(creates, "patch " + name), 1) << testing::PrintToString(creates);
    return std::ranges::find(creates, "patch " + name);
  };
  EXPECT_LT(once("before"), std::ranges::find(creates, "patch first"));
  EXPECT_LT(std::ranges::find(creates, "patch first"), once("second"));
  EXPECT_LT(once("second"), once("after"));
}

// Whoever may delete, of the uid that is there: what else has the name stays.
class HookPoliciesTest : public testing::Test {
 protected:
  HookPoliciesTest() : plane(ControlPlane::own()) {
    plane.start_controllers();
    staged = std::make_unique<StagedApplication>(plane, name_of_test("hooks"));
  }
  void write_job(const std::string& name, const std::string& when, const std::string& policy) const {
    staged->write(name + ".yaml", job(name, "argocd.argoproj.io/hook: " + when +
                                                ", argocd.argoproj.io/hook-delete-policy: '" + policy + "'"));
  }
  std::string commit(const std::string& message) const { return staged->app.repository.commit(message); }
  // Its one Job, or "".
  [[nodiscard]] std::string job_of(const std::string& prefix) const {
    std::istringstream names(staged->app.kubectl.must({"-n", staged->app.name, "get", "jobs", "-o", "name"}));
    for (std::string name; std::getline(names, name);)
      if (name.starts_with("job.batch/" + prefix)) return name.substr(name.find('/') + 1);
    return {};
  }
  // By what becomes of its pod: the controller of Jobs draws the conclusion.
  void job_ends(const std::string& name, bool well) const {
    ASSERT_TRUE(eventually([&] { return staged->exists("pods", name); }, kDeadline)) << staged->app.daemon->output();
    staged->pods_are(name, well ? R"({"phase":"Succeeded"})" : R"({"phase":"Failed"})");
  }
  [[nodiscard]] bool gone(const std::string& name) const {
    return eventually([&] { return !staged->exists("jobs", name); }, kDeadline);
  }

  ControlPlane plane;
  std::unique_ptr<StagedApplication> staged;
};

TEST_F(HookPoliciesTest, Ask34_each_goes_when_its_policy_says_so_and_no_other_does) {
  Application& app = staged->app;
  staged->write("before.yaml", job("before",
                                   "helm.sh/hook: 'pre-install,pre-upgrade', helm.sh/hook-delete-policy: "
                                   "'before-hook-creation,hook-succeeded'"));
  staged->write("settings.yaml", config_map("settings",
                                            "helm.sh/hook: 'pre-install,pre-upgrade', helm.sh/hook-weight: '-1', "
                                            "helm.sh/hook-delete-policy: 'before-hook-creation,hook-succeeded'",
                                            "blue"));
  write_job("kept", "PreSync", "BeforeHookCreation");
  staged->write("page.yaml", config_map("page", "", "blue"));
  const std::string first = commit("Start");
  staged->run();
  ASSERT_TRUE(eventually([&] { return !job_of("before-").empty() && !job_of("kept-").empty(); }, kDeadline))
      << app.daemon->output();
  EXPECT_TRUE(staged->exists("configmap", "settings"));
  const std::string before = job_of("before-"), kept = job_of("kept-");
  job_ends(before, true);
  EXPECT_FALSE(staged->exists("configmap", "page"));
  job_ends(kept, true);
  app.wait_synced(first);
  EXPECT_TRUE(gone("before-")) << app.daemon->output();
  EXPECT_TRUE(eventually([&] { return !staged->exists("configmap", "settings"); }, kDeadline)) << app.daemon->output();
  EXPECT_EQ(job_of("kept-"), kept);
  app.daemon->wait_for_line("deleted the hook Job.batch " + app.name + "/" + before, kDeadline);

  // A process that begins finds on record that they have run.
  app.daemon->signal(SIGKILL);
  app.daemon->wait_exit(5s);
  const auto since = Clock::now();
  staged->run();
  app.wait_synced(first);
  EXPECT_EQ(staged->writes(since), std::vector<std::string>{});

  // The next one of its name waits until this one is gone.
  staged->write("page.yaml", config_map("page", "", "red"));
  commit("Another color");
  ASSERT_TRUE(eventually([&] { return !job_of("kept-").empty() && job_of("kept-") != kept; }, kDeadline))
      << app.daemon->output();
  const std::vector<std::string> writes = staged->writes(since);
  const auto deleted = std::ranges::find(writes, "delete kept"), made = std::ranges::find(writes, "patch kept");
  EXPECT_LT(deleted, made) << testing::PrintToString(writes);
}

TEST_F(HookPoliciesTest, Ask34_a_commit_does_not_end_a_job_that_runs) {
  Application& app = staged->app;
  staged->write("migrate.yaml", job("migrate", "argocd.argoproj.io/hook: PreSync"));
  staged->write("page.yaml", config_map("page", "", "blue"));
  commit("Start");
  const auto since = Clock::now();
  staged->run();
  ASSERT_TRUE(eventually([&] { return !job_of("migrate-").empty(); }, kDeadline)) << app.daemon->output();
  const std::string first = job_of("migrate-");
  ASSERT_TRUE(eventually([&] { return staged->exists("pods", first); }, kDeadline)) << app.daemon->output();
  staged->write("page.yaml", config_map("page", "", "red"));
  const std::string second = commit("Another color");
  app.daemon->wait_for_line("Job.batch " + app.name + "/" + first + " of an older revision still runs", kDeadline);
  EXPECT_EQ(job_of("migrate-"), first);
  job_ends(first, true);
  EXPECT_TRUE(gone(first)) << app.daemon->output();
  ASSERT_TRUE(eventually([&] { return !job_of("migrate-").empty(); }, kDeadline)) << app.daemon->output();
  EXPECT_FALSE(staged->exists("configmap", "page")) << "it waits for the second one as well";
  job_ends(job_of("migrate-"), true);
  app.wait_synced(second);
  const std::vector<std::string> writes = staged->writes(since);
  EXPECT_EQ(std::ranges::count(writes, "patch migrate"), 2) << testing::PrintToString(writes);
}

TEST_F(HookPoliciesTest, one_that_failed_goes_or_stays_as_its_policy_says_and_what_follows_waits) {
  Application& app = staged->app;
  write_job("goes", "PreSync", "HookSucceeded,HookFailed");
  write_job("stays", "PreSync", "HookSucceeded");
  staged->write("page.yaml", config_map("page", "", "blue"));
  commit("Start");
  staged->run();
  ASSERT_TRUE(eventually([&] { return !job_of("goes-").empty() && !job_of("stays-").empty(); }, kDeadline))
      << app.daemon->output();
  const std::string stays = job_of("stays-");
  job_ends(job_of("goes-"), false);
  job_ends(stays, false);
  EXPECT_TRUE(gone("goes-")) << app.daemon->output();
  app.daemon->wait_for_line("the hook failed", kDeadline);
  EXPECT_EQ(job_of("stays-"), stays);
  app.daemon->signal(SIGKILL);
  app.daemon->wait_exit(5s);
  const auto since = Clock::now();
  staged->run();
  app.daemon->wait_for_line("the hook failed, and was deleted as its policy says", kDeadline);
  EXPECT_FALSE(staged->exists("configmap", "page"));
  EXPECT_EQ(staged->writes(since), std::vector<std::string>{}) << "not twice for one revision";

  staged->write("page.yaml", config_map("page", "", "red"));
  commit("Mended");
  ASSERT_TRUE(eventually([&] { return !job_of("goes-").empty(); }, kDeadline)) << app.daemon->output();
}

class ReplaceOnClusterTest : public testing::Test {
 protected:
  ReplaceOnClusterTest() : plane(ControlPlane::shared()), staged(plane, name_of_test("replace")) {}
  void rolled_out(const std::string& annotations) {
    staged.write("web.yaml", deployment("web", annotations, "old"));
    commit("Start");
    staged.run();
    app.wait_synced(head);
    uid = field("{.metadata.uid}");
    since = Clock::now();
    staged.write("web.yaml", deployment("web", annotations, "new"));
    commit("Another selector");
  }
  void commit(const std::string& message) { head = app.repository.commit(message); }
  [[nodiscard]] std::string field(const std::string& path) const {
    return app.kubectl.field(app.name, "deployment", "web", path);
  }

  ControlPlane plane;
  StagedApplication staged;
  Application& app = staged.app;
  std::string uid, head;
  Clock::time_point since;
};

TEST_F(ReplaceOnClusterTest, D8_an_immutable_selector_is_changed_by_making_the_object_anew_where_asked_for) {
  rolled_out("holdfast.dev/replace: enabled");
  app.wait_synced(head);
  EXPECT_EQ(field("{.spec.selector.matchLabels.app}"), "new") << app.daemon->output();
  EXPECT_NE(field("{.metadata.uid}"), uid);
  EXPECT_EQ(staged.writes(since), (std::vector<std::string>{"delete web", "patch web"}));
  const auto trials = plane.requests(holdfast_user, since, [&](const AuditedRequest& request) {
    return request.namespace_ == app.name && request.is_dry_run();
  });
  ASSERT_EQ(trials.size(), 1U);
  EXPECT_TRUE(trials[0].name.starts_with("web-")) << trials[0].name;
  EXPECT_EQ(trials[0].code, 201);
}

TEST_F(ReplaceOnClusterTest, D8_it_is_refused_and_healed_to_its_last_good_form_otherwise) {
  rolled_out("");
  app.daemon->wait_for_line("field is immutable", kDeadline);
  const std::size_t from = app.daemon->line_count();
  app.kubectl.must({"-n", app.name, "patch", "deployment", "web", "--type=json", "-p",
                    R"([{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"other"}])"});
  app.daemon->wait_for_line("put back Deployment", kDeadline, from);
  EXPECT_EQ(field("{.spec.template.spec.containers[0].image}"), "example.com/web:1");
  EXPECT_EQ(field("{.metadata.uid}"), uid);
  EXPECT_EQ(field("{.spec.selector.matchLabels.app}"), "old");
}

TEST_F(ReplaceOnClusterTest, D12_what_an_annotation_keeps_is_let_go_of_and_not_deleted) {
  staged.write("kept.yaml", config_map("kept", "argocd.argoproj.io/sync-options: Prune=false", "blue"));
  staged.write("gone.yaml", config_map("gone", "", "blue"));
  staged.write("stays.yaml", config_map("stays", "", "blue"));
  commit("Start");
  staged.run();
  app.wait_synced(head);
  app.repository.remove("apps/kept.yaml");
  app.repository.remove("apps/gone.yaml");
  commit("Two fewer");
  app.daemon->wait_for_line("its annotation argocd.argoproj.io/sync-options forbids it", kDeadline);
  app.wait_synced(head);
  EXPECT_TRUE(staged.exists("configmap", "kept"));
  EXPECT_FALSE(staged.exists("configmap", "gone"));
}

TEST_F(ReplaceOnClusterTest, Ask33_a_deletion_that_hangs_names_its_finalizer) {
  staged.write("stays.yaml", config_map("stays", "", "blue"));
  commit("Start");
  staged.run();
  app.wait_synced(head);
  const auto patch = [&](const std::string& finalizers) {
    app.kubectl.must({"-n", app.name, "patch", "configmap", "stays", "--type=merge", "-p",
                      R"({"metadata":{"finalizers":)" + finalizers + "}}"});
  };
  patch(R"(["acme.dev/blocks"])");
  app.kubectl.must({"-n", app.name, "delete", "configmap", "stays", "--wait=false"});
  app.daemon->wait_for_line("held by its finalizers: acme.dev/blocks", 10s);
  patch("[]");
  EXPECT_TRUE(eventually(
      [&] {
        return app.field("stays", "{.metadata.deletionTimestamp}").empty() &&
               app.field("stays", "{.data.color}") == "blue";
      },
      kDeadline))
      << app.daemon->output();
}

}  // namespace
}  // namespace holdfast::cluster
