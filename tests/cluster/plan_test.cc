// Seeing before doing: diff, plan, a plan that is saved and applied, and a diff without any server (asks 9, 10 and 32).
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "cluster/application.h"
#include "cluster/eventually.h"
#include "holdfast/model/json.h"

namespace holdfast::cluster {
namespace {

using namespace std::chrono_literals;

constexpr int kMany = 500;

class PlanTest : public testing::Test {
 protected:
  PlanTest() : plane(ControlPlane::shared()), app(plane, name_of_test("plan")) {
    app.repository.write("apps/namespace.yaml", app.namespace_manifest());
    app.repository.commit("Start");
  }

  Finished holdfast(const std::string& verb, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = app.arguments(verb);
    arguments.insert(arguments.end(), more.begin(), more.end());
    return HoldfastProcess::run(arguments);
  }
  Finished apply_plan() const {
    return HoldfastProcess::run({"apply", "--plan", plan_file(), "--kubeconfig", plane.kubeconfig()});
  }
  // Everything in Git, in the cluster.
  void apply() const {
    const Finished applied = holdfast("apply");
    ASSERT_EQ(applied.exit_code, 0) << applied.err;
  }
  [[nodiscard]] std::string plan_file() const { return app.repository.cache() + ".plan"; }
  [[nodiscard]] std::string live_file() const { return app.repository.cache() + ".live.yaml"; }

  [[nodiscard]] std::string deployment(const std::string& name, const std::string& image,
                                       const std::string& label = "web", const std::string& annotations = "") const {
    return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: " + name + ", namespace: " + app.name +
           annotations + "}\nspec:\n  replicas: 2\n  selector: {matchLabels: {app: " + label +
           "}}\n  template:\n    metadata: {labels: {app: " + label +
           "}}\n    spec: {containers: [{name: web, image: \"" + image +
           "\", ports: [{containerPort: 80}], resources: {limits: {cpu: 1000m}}}]}\n";
  }
  // Of five types, as an application has them.
  void write_many(const std::string& color) const {
    for (int i = 0; i < kMany; ++i) {
      const std::string name = "o" + std::to_string(i), where = "{name: " + name + ", namespace: " + app.name + "}";
      std::string text;
      if (i % 5 == 0)
        text = deployment(name, color, name);
      else if (i % 5 == 1)
        text = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: " + where +
               "\nrules: [{apiGroups: [\"\"], resources: [pods], resourceNames: [" + color + "], verbs: [get]}]\n";
      else if (i % 5 == 2)
        text = "apiVersion: v1\nkind: Secret\nmetadata: " + where + "\nstringData: {key: canary-" + color + "}\n";
      else if (i % 5 == 3)
        text = "apiVersion: v1\nkind: ServiceAccount\nmetadata: " + where +
               "\nautomountServiceAccountToken: " + (color == "blue" ? "true" : "false") + "\n";
      else
        text = app.config_map(name, color);
      app.repository.write("apps/" + name + ".yaml", text);
    }
    app.repository.commit("Many, " + color);
  }
  [[nodiscard]] std::vector<AuditedRequest> requests_since(std::chrono::system_clock::time_point since) const {
    plane.settle_audit();
    return plane.requests(holdfast_user, since);
  }
  [[nodiscard]] std::string version_of(const std::string& resource, const std::string& name) const {
    return app.kubectl.field(app.name, resource, name, "{.metadata.resourceVersion}");
  }

  ControlPlane plane;
  Application app;
};

TEST_F(PlanTest, ask_9_a_diff_of_500_objects_in_sync_lists_its_types_and_asks_about_none) {
  write_many("blue");
  apply();
  const auto since = std::chrono::system_clock::now();
  const Finished diff = holdfast("diff");
  EXPECT_EQ(diff.exit_code, 0) << diff.err;
  EXPECT_EQ(diff.out, "No changes: 501 objects are as Git says.\n");
  std::size_t lists = 0;
  for (const AuditedRequest& request : requests_since(since)) {
    lists += request.verb == "list" ? 1 : 0;
    const bool of_an_object = !request.name.empty() && request.name != "holdfast-" + app.name;
    EXPECT_FALSE(request.is_write() || of_an_object) << request.verb << " " << request.uri;
  }
  EXPECT_EQ(lists, 6U) << "one for each of the five types, and one for the namespaces";
}

TEST_F(PlanTest, ask_9_a_plan_of_500_changes_takes_less_than_15_s_and_writes_nothing) {
  write_many("blue");
  apply();
  write_many("green");
  app.repository.write("apps/o0.yaml", deployment("o0", "green", "other"));
  app.repository.write("apps/more.yaml", app.config_map("more", "green"));
  app.repository.remove("apps/o4.yaml");
  app.repository.commit("And one of each kind");
  const std::string before = version_of("configmap", "o9");
  const auto since = std::chrono::system_clock::now();
  const auto began = std::chrono::steady_clock::now();
  const Finished plan = holdfast("plan");
  const auto took = std::chrono::steady_clock::now() - began;
  EXPECT_EQ(plan.exit_code, 2) << "one of them is refused" << plan.err;
  EXPECT_LT(took, 15s);
  RecordProperty("milliseconds", static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()));
  EXPECT_TRUE(
      plan.out.contains("Plan: 1 to create, 498 to change, 0 to replace, 0 to prune, 1 held back, 1 refused; "
                        "1 in sync."))
      << plan.out.substr(plan.out.size() - std::min<std::size_t>(plan.out.size(), 500));
  EXPECT_TRUE(plan.out.contains("  99 change, 1 refuse\n")) << "the reach, by kind: " << plan.out;
  EXPECT_TRUE(plan.out.contains("Namespaces: " + app.name + "\n"));
  EXPECT_FALSE((plan.out + plan.err).contains("canary"));
  for (const AuditedRequest& request : requests_since(since))
    EXPECT_TRUE(!request.is_write() || request.is_dry_run()) << request.verb << " " << request.uri;
  EXPECT_EQ(version_of("configmap", "o9"), before);
}

TEST_F(PlanTest, ask_9_a_saved_plan_is_applied_as_it_was_shown) {
  app.repository.write("apps/a.yaml", app.config_map("a", "blue"));
  app.repository.write("apps/fine.yaml", app.config_map("fine", "blue"));
  app.repository.write("apps/old.yaml", app.config_map("old", "blue"));
  app.repository.write("apps/secret.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: " + app.name +
                                               "}\nstringData: {key: canary-before}\n");
  app.repository.commit("Blue");
  apply();
  app.repository.write("apps/a.yaml", app.config_map("a", "green"));
  app.repository.write("apps/new.yaml", app.config_map("new", "green"));
  app.repository.write("apps/secret.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: " + app.name +
                                               "}\nstringData: {key: canary-after}\n");
  app.repository.remove("apps/old.yaml");
  app.repository.commit("Green");
  const Finished plan = holdfast("plan", {"--save", plan_file()});
  ASSERT_EQ(plan.exit_code, 1) << plan.err;
  EXPECT_TRUE(plan.out.contains("Plan: 1 to create, 2 to change, 0 to replace, 1 to prune; 2 in sync.")) << plan.out;
  struct stat status{};
  ASSERT_EQ(stat(plan_file().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  std::ifstream file(plan_file());
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  for (const char* canary : {"canary", "Y2FuYXJ5"}) EXPECT_FALSE(text.contains(canary));

  const std::string fine = version_of("configmap", "fine");
  const auto since = std::chrono::system_clock::now();
  const Finished applied = apply_plan();
  EXPECT_EQ(applied.exit_code, 0) << applied.err;
  EXPECT_TRUE(applied.out.contains("Applied: 1 created, 2 changed, 0 replaced, 1 pruned.")) << applied.out;
  EXPECT_EQ(app.field("a", "{.data.color}"), "green");
  EXPECT_EQ(app.field("new", "{.data.color}"), "green");
  EXPECT_EQ(app.field("old", "{.data.color}"), "");
  EXPECT_EQ(version_of("configmap", "fine"), fine);
  std::map<std::string, int> written;
  for (const AuditedRequest& request : requests_since(since))
    if (request.is_write() && !request.is_dry_run() && !request.name.starts_with("holdfast-" + app.name))
      ++written[request.verb + " " + request.name];
  EXPECT_EQ(written, (std::map<std::string, int>{{"patch a", 1}, {"patch new", 1}, {"patch s", 1}, {"delete old", 1}}));
  EXPECT_EQ(holdfast("diff").exit_code, 0);
  EXPECT_EQ(apply_plan().exit_code, 2) << "it was made of what was there before";
}

TEST_F(PlanTest, ask_9_a_saved_plan_is_refused_where_an_object_or_the_commit_has_changed_since) {
  app.repository.write("apps/a.yaml", app.config_map("a", "blue"));
  app.repository.write("apps/b.yaml", app.config_map("b", "blue"));
  app.repository.write("apps/fine.yaml", app.config_map("fine", "blue"));
  app.repository.commit("Blue");
  apply();
  app.repository.write("apps/a.yaml", app.config_map("a", "green"));
  app.repository.write("apps/b.yaml", app.config_map("b", "green"));
  const std::string planned = app.repository.commit("Green");
  const auto save = [&] { ASSERT_EQ(holdfast("plan", {"--save", plan_file()}).exit_code, 1); };
  const auto patch = [&](const std::string& object, const std::string& data) {
    app.kubectl.must({"-n", app.name, "patch", "configmap", object, "--type=merge", "-p", data});
  };
  const auto expect_refusal = [&](const std::string& words) {
    const auto since = std::chrono::system_clock::now();
    const Finished refused = apply_plan();
    EXPECT_EQ(refused.exit_code, 2);
    EXPECT_TRUE(refused.err.contains(words)) << "no \"" << words << "\" in: " << refused.err;
    for (const AuditedRequest& request : requests_since(since))
      EXPECT_TRUE(!request.is_write() || request.is_dry_run()) << request.verb << " " << request.uri;
    EXPECT_EQ(app.field("b", "{.data.color}"), "blue") << "not even what has not changed";
  };

  save();
  patch("a", R"({"data":{"somebody":"was here"}})");
  expect_refusal("ConfigMap " + app.name + "/a was changed since (resourceVersion ");
  save();
  patch("fine", R"({"data":{"color":"red"}})");
  expect_refusal("ConfigMap " + app.name + "/fine was not in the plan: change now for .data.color");
  save();
  app.kubectl.must({"-n", app.name, "delete", "configmap", "a"});
  expect_refusal("ConfigMap " + app.name + "/a was deleted since");
  save();
  app.repository.write("apps/a.yaml", app.config_map("a", "yellow"));
  const std::string moved = app.repository.commit("Yellow");
  expect_refusal("is at main@sha1:" + moved + " now, and was planned at main@sha1:" + planned);
  save();
  app.kubectl.must({"-n", "default", "annotate", "configmap", "holdfast-" + app.name, "a=b"});
  expect_refusal("the inventory of default/" + app.name + " was written since");
}

TEST_F(PlanTest, ask_32_the_plan_names_the_field_that_may_not_change) {
  app.repository.write("apps/web.yaml", deployment("web", "nginx:1"));
  app.repository.write(
      "apps/pvc.yaml",
      "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: data\n  namespace: " + app.name +
          "\n  annotations: {holdfast.dev/replace: enabled}\nspec: {accessModes: "
          "[ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n");
  app.repository.commit("Start");
  apply();
  const std::string uid = app.kubectl.field(app.name, "deployment", "web", "{.metadata.uid}");
  app.repository.write("apps/web.yaml", deployment("web", "nginx:1", "other"));
  app.repository.write(
      "apps/pvc.yaml",
      "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: data\n  namespace: " + app.name +
          "\n  annotations: {holdfast.dev/replace: enabled}\nspec: {accessModes: "
          "[ReadWriteMany], resources: {requests: {storage: 1Gi}}}\n");
  app.repository.commit("What may not change");
  const Finished refused = holdfast("plan");
  EXPECT_EQ(refused.exit_code, 2) << refused.err;
  EXPECT_TRUE(
      refused.out.contains(".spec.selector may not change; the annotation holdfast.dev/replace: enabled has it "
                           "deleted and made anew"))
      << refused.out;
  EXPECT_TRUE(refused.out.contains(".spec may not change, and this kind is never deleted to make it anew"))
      << refused.out;

  app.repository.remove("apps/pvc.yaml");
  app.repository.write("apps/web.yaml",
                       deployment("web", "nginx:1", "other", ", annotations: {holdfast.dev/replace: enabled}"));
  app.repository.commit("It may be made anew");
  const Finished plan = holdfast("plan", {"--save", plan_file()});
  EXPECT_EQ(plan.exit_code, 1) << plan.err;
  EXPECT_TRUE(plan.out.contains("-/+ replace   Deployment.apps " + app.name + "/web")) << plan.out;
  EXPECT_TRUE(plan.out.contains(".spec.selector may not change: it is deleted and made anew")) << plan.out;
  EXPECT_TRUE(plan.out.contains("1 to replace, 0 to prune, 1 held back")) << plan.out;
  const Finished json = holdfast("plan", {"-o", "json"});
  const Result<json::value> document = parse_json(json.out);
  ASSERT_TRUE(document) << json.out;
  EXPECT_EQ(document->at_pointer("/applications/0/changes/0/immutable/0"), ".spec.selector");
  EXPECT_EQ(app.kubectl.field(app.name, "deployment", "web", "{.metadata.uid}"), uid) << "a plan changes nothing";

  const Finished applied = apply_plan();
  EXPECT_EQ(applied.exit_code, 0) << applied.err;
  EXPECT_NE(app.kubectl.field(app.name, "deployment", "web", "{.metadata.uid}"), uid);
  EXPECT_NE(app.kubectl.field(app.name, "pvc", "data", "{.metadata.uid}"), "") << "held back";
}

TEST_F(PlanTest, ask_31_a_plan_with_a_definition_its_objects_a_namespace_and_hooks_is_applied_whole) {
  const std::string group = app.name + ".ex.io", home = app.name + "-home";
  app.repository.write(
      "apps/crd.yaml",
      "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: boats." + group +
          "}\nspec:\n  group: " + group +
          "\n  scope: Namespaced\n  names: {kind: Boat, plural: boats}\n  versions: [{name: v1, served: "
          "true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {spec: {type: "
          "object, properties: {crew: {type: integer}}}}}}}]\n");
  app.repository.write("apps/boat.yaml", "apiVersion: " + group + "/v1\nkind: Boat\nmetadata: {name: b, namespace: " +
                                             home + "}\nspec: {crew: 3}\n");
  app.repository.write("apps/home.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: " + home + "}\n");
  app.repository.write("apps/hook.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: hook, namespace: " +
                                             app.name + ", annotations: {holdfast.dev/hook: post}}\n");
  app.repository.commit("All at once");
  const Finished plan = holdfast("plan", {"--save", plan_file()});
  EXPECT_EQ(plan.exit_code, 1) << plan.err;
  EXPECT_TRUE(plan.out.contains("Plan: 5 to create, 0 to change, 0 to replace, 0 to prune; 0 in sync.")) << plan.out;
  EXPECT_TRUE(plan.out.contains("its type comes with the same revision")) << plan.out;
  EXPECT_LT(plan.out.find("create    CustomResourceDefinition"), plan.out.find("create    Boat"));
  EXPECT_LT(plan.out.find("create    Boat"),
            plan.out.find("  hooks after:\n+   create    ConfigMap " + app.name + "/hook"));
  const Finished applied = apply_plan();
  EXPECT_EQ(applied.exit_code, 0) << applied.err;
  EXPECT_EQ(app.kubectl.field(home, "boats." + group, "b", "{.spec.crew}"), "3");
  const Finished diff = holdfast("diff");
  EXPECT_EQ(diff.exit_code, 0) << diff.out << diff.err;
}

TEST_F(PlanTest, ask_15_a_plan_to_take_an_object_over_shows_what_it_loses) {
  apply();
  app.kubectl.must({"apply", "-f", "-"}, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: " + app.name +
                                             "}\ndata: {color: blue, size: large, extra: old}\n");
  app.repository.write("apps/a.yaml", app.config_map("a", "green"));
  app.repository.commit("Take it over");
  const Finished refused = holdfast("plan");
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_TRUE(refused.out.contains("it exists already and was not made by this application")) << refused.out;
  EXPECT_TRUE(refused.out.contains("--adopt")) << refused.out;
  const Finished plan = holdfast("plan", {"--adopt", "--save", plan_file()});
  EXPECT_EQ(plan.exit_code, 1) << plan.err;
  EXPECT_TRUE(plan.out.contains("it is taken over")) << plan.out;
  EXPECT_TRUE(plan.out.contains("    - .data.extra: \"old\"\n")) << plan.out;
  EXPECT_TRUE(plan.out.contains("    + .data.color: \"green\"\n")) << plan.out;
  const Finished applied = apply_plan();
  EXPECT_EQ(applied.exit_code, 0) << applied.err;
  EXPECT_EQ(app.field("a", "{.data}"), R"({"color":"green","size":"large"})");
}

TEST_F(PlanTest, ask_10_a_diff_of_a_file_needs_no_kubeconfig_and_says_what_one_with_a_server_says) {
  app.repository.write("apps/a.yaml", app.config_map("a", "blue"));
  app.repository.write("apps/old.yaml", app.config_map("old", "blue"));
  app.repository.write("apps/web.yaml", deployment("web", "nginx:1"));
  app.repository.commit("Blue");
  apply();
  app.repository.write("apps/a.yaml", app.config_map("a", "green"));
  app.repository.write("apps/new.yaml", app.config_map("new", "green"));
  app.repository.write("apps/web.yaml", deployment("web", "nginx:2"));
  app.repository.remove("apps/old.yaml");
  app.repository.commit("Green");
  const auto save_live = [&](std::vector<std::string> more) {
    std::vector<std::string> words{"-n", app.name, "get", "configmap,deployment", "-o", "yaml"};
    words.insert(words.end(), more.begin(), more.end());
    std::string text = app.kubectl.must(words);
    words = {"get", "namespace", app.name, "-o", "yaml"};
    words.insert(words.end(), more.begin(), more.end());
    std::ofstream(live_file()) << text << "---\n" << app.kubectl.must(words);
  };
  const auto offline = [&](const std::string& verb) {
    std::vector<std::string> words{verb};
    const std::vector<std::string> all = app.arguments(verb);
    for (std::size_t i = 1; i < all.size(); ++i) {
      if (all[i] == "--kubeconfig")
        ++i;
      else
        words.push_back(all[i]);
    }
    words.insert(words.end(), {"--live", live_file()});
    return HoldfastProcess::run(words, {{"KUBECONFIG", ""}, {"HOME", "/nonexistent"}});
  };
  save_live({"--show-managed-fields"});
  for (const std::string verb : {"diff", "plan"}) {
    const Finished online = holdfast(verb);
    const auto since = std::chrono::system_clock::now();
    const Finished from_file = offline(verb);
    EXPECT_EQ(from_file.exit_code, 1) << from_file.err;
    EXPECT_EQ(from_file.out, online.out);
    EXPECT_TRUE(from_file.err.contains("admission webhooks")) << "what it cannot know: " << from_file.err;
    EXPECT_TRUE(requests_since(since).empty());
  }
  save_live({});
  const Finished without_owners = offline("diff");
  EXPECT_EQ(without_owners.exit_code, 1) << without_owners.err;
  EXPECT_TRUE(without_owners.err.contains("--show-managed-fields")) << without_owners.err;
  EXPECT_TRUE(without_owners.out.contains("+ .data.color: \"green\"")) << without_owners.out;
}

}  // namespace
}  // namespace holdfast::cluster
