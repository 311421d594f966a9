// How new revisions are met, on a real cluster and with the rights of real accounts: plans that wait for approval,
// rollbacks, and roll-outs that fail (docs/rollouts.md).
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "cluster/installed.h"

namespace holdfast::cluster {
namespace {

using namespace std::chrono_literals;

constexpr const char* kRunning =
    R"({"phase":"Running","conditions":[{"type":"Ready","status":"True"}],
        "containerStatuses":[{"name":"web","ready":true,"restartCount":0,"image":"i","imageID":"i"}]})";

class RollOuts : public InstalledOnce<RollOuts> {
 protected:
  static void SetUpTestSuite() {
    InstalledOnce::SetUpTestSuite();
    of_suite_->start_controllers();
  }

  RollOuts() {
    install_whole();
    Installed::apply(people());
    for (const char* person : {"alice", "bob"}) configs_[person] = kubeconfig_of("teams", person);
    repository_.write("shop/page.yaml", config_map("page", "blue"));
    first_ = "main@sha1:" + repository_.commit("Start");
  }
  ~RollOuts() override {
    daemon_.reset();
    forget("hfapp", "teams");
    forget("configmaps", "teams");
    for (const char* what : {"deployments", "configmaps"})
      std::ignore = kubectl_.run({"delete", what, "--all", "-n", "shop"});
  }

  // Returns when its policy counts as known everywhere.
  void install_whole() const {
    install();
    wait_for_definitions();
    wait_for_policy("approvals.holdfast.dev");
  }

  // Both may change applications; alice may approve and roll back as well.
  static std::string people() {
    std::string text =
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n"
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: teams}\n---\n"
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: edit, namespace: teams}\n"
        "rules: [{apiGroups: [holdfast.dev], resources: [applications], verbs: [get, list, patch, update]}]\n---\n"
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: approve, namespace: teams}\n"
        "rules: [{apiGroups: [holdfast.dev], resources: [applications], resourceNames: [shop],\n"
        "         verbs: [approve, rollback]}]\n";
    for (const auto& [person, role] :
         {std::pair("alice", "edit"), std::pair("alice", "approve"), std::pair("bob", "edit")})
      text += "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: " + std::string(person) +
              ", namespace: teams}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\n"
              "metadata: {name: " +
              person + "-" + role +
              ", namespace: teams}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: " + role +
              "}\nsubjects: [{kind: ServiceAccount, name: " + person + ", namespace: teams}]\n";
    return text;
  }

  static std::string deployment(const std::string& image) {
    return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 1\n"
           "  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n"
           "    spec: {containers: [{name: web, image: '" +
           image + "'}]}\n";
  }
  void apply(const std::string& spec) const {
    Installed::apply(application("teams", "shop", "  destination: {namespace: shop}\n" + spec));
  }
  [[nodiscard]] Finished as(const std::string& person, const std::vector<std::string>& words) const {
    std::vector<std::string> all = words;
    all.insert(all.end(), {"--kubeconfig", configs_.at(person)});
    return HoldfastProcess::run(std::move(all));
  }
  [[nodiscard]] std::string status(const std::string& path) const {
    return kubectl_.field("teams", "hfapp", "shop", "{.status." + path + "}");
  }
  [[nodiscard]] std::string condition(const std::string& part) const {
    return status("conditions[?(@.type==\"Ready\")]." + part);
  }
  [[nodiscard]] std::string color(const std::string& name) const { return Installed::color("shop", name); }
  void paint(const std::string& value) const {
    kubectl_.must(
        {"-n", "shop", "patch", "configmap", "page", "--type=merge", "-p", R"({"data":{"color":")" + value + R"("}})"});
  }
  std::string commit_color(const std::string& value) {
    repository_.write("shop/page.yaml", config_map("page", value));
    return "main@sha1:" + repository_.commit("Paint it " + value);
  }
  [[nodiscard]] testing::AssertionResult becomes(const std::function<std::string()>& what,
                                                 const std::string& expected) const {
    testing::AssertionResult is = eventually_is(what, expected);
    if (!is) is << kubectl_.run({"-n", "teams", "get", "hfapp", "shop", "-o", "yaml"}).out;
    return is;
  }
  // Of that revision, once it waits.
  std::string plan_of(const std::string& revision) {
    EXPECT_TRUE(becomes([&] { return status("plan.revision"); }, revision));
    return status("plan.hash");
  }
  [[nodiscard]] std::string events() const {
    return kubectl_.must(
        {"-n", "teams", "get", "events", "-o", "jsonpath={range .items[*]}{.reason}: {.message}\n{end}"});
  }
  // As a kubelet would say of each pod of this image.
  void pods_of(const std::string& image, const std::string& told) {
    const auto names = [&] {
      return kubectl_.must(
          {"-n", "shop", "get", "pods", "-o",
           "jsonpath={range .items[?(@.spec.containers[0].image==\"" + image + "\")]}{.metadata.name}\n{end}"});
    };
    ASSERT_TRUE(eventually([&] { return !names().empty(); }, kDeadline)) << daemon_->output();
    std::istringstream all(names());
    for (std::string name; std::getline(all, name);)
      if (!name.empty())
        kubectl_.must({"-n", "shop", "patch", "pod", name, "--subresource=status", "--type=merge", "-p",
                       R"({"status":)" + told + "}"});
  }
  // The revision of a Deployment that was well, with a return where the next one is not.
  std::string start_the_web() {
    repository_.write("shop/page.yaml", deployment("example.com/web:1"));
    std::string good = "main@sha1:" + repository_.commit("Start the web");
    start();
    apply("  onFailure: Rollback\n  timeout: 10s\n");
    pods_of("example.com/web:1", kRunning);
    EXPECT_TRUE(becomes([&] { return status("lastHealthyRevision"); }, good));
    return good;
  }

  std::string first_;
  std::map<std::string, std::string> configs_;
};

constexpr const char* kNoImage =
    R"({"phase":"Pending","conditions":[{"type":"Ready","status":"False","reason":"ContainersNotReady"}],
        "containerStatuses":[{"name":"web","ready":false,"restartCount":0,"image":"i","imageID":"",
          "state":{"waiting":{"reason":"ImagePullBackOff","message":"Back-off pulling image example.com/web:2"}}}]})";

// A container that ends as soon as it has begun: at work for a moment, as kubelet writes it, and waiting ever longer.
constexpr const char* kStarted =
    R"({"phase":"Running","conditions":[{"type":"PodScheduled","status":"True"},
          {"type":"Ready","status":"False","reason":"ContainersNotReady","message":"containers with unready status: [web]"}],
        "containerStatuses":[{"name":"web","ready":false,"started":true,"restartCount":2,"image":"i","imageID":"i",
          "state":{"running":{"startedAt":"2026-11-29T00:00:00Z"}},
          "lastState":{"terminated":{"exitCode":3,"reason":"Error","startedAt":"2026-11-28T23:59:58Z","finishedAt":"2026-11-28T23:59:59Z"}}}]})";
constexpr const char* kCrashes =
    R"({"phase":"Running","conditions":[{"type":"PodScheduled","status":"True"},
          {"type":"Ready","status":"False","reason":"ContainersNotReady","message":"containers with unready status: [web]"}],
        "containerStatuses":[{"name":"web","ready":false,"started":false,"restartCount":3,"image":"i","imageID":"i",
          "state":{"running":null,"waiting":{"reason":"CrashLoopBackOff","message":"back-off 40s restarting failed container=web pod=web"}},
          "lastState":{"terminated":{"exitCode":3,"reason":"Error","startedAt":"2026-11-29T00:00:00Z","finishedAt":"2026-11-29T00:00:01Z"}}}]})";
constexpr const char* kCrashText =
    "container web: CrashLoopBackOff: back-off 40s restarting failed container=web pod=web (Error, exit code 3)";

TEST_F(RollOuts, a_new_revision_waits_for_approval_and_what_was_approved_is_healed) {
  start();
  apply("  policy: Approve\n");
  const std::string first = plan_of(first_);
  EXPECT_TRUE(becomes([&] { return condition("reason"); }, "ApprovalRequired"));
  EXPECT_TRUE(condition("message").contains("1 to create")) << condition("message");
  EXPECT_EQ(status("plan.changes.create"), "1");
  EXPECT_TRUE(status("plan.lines[0]").contains("create    ConfigMap shop/page")) << status("plan.lines[0]");
  EXPECT_EQ(color("page"), "");
  const Finished approved = as("alice", {"approve", "shop", first.substr(0, 8), "--reason", "it begins"});
  EXPECT_EQ(approved.exit_code, 0) << approved.err << daemon_->output();
  EXPECT_TRUE(becomes([&] { return color("page"); }, "blue"));
  EXPECT_TRUE(becomes([&] { return condition("reason"); }, "ReconciliationSucceeded"));
  EXPECT_EQ(status("plan.hash"), "");
  EXPECT_EQ(status("approved.who"), "system:serviceaccount:teams:alice");
  EXPECT_EQ(status("history[0].action"), "Approve");
  EXPECT_EQ(status("history[0].why"), "it begins");

  const std::string second = commit_color("green");
  const std::string plan = plan_of(second);
  paint("red");
  EXPECT_TRUE(becomes([&] { return color("page"); }, "blue"));
  ASSERT_EQ(daemon_->stop(20s), 0);
  start();
  daemon_->wait_for_line("waits for approval", kDeadline, 0);
  paint("red");
  EXPECT_TRUE(becomes([&] { return color("page"); }, "blue"));
  EXPECT_EQ(status("plan.hash"), plan);
  EXPECT_EQ(as("alice", {"approve", "shop", plan}).exit_code, 0) << daemon_->output();
  EXPECT_TRUE(becomes([&] { return color("page"); }, "green"));
  EXPECT_TRUE(becomes([&] { return status("history[0].outcome"); }, "Healthy"));
  EXPECT_EQ(status("history[*].revision"), second + " " + first_);
  EXPECT_TRUE(eventually([&] { return events().contains("PlanApproved: " + second); }, kDeadline)) << events();
}

TEST_F(RollOuts, the_api_server_decides_who_may_approve_and_in_whose_name) {
  start();
  apply("  policy: Approve\n");
  const std::string plan = plan_of(first_);
  const Finished bob = as("bob", {"approve", "shop", plan});
  EXPECT_EQ(bob.exit_code, 1);
  EXPECT_TRUE(bob.err.contains("approving a plan needs the verb approve on this application")) << bob.err;
  const auto annotate = [&](const std::string& person, const std::string& who) {
    return kubectl_.run({"-n", "teams", "annotate", "hfapp", "shop", "--overwrite", "--as",
                         "system:serviceaccount:teams:" + person,
                         "holdfast.dev/approve-plan=" + plan + "@" + status("plan.plannedAt"),
                         "holdfast.dev/approve-by=" + who, "holdfast.dev/approve-at=2026-01-01T00:00:00Z"});
  };
  EXPECT_TRUE(annotate("bob", "system:serviceaccount:teams:alice").err.contains("needs the verb approve"));
  const Finished forged = annotate("alice", "system:serviceaccount:teams:bob");
  EXPECT_TRUE(forged.err.contains("holdfast.dev/approve-by has to be who asks")) << forged.err << forged.out;
  const auto patch = [&](const std::string& person, const std::string& spec) {
    return kubectl_.run({"-n", "teams", "patch", "hfapp", "shop", "--type=merge", "--as",
                         "system:serviceaccount:teams:" + person, "-p", R"({"spec":)" + spec + "}"});
  };
  EXPECT_TRUE(
      patch("bob", R"({"policy":"Apply"})").err.contains("leaving spec.policy: Approve needs the verb approve"));
  EXPECT_EQ(patch("bob", R"({"timeout":"6m"})").exit_code, 0) << "all else is hers to change";
  const Finished rollback = as("bob", {"rollback", "shop", "--to", first_, "--reason", "no"});
  EXPECT_EQ(rollback.exit_code, 1);
  EXPECT_EQ(color("page"), "");

  // Without the policy nobody is known to be who they say.
  kubectl_.must({"delete", "validatingadmissionpolicybinding", "approvals.holdfast.dev"});
  EXPECT_TRUE(
      eventually([&] { return annotate("bob", "system:serviceaccount:teams:alice").exit_code == 0; }, kDeadline));
  EXPECT_TRUE(becomes([&] { return status("lastHandledApproval") == "" ? "" : "handled"; }, "handled"));
  EXPECT_TRUE(status("refused").contains("Binding approvals.holdfast.dev is not installed")) << status("refused");
  EXPECT_EQ(color("page"), "");
  install_whole();
  ASSERT_EQ(daemon_->stop(20s), 0);
  start();
  daemon_->wait_for_line("waits for approval", kDeadline);
  EXPECT_EQ(color("page"), "") << "what was refused never counts";
  EXPECT_NE(annotate("bob", "system:serviceaccount:teams:bob").exit_code, 0);
  const Finished alice = as("alice", {"approve", "shop", plan});
  EXPECT_EQ(alice.exit_code, 0) << alice.err << daemon_->output();
  EXPECT_TRUE(becomes([&] { return color("page"); }, "blue"));
}

TEST_F(RollOuts, what_was_asked_while_nobody_checked_who_asks_never_counts) {
  start();
  apply("");
  EXPECT_TRUE(becomes([&] { return status("history[0].outcome"); }, "Healthy"));
  const std::string second = commit_color("green");
  EXPECT_TRUE(
      becomes([&] { return status("history[0].revision") + status("history[0].outcome"); }, second + "Healthy"));
  const auto annotate = [&](const std::string& person, const std::string& at, const std::string& to) {
    return kubectl_.run({"-n", "teams", "annotate", "hfapp", "shop", "--overwrite", "--as",
                         "system:serviceaccount:teams:" + person, "holdfast.dev/rollback-to=" + to,
                         "holdfast.dev/rollback-by=system:serviceaccount:teams:alice",
                         "holdfast.dev/rollback-reason=because", "holdfast.dev/rollback-at=" + at});
  };
  ASSERT_EQ(daemon_->stop(20s), 0);
  kubectl_.must({"delete", "validatingadmissionpolicybinding", "approvals.holdfast.dev"});
  EXPECT_TRUE(eventually([&] { return annotate("bob", "2027-01-01T00:00:00Z", first_).exit_code == 0; }, kDeadline));
  install_whole();
  EXPECT_NE(annotate("bob", "2027-01-01T00:00:01Z", first_).exit_code, 0) << "it is checked again";
  start();
  EXPECT_TRUE(becomes([&] { return status("refused").contains("write it again") ? "refused" : ""; }, "refused"));
  EXPECT_EQ(color("page"), "green");
  const Finished back = as("alice", {"rollback", "shop", "--to", first_, "--reason", "it is too green"});
  EXPECT_EQ(back.exit_code, 0) << back.err << daemon_->output();
  EXPECT_TRUE(becomes([&] { return color("page"); }, "blue"));

  // What was asked meanwhile of a daemon that was away counts, for it was checked.
  ASSERT_EQ(daemon_->stop(20s), 0);
  EXPECT_EQ(annotate("alice", "2027-01-01T00:00:02Z", "none").exit_code, 0);
  start();
  EXPECT_TRUE(becomes([&] { return color("page"); }, "green"));
}

TEST_F(RollOuts, what_changes_while_a_plan_waits_makes_another_plan) {
  start();
  apply("  policy: Approve\n");
  ASSERT_EQ(as("alice", {"approve", "shop", plan_of(first_)}).exit_code, 0) << daemon_->output();
  repository_.write("shop/extra.yaml", config_map("extra", "gold"));
  const std::string second = "main@sha1:" + repository_.commit("One more");
  const std::string plan = plan_of(second);
  kubectl_.must({"-n", "shop", "create", "configmap", "extra", "--from-literal=color=mine"});
  const Finished late = as("alice", {"approve", "shop", plan});
  EXPECT_EQ(late.exit_code, 1);
  EXPECT_TRUE(late.err.contains("the cluster is not as it was when the plan")) << late.err;
  EXPECT_EQ(color("extra"), "mine");
  EXPECT_TRUE(becomes([&] { return status("plan.changes.refuse"); }, "1"));

  const std::string third = commit_color("green");
  EXPECT_TRUE(becomes([&] { return status("plan.revision"); }, third));
  const Finished superseded = as("alice", {"approve", "shop", plan});
  EXPECT_TRUE(superseded.err.contains("does not wait any more")) << superseded.err;
  EXPECT_TRUE(superseded.err.contains(status("plan.hash").substr(0, 12))) << superseded.err;
  kubectl_.must({"-n", "shop", "delete", "configmap", "extra"});
  EXPECT_EQ(as("alice", {"approve", "shop", status("plan.hash")}).exit_code, 1) << "it would be made now";
  EXPECT_TRUE(becomes([&] { return status("plan.changes.create"); }, "1"));
  const Finished approved = as("alice", {"approve", "shop", status("plan.hash")});
  EXPECT_EQ(approved.exit_code, 0) << approved.err;
  EXPECT_TRUE(becomes([&] { return color("extra") + color("page"); }, "goldgreen"));
}

TEST_F(RollOuts, a_rollback_is_held_and_healed_until_a_newer_commit) {
  repository_.write("shop/extra.yaml", config_map("extra", "gold"));
  repository_.commit("One more");
  repository_.remove("shop/extra.yaml");
  start();
  apply("");
  EXPECT_TRUE(becomes([&] { return color("page") + color("extra"); }, "bluegold"));
  EXPECT_TRUE(becomes([&] { return status("history[0].outcome"); }, "Healthy"));
  const std::string before = status("lastAppliedRevision");
  const std::string second = commit_color("green");
  EXPECT_TRUE(
      becomes([&] { return status("history[0].revision") + status("history[0].outcome"); }, second + "Healthy"));
  EXPECT_EQ(color("extra"), "");

  const Finished back = as("alice", {"rollback", "shop", "--reason", "it is too green"});
  EXPECT_EQ(back.exit_code, 0) << back.err << daemon_->output();
  EXPECT_TRUE(becomes([&] { return color("page") + color("extra"); }, "bluegold"));
  EXPECT_TRUE(becomes([&] { return condition("reason"); }, "RolledBack"));
  const std::string pinned = "pinned at " + before + " instead of " + second;
  EXPECT_TRUE(condition("message").contains(pinned)) << condition("message");
  EXPECT_EQ(condition("status"), "True");
  EXPECT_EQ(status("history[0].action") + " " + status("history[0].why"), "Rollback it is too green");
  paint("red");
  EXPECT_TRUE(becomes([&] { return color("page"); }, "blue"));
  // A commit beside it ends nothing, and neither does a restart.
  repository_.write("market/stall.yaml", config_map("stall", "grey"));
  repository_.commit("Something else");
  ASSERT_EQ(daemon_->stop(20s), 0);
  start();
  daemon_->wait_for_line("the cluster is at", kDeadline);
  paint("red");
  EXPECT_TRUE(becomes([&] { return color("page"); }, "blue"));
  const Finished history = as("alice", {"history", "shop"});
  EXPECT_TRUE(history.out.contains(pinned)) << history.out << history.err;

  repository_.remove("shop/extra.yaml");
  const std::string third = commit_color("white");
  EXPECT_TRUE(becomes([&] { return color("page"); }, "white"));
  EXPECT_TRUE(becomes([&] { return color("extra"); }, ""));
  EXPECT_TRUE(becomes([&] { return condition("reason"); }, "ReconciliationSucceeded"));
  EXPECT_EQ(status("pinned.revision"), "");
}

TEST_F(RollOuts, a_roll_out_that_fails_says_why_and_returns_by_itself) {
  const std::string good = start_the_web();

  repository_.write("shop/page.yaml", deployment("example.com/web:2"));
  const std::string bad = "main@sha1:" + repository_.commit("An image that is not there");
  pods_of("example.com/web:2", kNoImage);
  EXPECT_TRUE(becomes([&] { return status("pinned.revision"); }, good));
  const auto image = [&] {
    return kubectl_.field("shop", "deployment", "web", "{.spec.template.spec.containers[0].image}");
  };
  EXPECT_TRUE(becomes(image, "example.com/web:1"));
  EXPECT_TRUE(becomes([&] { return condition("reason"); }, "RolledBack"));
  EXPECT_EQ(condition("status"), "False") << "a pipeline that waits for its commit has to hear of it";
  EXPECT_TRUE(
      condition("message").contains("container web: ImagePullBackOff: Back-off pulling image example.com/web:2"))
      << condition("message");
  EXPECT_EQ(status("history[0].action") + status("history[1].outcome"), "ReturnFailed");
  EXPECT_TRUE(eventually([&] { return events().contains("RollOutFailed: " + bad); }, kDeadline)) << events();
  const std::string generation = kubectl_.field("shop", "deployment", "web", "{.metadata.generation}");

  ASSERT_EQ(daemon_->stop(20s), 0);
  start();
  daemon_->wait_for_line("the cluster is at " + good, kDeadline);
  EXPECT_EQ(kubectl_.field("shop", "deployment", "web", "{.metadata.generation}"), generation)
      << "it is not tried again";
  repository_.write("shop/page.yaml", deployment("example.com/web:3"));
  const std::string next = "main@sha1:" + repository_.commit("One that is there");
  pods_of("example.com/web:3", kRunning);
  EXPECT_TRUE(becomes([&] { return status("lastHealthyRevision"); }, next));
  EXPECT_TRUE(becomes([&] { return condition("reason"); }, "ReconciliationSucceeded"));
}

TEST_F(RollOuts, a_container_that_crashes_again_and_again_is_returned_from) {
  const std::string good = start_the_web();

  repository_.write("shop/page.yaml", deployment("example.com/web:2"));
  const std::string bad = "main@sha1:" + repository_.commit("It ends at once");
  for (const char* const told : {kStarted, kCrashes}) pods_of("example.com/web:2", told);
  EXPECT_TRUE(becomes([&] { return condition("reason"); }, "RolledBack"));
  EXPECT_EQ(status("pinned.revision"), good);
  EXPECT_TRUE(condition("message").contains(kCrashText)) << condition("message");
  EXPECT_EQ(kubectl_.field("shop", "deployment", "web", "{.spec.template.spec.containers[0].image}"),
            "example.com/web:1");
  EXPECT_TRUE(eventually([&] { return events().contains("RollOutFailed: " + bad); }, kDeadline)) << events();
}

TEST_F(RollOuts, a_container_that_crashes_is_said_and_where_it_recovers_the_roll_out_goes_on) {
  repository_.write("shop/page.yaml", deployment("example.com/web:1"));
  const std::string revision = "main@sha1:" + repository_.commit("It ends at once, until its database is there");
  start();
  apply("  timeout: 10s\n");
  for (const char* const told : {kStarted, kCrashes}) pods_of("example.com/web:1", told);
  EXPECT_TRUE(becomes([&] { return condition("reason"); }, "RollOutFailed"));
  EXPECT_TRUE(condition("message").contains(kCrashText)) << condition("message");
  EXPECT_EQ(status("pinned.revision"), "");
  pods_of("example.com/web:1",
          R"({"phase":"Running","conditions":[{"type":"PodScheduled","status":"True"},{"type":"Ready","status":"True"}],
              "containerStatuses":[{"name":"web","ready":true,"restartCount":4,"image":"i","imageID":"i",
                "state":{"waiting":null,"running":{"startedAt":"2026-11-29T00:01:00Z"}}}]})");
  EXPECT_TRUE(becomes([&] { return condition("reason"); }, "ReconciliationSucceeded"));
  EXPECT_EQ(status("lastHealthyRevision"), revision);
}

TEST_F(RollOuts, an_application_of_a_configuration_waits_as_well) {
  const std::string config = repository_.cache() + "-config.yaml";
  std::ofstream(config) << "apiVersion: holdfast.dev/v1alpha1\nkind: Application\n"
                        << "metadata: {name: one, namespace: teams}\nspec:\n  source: {repoURL: "
                        << repository_.directory() << ", path: shop}\n  destination: {namespace: shop}\n"
                        << "  policy: Approve\n";
  const auto run_it = [&] { daemon_ = run(plane_.admin_kubeconfig(), {"--config", config}); };
  // The hash that is shown is the last word of its line.
  const auto plan = [&](const std::string& revision) {
    const std::string line = daemon_->wait_for_line(revision + " waits for approval", kDeadline);
    const std::string words = line.substr(line.find("--plan "));
    return words.substr(7, 12);
  };
  const auto approve = [&](const std::string& hash) {
    return HoldfastProcess::run({"approve", "--name", "one", "--plan", hash, "--reason", "go", "-n", "teams",
                                 "--kubeconfig", plane_.admin_kubeconfig()});
  };
  run_it();
  const std::string first = plan(first_);
  EXPECT_EQ(color("page"), "");
  const Finished approved = approve(first);
  EXPECT_EQ(approved.exit_code, 0) << approved.err;
  EXPECT_TRUE(eventually([&] { return color("page") == "blue"; }, kDeadline)) << daemon_->output();
  ASSERT_EQ(daemon_->stop(20s), 0);
  const std::string second = commit_color("green");
  run_it();
  const std::string next = plan(second);
  paint("red");
  EXPECT_TRUE(eventually([&] { return color("page") == "blue"; }, kDeadline)) << daemon_->output();
  EXPECT_EQ(approve(next).exit_code, 0);
  EXPECT_TRUE(eventually([&] { return color("page") == "green"; }, kDeadline)) << daemon_->output();
}

TEST_F(RollOuts, a_branch_is_planned_against_what_runs) {
  start();
  apply("");
  EXPECT_TRUE(becomes([&] { return color("page"); }, "blue"));
  repository_.git({"checkout", "-q", "-b", "feature/green"});
  commit_color("green");
  repository_.git({"checkout", "-q", "main"});
  const auto plan = [&](const std::vector<std::string>& more) {
    std::vector<std::string> words{"plan",         "teams/shop",
                                   "--kubeconfig", plane_.admin_kubeconfig(),
                                   "--cache-dir",  repository_.cache() + "/person"};
    words.insert(words.end(), more.begin(), more.end());
    return HoldfastProcess::run(std::move(words));
  };
  const Finished same = plan({});
  EXPECT_EQ(same.exit_code, 0) << same.out << same.err;
  const Finished branch = plan({"--ref", "feature/green"});
  EXPECT_EQ(branch.exit_code, 1) << branch.out << branch.err;
  EXPECT_TRUE(branch.out.contains("~   change    ConfigMap shop/page")) << branch.out;
  EXPECT_TRUE(branch.out.contains("    - .data.color: \"blue\"\n    + .data.color: \"green\"\n")) << branch.out;
  EXPECT_FALSE(branch.out.contains('\x1b'));
  EXPECT_TRUE(plan({"--ref", "feature/green", "--color", "always"})
                  .out.contains("\x1b[32m    + .data.color: \"green\"\x1b[0m"));
  const Finished document = plan({"--ref", "feature/green", "-o", "json"});
  EXPECT_TRUE(document.out.contains(R"("revision":"feature/green@sha1:)")) << document.out;
  const Finished comment = plan({"--ref", "feature/green", "-o", "markdown"});
  EXPECT_TRUE(comment.out.contains("| ConfigMap | 1 change |")) << comment.out;
  EXPECT_EQ(plan({"--ref", "nothing"}).exit_code, 2);
  EXPECT_EQ(color("page"), "blue");
}

}  // namespace
}  // namespace holdfast::cluster
