// Situations of Deployments: lists with keys, atomic lists, quantities, defaults, and whoever scales.
#include "cluster/situation.h"

namespace holdfast::cluster {
namespace {

constexpr const char* kWeb = R"(apiVersion: apps/v1
kind: Deployment
metadata: {name: $NAME}
spec:
  replicas: 2
  selector: {matchLabels: {app: $NAME}}
  template:
    metadata: {labels: {app: $NAME}}
    spec:
      containers:
      - name: web
        image: web:1
        args: [one, two]
        env: [{name: A, value: "1"}, {name: B, value: "2"}]
        ports: [{containerPort: 8080}]
        resources: {limits: {cpu: 1000m, memory: 1024Mi}}
      - {name: log, image: log:1}
)";
const std::string kPod = "/spec/template/spec/containers";
constexpr const char* kReplicas = "{.spec.replicas}";

Expected repaired(std::vector<std::string> says, std::string field = "", std::string value = "") {
  return {"repaired", 1, 1, std::move(says), std::move(field), std::move(value)};
}

Act json(const std::string& operations) { return patch("deployment", "json", operations); }
Act set(std::vector<std::string> words) {
  words.insert(words.begin(), "set");
  words.insert(words.begin() + 2, "deployment/$NAME");
  return kubectl(std::move(words));
}
Act status(int number) {
  return kubectl({"patch", "deployment", "$NAME", "--subresource=status", "--type=merge", "-p",
                  R"({"status":{"replicas":)" + std::to_string(number) + "}}"});
}
// As the HorizontalPodAutoscaler does it: through the subresource, in the name of its controller.
Act autoscale(int replicas, const std::string& manager = "kube-controller-manager") {
  return kubectl({"patch", "deployment", "$NAME", "--subresource=scale", "--type=merge", "--field-manager=" + manager,
                  "-p", R"({"spec":{"replicas":)" + std::to_string(replicas) + "}}"});
}
Act scale(int replicas) { return kubectl({"scale", "deployment", "$NAME", "--replicas=" + std::to_string(replicas)}); }

Situation web(std::string name, std::vector<Act> acts, Expected expected, std::vector<Act> before = {}) {
  return {std::move(name), SituationKind::Deployment, kWeb, std::move(before), std::move(acts), std::move(expected)};
}

void add_lists(std::vector<Situation>& all) {
  all.push_back(web(
      "image_set", {set({"image", "web=web:2"})},
      repaired({".image was \"web:2\" (kubectl-set, Update"}, "{.spec.template.spec.containers[0].image}", "web:1")));
  all.push_back(
      web("env_value_set", {set({"env", "--containers=web", "A=7"})}, repaired({"env[name=\"A\"].value was \"7\""})));
  all.push_back(web("env_of_others_added", {set({"env", "--containers=web", "C=3"})}, {}));
  all.push_back(web("env_removed", {set({"env", "--containers=web", "B-"})}, repaired({"env[name=\"B\"]"})));
  all.push_back(web("env_reordered",
                    {json(R"([{"op":"move","from":")" + kPod + R"(/0/env/1","path":")" + kPod + R"(/0/env/0"}])")},
                    repaired({"env"}, "{.spec.template.spec.containers[0].env[*].name}", "A B")));
  all.push_back(web("container_removed", {json(R"([{"op":"remove","path":")" + kPod + R"(/1"}])")},
                    repaired({"containers[name=\"log\"]"}, "{.spec.template.spec.containers[*].name}", "web log")));
  all.push_back(web("containers_reordered",
                    {json(R"([{"op":"move","from":")" + kPod + R"(/1","path":")" + kPod + R"(/0"}])")},
                    repaired({"containers"}, "{.spec.template.spec.containers[*].name}", "web log")));
  all.push_back(web("sidecar_added",
                    {patch("deployment", "strategic",
                           R"({"spec":{"template":{"spec":{"containers":[{"name":"proxy","image":"p:1"}]}}}})")},
                    {}));
  all.push_back(web("sidecar_added_between",
                    {json(R"([{"op":"add","path":")" + kPod + R"(/1","value":{"name":"proxy","image":"p:1"}}])")}, {}));
  all.push_back(web("atomic_list_appended", {json(R"([{"op":"add","path":")" + kPod + R"(/0/args/-","value":"x"}])")},
                    repaired({"args"}, "{.spec.template.spec.containers[0].args[*]}", "one two")));
  all.push_back(web("atomic_list_reordered",
                    {json(R"([{"op":"move","from":")" + kPod + R"(/0/args/1","path":")" + kPod + R"(/0/args/0"}])")},
                    repaired({"args"}, "{.spec.template.spec.containers[0].args[*]}", "one two")));
  all.push_back(web("port_removed", {json(R"([{"op":"remove","path":")" + kPod + R"(/0/ports"}])")},
                    repaired({"ports"}, "{.spec.template.spec.containers[0].ports[*].containerPort}", "8080")));
  all.push_back(web("port_of_others_added",
                    {json(R"([{"op":"add","path":")" + kPod + R"(/0/ports/-","value":{"containerPort":9090}}])")}, {}));
  // The protocol that Git leaves out is part of the item's name: UDP is another port.
  all.push_back(web("port_protocol_changed",
                    {json(R"([{"op":"replace","path":")" + kPod + R"(/0/ports/0/protocol","value":"UDP"}])")},
                    repaired({"ports"})));
}

void add_values(std::vector<Situation>& all) {
  all.push_back(web("default_changed", {patch("deployment", "merge", R"({"spec":{"revisionHistoryLimit":3}})")}, {}));
  all.push_back(web("default_in_a_container_changed",
                    {json(R"([{"op":"replace","path":")" + kPod + R"(/0/imagePullPolicy","value":"Always"}])")}, {}));
  all.push_back(
      web("limit_set", {set({"resources", "--containers=web", "--limits=cpu=2"})},
          repaired({"limits.cpu was \"2\""}, "{.spec.template.spec.containers[0].resources.limits.cpu}", "1")));
  all.push_back(web(
      "limit_in_another_spelling",
      {in_vain(json(R"([{"op":"replace","path":")" + kPod + R"(/0/resources/limits/cpu","value":"1000m"}])"))}, {}));
  // Git says the same in other words: nobody can know what the server makes of it without asking.
  std::string other = kWeb;
  other.replace(other.find("1024Mi"), 6, "1Gi").replace(other.find("1000m"), 5, "\"1\"");
  all.push_back(web("commit_of_another_spelling", {commit(other)}, {"", 1, 0}));
  std::string three = kWeb;
  three.replace(three.find("replicas: 2"), 11, "replicas: 3");
  all.push_back(web("edit_that_was_then_committed", {scale(3), await("repaired", 1), commit(three)},
                    {"repaired configured", 2, 2, {}, kReplicas, "3"}));
  all.push_back(web("rollout_restart", {kubectl({"rollout", "restart", "deployment/$NAME"})}, {}));
  all.push_back(web("rollout_pause", {kubectl({"rollout", "pause", "deployment/$NAME"})}, {}));
  all.push_back(web("status_churn", {status(1), status(2), status(3), status(4), status(5)}, {}));
}

void add_scaling(std::vector<Situation>& all) {
  all.push_back(web("scale_by_kubectl", {scale(5)},
                    repaired({".spec.replicas was 5 (kubectl, Update of scale"}, kReplicas, "2")));
  all.push_back(web("replicas_by_patch", {patch("deployment", "merge", R"({"spec":{"replicas":5}})")},
                    repaired({".spec.replicas was 5 (kubectl-patch"}, kReplicas, "2")));
  all.push_back(web("scaled_by_an_autoscaler", {autoscale(5)},
                    {"yielded", 0, 0, {".spec.replicas to kube-controller-manager (scale)"}, kReplicas, "5"}));
  all.push_back(web("scaled_by_keda", {autoscale(5, "keda")}, {"yielded", 0, 0, {}, kReplicas, "5"}));
  all.push_back(web("scaled_by_an_autoscaler_again", {autoscale(7), autoscale(1), autoscale(4)},
                    {"", 0, 0, {}, kReplicas, "4"}, {autoscale(5)}));
  all.push_back(web("drift_beside_an_autoscaler", {set({"image", "web=web:2"})},
                    repaired({".image was \"web:2\""}, kReplicas, "5"), {autoscale(5)}));
  all.push_back(web("an_autoscaler_and_drift_at_once", {autoscale(5), set({"image", "web=web:2"})},
                    {"yielded repaired", 1, 1, {}, kReplicas, "5"}));
  all.back().at_once = true;
  all.push_back(web("scale_by_kubectl_after_an_autoscaler", {scale(6)},
                    {"yielded repaired", 1, 1, {"hold all of"}, kReplicas, "2"}, {autoscale(5)}));
  std::string next = kWeb;
  next.replace(next.find("web:1"), 5, "web:2");
  all.push_back(
      web("commit_beside_an_autoscaler", {commit(next)}, {"configured", 1, 1, {}, kReplicas, "5"}, {autoscale(5)}));
  // Which is how it has been for a while.
  std::string bare = kWeb;
  bare.erase(bare.find("  replicas: 2\n"), 14);
  all.push_back(web("commit_that_gives_replicas_to_an_autoscaler", {commit(bare)}, {"", 0, 0, {}, kReplicas, "5"},
                    {autoscale(5)}));
}

}  // namespace

std::vector<Situation> deployment_situations() {
  std::vector<Situation> all;
  add_lists(all);
  add_values(all);
  add_scaling(all);
  return all;
}

}  // namespace holdfast::cluster
