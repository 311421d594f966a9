// What is wrong in Git, told to its author: the line, what was meant, and who wrote it; and the last good revision
// stays in force meanwhile (correctness D4; V7, V9).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>

#include "cluster/application.h"
#include "cluster/eventually.h"

namespace holdfast::cluster {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

class AuthorErrors : public testing::Test {
 protected:
  AuthorErrors() : plane(ControlPlane::shared()), app(plane, name_of_test("author")) {
    app.repository.write("apps/namespace.yaml", app.namespace_manifest());
    app.repository.write("apps/web.yaml", deployment("  replicas: 2\n"));
    app.repository.commit("Start");
  }

  // `line` is the seventh.
  [[nodiscard]] std::string deployment(const std::string& line) const {
    return "# The shop's front.\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: " + app.name +
           "}\nspec:\n  selector: {matchLabels: {app: web}}\n" + line +
           "  template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers:\n"
           "      - name: web\n        image: registry.example/web:1\n        imagePullPolicy: Always\n";
  }

  // How Git names a commit of today by its author.
  static std::string by_the_author(const std::string& commit, const std::string& subject) {
    return commit.substr(0, 7) + " by Author <author@example.com> on DATE: " + subject;
  }
  static std::string without_date(const std::string& text) {
    return std::regex_replace(text, std::regex("on [0-9]{4}-[0-9]{2}-[0-9]{2}: "), "on DATE: ");
  }
  [[nodiscard]] std::size_t lines_with(const std::string& text) const {
    const auto lines = app.daemon->lines();
    return static_cast<std::size_t>(
        std::ranges::count_if(lines, [&](const auto& line) { return line.contains(text); }));
  }
  [[nodiscard]] std::string replicas() const {
    return app.kubectl.field(app.name, "deployment", "web", "{.spec.replicas}");
  }
  void expect_healed_to_two() {
    app.kubectl.must({"-n", app.name, "scale", "deployment", "web", "--replicas=5"});
    EXPECT_TRUE(eventually([this] { return replicas() == "2"; }, 20s)) << app.daemon->output();
  }

  ControlPlane plane;
  Application app;
};

TEST_F(AuthorErrors, D4_a_misspelt_field_has_its_line_what_was_meant_and_who_wrote_it) {
  app.start();
  app.repository.write("apps/web.yaml", deployment("  replicsa: 3\n"));
  const std::string commit = app.repository.commit("Scale the shop");
  const std::string said = without_date(app.daemon->wait_for_line("written in", 30s));
  EXPECT_THAT(said, HasSubstr("apps/web.yaml:7: .spec.replicsa is no field of a Deployment "
                              "(did you mean .spec.replicas?), written in " +
                              by_the_author(commit, "Scale the shop")));
  app.daemon->wait_for_line("could not apply Deployment.apps " + app.name +
                                "/web: apps/web.yaml:2: .spec.replicsa is no field of a Deployment (did you mean "
                                ".spec.replicas?)",
                            1s);
  expect_healed_to_two();
  EXPECT_EQ(lines_with("written in"), 1U) << app.daemon->output();

  app.repository.write("apps/web.yaml", deployment("  replicas: 3\n"));
  app.wait_synced(app.repository.commit("Scale it in earnest"));
  EXPECT_EQ(replicas(), "3");
}

TEST_F(AuthorErrors, V9_what_validation_refuses_has_its_line_too) {
  app.start();
  std::string odd = deployment("  replicas: 2\n");
  odd.replace(odd.find("Always"), 6, "Alwayss");
  app.repository.write("apps/web.yaml", odd);
  const std::string commit = app.repository.commit("Pull more");
  const std::string said = without_date(app.daemon->wait_for_line("written in", 30s));
  EXPECT_THAT(said, HasSubstr("apps/web.yaml:14: .spec.template.spec.containers[0].imagePullPolicy: Unsupported value: "
                              "\"Alwayss\": supported values: \"Always\", \"IfNotPresent\", \"Never\" (did you mean "
                              "Always?), written in " +
                              by_the_author(commit, "Pull more")));
  expect_healed_to_two();
}

TEST_F(AuthorErrors, a_file_that_cannot_be_read_has_its_author) {
  app.start();
  app.repository.write("apps/web.yaml", deployment("  replicas: 2\n  replicas: 3\n"));
  const std::string commit = app.repository.commit("Say it twice");
  app.daemon->wait_for_line(
      "apps/web.yaml:8: the key \"replicas\" is written twice, first in line 7 (keep one of the "
      "two); still holding main@sha1:",
      30s);
  EXPECT_THAT(without_date(app.daemon->wait_for_line("was written in", 30s)),
              HasSubstr("apps/web.yaml:8 was written in " + by_the_author(commit, "Say it twice")));
  expect_healed_to_two();
}

TEST_F(AuthorErrors, a_kind_that_is_not_served_has_its_line) {
  app.start();
  std::string odd = deployment("");
  odd.replace(odd.find("Deployment"), 10, "Deploymint");
  app.repository.write("apps/odd.yaml", odd);
  const std::string commit = app.repository.commit("Mint it");
  EXPECT_THAT(without_date(app.daemon->wait_for_line("written in", 30s)),
              HasSubstr("apps/odd.yaml:3: the cluster has no apps/v1 Deploymint (did you mean apps/v1 Deployment?), "
                        "written in " +
                        by_the_author(commit, "Mint it")));
}

TEST_F(AuthorErrors, verbs_that_look_say_the_same_and_once_waits_for_it) {
  const auto once = [this] {
    std::vector<std::string> arguments = app.arguments("run");
    arguments.emplace_back("--once");
    return HoldfastProcess::run(std::move(arguments));
  };
  ASSERT_EQ(once().exit_code, 0);
  app.repository.write("apps/web.yaml", deployment("  replicsa: 3\n"));
  const std::string commit = app.repository.commit("Scale the shop");
  const std::string line =
      "apps/web.yaml:7: .spec.replicsa is no field of a Deployment (did you mean .spec.replicas?), written in " +
      by_the_author(commit, "Scale the shop");
  for (const char* const verb : {"diff", "plan"}) {
    const Finished told = HoldfastProcess::run(app.arguments(verb));
    EXPECT_EQ(told.exit_code, 2) << verb;
    EXPECT_THAT(without_date(told.out), HasSubstr("      " + line + "\n")) << told.err;
  }
  const Finished applied = once();
  EXPECT_NE(applied.exit_code, 0);
  EXPECT_THAT(without_date(applied.err + applied.out), HasSubstr(line));

  app.repository.write("apps/web.yaml", "kind: [");
  const std::string broken = app.repository.commit("Break it");
  const std::string author = "apps/web.yaml:1 was written in " + by_the_author(broken, "Break it");
  const Finished diff = HoldfastProcess::run(app.arguments("diff"));
  EXPECT_EQ(diff.exit_code, 2);
  EXPECT_THAT(without_date(diff.err), HasSubstr(author));
  const Finished run = once();
  EXPECT_NE(run.exit_code, 0);
  EXPECT_THAT(without_date(run.err + run.out), HasSubstr(author));
}

}  // namespace
}  // namespace holdfast::cluster
