// Custom health rules in the daemon, on a kind that nobody but its rule knows.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "cluster/application.h"
#include "cluster/eventually.h"

namespace holdfast::cluster {
namespace {

using namespace std::chrono_literals;

constexpr auto kDeadline = 20s;

class HealthRulesTest : public testing::Test {
 protected:
  HealthRulesTest()
      : plane(ControlPlane::shared()), app(plane, name_of_test("rules")), rules(app.repository.cache() + ".rules") {
    app.kubectl.must({"create", "namespace", app.name});
  }
  ~HealthRulesTest() override {
    app.daemon.reset();
    std::error_code ignored;
    std::filesystem::remove_all(rules, ignored);
  }

  void write_rule(const std::string& folder, const std::string& script) const {
    std::filesystem::create_directories(rules + "/" + folder);
    std::ofstream(rules + "/" + folder + "/health.lua") << script;
  }
  // With status.observedGeneration as text, as Argo Rollouts has it, which kstatus cannot read.
  void make_type() const {
    app.repository.write("crd.yaml", R"(apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: rollouts.rules.example}
spec:
  group: rules.example
  scope: Namespaced
  names: {plural: rollouts, singular: rollout, kind: Rollout, listKind: RolloutList}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
)");
    app.kubectl.must({"apply", "-f", app.repository.directory() + "/crd.yaml"});
    ASSERT_TRUE(eventually([&] { return app.kubectl.must({"api-resources"}).contains("rollouts"); }, kDeadline));
  }
  void phase(const std::string& phase) const {
    app.kubectl.must({"-n", app.name, "patch", "rollouts.rules.example", "web", "--subresource=status", "--type=merge",
                      "-p", R"({"status":{"observedGeneration":"1","phase":")" + phase + R"("}})"});
  }

  ControlPlane plane;
  Application app;
  std::string rules;
};

TEST_F(HealthRulesTest, a_rule_holds_the_next_wave_back_until_it_says_healthy) {
  write_rule("rules.example/Rollout", R"(
    if obj.status == nil then return {status = "Progressing", message = "nobody has looked at it yet"} end
    if obj.status.phase == "Odd" then error("what is odd?") end
    return {status = obj.status.phase, message = "the phase of " .. obj.metadata.name})");
  make_type();
  const std::string tail = "\n  namespace: " + app.name + "\n";
  app.repository.write("apps/a.yaml", "apiVersion: rules.example/v1\nkind: Rollout\nmetadata:\n  name: web" + tail);
  app.repository.write("apps/b.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: after" + tail +
                                          "  annotations: {holdfast.dev/wave: '1'}\ndata: {color: blue}\n");
  const std::string commit = app.repository.commit("Start");
  std::vector<std::string> command = app.arguments("run");
  command.insert(command.end(), {"--health-rules", rules});
  app.daemon = std::make_unique<HoldfastProcess>(command);
  app.daemon->wait_for_line("created Rollout.rules.example " + app.name + "/web", kDeadline);

  phase("Odd");
  app.daemon->wait_for_line("what is odd?", kDeadline);
  EXPECT_EQ(app.field("after", "{.data.color}"), "");
  phase("Degraded");
  app.daemon->wait_for_line("is degraded: the phase of web", kDeadline);
  EXPECT_EQ(app.field("after", "{.data.color}"), "");
  phase("Healthy");
  app.wait_synced(commit);
  EXPECT_EQ(app.field("after", "{.data.color}"), "blue");
  app.daemon->wait_for_line("main@sha1:" + commit + " is healthy: 2 objects", kDeadline);
  EXPECT_EQ(app.daemon->stop(10s), 0) << app.daemon->output();
}

// Without a rule. Nobody makes pods here: the test says for the controller what became of them.
TEST_F(HealthRulesTest, ask_35_healthy_only_when_the_applied_generation_is_observed_and_within_a_second) {
  const auto write = [this](const std::string& image) {
    app.repository.write("apps/a.yaml",
                         "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: " + app.name +
                             "}\nspec:\n  replicas: 1\n  selector: {matchLabels: {app: web}}\n  template:\n"
                             "    metadata: {labels: {app: web}}\n    spec:\n      containers: [{name: main, image: '" +
                             image + "'}]\n");
    return app.repository.commit(image);
  };
  const auto observe = [this](const std::string& generation) {
    app.kubectl.must({"-n", app.name, "patch", "deployment", "web", "--subresource=status", "--type=merge", "-p",
                      R"({"status":{"replicas":1,"updatedReplicas":1,"readyReplicas":1,"availableReplicas":1,
                          "conditions":[{"type":"Available","status":"True"},
                            {"type":"Progressing","status":"True","reason":"NewReplicaSetAvailable"}],
                          "observedGeneration":)" +
                          generation + "}}"});
  };
  const std::string first = write("example.com/web:1");
  app.start();
  observe("1");
  app.daemon->wait_for_line("main@sha1:" + first + " is healthy", 1s);
  const std::string second = write("example.com/web:2");
  app.wait_synced(second);
  ASSERT_EQ(app.kubectl.must({"-n", app.name, "get", "deployment", "web", "-o", "jsonpath={.metadata.generation}"}),
            "2");
  observe("1");  // its status is about the first one still, and good
  app.kubectl.must({"-n", app.name, "label", "deployment", "web", "seen=yes"});
  EXPECT_FALSE(app.daemon->output().contains("main@sha1:" + second + " is healthy")) << app.daemon->output();
  observe("2");
  app.daemon->wait_for_line("main@sha1:" + second + " is healthy", 1s);
}

TEST_F(HealthRulesTest, rules_that_cannot_be_read_are_refused_at_the_start) {
  app.repository.write("apps/a.yaml", app.config_map("a", "blue"));
  app.repository.commit("Start");
  std::vector<std::string> command = app.arguments("run");
  command.insert(command.end(), {"--health-rules", rules});
  const Finished finished = HoldfastProcess::run(command);
  EXPECT_EQ(finished.exit_code, 2);
  EXPECT_TRUE((finished.out + finished.err).contains(rules)) << finished.err;
}

}  // namespace
}  // namespace holdfast::cluster
