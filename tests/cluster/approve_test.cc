// `holdfast approve` as a person types it, beside a daemon that waits for it.
#include <gtest/gtest.h>

#include <fstream>

#include "cluster/application.h"
#include "cluster/eventually.h"

namespace holdfast::cluster {
namespace {

using namespace std::chrono_literals;

constexpr auto kDeadline = 20s;

class ApproveTest : public testing::Test {
 protected:
  ApproveTest() : plane(ControlPlane::shared()), app(plane, name_of_test("approve")) {
    app.kubectl.must({"create", "namespace", app.name});
    std::ofstream(config) << "apiVersion: holdfast.dev/v1alpha1\nkind: Application\nmetadata: {name: one}\nspec:\n"
                          << "  source: {repoURL: " << app.repository.directory() << ", path: one}\n"
                          << "  drift: {policy: Approve}\n";
  }
  [[nodiscard]] Finished approve(const std::vector<std::string>& words) const {
    std::vector<std::string> all{"approve", "--name",         "one",   "--kubeconfig", plane.kubeconfig(), "-n",
                                 app.name,  "--installation", app.name};
    all.insert(all.end(), words.begin(), words.end());
    return HoldfastProcess::run(std::move(all));
  }
  [[nodiscard]] std::string color(const std::string& object) const { return app.field(object, "{.data.color}"); }

  ControlPlane plane;
  Application app;
  const std::string config = app.repository.cache() + "-config.yaml";
};

TEST_F(ApproveTest, ask_1_drift_and_a_mass_deletion_wait_for_a_persons_word) {
  for (int i = 0; i < 12; ++i)
    app.repository.write("one/" + std::to_string(i) + ".yaml", app.config_map("c" + std::to_string(i), "blue"));
  const std::string first = app.repository.commit("Start");
  HoldfastProcess daemon({"run", "--config", config, "--kubeconfig", plane.kubeconfig(), "--namespace", app.name,
                          "--installation", app.name, "--cache-dir", app.repository.cache()});
  daemon.wait_for_line("the cluster is at main@sha1:" + first, kDeadline);
  app.kubectl.must({"-n", app.name, "patch", "configmap", "c0", "-p", R"({"data":{"color":"red"}})"});
  daemon.wait_for_line("ConfigMap " + app.name + "/c0 has drifted and is left so until it is approved", kDeadline);

  const Finished unknown = approve({"ConfigMap/nothing"});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_TRUE(unknown.err.contains("ConfigMap/nothing is not among what one manages")) << unknown.err;
  EXPECT_EQ(color("c0"), "red");
  const Finished repair = approve({"configmap/c0", "--field", ".data.color", "--reason", "painted by mistake"});
  EXPECT_EQ(repair.exit_code, 0) << repair.err;
  EXPECT_TRUE(repair.out.contains("to put back ConfigMap " + app.name + "/c0 .data.color")) << repair.out;
  daemon.wait_for_line("c0 .data.color, by holdfast-test: painted by mistake", kDeadline);
  EXPECT_TRUE(eventually([&] { return color("c0") == "blue"; }, kDeadline));

  for (int i = 0; i < 11; ++i) app.repository.remove("one/" + std::to_string(i) + ".yaml");
  app.repository.commit("Remove");
  daemon.wait_for_line("`holdfast approve --prune 11` lets them go", kDeadline);
  EXPECT_EQ(color("c1"), "blue");
  const Finished prune = approve({"--prune", "11", "--for", "5m"});
  EXPECT_EQ(prune.exit_code, 0) << prune.err;
  EXPECT_TRUE(eventually([&] { return color("c1").empty() && color("c10").empty(); }, kDeadline)) << daemon.output();
  EXPECT_EQ(color("c11"), "blue");
  EXPECT_EQ(daemon.stop(10s), 0);
}

}  // namespace
}  // namespace holdfast::cluster
