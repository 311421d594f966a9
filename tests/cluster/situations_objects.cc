// Situations of ConfigMaps, Secrets and Services.
#include "cluster/situation.h"

namespace holdfast::cluster {
namespace {

constexpr auto kConfigMap = SituationKind::ConfigMap;
constexpr const char* kSettings = R"(apiVersion: v1
kind: ConfigMap
metadata: {name: $NAME, labels: {tier: web}, annotations: {note: kept}}
data: {color: blue, size: large}
)";
constexpr const char* kCondition = R"({"status":{"conditions":[{"type":"T","status":"True","reason":"R","message":"",)"
                                   R"("lastTransitionTime":"2026-01-01T00:00:00Z"}]}})";
constexpr const char* kColor = "{.data.color}";
constexpr const char* kTheirs = R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"$NAME"},"data":)";

Expected repaired(std::vector<std::string> says, std::string field = "", std::string value = "") {
  return {"repaired", 1, 1, std::move(says), std::move(field), std::move(value)};
}

Act server_side(const std::string& manager, const std::string& data, bool force = false) {
  std::vector<std::string> words{"apply", "--server-side", "--field-manager=" + manager, "-f", "-"};
  if (force) words.push_back("--force-conflicts");
  return kubectl(std::move(words), kTheirs + data + "}");
}

Situation settings(std::string name, std::vector<Act> acts, Expected expected, bool at_once = false) {
  return {std::move(name), kConfigMap, kSettings, {}, std::move(acts), std::move(expected), "plain", at_once};
}

void add_edits(std::vector<Situation>& all) {
  const std::string red = R"({"data":{"color":"red"}})";
  all.push_back(settings("merge_patch_of_an_owned_field", {patch("configmap", "merge", red, "someone")},
                         repaired({".data.color was \"red\" (someone, Update at 2"}, kColor, "blue")));
  all.push_back(settings("strategic_patch_of_an_owned_field", {patch("configmap", "strategic", red)},
                         repaired({".data.color was \"red\" (kubectl-patch, Update at 2"}, kColor, "blue")));
  all.push_back(settings("json_patch_of_an_owned_field",
                         {patch("configmap", "json", R"([{"op":"replace","path":"/data/color","value":"red"}])")},
                         repaired({".data.color was \"red\" (kubectl-patch"}, kColor, "blue")));
  all.push_back(
      settings("json_patch_that_removes_an_owned_field",
               {patch("configmap", "json", R"([{"op":"remove","path":"/data/size"}])")},
               repaired({".data.size was (absent) (removed, no manager owns it now)"}, "{.data.size}", "large")));
  all.push_back(settings("all_of_data_removed", {patch("configmap", "json", R"([{"op":"remove","path":"/data"}])")},
                         repaired({".data"}, "{.data}", R"({"color":"blue","size":"large"})")));
  all.push_back(settings("patch_with_the_same_value",
                         {in_vain(patch("configmap", "merge", R"({"data":{"color":"blue"}})", "someone"))}, {}));
  all.push_back(settings("patch_as_a_dry_run",
                         {in_vain(kubectl({"patch", "configmap", "$NAME", "--dry-run=server", "-p", red}))}, {},
                         false));
  all.push_back(settings("foreign_key_added", {patch("configmap", "merge", R"({"data":{"theirs":"x"}})")},
                         {"", 0, 0, {}, "{.data.theirs}", "x"}));
  all.push_back(settings("edit_of_an_owned_field", {edit("blue", "red")},
                         repaired({".data.color was \"red\" (kubectl-edit"}, kColor, "blue")));
  all.push_back(settings("edit_of_a_foreign_field",
                         {kubectl({"annotate", "configmap", "$NAME", "theirs=before"}), edit("before", "after")},
                         {"", 0, 0, {}, "{.metadata.annotations.theirs}", "after"}));
  all.push_back(settings("replace_with_an_owned_field_changed", {rewrite("\"blue\"", "\"red\"")},
                         repaired({".data.color was \"red\" (kubectl-replace"}, kColor, "blue")));
  all.push_back(
      settings("label_owned_changed", {kubectl({"label", "--overwrite", "configmap", "$NAME", "tier=db"})},
               repaired({".metadata.labels.tier was \"db\" (kubectl-label"}, "{.metadata.labels.tier}", "web")));
  all.push_back(settings("label_owned_removed", {kubectl({"label", "configmap", "$NAME", "tier-"})},
                         repaired({".metadata.labels.tier"}, "{.metadata.labels.tier}", "web")));
  all.push_back(settings("label_foreign_added", {kubectl({"label", "configmap", "$NAME", "theirs=x"})},
                         {"", 0, 0, {}, "{.metadata.labels.theirs}", "x"}));
  all.push_back(settings(
      "annotate_owned", {kubectl({"annotate", "--overwrite", "configmap", "$NAME", "note=lost"})},
      repaired({".metadata.annotations.note was \"lost\" (kubectl-annotate"}, "{.metadata.annotations.note}", "kept")));
  all.push_back(settings("annotate_foreign", {kubectl({"annotate", "configmap", "$NAME", "theirs=x"})}, {}));
  all.push_back(settings("finalizer_of_others_added",
                         {patch("configmap", "merge", R"({"metadata":{"finalizers":["test.dev/theirs"]}})")}, {}));
}

void add_appliers(std::vector<Situation>& all) {
  all.push_back(settings("apply_by_kubectl_with_another_value",
                         {kubectl({"apply", "-f", "-"}, std::string(kTheirs) + R"({"color":"red"}})")},
                         repaired({".data.color was \"red\" (kubectl-client-side-apply"}, kColor, "blue")));
  all.push_back(settings("second_applier_with_the_same_value", {server_side("second", R"({"color":"blue"})")}, {}));
  all.push_back(settings("second_applier_in_conflict", {in_vain(server_side("second", R"({"color":"red"})"))}, {}));
  all.push_back(settings("second_applier_by_force", {server_side("second", R"({"color":"red"})", true)},
                         repaired({".data.color was \"red\" (second, Apply at 2"}, kColor, "blue")));
  // The value is as it should be, and is not ours any more: whoever drops it next would take it away.
  all.push_back(
      settings("second_applier_by_force_then_as_it_was",
               {server_side("second", R"({"color":"red"})", true), server_side("second", R"({"color":"blue"})")},
               repaired({".data.color"}, kColor, "blue"), true));
  all.push_back(settings("forced_away_and_back_by_patches",
                         {patch("configmap", "merge", R"({"data":{"color":"red"}})", "someone"),
                          patch("configmap", "merge", R"({"data":{"color":"blue"}})", "someone")},
                         repaired({".data.color"}, kColor, "blue"), true));
  all.push_back(settings("helm_upgrade_of_a_field_of_its_own",
                         {helm_upgrade(R"({"chart":"one"})"), helm_upgrade(R"({"chart":"two"})")},
                         {"", 0, 0, {}, "{.data.chart}", "two"}));
  all.push_back(settings("helm_upgrade_of_an_owned_field",
                         {helm_upgrade(R"({"chart":"one"})"), helm_upgrade(R"({"chart":"one","color":"red"})")},
                         repaired({".data.color was \"red\" (helm, Update"}, kColor, "blue")));
  all.push_back(settings("helm_uninstall_of_what_it_took_over", {helm_upgrade(R"({"color":"blue"})"), helm_uninstall()},
                         {"repaired", 2, 1, {"it was deleted"}, kColor, "blue"}));
  // The apply that takes all back meets an entry of nobody's that owns it, too (V29): one more write ends that.
  all.push_back(
      settings("managed_fields_cleared",
               {patch("configmap", "json", R"([{"op":"replace","path":"/metadata/managedFields","value":[{}]}])")},
               {"repaired", 2, 2, {}, "{.metadata.managedFields[*].manager}", "holdfast"}));
}

void add_existence(std::vector<Situation>& all) {
  const std::string red = std::string(kTheirs) + R"({"color":"red"}})";
  // Absence among the labelled objects is no absence: a GET tells.
  all.push_back(settings("deletion", {kubectl({"delete", "configmap", "$NAME"})},
                         {"repaired", 2, 1, {"it was deleted"}, kColor, "blue"}));
  all.push_back(settings("deletion_and_another_made_by_hand",
                         {kubectl({"delete", "configmap", "$NAME"}), kubectl({"create", "-f", "-"}, red)},
                         {"repaired", 2, 1, {}, kColor, "blue"}, true));
  all.push_back(settings("replace_that_drops_our_labels", {kubectl({"replace", "-f", "-"}, red)},
                         {"repaired", 2, 1, {".data.color was \"red\" (kubectl-replace"}, kColor, "blue"}));
  all.push_back(settings("label_of_the_installation_removed",
                         {kubectl({"label", "configmap", "$NAME", "holdfast.dev/installation-"})},
                         {"repaired", 2, 1, {"label"}, "{.metadata.labels.holdfast\\.dev/installation}", "$NS"}));
  // Another's now, to all appearance: that is said, and fought over by nobody (D15).
  Situation other =
      settings("label_of_another_installation",
               {kubectl({"label", "--overwrite", "configmap", "$NAME", "holdfast.dev/installation=other"})},
               {"refused", 1, 0, {"belongs to the installation other"}});
  other.expected.restart_requests = 1;
  other.asked_again = true;
  other.application = "broken";
  all.push_back(std::move(other));
  const std::string set = "applyset.kubernetes.io/part-of";
  all.push_back(settings("label_of_another_applyset",
                         {kubectl({"label", "--overwrite", "configmap", "$NAME", set + "=applyset-theirs-v1"})},
                         {"refused", 0, 0, {"belongs to the ApplySet applyset-theirs-v1"}}));
  all.back().application = "broken";
  all.push_back(settings("label_of_the_applyset_removed", {kubectl({"label", "configmap", "$NAME", set + "-"})},
                         repaired({".metadata.labels"})));
  all.push_back(settings("owner_that_controls_it",
                         {patch("configmap", "merge",
                                R"({"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"Pod",)"
                                R"("name":"p","uid":"11111111-2222-3333-4444-555555555555",)"
                                R"("controller":true}]}})")},
                         {"refused", 0, 0, {"belongs to the controller"}}));
  all.back().application = "broken";
}

void add_commits(std::vector<Situation>& all) {
  const std::string green = std::string(kSettings).replace(std::string(kSettings).find("blue"), 4, "green");
  all.push_back(settings("commit_of_another_value", {commit(green)}, {"configured", 1, 1, {}, kColor, "green"}));
  all.push_back(settings("commit_that_drops_a_field",
                         {commit("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: $NAME}\ndata: {color: blue}\n")},
                         {"configured", 1, 1, {}, "{.data}", R"({"color":"blue"})"}));
  all.push_back(settings("commit_of_a_comment", {commit("# why\n" + std::string(kSettings))}, {}));
  all.push_back(settings("commit_without_it", {commit("")}, {"pruned", 1, 1, {"it left the source"}, kColor, ""}));
}

}  // namespace

std::vector<Situation> config_map_situations() {
  std::vector<Situation> all;
  add_edits(all);
  add_appliers(all);
  add_existence(all);
  add_commits(all);
  // Undoing the same again and again is told, with whom.
  const Act red = patch("configmap", "merge", R"({"data":{"color":"red"}})", "rival");
  all.push_back(settings("fight_over_a_field", {red, await("repaired", 1), red, await("repaired", 2)},
                         {"repaired fight", 2, 2, {"a fight about", "with rival"}, kColor, "blue"}));
  const Act by_force = server_side("second", R"({"color":"red"})", true);
  all.push_back(settings("fight_of_two_appliers", {by_force, await("repaired", 1), by_force, await("repaired", 2)},
                         {"repaired fight", 2, 2, {"a fight about", "with second, Apply"}, kColor, "blue"}));
  return all;
}

std::vector<Situation> secret_and_service_situations() {
  std::vector<Situation> all;
  const auto secret = [&](std::string name, std::vector<Act> acts, Expected expected) {
    all.push_back({std::move(name),
                   SituationKind::Secret,
                   "apiVersion: v1\nkind: Secret\nmetadata: {name: $NAME}\nstringData: {password: hunter2}\n"
                   "data: {user: YWRtaW4=}\n",
                   {},
                   std::move(acts),
                   std::move(expected)});
  };
  secret("secret_data_changed", {patch("secret", "merge", R"({"data":{"password":"c3dvcmRmaXNo"}})")},
         repaired({".data.password was"}, "{.data.password}", "aHVudGVyMg=="));
  secret("secret_string_data_written", {patch("secret", "merge", R"({"stringData":{"password":"swordfish"}})")},
         repaired({".data.password was"}, "{.data.password}", "aHVudGVyMg=="));
  secret("secret_string_data_with_the_same_value",
         {in_vain(patch("secret", "merge", R"({"stringData":{"password":"hunter2"}})"))}, {});
  secret("secret_key_removed", {patch("secret", "json", R"([{"op":"remove","path":"/data/user"}])")},
         repaired({".data.user was"}, "{.data.user}", "YWRtaW4="));
  secret("secret_key_of_others", {patch("secret", "merge", R"({"stringData":{"token":"x"}})")}, {});

  const auto service = [&](std::string name, std::string spec, std::vector<Act> acts, Expected expected) {
    all.push_back({std::move(name),
                   SituationKind::Service,
                   "apiVersion: v1\nkind: Service\nmetadata: {name: $NAME}\nspec: " + spec + "\n",
                   {},
                   std::move(acts),
                   std::move(expected)});
  };
  const std::string web = "{selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}";
  service("service_default_changed", web, {patch("service", "merge", R"({"spec":{"sessionAffinity":"ClientIP"}})")},
          {"", 0, 0, {}, "{.spec.sessionAffinity}", "ClientIP"});
  service("service_selector_changed", web, {patch("service", "merge", R"({"spec":{"selector":{"app":"db"}}})")},
          repaired({".spec.selector was {\"app\":\"db\"}"}, "{.spec.selector.app}", "web"));
  service("service_port_of_others", web,
          {patch("service", "strategic", R"({"spec":{"ports":[{"name":"https","port":443}]}})")},
          {"", 0, 0, {}, "{.spec.ports[*].port}", "443 80"});
  service("service_port_removed", web,
          {patch("service", "merge", R"({"spec":{"ports":[{"name":"https","port":443}]}})")},
          repaired({".spec.ports"}, "{.spec.ports[?(@.port==80)].targetPort}", "8080"));
  service("service_target_port_by_name", web,
          {patch("service", "json", R"([{"op":"replace","path":"/spec/ports/0/targetPort","value":"http"}])")},
          repaired({"targetPort was \"http\""}, "{.spec.ports[0].targetPort}", "8080"));
  service("service_node_port_chosen", "{type: NodePort, selector: {app: web}, ports: [{port: 80}]}",
          {patch("service", "json", R"([{"op":"replace","path":"/spec/ports/0/nodePort","value":30123}])")},
          {"", 0, 0, {}, "{.spec.ports[0].nodePort}", "30123"});
  service("service_type_changed", "{type: ClusterIP, selector: {app: web}, ports: [{port: 80}]}",
          {patch("service", "merge", R"({"spec":{"type":"NodePort"}})")},
          repaired({".spec.type was \"NodePort\""}, "{.spec.type}", "ClusterIP"));
  service("service_status", web,
          {kubectl({"patch", "service", "$NAME", "--subresource=status", "--type=merge", "-p", kCondition})}, {});
  return all;
}

}  // namespace holdfast::cluster
