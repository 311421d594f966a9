// Overrides on a real cluster: who may try what is the API server's word, what is tried is there within a second, and
// it ends by itself.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>

#include "cluster/installed.h"

namespace holdfast::cluster {
namespace {

using namespace std::chrono_literals;
using Milliseconds = std::chrono::milliseconds;

constexpr const char* kCpu = "{.spec.template.spec.containers[0].resources.requests.cpu}";

class Overrides : public InstalledOnce<Overrides> {
 protected:
  Overrides() {
    install_whole();
    apply(people());
    repository_.write("web/web.yaml", deployment("100m"));
    repository_.write("web/page.yaml", config_map("page", "blue"));
    first_ = repository_.commit("Start");
  }
  ~Overrides() override {
    daemon_.reset();
    forget("hfo", "shop");
    for (const char* what : {"hfo", "hfapp", "deployments", "hpa", "configmaps"})
      std::ignore = kubectl_.run({"delete", what, "--all", "-n", "shop", "--wait=true", "--timeout=10s"});
  }

  // Returns when its policy counts as known everywhere.
  void install_whole() const {
    install();
    wait_for_definitions();
    wait_for_policy("overrides.holdfast.dev");
  }

  static std::string people() {
    // Nobody adds up aggregated roles here.
    return R"(apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: holdfast-workloads}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: holdfast-workloads}
subjects: [{kind: ServiceAccount, name: holdfast, namespace: holdfast-system}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: developers, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: holdfast-developer}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: alice}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: scalers, namespace: shop}
rules:
- {apiGroups: [holdfast.dev], resources: [overrides], verbs: [get, list, watch, create, update, patch, delete]}
- {apiGroups: [holdfast.dev], resources: [applications], resourceNames: [web], verbs: [override-scale]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: scalers, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: scalers}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: bob}]
)";
  }

  static std::string deployment(const std::string& cpu) {
    return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n"
           "  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n"
           "      containers:\n      - name: web\n        image: registry.example/web:1\n"
           "        resources: {requests: {cpu: " +
           cpu + "}}\n";
  }
  [[nodiscard]] std::string application(const std::string& spec = "") const {
    return Installed::application("shop", "web", "  destination: {namespace: shop}\n  wait: false\n" + spec);
  }
  void hold(const std::string& spec = "") {
    start();
    apply(application(spec));
    ASSERT_TRUE(eventually_is([&] { return ready_of("web", "hfapp", "status"); }, "True"));
  }

  static std::string override_of(const std::string& name, const std::string& what, const std::string& by = "alice",
                                 const std::string& period = "1h") {
    return "apiVersion: holdfast.dev/v1alpha1\nkind: Override\nmetadata: {name: " + name +
           ", namespace: shop}\nspec:\n  application: web\n  reason: a test\n  requestedBy: " + by +
           "\n  expiresAfter: " + period + "\n" + what;
  }
  static std::string patch_of(const std::string& path, const std::string& value) {
    return "  patches:\n  - {target: {kind: Deployment, name: web}, path: \"" + path + "\", value: " + value + "}\n";
  }
  static std::string cpu_of(const std::string& value) {
    return patch_of("spec.template.spec.containers[web].resources.requests.cpu", value);
  }
  [[nodiscard]] Finished create(const std::string& object, const std::string& as = "alice") const {
    return kubectl_.run({"--as", as, "create", "-f", "-"}, object);
  }
  void must_create(const std::string& object, const std::string& as = "alice") const {
    const Finished made = create(object, as);
    ASSERT_EQ(made.exit_code, 0) << made.err;
  }

  [[nodiscard]] std::string ready_of(const std::string& name, const std::string& kind = "hfo",
                                     const std::string& part = "message") const {
    return kubectl_.field("shop", kind, name, "{.status.conditions[?(@.type==\"Ready\")]." + part + "}");
  }
  [[nodiscard]] std::string phase(const std::string& name) const {
    return kubectl_.field("shop", "hfo", name, "{.status.phase}");
  }
  [[nodiscard]] std::string web(const std::string& path) const {
    return kubectl_.field("shop", "deployment", "web", path);
  }
  [[nodiscard]] testing::AssertionResult eventually_is(const std::function<std::string()>& what,
                                                       const std::string& expected) const {
    testing::AssertionResult is = Installed::eventually_is(what, expected);
    if (!is) is << kubectl_.run({"-n", "shop", "get", "hfo", "-o", "yaml"}).out;
    return is;
  }
  // Of another installation, beside it.
  [[nodiscard]] std::vector<std::string> other_installation() const {
    return {"run",   "--kubeconfig", daemons_kubeconfig(),          "--installation",
            "other", "--cache-dir",  repository_.cache() + "/other"};
  }

  std::string first_;
};

TEST_F(Overrides, who_asks_cannot_be_forged_and_what_is_asked_for_takes_a_right) {
  apply(application());
  const auto refused = [&](const std::string& object, const std::string& as) {
    std::string said;
    // The policy takes effect a moment after it was made.
    eventually([&] { return !(said = create(object, as).err).empty(); }, 10s);
    std::ignore = kubectl_.run({"-n", "shop", "delete", "hfo", "--all"});
    return said;
  };
  const std::string forged = refused(override_of("forged", cpu_of("500m"), "alice"), "bob");
  EXPECT_TRUE(forged.contains("spec.requestedBy is alice, and it is bob who asks")) << forged;
  const std::string field = refused(override_of("field", cpu_of("500m"), "bob"), "bob");
  EXPECT_TRUE(field.contains("bob may not override a field of the Application web")) << field;
  EXPECT_TRUE(field.contains("the verb override-field on applications.holdfast.dev")) << field;
  const std::string ref = refused(override_of("ref", "  ref: {branch: x}\n", "bob"), "bob");
  EXPECT_TRUE(ref.contains("override-ref")) << ref;
  const std::string image =
      refused(override_of("image", patch_of("spec.template.spec.containers[web].image", "web:2"), "bob"), "bob");
  EXPECT_TRUE(image.contains("override-image")) << image;
  // Another spelling of the same is no way round.
  const std::string spelt = refused(override_of("spelt", patch_of("spec", "{replicas: 3}"), "bob"), "bob");
  EXPECT_TRUE(spelt.contains("override-field")) << spelt;

  must_create(override_of("scale", patch_of("spec.replicas", "3"), "bob"), "bob");
  const Finished changed = kubectl_.run({"--as", "alice", "-n", "shop", "patch", "hfo", "scale", "--type=merge", "-p",
                                         R"({"spec":{"expiresAfter":"3h"}})"});
  EXPECT_TRUE(changed.err.contains("it is alice who asks")) << changed.err;
  const Finished other = kubectl_.run({"--as", "bob", "-n", "shop", "patch", "hfo", "scale", "--type=json", "-p",
                                       R"([{"op":"replace","path":"/spec/patches/0/value","value":9}])"});
  EXPECT_TRUE(other.err.contains("stays as it is")) << other.err;
  EXPECT_EQ(kubectl_
                .run({"--as", "bob", "-n", "shop", "patch", "hfo", "scale", "--type=merge", "-p",
                      R"({"spec":{"expiresAfter":"3h"}})"})
                .exit_code,
            0);
  EXPECT_EQ(kubectl_.run({"-n", "shop", "label", "hfo", "scale", "seen=yes"}).exit_code, 0);
}

TEST_F(Overrides, a_field_is_tried_at_once_and_reverted_when_its_time_is_over) {
  hold();
  ASSERT_EQ(web(kCpu), "100m");
  auto begun = std::chrono::steady_clock::now();
  must_create(override_of("cpu", cpu_of("500m"), "alice", "4s"));
  const auto created = std::chrono::steady_clock::now();
  ASSERT_TRUE(eventually_is([&] { return web(kCpu); }, "500m"));
  const auto tried = std::chrono::steady_clock::now();
  ASSERT_TRUE(eventually_is([&] { return phase("cpu") + " " + ready_of("cpu", "hfo", "status"); }, "Active True"));
  const std::string table = kubectl_.must({"-n", "shop", "get", "hfo"});
  EXPECT_TRUE(table.contains("Active") && table.contains("alice") && table.contains("cpu = 500m")) << table;
  EXPECT_TRUE(kubectl_.field("shop", "hfapp", "web", "{.status.overrides[0]}").contains("by alice until"));
  // All else is healed meanwhile.
  kubectl_.must({"-n", "shop", "patch", "configmap", "page", "--type=merge", "-p", R"({"data":{"color":"red"}})"});
  EXPECT_TRUE(eventually_is([&] { return kubectl_.field("shop", "configmap", "page", "{.data.color}"); }, "blue"));
  ASSERT_TRUE(eventually_is([&] { return web(kCpu); }, "100m"));
  const auto reverted = std::chrono::steady_clock::now();
  ASSERT_TRUE(eventually_is([&] { return phase("cpu"); }, "Expired"));
  EXPECT_TRUE(eventually_is([&] { return kubectl_.field("shop", "hfapp", "web", "{.status.lastAppliedRevision}"); },
                            "main@sha1:" + first_));
  const std::string events = kubectl_.must({"-n", "shop", "get", "events"});
  for (const char* reason : {"Accepted", "Applied", "Expired", "Reverted", "OverrideApplied"})
    EXPECT_TRUE(eventually([&] { return kubectl_.must({"-n", "shop", "get", "events"}).contains(reason); }, kDeadline))
        << reason << "\n"
        << events;
  const auto to_apply = std::chrono::duration_cast<Milliseconds>(tried - created);
  const auto to_revert = std::chrono::duration_cast<Milliseconds>(reverted - created - 4s);
  std::printf("MEASURED try -> applied, after the object was made: %ld ms (with kubectl create: %ld ms)\n",
              static_cast<long>(to_apply.count()),
              static_cast<long>(std::chrono::duration_cast<Milliseconds>(tried - begun).count()));
  std::printf("MEASURED expiry -> reverted: %ld ms after its time at the latest\n",
              static_cast<long>(to_revert.count()));
  EXPECT_LE(to_apply, 1s);
  EXPECT_LE(to_revert, 5s);
}

TEST_F(Overrides, a_branch_is_tried_and_nothing_of_its_own_ref_is_pruned) {
  repository_.git({"checkout", "-q", "-b", "feature/x"});
  repository_.write("web/web.yaml", deployment("700m"));
  repository_.write("web/more.yaml", config_map("more", "green"));
  repository_.remove("web/page.yaml");
  const std::string branch = repository_.commit("Try it");
  repository_.git({"checkout", "-q", "main"});
  hold();
  const std::string uid = kubectl_.field("shop", "configmap", "page", "{.metadata.uid}");
  const auto begun = std::chrono::steady_clock::now();
  must_create(override_of("branch", "  ref: {branch: feature/x}\n", "alice"));
  ASSERT_TRUE(eventually_is([&] { return web(kCpu); }, "700m"));
  std::printf(
      "MEASURED try of a branch -> applied: %ld ms\n",
      static_cast<long>(std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - begun).count()));
  ASSERT_TRUE(
      eventually_is([&] { return phase("branch") + " " + ready_of("branch", "hfo", "status"); }, "Active True"));
  EXPECT_EQ(kubectl_.field("shop", "hfo", "branch", "{.status.revision}"), "feature/x@sha1:" + branch);
  EXPECT_EQ(kubectl_.field("shop", "configmap", "more", "{.data.color}"), "green");
  EXPECT_EQ(kubectl_.field("shop", "configmap", "page", "{.metadata.uid}"), uid);
  // A push to the branch is a push to what is tried.
  repository_.git({"checkout", "-q", "feature/x"});
  repository_.write("web/web.yaml", deployment("750m"));
  repository_.commit("Try more");
  repository_.git({"checkout", "-q", "main"});
  ASSERT_TRUE(eventually_is([&] { return web(kCpu); }, "750m"));
  kubectl_.must({"--as", "alice", "-n", "shop", "delete", "hfo", "branch", "--timeout=10s"});
  ASSERT_TRUE(eventually_is([&] { return web(kCpu); }, "100m"));
  EXPECT_TRUE(eventually_is([&] { return kubectl_.field("shop", "configmap", "more", "{.data.color}"); }, ""));
  EXPECT_EQ(kubectl_.field("shop", "configmap", "page", "{.metadata.uid}"), uid);
}

TEST_F(Overrides, a_field_that_git_does_not_declare_is_as_it_was_afterwards) {
  hold();
  kubectl_.must({"-n", "shop", "scale", "deployment", "web", "--replicas=4"});
  must_create(override_of("scale", patch_of("spec.replicas", "7"), "alice", "4s"));
  ASSERT_TRUE(eventually_is([&] { return web("{.spec.replicas}"); }, "7"));
  EXPECT_EQ(kubectl_.field("shop", "hfo", "scale", "{.status.former[0].value}"), "4");
  ASSERT_TRUE(eventually_is([&] { return web("{.spec.replicas}"); }, "4"));
  ASSERT_TRUE(eventually_is(
      [&] { return phase("scale") + kubectl_.field("shop", "hfo", "scale", "{.metadata.finalizers}"); }, "Expired"));
  // Nobody but its keeper holds it, so that whoever changes it next may.
  EXPECT_TRUE(eventually_is([&] { return kubectl_.field("shop", "hfapp", "web", "{.status.lastAppliedRevision}"); },
                            "main@sha1:" + first_));
  EXPECT_EQ(web("{.spec.replicas}"), "4");
  kubectl_.must({"-n", "shop", "scale", "deployment", "web", "--replicas=2"});
  kubectl_.must({"-n", "shop", "patch", "configmap", "page", "--type=merge", "-p", R"({"data":{"color":"red"}})"});
  EXPECT_TRUE(eventually_is([&] { return kubectl_.field("shop", "configmap", "page", "{.data.color}"); }, "blue"));
  EXPECT_EQ(web("{.spec.replicas}"), "2");
}

// It has a finalizer, so a namespace would stay with it for good.
TEST_F(Overrides, what_goes_with_its_application_goes_and_leaves_what_it_tried) {
  hold();
  kubectl_.must({"-n", "shop", "scale", "deployment", "web", "--replicas=4"});
  must_create(override_of("scale", patch_of("spec.replicas", "7")));
  ASSERT_TRUE(eventually_is([&] { return web("{.spec.replicas}") + phase("scale"); }, "7Active"));
  kubectl_.must({"-n", "shop", "delete", "hfapp", "web", "--timeout=10s"});
  daemon_->wait_for_line("letting go of shop/web", kDeadline);
  const Finished gone = kubectl_.run({"-n", "shop", "delete", "hfo", "scale", "--timeout=10s"});
  EXPECT_EQ(gone.exit_code, 0) << gone.err << daemon_->output();
  EXPECT_EQ(web("{.spec.replicas}"), "7");

  apply(application());
  must_create(override_of("scale", patch_of("spec.replicas", "9")));
  ASSERT_TRUE(eventually_is([&] { return web("{.spec.replicas}") + phase("scale"); }, "9Active"));
  ASSERT_EQ(daemon_->stop(20s), 0);
  kubectl_.must({"-n", "shop", "delete", "hfapp", "web", "--timeout=10s"});
  kubectl_.must({"-n", "shop", "delete", "hfo", "scale", "--wait=false"});
  start();
  EXPECT_TRUE(eventually_is([&] { return kubectl_.field("shop", "hfo", "scale", "{.metadata.name}"); }, ""));
}

TEST_F(Overrides, another_installation_leaves_alone_what_is_tried_on_what_it_does_not_hold) {
  const auto managers = [&](const std::string& name) {
    return kubectl_.field("shop", "hfo", name, "{.metadata.managedFields[*].manager}");
  };
  hold();
  kubectl_.must({"-n", "shop", "scale", "deployment", "web", "--replicas=4"});
  must_create(override_of("scale", patch_of("spec.replicas", "7"), "alice", "15s"));
  ASSERT_TRUE(eventually_is([&] { return web("{.spec.replicas}") + ready_of("scale", "hfo", "reason"); }, "7Applied"));
  for (const std::string when : {"contested", "labelled"}) {
    if (when == "labelled")
      kubectl_.must({"-n", "shop", "label", "hfapp", "web", "holdfast.dev/installation=holdfast"});
    HoldfastProcess other(other_installation());
    // Of an application that is not there both say so.
    std::string lost = override_of("lost-" + when, cpu_of("1"));
    lost.replace(lost.find("application: web"), 16, "application: nowhere");
    must_create(lost);
    EXPECT_TRUE(eventually([&] { return managers("lost-" + when).contains("holdfast-status.other"); }, kDeadline))
        << other.output();
    must_create(override_of(when, patch_of("spec.template.spec.containers[web].image", "\"web:" + when + "\"")));
    EXPECT_TRUE(eventually_is([&] { return ready_of(when, "hfo", "reason"); }, "Applied"));
    EXPECT_EQ(phase("scale") + ready_of("scale", "hfo", "reason"), "ActiveApplied") << when;
    kubectl_.must({"--as", "alice", "-n", "shop", "delete", "hfo", when, "--timeout=10s"});
    EXPECT_EQ(other.stop(20s), 0);
    EXPECT_FALSE(managers("scale").contains("other")) << when;
  }
  EXPECT_EQ(kubectl_.field("shop", "hfo", "scale", "{.status.former[0].value}"), "4");
  HoldfastProcess other(other_installation());
  ASSERT_TRUE(eventually_is(
      [&] { return phase("scale") + kubectl_.field("shop", "hfo", "scale", "{.metadata.finalizers}"); }, "Expired"));
  EXPECT_EQ(web("{.spec.replicas}"), "4");
  EXPECT_EQ(other.stop(20s), 0);
  EXPECT_FALSE(managers("scale").contains("other"));
}

TEST_F(Overrides, what_is_tried_outlives_a_restart_and_its_end_does_not_wait_for_one) {
  hold();
  kubectl_.must({"-n", "shop", "scale", "deployment", "web", "--replicas=4"});
  must_create(override_of("stays", cpu_of("500m")));
  must_create(override_of("scale", patch_of("spec.replicas", "7"), "alice", "6s"));
  ASSERT_TRUE(eventually_is([&] { return phase("stays") + ready_of("scale", "hfo", "reason"); }, "ActiveApplied"));
  const std::string version = web("{.metadata.resourceVersion}");
  ASSERT_EQ(daemon_->stop(20s), 0);
  const auto ended = std::chrono::system_clock::now() + 7s;
  start();
  daemon_->wait_for_line("the cluster is at", kDeadline);
  EXPECT_EQ(web("{.metadata.resourceVersion}"), version) << daemon_->output();
  ASSERT_EQ(daemon_->stop(20s), 0);
  ASSERT_TRUE(eventually([&] { return std::chrono::system_clock::now() >= ended; }, kDeadline));  // nobody looks
  const auto begun = std::chrono::steady_clock::now();
  start();
  ASSERT_TRUE(eventually_is([&] { return web("{.spec.replicas}"); }, "4"));
  std::printf(
      "MEASURED start of a daemon after expiry -> reverted: %ld ms\n",
      static_cast<long>(std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - begun).count()));
  EXPECT_TRUE(eventually_is([&] { return phase("scale") + phase("stays"); }, "ExpiredActive"));
  EXPECT_EQ(web(kCpu), "500m");
}

TEST_F(Overrides, what_an_autoscaler_owns_is_refused_and_so_is_what_contradicts_an_older_one) {
  hold();
  apply(R"(apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: by-load, namespace: shop}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, minReplicas: 2, maxReplicas: 9}
)");
  must_create(override_of("scale", patch_of("spec.replicas", "3")));
  ASSERT_TRUE(
      eventually_is([&] { return phase("scale") + ready_of("scale", "hfo", "reason"); }, "RejectedLeftToOthers"));
  EXPECT_TRUE(ready_of("scale").contains("the HorizontalPodAutoscaler by-load scales Deployment.apps shop/web"))
      << ready_of("scale");

  must_create(override_of("older", cpu_of("500m")));
  ASSERT_TRUE(eventually_is([&] { return web(kCpu); }, "500m"));
  must_create(override_of("newer", cpu_of("600m")));
  ASSERT_TRUE(eventually_is([&] { return phase("newer") + ready_of("newer", "hfo", "reason"); }, "RejectedConflict"));
  EXPECT_TRUE(ready_of("newer").contains("older of alice is older and goes on until")) << ready_of("newer");
  must_create(override_of("image", patch_of("spec.template.spec.containers[web].image", "web:2")));
  ASSERT_TRUE(eventually_is([&] { return web("{.spec.template.spec.containers[0].image}"); }, "web:2"));
  EXPECT_EQ(web(kCpu), "500m");
  must_create(override_of("lost", patch_of("spec.template.spec.containers[wbe].image", "web:2")));
  ASSERT_TRUE(eventually_is([&] { return phase("lost"); }, "Rejected"));
  EXPECT_TRUE(ready_of("lost").contains("there are: web")) << ready_of("lost");
}

TEST_F(Overrides, a_ref_that_cannot_be_read_changes_nothing_until_it_can) {
  hold();
  must_create(override_of("branch", "  ref: {branch: feature/late}\n"));
  ASSERT_TRUE(
      eventually_is([&] { return phase("branch") + ready_of("branch", "hfo", "reason"); }, "PendingRefNotReadable"));
  kubectl_.must({"-n", "shop", "patch", "configmap", "page", "--type=merge", "-p", R"({"data":{"color":"red"}})"});
  EXPECT_TRUE(eventually_is([&] { return kubectl_.field("shop", "configmap", "page", "{.data.color}"); }, "blue"));
  repository_.git({"checkout", "-q", "-b", "feature/late"});
  repository_.write("web/web.yaml", deployment("900m"));
  repository_.commit("Late");
  repository_.git({"checkout", "-q", "main"});
  ASSERT_TRUE(eventually_is([&] { return web(kCpu); }, "900m"));
  // Merged: Git says the same by now, and nothing changes when it ends.
  repository_.git({"merge", "-q", "--ff-only", "feature/late"});
  ASSERT_TRUE(eventually_is([&] { return phase("branch"); }, "Superseded"));
  EXPECT_EQ(web(kCpu), "900m");
}

TEST_F(Overrides, what_is_changed_while_nobody_checks_ends) {
  const auto rewrite = [&](const std::string& name) {
    return kubectl_.run({"-n", "shop", "patch", "hfo", name, "--as", "bob", "--type=json", "-p",
                         R"([{"op":"replace","path":"/spec/patches/0/value","value":"900m"}])"});
  };
  hold();
  EXPECT_EQ(create(override_of("seen", cpu_of("500m"), "alice"), "alice").exit_code, 0);
  ASSERT_TRUE(eventually_is([&] { return phase("seen") + web(kCpu); }, "Active500m"));
  EXPECT_NE(rewrite("seen").exit_code, 0);
  kubectl_.must({"delete", "validatingadmissionpolicybinding", "overrides.holdfast.dev"});
  ASSERT_TRUE(eventually([&] { return rewrite("seen").exit_code == 0; }, kDeadline));
  EXPECT_TRUE(eventually_is([&] { return phase("seen") + web(kCpu); }, "Expired100m"));
  EXPECT_EQ(ready_of("seen", "hfo", "reason"), "Changed");
  install_whole();
  // The same while the daemon is away.
  EXPECT_EQ(create(override_of("unseen", cpu_of("600m"), "alice"), "alice").exit_code, 0);
  ASSERT_TRUE(eventually_is([&] { return phase("unseen") + web(kCpu); }, "Active600m"));
  ASSERT_EQ(daemon_->stop(20s), 0);
  kubectl_.must({"delete", "validatingadmissionpolicybinding", "overrides.holdfast.dev"});
  ASSERT_TRUE(eventually([&] { return rewrite("unseen").exit_code == 0; }, kDeadline));
  start();
  EXPECT_TRUE(eventually_is([&] { return phase("unseen") + web(kCpu); }, "Expired100m"));
  EXPECT_EQ(ready_of("unseen", "hfo", "reason"), "Changed");
  install_whole();
}

TEST_F(Overrides, without_the_policy_nobody_is_believed) {
  hold();
  kubectl_.must({"delete", "validatingadmissionpolicybinding", "overrides.holdfast.dev"});
  ASSERT_TRUE(eventually([&] { return create(override_of("forged", cpu_of("500m"), "alice"), "bob").exit_code == 0; },
                         kDeadline));
  EXPECT_TRUE(
      eventually_is([&] { return phase("forged") + ready_of("forged", "hfo", "reason"); }, "RejectedPolicyMissing"));
  EXPECT_TRUE(ready_of("forged").contains("holdfast install | kubectl apply")) << ready_of("forged");
  EXPECT_EQ(web(kCpu), "100m");
  install();
}

TEST_F(Overrides, a_developer_tries_drops_and_keeps_by_the_command_line) {
  hold();
  const std::string kubeconfig = plane_.admin_kubeconfig();
  const auto run = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--kubeconfig", kubeconfig, "-n", "shop"});
    return HoldfastProcess::run(std::move(arguments), {{"HOME", repository_.cache()}});
  };
  const Finished tried =
      run({"try", "web", "--set", "spec.template.spec.containers[web].resources.requests.cpu=500m", "--reason",
           "is it faster?", "--name", "mine", "--yes", "--cache-dir", repository_.cache() + "/own"});
  ASSERT_EQ(tried.exit_code, 0) << tried.out << tried.err << daemon_->output();
  EXPECT_TRUE(tried.out.contains("100m") && tried.out.contains("500m")) << tried.out;
  EXPECT_TRUE(tried.out.contains("applied after ")) << tried.out;
  std::printf("MEASURED holdfast try: %s", tried.out.substr(tried.out.find("applied after")).c_str());
  EXPECT_EQ(web(kCpu), "500m");
  EXPECT_EQ(kubectl_.field("shop", "hfo", "mine", "{.spec.requestedBy}"), "holdfast-admin");

  repository_.git({"config", "user.name", "Dev"});
  repository_.git({"config", "user.email", "dev@example.com"});
  const Finished kept = run({"keep", "mine", "-C", repository_.directory()});
  ASSERT_EQ(kept.exit_code, 0) << kept.out << kept.err;
  EXPECT_EQ(repository_.git({"show", "keep/mine:web/web.yaml"}) + "\n", deployment("500m"));
  EXPECT_TRUE(repository_.git({"log", "-1", "--format=%B", "keep/mine"}).contains("is it faster?"));
  EXPECT_EQ(repository_.git({"status", "--porcelain"}), "");
  EXPECT_EQ(repository_.git({"rev-parse", "main"}), first_);

  const Finished nobody = run({"try", "web", "--scale", "3"});
  EXPECT_EQ(nobody.exit_code, 1);
  EXPECT_TRUE(nobody.err.contains("add --yes")) << nobody.err;
  const Finished refused = run({"try", "web", "--set", "spec.template.spec.containers[web].resources.requests.cpu=600m",
                                "--yes", "--no-plan", "--object", "Deployment/web"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_TRUE(refused.err.contains("Rejected: Conflict: mine of holdfast-admin is older")) << refused.err;

  const Finished dropped = run({"drop", "mine"});
  EXPECT_EQ(dropped.exit_code, 0) << dropped.err;
  EXPECT_TRUE(eventually_is([&] { return web(kCpu); }, "100m"));
}

TEST_F(Overrides, one_ends_without_a_person_where_approval_is_asked_for_meanwhile) {
  hold();
  must_create(override_of("more", cpu_of("500m")));
  ASSERT_TRUE(eventually_is([&] { return web(kCpu); }, "500m"));
  kubectl_.must({"-n", "shop", "patch", "hfapp", "web", "--type=merge", "-p", R"({"spec":{"policy":"Approve"}})"});
  EXPECT_TRUE(eventually_is([&] { return web(kCpu); }, "100m"));
  std::ignore = kubectl_.run({"-n", "shop", "delete", "hfo", "more", "--wait=false"});
  EXPECT_TRUE(eventually_is([&] { return ready_of("web", "hfapp", "status"); }, "True"));
  EXPECT_EQ(kubectl_.field("shop", "hfapp", "web", "{.status.approved.revision}"), "main@sha1:" + first_);
}

}  // namespace
}  // namespace holdfast::cluster
