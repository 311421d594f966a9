// Situations under rules, of what others made before, of what cannot be applied, and under a webhook that rewrites.
#include "cluster/situation_world.h"

namespace holdfast::cluster {
namespace {

constexpr const char* kColor = "{.data.color}";

std::string config_map(const std::string& labels, const std::string& data) {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: $NAME, labels: " + labels + "}\ndata: " + data + "\n";
}
const std::string kSettings = config_map("{tier: web}", "{color: blue, size: large}");
const std::string kExperiment = config_map("{tier: experiments}", "{color: blue, size: large}");
constexpr const char* kWeb = R"(apiVersion: apps/v1
kind: Deployment
metadata: {name: $NAME}
spec:
  replicas: 2
  selector: {matchLabels: {app: $NAME}}
  template:
    metadata: {labels: {app: $NAME}}
    spec: {containers: [{name: web, image: web:1, imagePullPolicy: Always}]}
)";

Act paint(const std::string& manager) { return patch("configmap", "merge", R"({"data":{"color":"red"}})", manager); }
Act paint_all(const std::string& manager) {
  return patch("configmap", "merge", R"({"data":{"color":"red","size":"small"}})", manager);
}

Situation tuned(std::string name, const std::string& manifest, std::vector<Act> acts, Expected expected) {
  const bool deployment = manifest.find("kind: Deployment") != std::string::npos;
  return {std::move(name), deployment ? SituationKind::Deployment : SituationKind::ConfigMap,
          manifest,        {},
          std::move(acts), std::move(expected),
          "tuned"};
}

void add_yielding(std::vector<Situation>& all) {
  all.push_back(tuned("ignored_replicas", kWeb, {kubectl({"scale", "deployment", "$NAME", "--replicas=5"})},
                      {"", 0, 0, {}, "{.spec.replicas}", "5"}));
  all.push_back(tuned(
      "ignored_path_in_a_list", kWeb,
      {patch("deployment", "strategic",
             R"({"spec":{"replicas":5,"template":{"spec":{"containers":[{"name":"web",)"
             R"("imagePullPolicy":"Never"}]}}}})")},
      {"repaired", 1, 1, {".spec.replicas was 5"}, "{.spec.template.spec.containers[0].imagePullPolicy}", "Never"}));
  all.push_back(tuned("ignored_manager", kSettings, {paint("certificate-injector")},
                      {"yielded", 0, 0, {".data.color to certificate-injector"}, kColor, "red"}));
  all.push_back(tuned("ignored_path_of_a_manager", kSettings, {paint_all("painter")},
                      {"yielded repaired",
                       1,
                       1,
                       {".data.size was \"small\" (painter"},
                       "{.data}",
                       R"({"color":"red","size":"large"})"}));
  all.push_back(tuned("trusted_manager", kSettings, {paint("keda-operator")}, {"yielded", 0, 0, {}, kColor, "red"}));
  all.push_back(tuned("manager_that_nobody_trusts", kSettings, {paint("someone")},
                      {"repaired", 1, 1, {".data.color was \"red\" (someone"}, kColor, "blue"}));
}

void add_policies(std::vector<Situation>& all) {
  all.push_back(
      tuned("warned", kExperiment, {paint("someone")},
            {"drifted", 0, 0, {"is left so by policy", ".data.color is \"red\" (someone"}, kColor, "red", -1}));
  all.push_back(tuned("warned_of_a_deletion", kExperiment, {kubectl({"delete", "configmap", "$NAME"})},
                      {"drifted", 1, 0, {"it was deleted"}, kColor, "", -1}));
  all.back().asked_again = true;
  all.push_back(tuned("warned_field", kSettings, {paint_all("someone")},
                      {"drifted repaired",
                       1,
                       1,
                       {".data.size is \"small\"", ".data.color was \"red\""},
                       "{.data}",
                       R"({"color":"blue","size":"small"})",
                       -1}));
  all.push_back(tuned("approved", kSettings, {paint("someone")}, {"drifted", 0, 0, {}, kColor, "red", -1}));
  all.push_back(tuned("graced", kSettings, {paint("someone")},
                      {"drifted repaired", 1, 1, {"is left so for 1 s", ".data.color was \"red\""}, kColor, "blue"}));
  all.push_back(tuned("long_graced", kSettings, {paint("someone")},
                      {"drifted", 0, 0, {"is left so for 3600 s"}, kColor, "red", -1}));
}

}  // namespace

std::vector<Situation> rule_situations() {
  std::vector<Situation> all;
  add_yielding(all);
  add_policies(all);
  // Made by kubectl apply before, with a field that Git does not have any more now. With rules about managers, who
  // holds what has to be read before a new form is sent.
  // The event of our own apply may come before its answer, and then its bytes are kept: a foreign event ends that.
  all.push_back(tuned("adopted_field_leaves_git", config_map("{}", "{color: blue, extra: old}"),
                      {commit(config_map("{}", "{color: blue}"))},
                      {"configured", 2, 1, {}, "{.data}", R"({"color":"blue"})"}));
  all.back().before = {kubectl({"annotate", "configmap", "$NAME", "theirs=yes"})};
  // A GET finds it, and that is all: nobody asked for it to be taken.
  all.push_back({"of_somebody_else",
                 SituationKind::ConfigMap,
                 "",
                 {},
                 {commit(config_map("{}", "{color: green}"))},
                 {"refused", 1, 0, {"exists already and was not made by this application"}, kColor, "blue", -1},
                 "broken",
                 false,
                 true});
  // Refused for good; asking again at once would not help.
  all.push_back({"undeclared_field_in_git",
                 SituationKind::Gadget,
                 "",
                 {},
                 {commit("apiVersion: situations.holdfast.test/v1\nkind: Gadget\nmetadata: {name: $NAME}\n"
                         "spec: {unheard: of}\n")},
                 {"failed", 2, 0, {".spec.unheard is no field of a Gadget"}, "", "", -1},
                 "broken",
                 false,
                 true});
  return all;
}

std::vector<Situation> webhook_situations() {
  std::vector<Situation> all;
  const std::string kRewritten = config_map("{rewritten: \"yes\"}", "{image: web, size: large}");
  const Act install{[](SituationWorld& world, const Situation&) { world.install_webhook(); }, 0};
  // What is live is not what Git says, so that nothing is proven; but it was learned, and is recalled after a restart.
  const auto row = [&](std::string name, std::vector<Act> before, std::vector<Act> acts, Expected expected) {
    all.push_back({std::move(name), SituationKind::ConfigMap, kRewritten, std::move(before), std::move(acts),
                   std::move(expected)});
  };
  const auto annotate = [](const std::string& value) {
    return kubectl({"annotate", "--overwrite", "configmap", "$NAME", "theirs=" + value});
  };
  const char* const image = "{.data.image}";
  // The first write of anybody is rewritten; the one confirmation is, too, and then it is known.
  row("webhook_begins_to_rewrite", {install}, {annotate("1")}, {"", 1, 0, {}, image, WebhookServer::kImage});
  row("webhook_rewrote_and_others_write", {install, annotate("1")}, {annotate("2"), annotate("3")},
      {"", 0, 0, {}, image, WebhookServer::kImage});
  row("webhook_rewrote_and_an_owned_field_drifts", {install, annotate("1")},
      {patch("configmap", "merge", R"({"data":{"size":"small"}})", "someone")},
      {"repaired", 1, 1, {".data.size was \"small\" (someone"}, "{.data.size}", "large"});
  // The value stays as the webhook has it, but is somebody else's now.
  row("webhook_rewrites_what_somebody_takes", {install, annotate("1")},
      {patch("configmap", "merge", R"({"data":{"image":"other"}})", "someone")},
      {"repaired", 1, 1, {".data.image"}, image, WebhookServer::kImage});
  row("webhook_rewrites_what_git_changes", {install, annotate("1")},
      {commit(config_map("{rewritten: \"yes\"}", "{image: web2, size: huge}"))},
      {"configured", 1, 1, {}, image, WebhookServer::kImage});
  return all;
}

}  // namespace holdfast::cluster
