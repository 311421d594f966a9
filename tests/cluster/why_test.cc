// `why`, `--explain` and `wait` on a real API server: its own managedFields, several owners, and its own times.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/application.h"

namespace holdfast::cluster {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using namespace std::chrono_literals;

class WhyTest : public testing::Test {
 protected:
  WhyTest() : plane(ControlPlane::shared()), app(plane, name_of_test("why")) {
    app.repository.write("apps/namespace.yaml", app.namespace_manifest());
    app.repository.write("apps/settings.yaml", app.config_map("settings", "red"));
    app.repository.commit("Start");
    app.repository.write("apps/settings.yaml", app.config_map("settings", "blue"));
    newest = app.repository.commit("Paint it blue");
    app.start();
  }

  [[nodiscard]] Finished why(std::vector<std::string> words) const {
    std::vector<std::string> arguments = app.arguments("why");
    arguments.insert(arguments.end(), words.begin(), words.end());
    return HoldfastProcess::run(std::move(arguments));
  }
  [[nodiscard]] Finished wait(std::vector<std::string> more) const {
    std::vector<std::string> arguments = {"wait",   "--kubeconfig", plane.kubeconfig(), "--installation", app.name,
                                          "--name", app.name};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return HoldfastProcess::run(std::move(arguments));
  }

  ControlPlane plane;
  Application app;
  std::string newest;
};

TEST_F(WhyTest, ask_38_a_field_has_its_owner_and_the_commit_that_declares_it) {
  const Finished told = why({"configmap/settings", ".data.color", "-n", app.name});
  EXPECT_EQ(told.exit_code, 0) << told.err;
  EXPECT_THAT(told.out, HasSubstr(".data.color: \"blue\"\n  owner     holdfast, Apply at 2"));
  EXPECT_THAT(told.out, HasSubstr(", " + newest.substr(0, 7) + " by "));
  EXPECT_THAT(told.out, HasSubstr(": Paint it blue\n"));
}

TEST_F(WhyTest, of_two_appliers_both_are_named) {
  app.kubectl.must({"-n", app.name, "apply", "--server-side", "--field-manager=second", "--force-conflicts", "-f", "-"},
                   "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {color: blue, own: theirs}\n");
  const Finished told = why({"cm/settings", "/data", "-n", app.name});
  EXPECT_EQ(told.exit_code, 0) << told.err;
  EXPECT_THAT(told.out, HasSubstr("holdfast, Apply at 2"));
  EXPECT_THAT(told.out, HasSubstr("; second, Apply at 2"));
  EXPECT_THAT(told.out, HasSubstr(".data.own: \"theirs\"\n  owner     second, Apply at 2"));
}

TEST_F(WhyTest, what_is_taken_while_nobody_holds_it_says_who_and_what_run_would_do) {
  EXPECT_EQ(app.daemon->stop(10s), 0);
  app.kubectl.must({"-n", app.name, "patch", "configmap", "settings", "--type=merge", "-p",
                    R"({"data":{"color":"red"}})", "--field-manager=someone"});
  const Finished told = why({"configmap", "settings", "-n", app.name});
  EXPECT_EQ(told.exit_code, 0) << told.err;
  EXPECT_THAT(told.out, HasSubstr(".data.color: \"red\"\n  owner     someone, Update at 2"));
  EXPECT_THAT(told.out, HasSubstr("  in Git    \"blue\"\n  drifted   taken by someone, Update at 2"));
  EXPECT_THAT(told.out, HasSubstr("the API server sets these\n"));
}

TEST_F(WhyTest, C7_after_a_restart_run_explains_what_is_remembered_and_what_is_put_back) {
  EXPECT_EQ(app.daemon->stop(10s), 0);
  app.kubectl.must({"-n", app.name, "patch", "configmap", "settings", "--type=merge", "-p",
                    R"({"data":{"color":"red"}})", "--field-manager=someone"});
  app.start({"--explain"});
  const std::string said = app.daemon->output();
  EXPECT_THAT(said, HasSubstr("explain: Namespace " + app.name +
                              ": nothing to do: it is as an earlier process has learned it (C5.4, C7)"));
  EXPECT_THAT(said, HasSubstr("explain: ConfigMap " + app.name +
                              "/settings: put it back by apply: owned fields differ from what converged (C5.6)"));
}

TEST_F(WhyTest, C5_where_nothing_is_remembered_run_explains_what_is_proven_and_what_is_confirmed) {
  EXPECT_EQ(app.daemon->stop(10s), 0);
  app.kubectl.must({"-n", "default", "delete", "configmap", "holdfast-" + app.name + ".learned-0"});
  app.kubectl.must({"-n", app.name, "patch", "configmap", "settings", "--type=merge", "-p",
                    R"({"data":{"color":"red"}})", "--field-manager=someone"});
  app.start({"--explain"});
  const std::string said = app.daemon->output();
  EXPECT_THAT(said, HasSubstr("explain: Namespace " + app.name + ": nothing to do: proven from its schema"));
  EXPECT_THAT(said,
              HasSubstr("explain: ConfigMap " + app.name +
                        "/settings: confirm by apply: no record and not proven: we do not own .data.color (C5.6, C8)"));
}

TEST_F(WhyTest, ask_35_wait_ends_with_the_revision_and_not_before) {
  EXPECT_EQ(wait({"--revision", newest, "--timeout", "30s"}).exit_code, 0);
  EXPECT_EQ(app.daemon->stop(10s), 0);
  app.repository.write("apps/settings.yaml", app.config_map("settings", "green"));
  const std::string next = app.repository.commit("Paint it green");
  const Finished stale = wait({"--revision", next, "--timeout", "1s"});
  EXPECT_EQ(stale.exit_code, 1);
  EXPECT_THAT(stale.err, HasSubstr("it is at main@sha1:" + newest));
  HoldfastProcess waiting({"wait", "--kubeconfig", plane.kubeconfig(), "--installation", app.name, "--revision",
                           next.substr(0, 12), "--timeout", "60s"});
  app.start();
  EXPECT_EQ(waiting.wait_exit(60s), 0) << waiting.output();
  EXPECT_THAT(waiting.output(), HasSubstr("is at main@sha1:" + next));
}

TEST_F(WhyTest, ask_33_wait_names_what_holds_a_deletion_up) {
  app.kubectl.must({"-n", app.name, "patch", "configmap", "settings", "--type=merge", "-p",
                    R"({"metadata":{"finalizers":["example.com/slow"]}})"});
  app.kubectl.must({"-n", app.name, "delete", "configmap", "settings", "--wait=false"});
  const Finished waited = wait({"--timeout", "2s"});
  EXPECT_EQ(waited.exit_code, 1);
  EXPECT_THAT(waited.err, HasSubstr("settings: it is being deleted, held by its finalizers: example.com/slow"));
  app.kubectl.must({"-n", app.name, "patch", "configmap", "settings", "--type=json", "-p",
                    R"([{"op":"remove","path":"/metadata/finalizers"}])"});
  EXPECT_EQ(wait({"--timeout", "30s"}).exit_code, 0);
}

}  // namespace
}  // namespace holdfast::cluster
