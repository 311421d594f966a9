#include "engine/adoption.h"

#include "holdfast/merge/managed_fields.h"
#include "unit/engine/desired_bodies.h"

namespace holdfast {
namespace {

using namespace holdfast::live_bodies;

const FieldManager kManager{"holdfast"};
constexpr const char* kMap = R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","namespace":"w"},
  "data":{"a":"1"}})";

json::value live_map() {
  return body_of(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","namespace":"w","uid":"u",
    "resourceVersion":"42","managedFields":[]},"data":{"a":"1","b":"2"}})");
}

// The object after the patch; nothing where there is none.
std::optional<json::value> patched(json::value live, const Result<std::optional<std::string>>& patch) {
  EXPECT_TRUE(patch.has_value()) << (patch ? "" : describe(patch.error()));
  if (!patch || !*patch) return std::nullopt;
  const json::value operations = body_of(**patch);
  EXPECT_EQ(operations.as_array().size(), 2U);
  EXPECT_EQ(operations.at_pointer("/1"),
            body_of(R"({"op":"replace","path":"/metadata/resourceVersion","value":"42"})"));
  EXPECT_EQ(string_at(operations.at_pointer("/0"), {"path"}), "/metadata/managedFields");
  at(live, "/metadata/managedFields") = operations.at_pointer("/0/value");
  return live;
}

std::optional<json::value> adopted(const json::value& live, const std::vector<std::string>& former = {}) {
  return patched(live, adoption_patch(desired_of(kMap), live, kManager, former));
}

std::string ours_in(const std::optional<json::value>& live) {
  if (!live) return "no patch";
  const auto entry = find_applied_entry(*live, kManager);
  return entry && *entry ? (*entry)->api_version + " " + (*entry)->fields.serialize() : "none";
}

TEST(Adoption, D3_what_kubectl_apply_owns_becomes_ours) {
  json::value live = live_map();
  add_entry(live, "kubectl-client-side-apply", "Update", "", R"({"f:data":{".":{},"f:a":{},"f:b":{}}})");
  EXPECT_EQ(ours_in(adopted(live)), R"(v1 {"f:data":{".":{},"f:a":{},"f:b":{}}})");
  EXPECT_EQ(adopted(live)->at_pointer("/metadata/managedFields").as_array().size(), 1U);
}

TEST(Adoption, D3_so_does_what_helm_flux_and_argo_cd_own) {
  const std::pair<const char*, const char*> appliers[] = {{"helm", "Update"},
                                                          {"helm", "Apply"},
                                                          {"kubectl", "Apply"},
                                                          {"kustomize-controller", "Apply"},
                                                          {"helm-controller", "Update"},
                                                          {"argocd-controller", "Apply"},
                                                          {"argocd-controller", "Update"},
                                                          {"kubectl-create", "Update"}};
  for (const auto& [manager, operation] : appliers) {
    json::value live = live_map();
    add_entry(live, manager, operation, "", R"({"f:data":{"f:b":{}}})");
    EXPECT_EQ(ours_in(adopted(live)), R"(v1 {"f:data":{"f:b":{}}})") << manager << " " << operation;
  }
}

TEST(Adoption, the_books_of_other_tools_stay_on_a_deployment_unless_git_has_them) {
  const auto body = [](const std::string& annotations) {
    return R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","namespace":"w")" + annotations +
           R"(},"spec":{"replicas":1}})";
  };
  json::value live = body_of(R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","namespace":"w",
    "uid":"u","resourceVersion":"42","managedFields":[]},"spec":{"replicas":1}})");
  const std::string tracking = R"("f:argocd.argoproj.io/tracking-id":{})";
  add_entry(live, "argocd-controller", "Update", "",
            R"({"f:metadata":{"f:annotations":{".":{},)" + tracking +
                R"(,"f:note":{}},"f:labels":{"f:app":{}}},"f:spec":{"f:replicas":{}}})");
  const auto after = [&](const std::string& annotations) {
    const std::string text = body(annotations);
    return patched(live, adoption_patch(desired_of(text.c_str()), live, kManager, {}));
  };
  const auto plain = after("");
  EXPECT_FALSE(ours_in(plain).contains("tracking-id")) << ours_in(plain);
  for (const char* taken : {"f:note", "f:app", "f:replicas"}) EXPECT_TRUE(ours_in(plain).contains(taken)) << taken;
  EXPECT_EQ(to_json(plain->at_pointer("/metadata/managedFields/1/fieldsV1")),
            R"({"f:metadata":{"f:annotations":{".":{},)" + tracking + "}}}");
  EXPECT_TRUE(ours_in(after(R"(,"annotations":{"argocd.argoproj.io/tracking-id":"x"})")).contains("tracking-id"));
}

TEST(Adoption, changes_made_by_hand_and_by_controllers_stay_theirs) {
  json::value live = live_map();
  for (const char* manager : {"kubectl-edit", "kubectl-patch", "kubectl-rollout", "kubectl", "someone"})
    add_entry(live, manager, "Update", "", R"({"f:data":{"f:b":{}}})");
  add_entry(live, "helm", "Update", "scale", R"({"f:spec":{"f:replicas":{}}})");
  add_entry(live, "holdfast-handover", "Apply", "", R"({"f:data":{"f:a":{}}})");
  EXPECT_FALSE(adopted(live).has_value());
  EXPECT_FALSE(adopted(live_map()).has_value());
}

TEST(Adoption, named_predecessors_are_folded_in_together_and_others_stay_to_the_byte) {
  json::value live = live_map();
  add_entry(live, "holdfast", "Apply", "", R"({"f:data":{"f:a":{}}})");
  add_entry(live, "deployer", "Update", "", R"({"f:data":{"f:b":{}}})");
  add_entry(live, "kubectl-create", "Update", "", R"({"f:data":{"f:c":{}}})");
  add_entry(live, "someone", "Update", "", R"({"f:data":{"f:z":{},"f:y":{}}})");
  const auto after = adopted(live, {"deployer"});
  EXPECT_EQ(ours_in(after), R"(v1 {"f:data":{"f:a":{},"f:b":{},"f:c":{}}})");
  ASSERT_EQ(after->at_pointer("/metadata/managedFields").as_array().size(), 2U);
  EXPECT_EQ(to_json(after->at_pointer("/metadata/managedFields/1")),
            to_json(live.at_pointer("/metadata/managedFields/3")));
}

TEST(Adoption, status_is_never_taken_for_an_apply_would_prune_it) {
  json::value live = live_map();
  add_entry(live, "argocd-controller", "Update", "", R"({"f:data":{"f:b":{}},"f:status":{".":{},"f:x":{}}})");
  const auto after = adopted(live);
  EXPECT_EQ(ours_in(after), R"(v1 {"f:data":{"f:b":{}}})");
  EXPECT_EQ(to_json(after->at_pointer("/metadata/managedFields/1/fieldsV1")), R"({"f:status":{".":{},"f:x":{}}})");
}

TEST(Adoption, what_cannot_be_read_is_an_error_and_can_be_reset) {
  json::value live = live_map();
  at(live, "/metadata/managedFields").as_array().push_back(json::object{{"manager", "x"}});
  EXPECT_FALSE(adoption_patch(desired_of(kMap), live, kManager, {}).has_value());
  EXPECT_FALSE(leftover_patch(desired_of(kMap), live, kManager).has_value());
  const auto patch = reset_patch(live);
  ASSERT_TRUE(patch.has_value());
  EXPECT_EQ(body_of(*patch).at_pointer("/0/value"), body_of("[{}]"));
  EXPECT_EQ(body_of(*patch).at_pointer("/1/value").as_string(), "42");
  at(live, "/metadata").as_object().erase("resourceVersion");
  EXPECT_FALSE(reset_patch(live).has_value()) << "without it nothing guards the patch";
}

std::optional<json::value> tidied(const json::value& live) {
  return patched(live, leftover_patch(desired_of(kMap), live, kManager));
}

TEST(Leftovers, V29_what_git_has_leaves_before_first_apply_and_what_controllers_set_stays) {
  json::value live = live_map();
  add_entry(live, "holdfast", "Apply", "", R"({"f:data":{"f:a":{}}})");
  add_entry(live, "before-first-apply", "Update", "",
            R"({"f:data":{".":{},"f:a":{},"f:b":{}},"f:metadata":{"f:finalizers":{"v:\"p\"":{}}}})");
  const auto after = tidied(live);
  EXPECT_EQ(ours_in(after), R"(v1 {"f:data":{"f:a":{}}})");
  EXPECT_EQ(to_json(after->at_pointer("/metadata/managedFields/1/fieldsV1")),
            R"({"f:data":{"f:b":{}},"f:metadata":{"f:finalizers":{"v:\"p\"":{}}}})");
  EXPECT_FALSE(tidied(*after).has_value()) << "once is enough";
}

TEST(Leftovers, what_kubectl_applied_last_becomes_ours_with_its_annotation) {
  json::value live = live_map();
  at(live, "/metadata").as_object()["annotations"] =
      json::object{{"kubectl.kubernetes.io/last-applied-configuration",
                    R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"a":"1","b":"2"}})"}};
  add_entry(live, "before-first-apply", "Update", "",
            R"({"f:data":{"f:a":{},"f:b":{},"f:c":{}},"f:metadata":{"f:annotations":
            {"f:kubectl.kubernetes.io/last-applied-configuration":{}}}})");
  const auto after = tidied(live);
  EXPECT_EQ(
      ours_in(after),
      R"(v1 {"f:data":{"f:a":{},"f:b":{}},"f:metadata":{"f:annotations":{"f:kubectl.kubernetes.io/last-applied-configuration":{}}}})");
  EXPECT_EQ(to_json(after->at_pointer("/metadata/managedFields/1/fieldsV1")), R"({"f:data":{"f:c":{}}})");
}

TEST(Leftovers, an_object_without_them_needs_nothing) {
  json::value live = live_map();
  EXPECT_FALSE(tidied(live).has_value());
  add_entry(live, "kubectl-client-side-apply", "Update", "", R"({"f:data":{"f:a":{}}})");
  EXPECT_FALSE(tidied(live).has_value()) << "somebody's later apply is drift, not a predecessor";
}

TEST(StaleVersions, D3_entries_are_renamed_to_the_version_that_is_applied) {
  json::value live = live_map();
  const Desired desired = desired_of(kMap);
  add_entry(live, "holdfast", "Apply", "", R"({"f:data":{"f:a":{}}})");
  at(live, "/metadata/managedFields/0").as_object()["apiVersion"] = "v1";
  EXPECT_FALSE(patched(live, version_patch(desired, live)).has_value());
  at(live, "/metadata/managedFields/0").as_object()["apiVersion"] = "v1alpha1";
  add_entry(live, "x", R"({"f:data":{"f:b":{}}})");
  const auto after = patched(live, version_patch(desired, live));
  ASSERT_TRUE(after.has_value());
  for (const json::value& entry : after->at_pointer("/metadata/managedFields").as_array())
    EXPECT_EQ(string_at(entry, {"apiVersion"}), "v1");
  EXPECT_EQ(to_json(after->at_pointer("/metadata/managedFields/1/fieldsV1")), R"({"f:data":{"f:b":{}}})");
}

std::string tool(std::string_view metadata) {
  return managing_tool(body_of("{\"metadata\":" + std::string(metadata) + "}")).value_or("nobody");
}

TEST(ManagingTool, D15_other_tools_are_known_by_their_marks) {
  EXPECT_EQ(tool(R"({"labels":{"app.kubernetes.io/managed-by":"Helm"},"annotations":{"meta.helm.sh/release-name":"web",
                 "meta.helm.sh/release-namespace":"shop"}})"),
            "the Helm release shop/web");
  EXPECT_EQ(tool(R"({"labels":{"kustomize.toolkit.fluxcd.io/name":"apps",
                 "kustomize.toolkit.fluxcd.io/namespace":"flux-system"}})"),
            "the Flux Kustomization flux-system/apps");
  EXPECT_EQ(tool(R"({"labels":{"helm.toolkit.fluxcd.io/name":"web","helm.toolkit.fluxcd.io/namespace":"shop",
                 "app.kubernetes.io/managed-by":"Helm"},"annotations":{"meta.helm.sh/release-name":"web"}})"),
            "the Flux HelmRelease shop/web");
  EXPECT_EQ(tool(R"({"annotations":{"argocd.argoproj.io/tracking-id":"web:apps/Deployment:shop/web"}})"),
            "the Argo CD application web");
  EXPECT_EQ(tool(R"({"labels":{"argocd.argoproj.io/instance":"web"}})"), "the Argo CD application web");
}

TEST(ManagingTool, labels_that_everybody_uses_are_no_marks) {
  EXPECT_EQ(tool(R"({"labels":{"app.kubernetes.io/managed-by":"Helm","app.kubernetes.io/instance":"web"}})"), "nobody");
  EXPECT_EQ(tool("{}"), "nobody");
  EXPECT_EQ(
      tool(R"({"labels":{"app.kubernetes.io/instance":"web"},"managedFields":[{"manager":"argocd-controller"}]})"),
      "the Argo CD application web");
}

}  // namespace
}  // namespace holdfast
