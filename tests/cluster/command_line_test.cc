// The command line as people have it: as kubectl's plugin, completed by a shell, with a manual page, and with a hand on
// Application objects.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "cluster/installed.h"

namespace holdfast::cluster {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class CommandLineTest : public InstalledOnce<CommandLineTest> {
 protected:
  CommandLineTest() {
    install({"--definitions-only"});
    wait_for_definitions();
    fs::create_directories(programs());
    const std::string binary = required_environment("HOLDFAST_BINARY");
    for (const char* name : {"holdfast", "kubectl-holdfast", "kubectl_complete-holdfast"})
      if (!fs::exists(programs() + "/" + name)) fs::create_symlink(binary, programs() + "/" + name);
  }

  ~CommandLineTest() override {
    daemon_.reset();
    std::ignore = kubectl_.run({"-n", "shop", "delete", "hfapp,configmaps", "--all"});
  }

  [[nodiscard]] std::string programs() const { return repository_.cache() + "/bin"; }
  [[nodiscard]] Environment environment() const {
    return {{"PATH", programs() + ":" + std::getenv("PATH")}, {"KUBECONFIG", plane_.kubeconfig()}};
  }
  [[nodiscard]] Finished kubectl(std::vector<std::string> words) const {
    words.insert(words.begin(), required_environment("HOLDFAST_KUBECTL"));
    return cluster::run(words, {}, environment());
  }
  [[nodiscard]] Finished holdfast(const std::vector<std::string>& words) const {
    return HoldfastProcess::run(words, environment());
  }

  // An Application that is held, with a ConfigMap.
  void hold() {
    repository_.write("web/page.yaml", config_map("page", "blue"));
    repository_.commit("Start");
    namespaces({"shop"});
    apply(application("shop", "web", "  destination: {namespace: shop}\n"));
    daemon_ = run(plane_.kubeconfig());
    kubectl_.must({"-n", "shop", "wait", "--for=condition=Ready", "hfapp/web", "--timeout=20s"});
  }
};

TEST_F(CommandLineTest, a_hand_on_applications) {
  hold();
  const Finished listed = holdfast({"get", "applications"});
  EXPECT_TRUE(listed.out.contains("NAMESPACE  NAME  READY  HEALTHY  REVISION")) << listed.out << listed.err;
  EXPECT_TRUE(listed.out.contains("shop       web   True")) << listed.out;
  EXPECT_TRUE(holdfast({"get", "apps", "-o", "wide"}).out.contains("/work"));
  EXPECT_EQ(holdfast({"get", "apps", "-o", "name"}).out, "application.holdfast.dev/web\n");
  EXPECT_TRUE(holdfast({"get", "apps", "web", "-o", "yaml"}).out.contains("repoURL: "));
  EXPECT_TRUE(holdfast({"get", "apps", "shop/web", "-o", "json"}).out.contains(R"("kind":"Application")"));
  EXPECT_TRUE(holdfast({"get", "apps", "webb"}).err.contains("did you mean web?"));
  EXPECT_TRUE(holdfast({"get", "sets"}).err.contains("there are no ApplicationSets"));
  EXPECT_TRUE(holdfast({"get", "overrides"}).err.contains("there are no Overrides"));
  EXPECT_EQ(holdfast({"get", "-o", "name"}).out, "configmap/page\n");

  const Finished suspended = holdfast({"suspend", "web"});
  EXPECT_EQ(suspended.exit_code, 0) << suspended.err << daemon_->output();
  EXPECT_TRUE(suspended.out.starts_with("shop/web: suspended")) << suspended.out;
  kubectl_.must({"-n", "shop", "patch", "configmap", "page", "--type=merge", "-p", R"({"data":{"color":"red"}})"});
  const Finished reconciled = holdfast({"reconcile", "web"});
  EXPECT_EQ(reconciled.exit_code, 1) << reconciled.out << reconciled.err;
  EXPECT_EQ(kubectl_.field("shop", "configmap", "page", "{.data.color}"), "red");
  const Finished resumed = holdfast({"resume", "web"});
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err << daemon_->output();
  EXPECT_EQ(kubectl_.field("shop", "configmap", "page", "{.data.color}"), "blue");
  const Finished again = holdfast({"reconcile", "shop/web"});
  EXPECT_EQ(again.exit_code, 0) << again.out << again.err << daemon_->output();
  EXPECT_TRUE(again.out.contains("Applied revision")) << again.out;

  const Finished tree = holdfast({"tree", "web"});
  EXPECT_TRUE(tree.out.contains("└─ ConfigMap shop/page  Healthy")) << tree.out << tree.err;
  const Finished version = holdfast({"version", "--cluster"});
  EXPECT_TRUE(version.out.contains("kubernetes v1.")) << version.out << version.err;
}

TEST_F(CommandLineTest, kubectl_has_it_as_a_plugin) {
  hold();
  const Finished got = kubectl({"holdfast", "get", "applications"});
  EXPECT_TRUE(got.out.contains("shop       web   True")) << got.out << got.err;
  EXPECT_TRUE(kubectl({"plugin", "list"}).out.contains("kubectl-holdfast"));
  EXPECT_TRUE(kubectl({"holdfast", "--help"}).out.contains("kubectl holdfast"));
  const Finished verbs = kubectl({"__complete", "holdfast", "recon"});
  EXPECT_TRUE(verbs.out.starts_with("reconcile\t")) << verbs.out << verbs.err;
  const Finished names = kubectl({"__complete", "holdfast", "tree", ""});
  EXPECT_TRUE(names.out.starts_with("web\n")) << names.out << names.err;
}

TEST_F(CommandLineTest, sets_and_overrides_are_listed_as_applications_are) {
  std::ignore = kubectl_.run({"create", "namespace", "shop"});
  kubectl_.must({"apply", "-f", "-"},
                "apiVersion: holdfast.dev/v1alpha1\nkind: ApplicationSet\nmetadata: {name: teams, namespace: shop}\n"
                "spec:\n  generators: [{list: {elements: [{name: one}, {name: two}]}}]\n"
                "  template: {metadata: {name: 'app-{{name}}'}, spec: {source: {repoURL: 'https://git.example/a.git',\n"
                "    ref: {branch: main}, path: '.'}}}\n---\n"
                "apiVersion: holdfast.dev/v1alpha1\nkind: Override\nmetadata: {name: hotfix, namespace: shop}\n"
                "spec: {application: web, ref: {branch: fix}, reason: try it, requestedBy: alice, expiresAfter: 2h}\n");
  const auto patch = [&](const char* what, const char* name, const char* told) {
    kubectl_.must({"-n", "shop", "patch", what, name, "--subresource=status", "--type=merge", "-p", told});
  };
  patch("hfset", "teams",
        R"({"status":{"matched":2,"applied":2,"ready":1,"generators":[{"type":"list","elements":2}],"conditions":[
            {"type":"Ready","status":"Unknown","reason":"Progressing","message":"1 of 2 applications are ready",
             "lastTransitionTime":"2026-11-29T00:00:00Z"}]}})");
  patch("hfo", "hotfix", R"({"status":{"phase":"Active","tries":"the branch fix","endsAt":"2026-11-29T02:00:00Z"}})");

  const Finished sets = holdfast({"get", "sets"});
  EXPECT_TRUE(sets.out.starts_with("NAMESPACE  NAME   MATCHED  APPLIED  READY  ALL      STATUS"))
      << sets.out << sets.err;
  EXPECT_TRUE(sets.out.contains("shop       teams  2        2        1      Unknown  1 of 2 applications")) << sets.out;
  EXPECT_TRUE(holdfast({"get", "sets", "-o", "wide"}).out.contains("list=2"));
  EXPECT_EQ(holdfast({"get", "applicationsets", "-o", "name"}).out, "applicationset.holdfast.dev/teams\n");
  EXPECT_TRUE(holdfast({"get", "set", "shop/teams", "-o", "json"}).out.contains(R"("kind":"ApplicationSet")"));
  EXPECT_TRUE(holdfast({"get", "sets", "team"}).err.contains("did you mean teams? holdfast get applicationsets"));
  const Finished overrides = holdfast({"get", "overrides"});
  EXPECT_TRUE(overrides.out.contains("shop       hotfix  web          Active  the branch fix")) << overrides.out;
  EXPECT_TRUE(holdfast({"get", "overrides", "-o", "wide"}).out.contains("try it"));
  EXPECT_TRUE(holdfast({"get", "override", "hotfix", "-o", "yaml"}).out.contains("expiresAfter: "));
  EXPECT_EQ(holdfast({"get", "overrides", "-o", "name", "-n", "shop"}).out, "override.holdfast.dev/hotfix\n");
  // Within a second, which a busy machine may not make the first time.
  EXPECT_TRUE(eventually([&] { return holdfast({"__complete", "get", "sets", ""}).out.contains("teams"); }, kDeadline));
  EXPECT_TRUE(eventually([&] { return holdfast({"__complete", "get", "overrides", "hot"}).out.contains("hotfix"); },
                         kDeadline));
  kubectl_.must({"-n", "shop", "delete", "hfset,hfo", "--all"});
}

TEST_F(CommandLineTest, bash_completes_verbs_options_and_choices) {
  const auto completed = [&](const std::string& words, int at) {
    const Finished shell = cluster::run({"bash", "-c",
                                         "source <(holdfast completion bash); COMP_WORDS=(" + words + "); COMP_CWORD=" +
                                             std::to_string(at) + "; _holdfast; echo \"${COMPREPLY[@]}\""},
                                        {}, environment());
    return shell.out + shell.err;
  };
  EXPECT_EQ(completed("holdfast imp", 1), "import\n");
  EXPECT_EQ(completed("holdfast import ''", 2), "flux argocd marathon\n");
  EXPECT_EQ(completed("holdfast get -o ''", 3), "json name table wide yaml\n");
  EXPECT_EQ(completed("holdfast run --rep", 2), "--repo\n");
  EXPECT_TRUE(completed("holdfast health /etc/host", 2).contains("/etc/hosts"));
}

TEST_F(CommandLineTest, other_shells_take_their_scripts_where_they_are_there) {
  for (const std::string shell : {"zsh", "fish"}) {
    if (cluster::run({"sh", "-c", "command -v " + shell}).exit_code != 0) continue;
    const std::string file = repository_.cache() + "/completion." + shell;
    std::ofstream(file) << holdfast({"completion", shell}).out;
    const Finished checked = cluster::run({shell, "-n", file}, {}, environment());
    EXPECT_EQ(checked.exit_code, 0) << shell << ": " << checked.err;
  }
  EXPECT_EQ(holdfast({"completion", "csh"}).exit_code, 2);
}

TEST_F(CommandLineTest, the_manual_page_is_taken_without_a_warning) {
  const Finished page = holdfast({"man"});
  ASSERT_EQ(page.exit_code, 0);
  if (cluster::run({"sh", "-c", "command -v groff"}).exit_code != 0) GTEST_SKIP() << "there is no groff here";
  const Finished shown = cluster::run({"groff", "-man", "-ww", "-Tascii", "-P-cbou"}, page.out);
  EXPECT_EQ(shown.err, "");
  for (const char* text : {"HOLDFAST(1)", "holdfast import flux", "--take-over"})
    EXPECT_TRUE(shown.out.contains(text)) << text;
}

TEST_F(CommandLineTest, words_that_are_none_are_told_with_what_was_meant) {
  const Finished verb = holdfast({"reconcil", "web"});
  EXPECT_EQ(verb.exit_code, 2);
  EXPECT_TRUE(verb.err.contains("did you mean `holdfast reconcile`?")) << verb.err;
  EXPECT_TRUE(holdfast({"get", "--outptu", "json"}).err.contains("did you mean `holdfast get --output`?"));
}

TEST_F(CommandLineTest, the_cluster_explains_every_field) {
  const Finished source = kubectl({"explain", "applications.spec.source"});
  EXPECT_EQ(source.exit_code, 0) << source.err;
  std::puts(source.out.c_str());
  for (const char* text :
       {"FIELD: source <Object>", "Where the desired state comes from.", "repoURL", "-required-", "layerSelector"})
    EXPECT_TRUE(source.out.contains(text)) << text << "\n" << source.out;
  const Finished all = kubectl({"explain", "applications", "--recursive"});
  for (const char* text : {"deletionPolicy", "enum: Orphan, Prune", "dependsOn", "lastAppliedRevision"})
    EXPECT_TRUE(all.out.contains(text)) << text << "\n" << all.out;
}

TEST_F(CommandLineTest, what_becomes_of_marathon_is_taken_by_the_api_server) {
  const std::string file = repository_.cache() + "/shop.json";
  std::ofstream(file) << R"({"id": "/shop", "apps": [
    {"id": "web", "instances": 2, "cpus": 0.25, "mem": 128, "disk": 64, "cmd": "serve $PORT0", "user": "root",
     "env": {"A": "b", "S": {"secret": "s"}}, "secrets": {"s": {"source": "shop/s"}},
     "container": {"type": "MESOS", "docker": {"image": "web:1"}, "portMappings":
       [{"containerPort": 0, "protocol": "tcp", "name": "web-http-interface", "labels": {"VIP_0": "/web:80"}},
        {"containerPort": 9090, "servicePort": 10105, "protocol": "udp"}]},
     "healthChecks": [{"protocol": "TCP", "portIndex": 0, "gracePeriodSeconds": 30, "intervalSeconds": 5}],
     "readinessChecks": [{"portName": "web-http-interface", "path": "/ready"}],
     "constraints": [["hostname", "UNIQUE"], ["@zone", "GROUP_BY", "3"], ["rack", "IS", "r1"]],
     "upgradeStrategy": {"minimumHealthCapacity": 1, "maximumOverCapacity": 0}, "taskKillGracePeriodSeconds": 15,
     "labels": {"team": "a", "HAPROXY_0_VHOST": "web.example"}, "dependencies": ["/shop/db"]},
    {"id": "db", "container": {"docker": {"image": "db:1"}, "volumes":
       [{"containerPath": "data", "mode": "RW", "persistent": {"size": 100}}, {"containerPath": "/h", "hostPath": "/h", "mode": "RO"}]}},
    {"id": "ring", "instances": 3, "container": {"docker": {"image": "ring:1"},
       "volumes": [{"containerPath": "data", "mode": "RW", "persistent": {"size": 100}}]}, "ports": [7000]},
    {"id": "old", "container": {"type": "DOCKER", "docker": {"image": "old:1", "network": "BRIDGE", "portMappings":
       [{"containerPort": 80, "hostPort": 0, "protocol": "tcp"}, {"containerPort": 53, "protocol": "udp"}]}},
     "resourceLimits": {"cpus": 2, "mem": "unlimited"}, "dependencies": ["ring", "../shop/db"]}],
    "pods": [{"id": "pair", "labels": {"team": "a"}, "environment": {"A": "b", "S": {"secret": "s"}},
     "secrets": {"s": {"source": "shop/s"}}, "scaling": {"kind": "fixed", "instances": 2},
     "scheduling": {"upgrade": {"minimumHealthCapacity": 1, "maximumOverCapacity": 0},
       "placement": {"constraints": [{"fieldName": "hostname", "operator": "UNIQUE"}, {"fieldName": "rack", "operator": "IS", "value": "r1"}]}},
     "volumes": [{"name": "shared"}, {"name": "host", "host": "/h"}, {"name": "key", "secret": "s"}, {"name": "data", "persistent": {"size": 10}}],
     "networks": [{"mode": "host"}],
     "containers": [
       {"name": "web", "image": {"kind": "DOCKER", "id": "web:1"}, "exec": {"command": {"shell": "serve"}}, "user": "root",
        "resources": {"cpus": 0.1, "mem": 32, "disk": 10, "gpus": 1}, "endpoints": [{"name": "HTTP_main", "hostPort": 0, "protocol": ["tcp"]}],
        "healthCheck": {"http": {"endpoint": "HTTP_main", "path": "/", "scheme": "HTTP"}, "gracePeriodSeconds": 2},
        "volumeMounts": [{"name": "shared", "mountPath": "s"}, {"name": "host", "mountPath": "/h", "readOnly": true}]},
       {"name": "side", "image": {"id": "side:1"}, "exec": {"command": {"argv": ["side"]}}, "resources": {"cpus": 0.1, "mem": 32},
        "endpoints": [{"name": "dns", "containerPort": 53, "protocol": ["udp"]}], "healthCheck": {"tcp": {"endpoint": "dns"}},
        "volumeMounts": [{"name": "shared", "mountPath": "/s"}, {"name": "key", "mountPath": "/key"}, {"name": "data", "mountPath": "data"}],
        "lifecycle": {"killGracePeriodSeconds": 40}}]}]})";
  const Finished made = holdfast({"import", "marathon", "-f", file, "-n", "default"});
  EXPECT_EQ(made.exit_code, 1) << made.err;
  const Finished taken = kubectl_.run({"apply", "--dry-run=server", "-f", "-"}, made.out);
  EXPECT_EQ(taken.exit_code, 0) << taken.err << made.out;
  for (const char* object :
       {"deployment.apps/shop-web created", "service/shop-web created", "deployment.apps/shop-db created",
        "persistentvolumeclaim/shop-db-0 created", "statefulset.apps/shop-ring created",
        "deployment.apps/shop-old created", "service/shop-old created", "deployment.apps/shop-pair created",
        "service/shop-pair created", "persistentvolumeclaim/shop-pair-0 created"})
    EXPECT_TRUE(taken.out.contains(object)) << object << "\n" << taken.out;
}

}  // namespace
}  // namespace holdfast::cluster
