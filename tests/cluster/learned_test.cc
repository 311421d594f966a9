// What was learned outlives the process, and what may not hold any more is confirmed (correctness C5.4, C7, C10), on
// objects that nothing but an answer can tell about: a webhook rewrites them.
#include <gtest/gtest.h>

#include "cluster/application.h"
#include "cluster/eventually.h"
#include "cluster/webhook_server.h"

namespace holdfast::cluster {
namespace {

using namespace std::chrono_literals;
using Time = std::chrono::system_clock::time_point;

constexpr auto kDeadline = 30s;
constexpr const char* kShard = "holdfast-learned.learned-0";
constexpr const char* kSecret = "holdfast-learned.key";

class LearnedTest : public testing::Test {
 protected:
  LearnedTest() {
    app.kubectl.must({"apply", "-f", "-"}, webhook.configuration());
    app.repository.write("apps/namespace.yaml", app.namespace_manifest());
    for (const char* name : kRewritten) app.repository.write(std::string("apps/") + name + ".yaml", map(name, "yes"));
    app.repository.write("apps/plain.yaml", map("plain", "no"));
    app.repository.commit("Start");
  }
  // Started in the body of each test, so that what it prints belongs to the test.
  void hold() {
    app.start();
    for (const char* name : kRewritten) ASSERT_EQ(image(name), WebhookServer::kImage);
  }
  void end() { ASSERT_EQ(app.daemon->stop(20s), 0) << app.daemon->output(); }

  [[nodiscard]] std::string map(const std::string& object, const std::string& rewritten) const {
    return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + object + ", namespace: " + app.name +
           ", labels: {rewritten: \"" + rewritten + "\"}}\ndata: {image: web, size: large}\n";
  }
  [[nodiscard]] std::string image(const std::string& object) const { return app.field(object, "{.data.image}"); }
  [[nodiscard]] std::string version(const std::string& object) const {
    return app.field(object, "{.metadata.resourceVersion}");
  }
  [[nodiscard]] std::size_t requests(const std::string& object, Time since) const {
    return app.requests_for(object, since).size();
  }
  [[nodiscard]] std::size_t writes_of_records(Time since) const {
    plane.settle_audit();
    return plane.count_requests(holdfast_user, since, [](const AuditedRequest& request) {
      return request.is_write() && (request.name == kShard || request.resource == "secrets");
    });
  }
  void lose_webhook() const { app.kubectl.must({"delete", "mutatingwebhookconfiguration", "rewriter"}); }
  [[nodiscard]] bool follow_git() const {
    return eventually(
        [&] { return std::ranges::all_of(kRewritten, [&](const char* name) { return image(name) == "web"; }); },
        kDeadline);
  }

  static constexpr std::array kRewritten{"a", "b", "c"};

  ControlPlane plane = ControlPlane::own();
  WebhookServer webhook;
  Application app{plane, "learned"};
};

TEST_F(LearnedTest, C7_a_restart_costs_no_call_and_no_write) {
  hold();
  end();
  const Time since = std::chrono::system_clock::now();
  hold();
  for (const char* name : kRewritten) EXPECT_EQ(requests(name, since), 0U) << name << "\n" << app.daemon->output();
  EXPECT_EQ(requests("plain", since), 0U);
  end();
  EXPECT_EQ(writes_of_records(since), 0U);
}

TEST_F(LearnedTest, C7_a_kill_costs_no_call_either) {
  hold();
  ASSERT_TRUE(eventually([&] { return !app.kubectl.field("default", "configmap", kShard, "{.metadata.uid}").empty(); },
                         kDeadline));
  app.daemon.reset();
  const Time since = std::chrono::system_clock::now();
  hold();
  for (const char* name : kRewritten) EXPECT_EQ(requests(name, since), 0U) << name << "\n" << app.daemon->output();
}

TEST_F(LearnedTest, C5_a_drift_made_meanwhile_is_found) {
  hold();
  end();
  const Time since = std::chrono::system_clock::now();
  app.kubectl.must({"-n", app.name, "patch", "configmap", "a", "--type=merge", "-p", R"({"data":{"size":"small"}})"});
  app.kubectl.must({"-n", app.name, "annotate", "configmap", "b", "theirs=1"});
  hold();
  EXPECT_EQ(app.field("a", "{.data.size}"), "large");
  EXPECT_TRUE(app.daemon->output().contains("put back ConfigMap learned/a")) << app.daemon->output();
  EXPECT_EQ(requests("a", since), 1U);
  EXPECT_EQ(requests("b", since), 0U);
}

TEST_F(LearnedTest, C7_losing_it_costs_a_call_an_object_and_changes_nothing) {
  hold();
  for (const std::string& lost : {std::string("secret/") + kSecret, std::string("configmap/") + kShard}) {
    end();
    std::map<std::string, std::string> versions;
    for (const char* name : kRewritten) versions[name] = version(name);
    app.kubectl.must({"-n", "default", "delete", lost});
    const Time since = std::chrono::system_clock::now();
    hold();
    for (const char* name : kRewritten) {
      EXPECT_EQ(requests(name, since), 1U) << lost;
      EXPECT_EQ(version(name), versions[name]) << lost;
    }
    EXPECT_EQ(requests("plain", since), 0U) << "it is proven";
    EXPECT_FALSE(app.daemon->output().contains("put back")) << app.daemon->output();
  }
}

TEST_F(LearnedTest, C10_a_webhook_that_goes_is_noticed_and_what_it_rewrote_is_as_git_says) {
  hold();
  const Time since = std::chrono::system_clock::now();
  std::string other = webhook.configuration();
  other.replace(other.find("name: rewriter"), 14, "name: for-pods");
  other.replace(other.find("resources: [configmaps]"), 23, "resources: [pods]");
  app.kubectl.must({"apply", "-f", "-"}, other);
  lose_webhook();
  ASSERT_TRUE(follow_git()) << app.daemon->output();
  for (const char* name : kRewritten) EXPECT_EQ(requests(name, since), 1U) << name;
  EXPECT_EQ(requests("plain", since), 0U);
  end();
  const Time again = std::chrono::system_clock::now();
  app.start();
  for (const char* name : kRewritten) EXPECT_EQ(requests(name, again), 0U) << name;
}

TEST_F(LearnedTest, C10_a_webhook_that_goes_between_two_processes_is_noticed) {
  hold();
  end();
  lose_webhook();
  const Time since = std::chrono::system_clock::now();
  app.start();
  ASSERT_TRUE(follow_git()) << app.daemon->output();
  for (const char* name : kRewritten) EXPECT_EQ(requests(name, since), 1U) << name;
  EXPECT_EQ(requests("plain", since), 0U);
}

TEST_F(LearnedTest, C5_another_schema_of_a_custom_resource_costs_a_call_an_object) {
  const std::string type =
      "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: boats.learned.test}\n"
      "spec:\n  group: learned.test\n  scope: Namespaced\n  names: {kind: Boat, plural: boats, singular: boat}\n"
      "  versions:\n  - name: v1\n    served: true\n    storage: true\n    schema: {openAPIV3Schema: {type: object, "
      "properties: {spec: {type: object, properties: {size: {type: integer, default: 3}, name: {type: string}}}}}}\n";
  app.kubectl.must({"apply", "-f", "-"}, type);
  app.kubectl.wait_until_established("boats.learned.test", kDeadline);
  app.repository.write("apps/boat.yaml", "apiVersion: learned.test/v1\nkind: Boat\nmetadata: {name: boat, namespace: " +
                                             app.name + "}\nspec: {name: x}\n");
  app.repository.commit("A boat");
  hold();
  end();
  hold();  // the schema of a new type is published somewhat later than the type
  const Time since = std::chrono::system_clock::now();
  std::string changed = type;
  changed.replace(changed.find("default: 3"), 10, "default: 4");
  app.kubectl.must({"apply", "-f", "-"}, changed);
  EXPECT_TRUE(eventually([&] { return requests("boat", since) == 1; }, kDeadline)) << app.daemon->output();
  for (const char* name : kRewritten) EXPECT_EQ(requests(name, since), 0U) << name;
}

TEST_F(LearnedTest, many_events_of_others_write_nothing_of_it) {
  hold();
  ASSERT_TRUE(eventually([&] { return !app.kubectl.field("default", "configmap", kShard, "{.metadata.uid}").empty(); },
                         kDeadline));
  const Time since = std::chrono::system_clock::now();
  for (int i = 0; i < 10; ++i)
    app.kubectl.must({"-n", app.name, "annotate", "--overwrite", "configmap", "a", "theirs=" + std::to_string(i)});
  app.kubectl.must({"-n", app.name, "patch", "configmap", "plain", "--type=merge", "-p", R"({"data":{"size":"s"}})"});
  EXPECT_TRUE(eventually([&] { return app.field("plain", "{.data.size}") == "large"; }, kDeadline));
  EXPECT_EQ(requests("a", since), 0U);
  EXPECT_EQ(writes_of_records(since), 0U);
}

// Neither Secrets nor webhook configurations may be read.
TEST_F(LearnedTest, A23_without_these_rights_objects_are_held_all_the_same) {
  app.kubectl.must({"apply", "-f", "-"}, R"(apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: little}
rules:
- {apiGroups: [""], resources: [configmaps, namespaces], verbs: ["*"]}
- {apiGroups: [apiextensions.k8s.io], resources: [customresourcedefinitions], verbs: [list, watch]}
- {apiGroups: [apiregistration.k8s.io], resources: [apiservices], verbs: [list, watch]}
)");
  app.kubectl.must({"delete", "clusterrolebinding", "holdfast-test"});
  app.kubectl.must({"create", "clusterrolebinding", "little", "--clusterrole=little", "--user=holdfast-test"});
  hold();
  app.daemon->wait_for_line("are not seen", kDeadline);
  app.kubectl.must({"-n", app.name, "patch", "configmap", "a", "--type=merge", "-p", R"({"data":{"size":"small"}})"});
  EXPECT_TRUE(eventually([&] { return app.field("a", "{.data.size}") == "large"; }, kDeadline));
  EXPECT_EQ(app.kubectl.field("default", "configmap", kShard, "{.metadata.uid}"), "");
  std::size_t said = 0;
  for (const std::string& line : app.daemon->lines()) said += line.contains("is not kept") ? 1 : 0;
  EXPECT_EQ(said, 1U) << app.daemon->output();
  EXPECT_FALSE(app.daemon->output().contains("WARN")) << app.daemon->output();
}

}  // namespace
}  // namespace holdfast::cluster
