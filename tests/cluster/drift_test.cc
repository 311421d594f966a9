// Drift on a real API server: each change put back from its watch event with exactly one write, and nothing asked for
// what is no drift.
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "cluster/application.h"
#include "cluster/eventually.h"
#include "holdfast/model/json.h"

namespace holdfast::cluster {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::system_clock;

constexpr auto kHealDeadline = 10s;

class DriftTest : public testing::Test {
 protected:
  DriftTest() : plane(ControlPlane::shared()), app(plane, name_of_test("drift")) {
    app.repository.write("apps/namespace.yaml", app.namespace_manifest());
    app.repository.write("apps/settings.yaml", app.config_map("settings", "blue"));
    app.repository.commit("Start");
    app.start();
    since = Clock::now();
  }

  // Waits for the line of the repair, then for the audit log, and expects one successful write for the object.
  std::string expect_one_write(const std::string& line, std::size_t accepted_requests = 1) {
    std::string said;
    EXPECT_NO_THROW(said = app.daemon->wait_for_line(line, kHealDeadline, from)) << app.daemon->output();
    const std::vector<AuditedRequest> requests = app.requests_for("settings", since);
    std::size_t writes = 0;
    for (const AuditedRequest& request : requests) writes += request.is_write() && request.code < 300 ? 1 : 0;
    EXPECT_EQ(writes, 1U);
    EXPECT_LE(requests.size(), accepted_requests) << app.daemon->output();
    return said;
  }

  ControlPlane plane;
  Application app;
  Clock::time_point since;
  std::size_t from = 0;
};

TEST_F(DriftTest, edit_by_patch) {
  from = app.daemon->line_count();
  app.kubectl.must({"-n", app.name, "patch", "configmap", "settings", "--type=merge", "-p",
                    R"({"data":{"color":"red"}})", "--field-manager=someone"});
  const std::string line = expect_one_write("put back ConfigMap");
  EXPECT_EQ(app.field("settings", "{.data.color}"), "blue");
  EXPECT_TRUE(line.contains(".data.color was \"red\" (someone, Update at 2")) << line;
  EXPECT_TRUE(line.contains("event_to_verdict_ms=")) << line;
  EXPECT_TRUE(line.contains("verdict_to_response_ms=")) << line;
}

TEST_F(DriftTest, edit_by_put) {
  from = app.daemon->line_count();
  const std::string uid = app.field("settings", "{.metadata.uid}");
  app.kubectl.must({"replace", "-f", "-"},
                   R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"settings","namespace":")" + app.name +
                       R"(","labels":)" + app.field("settings", "{.metadata.labels}") +
                       R"(},"data":{"color":"green","size":"large"}})");
  expect_one_write("put back ConfigMap");
  EXPECT_EQ(app.field("settings", "{.data.color}"), "blue");
  EXPECT_EQ(app.field("settings", "{.metadata.uid}"), uid);
}

TEST_F(DriftTest, removal_of_a_field_has_no_owner) {
  from = app.daemon->line_count();
  app.kubectl.must({"-n", app.name, "patch", "configmap", "settings", "--type=json", "-p",
                    R"([{"op":"remove","path":"/data/size"}])"});
  const std::string line = expect_one_write("put back ConfigMap");
  EXPECT_TRUE(line.contains("no manager owns it")) << line;
  EXPECT_EQ(app.field("settings", "{.data.size}"), "large");
}

TEST_F(DriftTest, removal_of_our_label) {
  from = app.daemon->line_count();
  app.kubectl.must({"-n", app.name, "label", "configmap", "settings", "holdfast.dev/installation-"});
  // It looks like a deletion; a GET tells, and whose it is by now (D15).
  expect_one_write("lost the label", 2);
  EXPECT_EQ(app.field("settings", "{.metadata.labels.holdfast\\.dev/installation}"), app.name);
}

TEST_F(DriftTest, deletion_is_created_again_by_one_write) {
  from = app.daemon->line_count();
  app.kubectl.must({"-n", app.name, "delete", "configmap", "settings"});
  // A GET, since an object without our label looks the same; then the one write that creates.
  expect_one_write("created ConfigMap", 2);
  EXPECT_TRUE(eventually([&] { return app.field("settings", "{.data.color}") == "blue"; }, kHealDeadline));
}

TEST_F(DriftTest, foreign_fields_and_status_cost_no_request) {
  for (int i = 0; i < 50; ++i) {
    app.kubectl.must({"-n", app.name, "annotate", "--overwrite", "configmap", "settings", "seen=" + std::to_string(i)});
    app.kubectl.must({"patch", "namespace", app.name, "--subresource=status", "--type=merge", "-p",
                      R"({"status":{"conditions":[{"type":"Test","status":"True","reason":"R)" + std::to_string(i) +
                          R"(","message":"m","lastTransitionTime":"2026-01-01T00:00:00Z"}]}})"});
  }
  // A real drift afterwards shows that the events before it have all been judged.
  app.kubectl.must(
      {"-n", app.name, "patch", "configmap", "settings", "--type=merge", "-p", R"({"data":{"color":"red"}})"});
  expect_one_write("put back ConfigMap");
  plane.settle_audit();
  const auto namespace_requests = plane.requests(holdfast_user, since, [&](const AuditedRequest& request) {
    return request.resource == "namespaces" && request.name == app.name && request.verb != "watch";
  });
  EXPECT_TRUE(namespace_requests.empty());
  EXPECT_EQ(app.field("settings", "{.metadata.annotations.seen}"), "49");
}

TEST_F(DriftTest, restart_when_nothing_is_wrong_changes_no_resource_version) {
  const std::string before = app.field("settings", "{.metadata.resourceVersion}");
  EXPECT_EQ(app.daemon->stop(10s), 0) << app.daemon->output();
  app.start();
  EXPECT_EQ(app.field("settings", "{.metadata.resourceVersion}"), before);
}

TEST_F(DriftTest, a_commit_that_removes_an_object_prunes_it_and_nothing_else) {
  app.repository.write("apps/extra.yaml", app.config_map("extra", "red"));
  app.wait_synced(app.repository.commit("Add extra"));
  EXPECT_EQ(app.field("extra", "{.data.color}"), "red");
  app.repository.remove("apps/extra.yaml");
  app.wait_synced(app.repository.commit("Remove extra"));
  EXPECT_EQ(app.field("extra", "{.data.color}"), "");
  EXPECT_EQ(app.field("settings", "{.data.color}"), "blue");
}

TEST_F(DriftTest, a_commit_that_does_not_parse_changes_nothing_and_healing_goes_on) {
  from = app.daemon->line_count();
  app.repository.write("apps/settings.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings\n");
  app.repository.commit("Break");
  app.daemon->wait_for_line("apps/settings.yaml:", 20s, from);
  EXPECT_EQ(app.field("settings", "{.data.color}"), "blue");
  app.kubectl.must(
      {"-n", app.name, "patch", "configmap", "settings", "--type=merge", "-p", R"({"data":{"color":"red"}})"});
  expect_one_write("put back ConfigMap");
  EXPECT_EQ(app.field("settings", "{.data.color}"), "blue");
}

TEST_F(DriftTest, a_namespace_that_left_the_source_is_held_back) {
  from = app.daemon->line_count();
  app.repository.remove("apps/namespace.yaml");
  app.repository.commit("Drop the namespace");
  app.daemon->wait_for_line("did not prune Namespace " + app.name, 20s, from);
  EXPECT_EQ(app.kubectl.field(app.name, "namespace", app.name, "{.status.phase}"), "Active");
}

TEST_F(DriftTest, an_object_of_somebody_else_is_not_taken_over_unasked) {
  app.kubectl.must({"-n", app.name, "create", "configmap", "theirs", "--from-literal=color=green"});
  from = app.daemon->line_count();
  app.repository.write("apps/theirs.yaml", app.config_map("theirs", "blue"));
  app.repository.commit("Claim it");
  const std::string line = app.daemon->wait_for_line("left ConfigMap " + app.name + "/theirs alone", 20s, from);
  EXPECT_TRUE(line.contains("--adopt")) << line;
  EXPECT_EQ(app.field("theirs", "{.data.color}"), "green");
}

TEST_F(DriftTest, adopt_takes_over_what_nobody_owns) {
  app.kubectl.must({"-n", app.name, "create", "configmap", "theirs", "--from-literal=color=green"});
  const std::string uid = app.field("theirs", "{.metadata.uid}");
  EXPECT_EQ(app.daemon->stop(10s), 0);
  app.repository.write("apps/theirs.yaml", app.config_map("theirs", "blue"));
  app.repository.commit("Claim it");
  app.start({"--adopt"});
  EXPECT_EQ(app.field("theirs", "{.data.color}"), "blue");
  EXPECT_EQ(app.field("theirs", "{.metadata.uid}"), uid);
}

TEST_F(DriftTest, more_than_ten_objects_leaving_at_once_are_held_back_until_the_limit_is_raised) {
  for (int i = 0; i < 11; ++i)
    app.repository.write("apps/many" + std::to_string(i) + ".yaml", app.config_map("many" + std::to_string(i), "blue"));
  app.wait_synced(app.repository.commit("Many"));
  for (int i = 0; i < 11; ++i) app.repository.remove("apps/many" + std::to_string(i) + ".yaml");
  from = app.daemon->line_count();
  const std::string commit = app.repository.commit("None");
  app.daemon->wait_for_line("did not prune ConfigMap " + app.name + "/many", 20s, from);
  app.wait_synced(commit, from);
  EXPECT_EQ(app.field("many0", "{.data.color}"), "blue");
  EXPECT_EQ(app.daemon->stop(10s), 0);
  app.start({"--prune-limit", "11"});
  EXPECT_EQ(app.field("many0", "{.data.color}"), "");
  EXPECT_EQ(app.field("settings", "{.data.color}"), "blue");
}

TEST_F(DriftTest, allow_prune_lets_a_named_namespace_go) {
  app.repository.write("apps/second.yaml",
                       "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: " + app.name + "-second\n");
  app.wait_synced(app.repository.commit("Second namespace"));
  EXPECT_EQ(app.daemon->stop(10s), 0);
  app.repository.remove("apps/second.yaml");
  app.repository.commit("Without it");
  app.daemon = std::make_unique<HoldfastProcess>([&] {
    std::vector<std::string> arguments = app.arguments("run");
    arguments.insert(arguments.end(), {"--allow-prune", "Namespace/" + app.name + "-second"});
    return arguments;
  }());
  // Without kube-controller-manager nothing finishes a namespace's deletion: that it began is what can be seen.
  EXPECT_TRUE(eventually(
      [&] {
        return app.kubectl.field(app.name, "namespace", app.name + "-second", "{.status.phase}") == "Terminating";
      },
      kHealDeadline))
      << app.daemon->output();
}

TEST_F(DriftTest, files_of_a_directory_are_applied_as_they_are_saved) {
  EXPECT_EQ(app.daemon->stop(10s), 0);
  std::vector<std::string> arguments = app.arguments("run");
  arguments.push_back("--files");
  app.daemon = std::make_unique<HoldfastProcess>(arguments);
  app.daemon->wait_for_line("the cluster is at files@sha256:", 20s);
  app.repository.write("apps/settings.yaml", app.config_map("settings", "violet"));
  EXPECT_TRUE(eventually([&] { return app.field("settings", "{.data.color}") == "violet"; }, kHealDeadline))
      << app.daemon->output();
}

TEST_F(DriftTest, json_log_lines_are_json) {
  EXPECT_EQ(app.daemon->stop(10s), 0);
  std::vector<std::string> arguments = app.arguments("run");
  arguments.insert(arguments.end(), {"--log-format", "json", "--once"});
  const Finished finished = HoldfastProcess::run(arguments);
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  std::istringstream lines(finished.err);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const Result<json::value> value = parse_json(line);
    ASSERT_TRUE(value) << line;
    EXPECT_FALSE(string_at(*value, {"event"}).empty()) << line;
    EXPECT_FALSE(string_at(*value, {"time"}).empty()) << line;
  }
  EXPECT_GT(count, 2);
}

TEST_F(DriftTest, a_name_is_not_used_for_two_sources_unless_the_source_has_moved) {
  EXPECT_EQ(app.daemon->stop(10s), 0);
  Repository other;
  other.write("apps/other.yaml", app.config_map("other", "green"));
  other.commit("Another application");
  std::vector<std::string> arguments = app.arguments("run");
  std::ranges::replace(arguments, app.repository.directory(), other.directory());
  arguments.push_back("--once");
  const Finished refused = HoldfastProcess::run(arguments);
  EXPECT_NE(refused.exit_code, 0);
  EXPECT_TRUE(refused.err.contains("--move-source")) << refused.err;
  EXPECT_EQ(app.field("settings", "{.data.color}"), "blue");
  EXPECT_EQ(app.field("other", "{.data.color}"), "");
  arguments.push_back("--move-source");
  const Finished moved = HoldfastProcess::run(arguments);
  EXPECT_EQ(moved.exit_code, 0) << moved.err;
  arguments.pop_back();
  const Finished again = HoldfastProcess::run(arguments);
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(app.field("other", "{.data.color}"), "green");
}

}  // namespace
}  // namespace holdfast::cluster
