#include "simulator/builtin_validation.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <string>

#include "holdfast/merge/typed_value.h"
#include "simulator/selector.h"

namespace holdfast {
namespace {

using Causes = std::vector<ApiStatusCause>;

ApiStatusCause required(std::string field) { return {"FieldValueRequired", "Required value", std::move(field)}; }

ApiStatusCause invalid_value(std::string field, std::string_view value, std::string_view why) {
  return {"FieldValueInvalid", fmt::format("Invalid value: {}: {}", value, why), std::move(field)};
}

const json::array* list_at(const json::object& object, std::string_view name) {
  const json::value* list = object.if_contains(name);
  return list == nullptr ? nullptr : list->if_array();
}

const json::object* object_at(const json::object& root, std::initializer_list<std::string_view> path) {
  const json::value* found = find(root, path);
  return found == nullptr ? nullptr : found->if_object();
}

void check_containers(const json::object& pod, const std::string& path, Causes& causes) {
  const json::array* containers = list_at(pod, "containers");
  if (containers == nullptr || containers->empty()) {
    causes.push_back(required(path + ".containers"));
    return;
  }
  for (std::size_t i = 0; i < containers->size(); ++i)
    for (const std::string_view member : {"name", "image"})
      if (string_at((*containers)[i], {member}).empty())
        causes.push_back(required(fmt::format("{}.containers[{}].{}", path, i, member)));
}

// `only`: the one policy that the kind allows; empty: each.
void check_pod_spec(const json::object& pod, const std::string& path, std::string_view only, Causes& causes) {
  check_containers(pod, path, causes);
  const std::string_view policy = string_at(pod, {"restartPolicy"});
  const std::string field = path + ".restartPolicy";
  const auto refuse = [&](std::string_view supported) {
    causes.push_back({"FieldValueNotSupported",
                      fmt::format("Unsupported value: \"{}\": supported values: {}", policy, supported), field});
  };
  if (policy != "Always" && policy != "OnFailure" && policy != "Never") refuse(R"("Always", "OnFailure", "Never")");
  if (!only.empty() && policy != only) refuse(fmt::format("\"{}\"", only));
}

void check_labels_match(const json::object& spec, Causes& causes) {
  const json::object* selector = object_at(spec, {"selector"});
  if (selector == nullptr) causes.push_back(required("spec.selector"));
  const json::object* labels = object_at(spec, {"template", "metadata", "labels"});
  if (selector != nullptr && LabelSelector::from_object(*selector).matches_labels(labels)) return;
  causes.push_back(invalid_value("spec.template.metadata.labels",
                                 labels == nullptr ? "null" : to_json(json::value(*labels)),
                                 "`selector` does not match template `labels`"));
}

void check_workload(const json::object& object, Causes& causes) {
  const json::object* spec = object_at(object, {"spec"});
  if (spec == nullptr) return;
  if (const json::value* replicas = spec->if_contains("replicas");
      replicas != nullptr && replicas->is_int64() && replicas->get_int64() < 0)
    causes.push_back(invalid_value("spec.replicas", to_json(*replicas), "must be greater than or equal to 0"));
  check_labels_match(*spec, causes);
  if (const json::object* pod = object_at(*spec, {"template", "spec"}))
    check_pod_spec(*pod, "spec.template.spec", "Always", causes);
}

// The pods of a job end. `path` is that of the job's spec.
void check_job(const json::object& spec, const std::string& path, Causes& causes) {
  const json::object* pod = object_at(spec, {"template", "spec"});
  if (pod == nullptr) return;
  const std::string below = path + ".template.spec";
  check_pod_spec(*pod, below, "", causes);
  if (string_at(*pod, {"restartPolicy"}) == "Always")
    causes.push_back(
        {"FieldValueRequired", "Required value: valid values: \"OnFailure\", \"Never\"", below + ".restartPolicy"});
}

void check_keys(const json::object& object, Causes& causes) {
  const json::object* data = object_at(object, {"data"});
  if (data == nullptr) return;
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  for (const auto& [key, value] : *data)
    if (!std::ranges::all_of(std::string_view(key), fits))
      causes.push_back(invalid_value(
          fmt::format("data[{}]", std::string_view(key)), fmt::format("\"{}\"", std::string_view(key)),
          "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or "
          "'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"));
}

void check_service(const json::object& object, Causes& causes) {
  const json::object* spec = object_at(object, {"spec"});
  if (spec == nullptr || string_at(*spec, {"type"}) == "ExternalName" || string_at(*spec, {"clusterIP"}) == "None")
    return;
  const json::array* ports = list_at(*spec, "ports");
  if (ports == nullptr || ports->empty()) {
    causes.push_back(required("spec.ports"));
    return;
  }
  for (std::size_t i = 0; ports->size() > 1 && i < ports->size(); ++i)
    if (string_at((*ports)[i], {"name"}).empty()) causes.push_back(required(fmt::format("spec.ports[{}].name", i)));
}

void check_definition(const json::object& object, Causes& causes) {
  const std::string_view name = string_at(object, {"metadata", "name"});
  if (name !=
      fmt::format("{}.{}", string_at(object, {"spec", "names", "plural"}), string_at(object, {"spec", "group"})))
    causes.push_back(
        invalid_value("metadata.name", fmt::format("\"{}\"", name), "must be spec.names.plural+\".\"+spec.group"));
  const json::object* spec = object_at(object, {"spec"});
  const json::array* versions = spec == nullptr ? nullptr : list_at(*spec, "versions");
  if (versions == nullptr) return;
  for (std::size_t i = 0; i < versions->size(); ++i)
    if (find((*versions)[i], {"schema", "openAPIV3Schema"}) == nullptr)
      causes.push_back(required(fmt::format("spec.versions[{}].schema.openAPIV3Schema", i)));
  const auto stored = std::ranges::count_if(*versions, [](const json::value& version) {
    const json::value* storage = find(version, {"storage"});
    return storage != nullptr && storage->is_bool() && storage->get_bool();
  });
  if (stored != 1)
    causes.push_back(invalid_value("spec.versions", to_json(json::value(*versions)),
                                   "must have exactly one version marked as storage version"));
}

// What of a spec is left when all that may change is taken out.
json::value fixed_part(const json::object& object) {
  const json::object* spec = object_at(object, {"spec"});
  json::object rest = spec == nullptr ? json::object() : *spec;
  for (const std::string_view name : {"replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
                                      "persistentVolumeClaimRetentionPolicy", "minReadySeconds"})
    rest.erase(name);
  return json::value(std::move(rest));
}

}  // namespace

std::vector<ApiStatusCause> validate_builtin(const GroupKind& kind, const json::object& object) {
  static constexpr std::array<std::string_view, 4> workloads{"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"};
  Causes causes;
  if (kind.group == "apps" && std::ranges::find(workloads, kind.kind) != workloads.end())
    check_workload(object, causes);
  if (kind == GroupKind{"batch", "Job"})
    if (const json::object* job = object_at(object, {"spec"})) check_job(*job, "spec", causes);
  if (kind == GroupKind{"batch", "CronJob"})
    if (const json::object* job = object_at(object, {"spec", "jobTemplate", "spec"}))
      check_job(*job, "spec.jobTemplate.spec", causes);
  if (kind == GroupKind{"", "Pod"})
    if (const json::object* pod = object_at(object, {"spec"})) check_pod_spec(*pod, "spec", "", causes);
  if (kind == GroupKind{"", "ConfigMap"} || kind == GroupKind{"", "Secret"}) check_keys(object, causes);
  if (kind == GroupKind{"", "Service"}) check_service(object, causes);
  if (kind == GroupKind{"apiextensions.k8s.io", "CustomResourceDefinition"}) check_definition(object, causes);
  return causes;
}

std::vector<ApiStatusCause> validate_builtin_change(const GroupKind& kind, const json::object& old,
                                                    const json::object& next) {
  if (kind == GroupKind{"apps", "StatefulSet"} && !equal_values(fixed_part(old), fixed_part(next)))
    return {{"FieldValueForbidden",
             "Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
             "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' "
             "are forbidden",
             "spec"}};
  const std::string_view had = string_at(old, {"spec", "clusterIP"}), has = string_at(next, {"spec", "clusterIP"});
  if (kind == GroupKind{"", "Service"} && !had.empty() && string_at(next, {"spec", "type"}) != "ExternalName" &&
      had != has) {
    const json::value* addresses = find(next, {"spec", "clusterIPs"});
    return {invalid_value("spec.clusterIPs[0]", addresses == nullptr ? "null" : to_json(*addresses),
                          "may not change once set")};
  }
  return {};
}

}  // namespace holdfast
