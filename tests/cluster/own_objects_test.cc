// Applications as objects of a real cluster: installed by `holdfast install`, held by a daemon that is nobody but the
// ServiceAccount it was given, and shown by kubectl.
#include <gtest/gtest.h>

#include "cluster/installed.h"

namespace holdfast::cluster {
namespace {

using namespace std::chrono_literals;

class OwnObjects : public InstalledOnce<OwnObjects> {
 protected:
  OwnObjects() {
    install();
    wait_for_definitions();
    namespaces({"shop", "teams"});
    repository_.write("shop/page.yaml", config_map("page", "blue"));
    first_ = repository_.commit("Start");
  }
  ~OwnObjects() override {
    daemon_.reset();
    forget("hfapp", "teams");
    forget("configmaps", "teams");
    std::ignore = kubectl_.run({"delete", "configmaps", "--all", "-n", "shop"});
  }

  [[nodiscard]] std::string application(const std::string& spec = "") const {
    return Installed::application("teams", "shop", "  destination: {namespace: shop}\n" + spec);
  }
  void wait_for(const std::string& condition) const {
    const Finished waited =
        kubectl_.run({"-n", "teams", "wait", "--for=condition=" + condition, "hfapp/shop", "--timeout=20s"});
    ASSERT_EQ(waited.exit_code, 0) << waited.err << daemon_->output();
  }
  [[nodiscard]] std::string condition(const std::string& type, const std::string& part = "message") const {
    return Installed::condition("teams", "shop", type, part);
  }
  [[nodiscard]] std::string color(const std::string& name) const { return Installed::color("shop", name); }

  std::string first_;
};

TEST_F(OwnObjects, an_application_is_held_and_its_standing_is_shown) {
  start();
  apply(application());
  wait_for("Ready");
  EXPECT_EQ(color("page"), "blue");
  EXPECT_EQ(condition("Ready"), "Applied revision: main@sha1:" + first_);
  EXPECT_EQ(kubectl_.field("teams", "hfapp", "shop", "{.status.lastAppliedRevision}"), "main@sha1:" + first_);
  EXPECT_EQ(kubectl_.field("teams", "hfapp", "shop", "{.status.observedGeneration}"), "1");
  EXPECT_EQ(kubectl_.field("teams", "hfapp", "shop", "{.status.inventory.objects}"), "1");
  const std::string table = kubectl_.must({"-n", "teams", "get", "hfapp"});
  EXPECT_TRUE(table.contains("READY   HEALTHY   REVISION")) << table;
  EXPECT_TRUE(table.contains("True    True      main@sha1:")) << table;
  const auto described = [&] { return kubectl_.must({"-n", "teams", "describe", "hfapp", "shop"}); };
  EXPECT_TRUE(eventually([&] { return described().contains("ReconciliationSucceeded"); }, kDeadline)) << described();
  EXPECT_TRUE(described().contains("holdfast.dev/holdfast"));

  kubectl_.must({"-n", "shop", "patch", "configmap", "page", "--type=merge", "-p", R"({"data":{"color":"red"}})"});
  EXPECT_TRUE(eventually_is([&] { return color("page"); }, "blue"));
  EXPECT_TRUE(
      eventually_is([&] { return kubectl_.field("teams", "hfapp", "shop", "{.status.drift.corrected}"); }, "1"));
}

TEST_F(OwnObjects, what_it_says_is_changed_suspended_and_resumed_at_any_moment) {
  repository_.write("market/stall.yaml", config_map("stall", "green"));
  repository_.commit("Add another");
  start();
  apply(application());
  wait_for("Ready");
  apply(application("  suspend: true\n"));
  EXPECT_TRUE(eventually_is([&] { return condition("Ready", "reason"); }, "Suspended"));
  kubectl_.must({"-n", "shop", "patch", "configmap", "page", "--type=merge", "-p", R"({"data":{"color":"red"}})"});
  EXPECT_EQ(color("page"), "red");
  apply(application());
  EXPECT_TRUE(eventually_is([&] { return color("page"); }, "blue"));
  wait_for("Ready");

  std::string moved = application("  moveSource: true\n  prune: false\n");
  moved.replace(moved.find("path: shop"), 10, "path: market");
  apply(moved);
  EXPECT_TRUE(eventually_is([&] { return color("stall"); }, "green"));
  EXPECT_EQ(kubectl_.field("teams", "hfapp", "shop", "{.metadata.generation}"), "4");
  EXPECT_TRUE(
      eventually_is([&] { return kubectl_.field("teams", "hfapp", "shop", "{.status.observedGeneration}"); }, "4"));
}

TEST_F(OwnObjects, another_installation_says_only_that_it_does_not_hold_it) {
  start();
  apply(application());
  wait_for("Ready");
  const std::string said = "{.status.lastAppliedRevision} {.status.observedGeneration} {.status.inventory.objects}";
  const std::string before = kubectl_.field("teams", "hfapp", "shop", said);
  EXPECT_EQ(before, "main@sha1:" + first_ + " 1 1");
  HoldfastProcess other({"run", "--kubeconfig", daemons_kubeconfig(), "--installation", "other", "--cache-dir",
                         repository_.cache() + "/other"});
  EXPECT_TRUE(eventually_is([&] { return condition("Contested", "status"); }, "True")) << other.output();
  EXPECT_EQ(kubectl_.field("teams", "hfapp", "shop", said), before);
  EXPECT_EQ(condition("Ready", "status"), "True");
  kubectl_.must({"-n", "teams", "annotate", "hfapp", "shop", "holdfast.dev/requestedAt=now"});
  EXPECT_TRUE(eventually_is(
      [&] { return kubectl_.field("teams", "hfapp", "shop", "{.status.lastHandledReconcileAt}"); }, "now"));
  EXPECT_EQ(kubectl_.field("teams", "hfapp", "shop", said), before);
  EXPECT_EQ(condition("Contested", "status"), "True");
}

TEST_F(OwnObjects, what_is_deleted_leaves_its_objects_unless_they_are_to_go) {
  start();
  apply(application());
  wait_for("Ready");
  const std::string uid = kubectl_.field("shop", "configmap", "page", "{.metadata.uid}");
  kubectl_.must({"-n", "teams", "delete", "hfapp", "shop", "--timeout=10s"});
  daemon_->wait_for_line("letting go of teams/shop", kDeadline);
  EXPECT_EQ(kubectl_.field("shop", "configmap", "page", "{.metadata.uid}"), uid);

  apply(application("  deletionPolicy: Prune\n"));
  wait_for("Ready");
  EXPECT_EQ(kubectl_.field("shop", "configmap", "page", "{.metadata.uid}"), uid);
  EXPECT_TRUE(eventually_is([&] { return kubectl_.field("teams", "hfapp", "shop", "{.metadata.finalizers[0]}"); },
                            "holdfast.dev/application"));
  kubectl_.must({"-n", "teams", "delete", "hfapp", "shop", "--timeout=20s"});
  EXPECT_EQ(color("page"), "");
}

TEST_F(OwnObjects, what_cannot_be_read_says_so_and_what_was_applied_stays) {
  start();
  apply(application());
  wait_for("Ready");
  repository_.write("shop/page.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: page}\ndata: {color: [\n");
  const std::string broken = repository_.commit("Break it");
  EXPECT_TRUE(eventually_is([&] { return condition("Stalled", "reason"); }, "BuildFailed"));
  EXPECT_TRUE(condition("Ready").contains("shop/page.yaml:")) << condition("Ready");
  EXPECT_TRUE(condition("Ready").contains("still holding main@sha1:" + first_)) << condition("Ready");
  kubectl_.must({"-n", "shop", "patch", "configmap", "page", "--type=merge", "-p", R"({"data":{"color":"red"}})"});
  EXPECT_TRUE(eventually_is([&] { return color("page"); }, "blue"));
}

TEST_F(OwnObjects, what_cannot_be_held_is_told_once_and_hinders_nobody) {
  start();
  std::string wrong = application();
  wrong.replace(wrong.find("name: shop"), 10, "name: wrong");
  wrong.replace(wrong.find("http://"), 7, "ftp://");
  apply(wrong);
  apply(application());
  wait_for("Ready");
  const auto reason = [&] {
    return kubectl_.field("teams", "hfapp", "wrong", "{.status.conditions[?(@.type==\"Stalled\")].reason}");
  };
  EXPECT_TRUE(eventually_is(reason, "InvalidSpec"));
  kubectl_.must({"-n", "teams", "annotate", "hfapp", "wrong", "example.com/touched=yes"});
  kubectl_.must({"-n", "teams", "annotate", "hfapp", "shop", "reconcile.fluxcd.io/requestedAt=now"});
  daemon_->wait_for_line("looking at teams/shop", kDeadline);
  std::size_t told = 0;
  for (const std::string& line : daemon_->lines()) told += line.contains("teams/wrong cannot be held") ? 1 : 0;
  EXPECT_EQ(told, 1U) << daemon_->output();
  EXPECT_TRUE(eventually_is(
      [&] { return kubectl_.field("teams", "hfapp", "shop", "{.status.lastHandledReconcileAt}"); }, "now"));
}

TEST_F(OwnObjects, the_api_server_refuses_what_contradicts_itself) {
  const Finished refused = kubectl_.run({"apply", "-f", "-"}, application("  pruneLimit: {objects: -1}\n"));
  EXPECT_TRUE(refused.err.contains("spec.pruneLimit.objects")) << refused.err;
  std::string two = application();
  two.replace(two.find("branch: main"), 12, "branch: main, tag: v1");
  const Finished both = kubectl_.run({"apply", "-f", "-"}, two);
  EXPECT_TRUE(both.err.contains("names more than one of branch")) << both.err;
  const std::string explained = kubectl_.must({"explain", "application.spec.drift"});
  EXPECT_TRUE(explained.contains("How drift is met.")) << explained;
}

TEST_F(OwnObjects, a_restart_writes_nothing) {
  start();
  apply(application());
  wait_for("Ready");
  const std::string version = kubectl_.field("shop", "configmap", "page", "{.metadata.resourceVersion}");
  ASSERT_EQ(daemon_->stop(20s), 0);
  start();
  daemon_->wait_for_line("the cluster is at", kDeadline);
  wait_for("Ready");
  EXPECT_EQ(kubectl_.field("shop", "configmap", "page", "{.metadata.resourceVersion}"), version);
  EXPECT_EQ(kubectl_.field("teams", "hfapp", "shop", "{.status.history[*].revision}"), "main@sha1:" + first_);
}

}  // namespace
}  // namespace holdfast::cluster
