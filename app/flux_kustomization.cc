#include <spdlog/fmt/fmt.h>

#include <utility>

#include "app/flux_kinds.h"

namespace holdfast {
namespace {

constexpr NoEquivalent kOfKustomization[] = {
    {"force", "made objects anew where a field may not change",
     "say it of the objects that need it: the annotation holdfast.dev/replace: enabled"},
    {"healthCheckExprs", "judged custom objects by CEL", "write a rule in Lua (holdfast run --health-rules)"},
    {"kubeConfig", "applied to another cluster", "run a daemon with the kubeconfig of that cluster", true},
    {"ignoreMissingComponents", "passed over missing components", "name only those that are there", true},
    {"patchesJson6902", "patched objects", "write it as spec.source.kustomize.patches", true},
    {"patchesStrategicMerge", "patched objects", "write it as spec.source.kustomize.patches", true},
    {"buildMetadata", "had Kustomize write where objects come from", "ask holdfast why", true},
    {"validation", "checked before applying", "the API server checks each apply"},
};

json::array take_patches(ForeignFields& spec) {
  json::array patches;
  for (ForeignFields& patch : spec.each("patches")) {
    json::object one{{"patch", patch.text("patch")}};
    if (const json::value* target = patch.take("target"); target != nullptr) one["target"] = *target;
    patches.push_back(std::move(one));
  }
  return patches;
}

// As a patch of every object: Kustomize's own commonLabels would go into selectors and pods as well.
void take_metadata(ForeignFields& spec, json::object& overlay) {
  ForeignFields common = spec.below("commonMetadata");
  json::object metadata{{"name", "every"}};
  for (const char* field : {"labels", "annotations"})
    if (const json::value* map = common.take(field); map != nullptr && map->is_object()) metadata[field] = *map;
  if (metadata.size() == 1) return;
  const json::object patch{{"apiVersion", "v1"}, {"kind", "Every"}, {"metadata", std::move(metadata)}};
  if (!overlay.contains("patches")) overlay["patches"] = json::array();
  overlay["patches"].as_array().push_back({{"patch", to_json(patch)}, {"target", {{"kind", ".*"}}}});
}

// What Flux lays over the kustomization at the path.
void take_overlay(ForeignFields& spec, json::object& ours, json::object& source) {
  json::object overlay;
  for (const char* field : {"namePrefix", "nameSuffix"})
    if (const std::string text = spec.text(field); !text.empty()) overlay[field] = text;
  if (const std::string text = spec.text("targetNamespace"); !text.empty()) {
    ours["destination"] = json::object{{"namespace", text}};
    overlay["namespace"] = text;
  }
  for (const char* field : {"images", "components"})
    if (const json::value* list = spec.take(field); list != nullptr && list->is_array()) overlay[field] = *list;
  json::array patches = take_patches(spec);
  if (!patches.empty()) overlay["patches"] = std::move(patches);
  take_metadata(spec, overlay);
  if (overlay.empty()) return;
  source["kustomize"] = std::move(overlay);
  spec.note("path",
            "needs a kustomization.yaml here, for something is laid over it; Flux makes one where there is none",
            "put one there if it is missing (kustomize create --autodetect --recursive)");
}

void take_decryption(ForeignFields& spec, json::object& ours) {
  ForeignFields decryption = spec.below("decryption");
  if (!decryption.present()) return;
  json::object made{{"provider", decryption.text("provider")}};
  if (std::string name = decryption.below("secretRef").text("name"); !name.empty())
    made["secretRef"] = json::object{{"name", std::move(name)}};
  if (!decryption.text("serviceAccountName").empty())
    decryption.note("serviceAccountName", "lent its identity to a key service", "give an age key in the Secret", true);
  ours["decryption"] = std::move(made);
}

void take_variables(ForeignFields& spec, json::object& ours) {
  ForeignFields build = spec.below("postBuild");
  if (!build.present()) return;
  json::object made;
  if (const json::value* map = build.take("substitute"); map != nullptr && map->is_object()) made["substitute"] = *map;
  json::array from;
  for (ForeignFields& each : build.each("substituteFrom")) {
    json::object one{{"kind", each.text("kind")}, {"name", each.text("name")}};
    if (each.flag("optional").value_or(false)) one["optional"] = true;
    from.push_back(std::move(one));
  }
  if (!from.empty()) made["substituteFrom"] = std::move(from);
  if (!made.empty()) ours["postBuild"] = std::move(made);
}

void take_deletion(ForeignFields& spec, json::object& ours) {
  const std::string policy = spec.text("deletionPolicy");
  if (policy == "Delete" || policy == "WaitForTermination") ours["deletionPolicy"] = "Prune";
  if (policy != "MirrorPrune" && !policy.empty()) return;
  if (ours["prune"].as_bool())
    spec.note("deletionPolicy", "its objects would have been deleted with it; here they stay",
              "write deletionPolicy: Prune where they are to go with the Application");
}

// A folder inside the repository, as we write it; empty for all of it.
std::string inner_path(std::string path) {
  if (path.starts_with("./")) path.erase(0, 2);
  while (path.ends_with('/')) path.pop_back();
  return path == "." ? std::string() : path;
}

}  // namespace

FluxReference flux_reference(ForeignFields& at, const std::string& own_namespace) {
  at.settled({"apiVersion"});
  FluxReference reference{at.text("kind"), at.text("namespace"), at.text("name")};
  if (reference.namespace_.empty()) reference.namespace_ = own_namespace;
  return reference;
}

void take_flux_kustomization(const FluxObjects& all, const std::string& own_namespace, ForeignFields& spec,
                             json::object& ours, ImportedDocument& document) {
  json::object& source = document.object["spec"].as_object()["source"].as_object();
  ForeignFields at = spec.below("sourceRef");
  const FluxReference reference = flux_reference(at, own_namespace);
  std::string path = spec.text("path");
  take_flux_source(all, reference, path, document);
  if (path = inner_path(std::move(path)); !path.empty()) source["path"] = path;
  take_overlay(spec, ours, source);
  take_decryption(spec, ours);
  take_variables(spec, ours);
  ours["prune"] = spec.flag("prune").value_or(false);
  take_deletion(spec, ours);
  const json::value* checks = spec.take("healthChecks");
  const bool some_are_checked = checks != nullptr && checks->is_array() && !checks->get_array().empty();
  const bool waits = spec.flag("wait").value_or(false);
  ours["wait"] = waits || some_are_checked;
  if (some_are_checked && !waits)
    spec.note("healthChecks", "waited for some of the objects", "all of them are waited for");
  if (spec.take("kubeConfig") != nullptr) document.complete = false;
  spec.without(kOfKustomization);
}

}  // namespace holdfast
