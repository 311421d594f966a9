// What `holdfast install` prints, on a real API server: it holds under the strictest Pod Security Standard, in one
// namespace, beside another installation; an upgrade writes nothing to what is managed, and an uninstallation leaves
// it.
#include <gmock/gmock.h>

#include <fstream>
#include <iterator>

#include "cluster/installed.h"

namespace holdfast::cluster {
namespace {

using testing::HasSubstr;
using testing::Not;

class InstallTest : public Installed {
 protected:
  void begin(const std::vector<std::string>& options = {}) {
    namespaces({"shop"});
    installed_ = install(options);
    wait_for_definitions();
    repository_.write("shop/page.yaml", config_map("page", "blue"));
    repository_.commit("Start");
  }
  // Another version of the program, as far as it says so itself.
  [[nodiscard]] std::string other_version() const {
    std::ifstream file(required_environment("HOLDFAST_BINARY"), std::ios::binary);
    std::string program{std::istreambuf_iterator<char>(file), {}};
    const Finished said = HoldfastProcess::run({"version"});
    const std::string version = said.out.substr(9, said.out.find('\n') - 9);
    std::string next = version;
    next.back() = next.back() == '9' ? '8' : static_cast<char>(next.back() + 1);
    for (std::size_t at = program.find(version); at != std::string::npos; at = program.find(version, at + 1))
      program.replace(at, version.size(), next);
    const std::string path = repository_.cache() + "/holdfast-next";
    std::ofstream(path, std::ios::binary) << program;
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path;
  }

  std::string installed_;
};

TEST_F(InstallTest, its_pod_meets_the_strictest_standard_where_that_is_enforced) {
  begin();
  const std::string template_ = kubectl_.must(
      {"-n", "holdfast-system", "get", "deployment", "holdfast", "-o",
       R"(jsonpath={"{"}"apiVersion":"v1","kind":"Pod","metadata":{"{"}"name":"probe"{"}"},"spec":{.spec.template.spec}{"}"})"});
  const Finished allowed = kubectl_.run({"-n", "holdfast-system", "create", "--dry-run=server", "-f", "-"}, template_);
  EXPECT_EQ(allowed.exit_code, 0) << allowed.err;
  EXPECT_THAT(allowed.err, Not(HasSubstr("PodSecurity")));
  const Finished refused =
      kubectl_.run({"-n", "holdfast-system", "create", "--dry-run=server", "-f", "-"},
                   "apiVersion: v1\nkind: Pod\nmetadata: {name: probe}\nspec: {containers: [{name: a, image: a}]}\n");
  EXPECT_THAT(refused.err, HasSubstr("violates PodSecurity \"restricted")) << "it is enforced there";
  const std::string strategy = kubectl_.field("holdfast-system", "deployment", "holdfast", "{.spec.strategy.type}");
  EXPECT_EQ(strategy, "Recreate");
}

TEST_F(InstallTest, in_one_namespace_it_needs_no_right_anywhere_else_and_says_what_it_does_not_see) {
  namespaces({"shop", "market"});
  const Finished definitions = HoldfastProcess::run({"install", "--definitions-only"});
  kubectl_.must({"apply", "-f", "-"}, definitions.out);
  wait_for_definitions();
  const std::string printed = install({"--namespace-only", "shop"});
  EXPECT_THAT(printed, Not(HasSubstr("ClusterRole")));
  EXPECT_THAT(printed, Not(HasSubstr("kind: Namespace")));
  EXPECT_THAT(printed, Not(HasSubstr("CustomResourceDefinition")));
  repository_.write("shop/page.yaml", config_map("page", "blue"));
  repository_.commit("Start");
  const auto since = std::chrono::system_clock::now();
  daemon_ = run(kubeconfig_of("shop", "holdfast"), {"--namespace-only", "shop", "--lease"});
  daemon_->wait_for_line("not seen: mutating webhooks and admission policies", kDeadline);
  EXPECT_THAT(daemon_->output(), HasSubstr("weakens=C10"));
  apply(application("shop", "shop"));
  apply(application("market", "shop"));
  EXPECT_TRUE(becomes_ready("shop", "shop")) << daemon_->output();
  kubectl_.must({"-n", "shop", "patch", "configmap", "page", "--type=merge", "-p", R"({"data":{"color":"red"}})"});
  EXPECT_TRUE(eventually([&] { return color("shop", "page") == "blue"; }, kDeadline)) << daemon_->output();
  EXPECT_EQ(kubectl_.field("market", "hfapp", "shop", "{.status}"), "");
  // What it cannot see it does not touch, and says so.
  repository_.write("shop/outside.yaml", config_map("outside", "blue", "market"));
  repository_.commit("Reach out");
  EXPECT_TRUE(eventually_says([&] { return condition("shop", "shop", "Ready"); },
                              "it is in the namespace market, and this daemon sees shop alone"))
      << daemon_->output();
  EXPECT_EQ(color("market", "outside"), "");
  plane_.settle_audit();
  std::vector<std::string> refused;
  for (const AuditedRequest& request : plane_.requests("system:serviceaccount:shop:holdfast", since))
    if (request.code == 403 && request.name != "kube-system") refused.push_back(request.verb + " " + request.uri);
  EXPECT_THAT(refused, testing::IsEmpty());
}

TEST_F(InstallTest, of_two_installations_one_holds_an_application_and_the_other_says_so) {
  begin();
  install({"--installation", "second", "--namespace", "holdfast-second"});
  daemon_ = run(daemons_kubeconfig());
  apply(application("shop", "shop"));
  ASSERT_TRUE(becomes_ready("shop", "shop")) << daemon_->output();
  const std::string version = kubectl_.field("shop", "configmap", "page", "{.metadata.resourceVersion}");
  const auto second = run(kubeconfig_of("holdfast-second", "holdfast"), {"--installation", "second"});
  EXPECT_TRUE(eventually_says([&] { return condition("shop", "shop", "Contested"); },
                              "belongs to the installation \"holdfast\", not \"second\""))
      << second->output();
  EXPECT_EQ(condition("shop", "shop", "Ready", "status"), "True");
  EXPECT_EQ(kubectl_.field("shop", "configmap", "page", "{.metadata.resourceVersion}"), version);
  // Whose it is to be may be said, and then nobody disputes it.
  apply(
      "apiVersion: holdfast.dev/v1alpha1\nkind: Application\nmetadata:\n  name: market\n  namespace: shop\n"
      "  labels: {holdfast.dev/installation: second}\nspec:\n  source: {repoURL: " +
      server_.url() + "/work, ref: {branch: main}, path: market, interval: 1s}\n");
  repository_.write("market/stall.yaml", config_map("stall", "green"));
  repository_.commit("Add a stall");
  EXPECT_TRUE(becomes_ready("shop", "market")) << second->output();
  EXPECT_EQ(condition("shop", "market", "Contested"), "");
  EXPECT_THAT(daemon_->output(), Not(HasSubstr("market")));
}

TEST_F(InstallTest, an_upgrade_writes_nothing_to_what_is_managed) {
  begin();
  repository_.write("shop/second.yaml", config_map("second", "green"));
  repository_.commit("Add another");
  const std::string kubeconfig = daemons_kubeconfig();
  daemon_ = run(kubeconfig, {"--lease"});
  apply(application("shop", "shop"));
  ASSERT_TRUE(becomes_ready("shop", "shop")) << daemon_->output();
  ASSERT_EQ(daemon_->stop(kDeadline), 0);
  const std::string next = other_version();
  // With what the next version prints to install, as an operator does it.
  kubectl_.must({"apply", "-f", "-"}, HoldfastProcess::run({"install"}).out);
  const auto since = std::chrono::system_clock::now();
  const std::string present = required_environment("HOLDFAST_BINARY");
  const std::string version = HoldfastProcess::run({"version"}).out;
  setenv("HOLDFAST_BINARY", next.c_str(), 1);
  EXPECT_NE(HoldfastProcess::run({"version"}).out, version);
  daemon_ = run(kubeconfig, {"--lease"});
  setenv("HOLDFAST_BINARY", present.c_str(), 1);
  daemon_->wait_for_line("the cluster is at", kDeadline);
  kubectl_.must({"-n", "shop", "annotate", "hfapp", "shop", "holdfast.dev/requestedAt=now"});
  daemon_->wait_for_line("looking at shop/shop", kDeadline);
  plane_.settle_audit();
  for (const AuditedRequest& request :
       plane_.requests("system:serviceaccount:holdfast-system:holdfast", since,
                       [](const AuditedRequest& one) { return one.is_write() && !one.is_dry_run(); }))
    EXPECT_TRUE(request.resource == "leases" || request.resource == "applications" || request.resource == "events")
        << request.verb << " " << request.uri;
}

TEST_F(InstallTest, an_uninstallation_leaves_what_was_held_with_its_uids) {
  begin();
  daemon_ = run(daemons_kubeconfig(), {"--lease"});
  apply(application("shop", "shop"));
  ASSERT_TRUE(becomes_ready("shop", "shop")) << daemon_->output();
  const std::string uid = kubectl_.field("shop", "configmap", "page", "{.metadata.uid}");
  const std::string version = kubectl_.field("shop", "configmap", "page", "{.metadata.resourceVersion}");
  // All at once, definitions included, while the daemon runs: the worst order there is.
  kubectl_.must({"delete", "--wait=false", "-f", "-"}, installed_);
  EXPECT_TRUE(
      eventually([&] { return kubectl_.run({"get", "crd", "applications.holdfast.dev"}).exit_code != 0; }, kDeadline));
  ASSERT_EQ(daemon_->stop(kDeadline), 0);
  EXPECT_EQ(kubectl_.field("shop", "configmap", "page", "{.metadata.uid}"), uid);
  EXPECT_EQ(kubectl_.field("shop", "configmap", "page", "{.metadata.resourceVersion}"), version);
  EXPECT_EQ(kubectl_.field("shop", "configmap", "page", "{.metadata.deletionTimestamp}"), "");
}

TEST_F(InstallTest, the_doctor_finds_what_is_wrong_and_says_what_to_do) {
  plane_.start_controllers();  // which put aggregated roles together
  namespaces({"shop", "team-a"});
  const std::string admin = plane_.admin_kubeconfig();
  const Finished before = HoldfastProcess::run({"doctor", "--kubeconfig", admin});
  EXPECT_EQ(before.exit_code, 1) << before.out << before.err;
  EXPECT_THAT(before.out, HasSubstr("there is no applications.holdfast.dev"));
  EXPECT_THAT(before.out, HasSubstr("holdfast install --definitions-only | kubectl apply -f -"));
  install({"--tenancy", "--tenant", "team-a/deployer"});
  wait_for_definitions();
  const std::string own = daemons_kubeconfig();
  daemon_ = run(own, {"--lease", "--tenancy"});
  daemon_->wait_for_line("holding the Lease", kDeadline);
  const auto examine = [&] {
    return HoldfastProcess::run({"doctor", "--kubeconfig", own, "--tenancy", "--tenant", "team-a/deployer"});
  };
  EXPECT_TRUE(eventually([&] { return examine().exit_code == 0; }, kDeadline));
  const Finished well = examine();
  EXPECT_EQ(well.exit_code, 0) << well.out << well.err;
  EXPECT_THAT(well.out, HasSubstr("as the API server's"));
  EXPECT_THAT(well.out, HasSubstr("applications.holdfast.dev is that of this program"));
  EXPECT_THAT(well.out, HasSubstr(" writes, as holdfast-system/holdfast says"));
  EXPECT_THAT(well.out, HasSubstr("git version"));
  // The same account is not allowed what another kind of installation grants.
  const Finished other = HoldfastProcess::run({"doctor", "--kubeconfig", own, "-o", "json"});
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_THAT(other.out, HasSubstr("who is asking may not "));
  EXPECT_THAT(other.out, HasSubstr("\"ok\":false"));
  const Finished as_it = HoldfastProcess::run({"doctor", "--kubeconfig", admin, "--account", "holdfast-system/holdfast",
                                               "--tenancy", "--relay", "http://127.0.0.1:1"});
  EXPECT_EQ(as_it.exit_code, 1);
  EXPECT_THAT(as_it.out, HasSubstr("the account holdfast-system/holdfast may do all "));
  EXPECT_THAT(as_it.out, HasSubstr("see that `holdfast receiver` runs there"));
  const Finished nowhere = HoldfastProcess::run({"doctor", "--kubeconfig", "/nonexistent"});
  EXPECT_EQ(nowhere.exit_code, 2);
}

}  // namespace
}  // namespace holdfast::cluster
