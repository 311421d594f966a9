// `holdfast wait` as a person, or a pipeline, types it.
#include <gmock/gmock.h>

#include "sim/served_simulator.h"

namespace holdfast::cluster {
namespace {

using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

std::string config_map(const std::string& value) {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: default}\ndata: {a: \"" + value +
         "\"}\n";
}

class WaitOnSimulator : public ServedSimulator {
 protected:
  [[nodiscard]] std::vector<std::string> daemon() const {
    return here({"run", "--repo", (folder_ / "apps").string(), "--files", "--name", "apps", "--cache-dir",
                 (folder_ / "holdfast").string()});
  }
  // What of "files@sha256:..." names the files that were applied last.
  std::string recorded() { return must({"get", "configmap", "holdfast-apps", "-o", "jsonpath={.data.revision}"}); }
};

TEST_F(WaitOnSimulator, ends_when_all_of_it_is_healthy) {
  write("apps/web.yaml", kWebDeployment);
  HoldfastProcess waiting(here({"wait", "--name", "apps", "--timeout", "60s"}));  // before there is anything
  HoldfastProcess holding(daemon());
  waiting.wait_for_line("apps is at files@sha256:", 60s);
  EXPECT_EQ(waiting.wait_exit(5s), 0) << waiting.output();
  EXPECT_EQ(must({"get", "deployment", "web", "-o", "jsonpath={.status.readyReplicas}"}), "2");
  const Finished again =
      HoldfastProcess::run(here({"wait", "--for", "applied", "--revision", recorded().substr(13, 12)}));
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_THAT(again.out, HasSubstr("1 object"));
  EXPECT_EQ(holding.stop(10s), 0);
}

TEST_F(WaitOnSimulator, a_daemon_that_does_not_run_is_no_success_for_a_newer_commit) {
  write("apps/config.yaml", config_map("one"));
  auto once = daemon();
  once.emplace_back("--once");
  ASSERT_EQ(HoldfastProcess::run(once).exit_code, 0);
  const Finished waited = HoldfastProcess::run(
      here({"wait", "--name", "apps", "--revision", "0123456789abcdef0123456789abcdef01234567", "--timeout", "1s"}));
  EXPECT_EQ(waited.exit_code, 1);
  EXPECT_THAT(waited.err, AllOf(HasSubstr("not reached after 1s"), HasSubstr("it is at files@sha256:"),
                                HasSubstr("0123456789abcdef0123456789abcdef01234567 was not applied")));
}

// Nobody provisions volumes here.
TEST_F(WaitOnSimulator, ask_35_at_its_timeout_each_object_that_is_not_ready_says_why) {
  write("apps/disk.yaml",
        "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: disk, namespace: default}\n"
        "spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n");
  write("apps/config.yaml", config_map("one"));
  auto once = daemon();
  once.emplace_back("--once");
  ASSERT_EQ(HoldfastProcess::run(once).exit_code, 0);
  const Finished waited = HoldfastProcess::run(here({"wait", "--name", "apps", "--timeout", "2s"}));
  EXPECT_EQ(waited.exit_code, 1) << waited.out;
  EXPECT_THAT(waited.err, AllOf(HasSubstr("  PersistentVolumeClaim default/disk: "), Not(HasSubstr("settings"))));
  EXPECT_EQ(HoldfastProcess::run(here({"wait", "--name", "apps", "--for", "applied"})).exit_code, 0);
}

TEST_F(WaitOnSimulator, what_has_failed_ends_it_at_once) {
  write("apps/config.yaml",
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: boats.ex.io}\nspec:\n"
        "  group: ex.io\n  scope: Namespaced\n  names: {kind: Boat, plural: boats}\n  versions:\n"
        "  - {name: v1, served: true, storage: true, subresources: {status: {}}, schema: {openAPIV3Schema: "
        "{type: object, x-kubernetes-preserve-unknown-fields: true}}}\n"
        "---\napiVersion: ex.io/v1\nkind: Boat\nmetadata: {name: boat, namespace: default}\nspec: {}\n");
  HoldfastProcess holding(daemon());
  holding.wait_for_line("the cluster is at", 20s);
  must({"patch", "boat", "boat", "--subresource", "status", "--type", "merge", "-p",
        R"({"status":{"conditions":[{"type":"Stalled","status":"True","reason":"Leak","message":"it leaks"}]}})"});
  const Finished waited = HoldfastProcess::run(here({"wait", "--timeout", "60s"}));
  EXPECT_EQ(waited.exit_code, 1);
  EXPECT_THAT(waited.err, AllOf(HasSubstr("this has failed"), HasSubstr("Boat.ex.io default/boat: it has failed")));
  const Finished patient = HoldfastProcess::run(here({"wait", "--timeout", "1s", "--keep-waiting"}));
  EXPECT_EQ(patient.exit_code, 1);
  EXPECT_THAT(patient.err, HasSubstr("not reached after 1s"));
}

TEST_F(WaitOnSimulator, ask_33_a_deletion_that_hangs_names_its_finalizer) {
  write("apps/config.yaml", config_map("one"));
  auto once = daemon();
  once.emplace_back("--once");
  ASSERT_EQ(HoldfastProcess::run(once).exit_code, 0);
  must({"patch", "configmap", "settings", "--type", "merge", "-p", R"({"metadata":{"finalizers":["ex.io/slow"]}})"});
  must({"delete", "configmap", "settings", "--wait=false"});
  const Finished waited = HoldfastProcess::run(here({"wait", "--name", "apps", "--timeout", "2s"}));
  EXPECT_EQ(waited.exit_code, 1);
  EXPECT_THAT(waited.err,
              HasSubstr("ConfigMap default/settings: it is being deleted, held by its finalizers: ex.io/slow"));
}

TEST_F(WaitOnSimulator, says_what_is_wrong_with_what_was_asked) {
  const Finished branch = HoldfastProcess::run(here({"wait", "--revision", "main"}));
  EXPECT_EQ(branch.exit_code, 2);
  EXPECT_THAT(branch.err, HasSubstr("main names no revision"));
  EXPECT_EQ(HoldfastProcess::run(here({"wait", "--timeout", "soon"})).exit_code, 2);
  const Finished nothing = HoldfastProcess::run(here({"wait", "--name", "apps", "--timeout", "1s"}));
  EXPECT_EQ(nothing.exit_code, 1);
  EXPECT_THAT(nothing.err, HasSubstr("no inventory says that anything was applied under that name"));
}

}  // namespace
}  // namespace holdfast::cluster
