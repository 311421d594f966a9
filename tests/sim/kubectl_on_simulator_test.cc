// Real clients against `holdfast simulate`: kubectl as people use it, and our own daemon.
//
// Needs HOLDFAST_BINARY and HOLDFAST_KUBECTL; no cluster.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/eventually.h"
#include "sim/served_simulator.h"

namespace holdfast::cluster {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

constexpr const char* kDeployment = R"(apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: default}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "nginx:1", ports: [{containerPort: 80}]}]}
)";

constexpr const char* kBoats = R"(apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: boats.ex.io}
spec:
  group: ex.io
  scope: Namespaced
  names: {kind: Boat, plural: boats, shortNames: [bt]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}, scale: {specReplicasPath: .spec.crew, statusReplicasPath: .status.crew}}
    additionalPrinterColumns: [{name: Crew, type: integer, jsonPath: .spec.crew}]
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {crew: {type: integer, default: 3}}}}}}
)";

class KubectlOnSimulator : public ServedSimulator {};

TEST_F(KubectlOnSimulator, creates_edits_and_deletes) {
  must({"create", "-f", "-"}, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: \"one\"}\n");
  must({"label", "configmap", "c", "x=y"});
  must({"annotate", "configmap", "c", "n=m"});
  must({"patch", "configmap", "c", "-p", R"({"data":{"b":"two"}})"});
  must({"patch", "configmap", "c", "--type", "json", "-p", R"([{"op":"add","path":"/data/c","value":"three"}])"});
  const Finished edited =
      run({required_environment("HOLDFAST_KUBECTL"), "--kubeconfig", kubeconfig_, "edit", "configmap", "c"}, "",
          {{"KUBE_EDITOR", "sed -i s/three/drei/"}});
  EXPECT_EQ(edited.exit_code, 0) << edited.err;
  EXPECT_EQ(must({"get", "configmap", "c", "-o", "jsonpath={.data}"}), R"({"a":"one","b":"two","c":"drei"})");
  must({"replace", "-f", "-"}, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: \"1\"}\n");
  EXPECT_EQ(must({"get", "configmap", "c", "-o", "jsonpath={.data}"}), R"({"a":"1"})");
  must({"delete", "configmap", "c"});
  must({"wait", "--for=delete", "configmap/c", "--timeout=5s"});
  EXPECT_THAT(kubectl_->run({"get", "configmap", "c"}).err, HasSubstr(R"(configmaps "c" not found)"));
}

TEST_F(KubectlOnSimulator, understands_what_kubectl_writes_in_protobuf) {
  must({"create", "namespace", "space"});
  must({"create", "configmap", "c", "--from-literal=a=b"});
  must({"create", "secret", "generic", "s", "--from-literal=a=b"});
  must({"create", "deployment", "d", "--image=nginx:1", "--replicas=0"});
  must({"create", "role", "r", "--verb=get", "--resource=pods"});
  must({"autoscale", "deployment", "d", "--max=3", "--cpu=50%"});
  EXPECT_EQ(must({"get", "secret", "s", "-o", "jsonpath={.data}"}), R"({"a":"Yg=="})");
  EXPECT_EQ(
      must({"get", "deployment", "d", "-o", "jsonpath={.spec.replicas} {.spec.template.spec.containers[0].image}"}),
      "0 nginx:1");
  EXPECT_THAT(must({"auth", "can-i", "delete", "pods"}), HasSubstr("yes"));
  EXPECT_THAT(must({"auth", "whoami"}), HasSubstr("simulator-admin"));
}

TEST_F(KubectlOnSimulator, applies_waits_scales_and_rolls_out) {
  EXPECT_THAT(must({"apply", "-f", "-"}, kDeployment), HasSubstr("created"));
  EXPECT_THAT(must({"apply", "-f", "-"}, kDeployment), HasSubstr("unchanged"));
  must({"wait", "--for=condition=Available", "deployment/web", "--timeout=10s"});
  must({"rollout", "status", "deployment/web", "--timeout=10s"});
  EXPECT_THAT(must({"get", "deployments"}), HasSubstr("web    2/2     2            2"));
  must({"scale", "deployment/web", "--replicas=3"});
  must({"wait", "--for=jsonpath={.status.readyReplicas}=3", "deployment/web", "--timeout=10s"});
  const Finished conflict = kubectl_->run({"apply", "--server-side", "-f", "-"}, kDeployment);
  EXPECT_EQ(conflict.exit_code, 1);
  EXPECT_THAT(conflict.err, HasSubstr(".spec.replicas"));
  EXPECT_THAT(must({"apply", "--server-side", "--force-conflicts", "-f", "-"}, kDeployment), HasSubstr("applied"));
  EXPECT_EQ(kubectl_->run({"diff", "--server-side", "-f", "-"}, kDeployment).exit_code, 0);
  EXPECT_THAT(must({"describe", "deployment", "web"}), HasSubstr("2 desired"));
  EXPECT_THAT(must({"explain", "deployment.spec.replicas"}), HasSubstr("replicas <integer>"));
}

TEST_F(KubectlOnSimulator, knows_custom_types_a_moment_after_their_definition) {
  must({"apply", "-f", "-"}, kBoats);
  kubectl_->wait_until_established("boats.ex.io", 10s);
  EXPECT_THAT(must({"api-resources"}), HasSubstr("boats"));
  must({"apply", "--server-side", "-f", "-"}, "apiVersion: ex.io/v1\nkind: Boat\nmetadata: {name: b}\nspec: {}\n");
  EXPECT_EQ(must({"get", "bt", "b", "-o", "jsonpath={.spec.crew}"}), "3");
  must({"scale", "boat/b", "--replicas=5"});
  EXPECT_THAT(must({"get", "boats"}), HasSubstr("b      5"));
  must({"delete", "crd", "boats.ex.io"});
  EXPECT_EQ(kubectl_->run({"get", "boats"}).exit_code, 1);
}

// It keeps what it was answered, and asks whether that still holds.
TEST_F(KubectlOnSimulator, keeps_what_it_knew_when_it_looks_for_a_new_type) {
  must({"get", "namespaces"});
  must({"apply", "-f", "-"}, kBoats);
  kubectl_->wait_until_established("boats.ex.io", 10s);
  EXPECT_EQ(must({"get", "boats", "--ignore-not-found"}), "");
  EXPECT_THAT(must({"get", "namespaces", "-o", "name"}), HasSubstr("namespace/default"));
}

TEST_F(KubectlOnSimulator, empties_a_namespace_before_it_goes) {
  must({"apply", "-f", "-"}, "apiVersion: v1\nkind: Namespace\nmetadata: {name: space}\n");
  must({"apply", "-n", "space", "-f", "-"}, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n");
  must({"delete", "namespace", "space", "--timeout=10s"});
  EXPECT_EQ(must({"get", "configmaps", "-A", "-o", "name"}), "");
}

TEST_F(KubectlOnSimulator, our_own_daemon_holds_it) {
  write("apps/config.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: held, namespace: default}\ndata: {a: Moin}\n");
  write("apps/web.yaml", kDeployment);
  HoldfastProcess daemon({"run", "--repo", (folder_ / "apps").string(), "--files", "--name", "apps", "--kubeconfig",
                          kubeconfig_, "--cache-dir", (folder_ / "holdfast").string()});
  daemon.wait_for_line("the cluster is at", 20s);
  must({"patch", "configmap", "held", "--field-manager", "somebody", "-p", R"({"data":{"a":"Ahoy"}})"});
  daemon.wait_for_line(R"(put back ConfigMap default/held: .data.a was "Ahoy" (somebody)", 10s);
  must({"delete", "deployment", "web"});
  daemon.wait_for_line("created Deployment.apps default/web again", 10s);
  EXPECT_TRUE(eventually(
      [&] { return kubectl_->field("default", "deployment", "web", "{.status.readyReplicas}") == "2"; }, 10s));
  EXPECT_EQ(daemon.stop(10s), 0) << daemon.output();
}

}  // namespace
}  // namespace holdfast::cluster
