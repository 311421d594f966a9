#include "sim/large_set.h"

namespace holdfast::sim {
namespace {

const GroupVersionKind kNamespaceType{"", "v1", "Namespace"}, kConfigMap{"", "v1", "ConfigMap"},
    kSecret{"", "v1", "Secret"}, kAccount{"", "v1", "ServiceAccount"}, kService{"", "v1", "Service"},
    kDeployment{"apps", "v1", "Deployment"}, kJob{"batch", "v1", "Job"}, kBoat{"ex.io", "v1", "Boat"},
    kDefinition{"apiextensions.k8s.io", "v1", "CustomResourceDefinition"};

constexpr std::int64_t kFirstCommit_s = 1'700'000'000, kBetweenCommits_s = 60;

json::object pod_template(const std::string& name, const std::string& image) {
  return {{"metadata", {{"labels", {{"app", name}}}}},
          {"spec", {{"containers", json::array{{{"name", "main"}, {"image", image}}}}}}};
}

json::object type_of_boats() {
  const json::value schema = parse_json(R"({"type":"object","properties":{"spec":{"type":"object","properties":{
    "crew":{"type":"integer","default":3},"color":{"type":"string"}}}}})")
                                 .value();
  return {{"spec",
           {{"group", "ex.io"},
            {"scope", "Namespaced"},
            {"names", {{"kind", "Boat"}, {"listKind", "BoatList"}, {"plural", "boats"}, {"singular", "boat"}}},
            {"versions",
             json::array{
                 {{"name", "v1"}, {"served", true}, {"storage", true}, {"schema", {{"openAPIV3Schema", schema}}}}}}}}};
}

// Every third one changes with each commit.
std::string value_at(int number, int commit) { return "value" + std::to_string(number % 3 == 0 ? commit : 0); }

json::object data(int number, int commit) {
  return {{"data", {{"color", value_at(number, commit)}, {"size", "large"}}}};
}
json::object secret_data(int number, int commit) { return {{"stringData", {{"password", value_at(number, commit)}}}}; }
json::object boat(int number, int commit) { return {{"spec", {{"color", value_at(number, commit)}}}}; }
json::object nothing(int, int) { return {}; }
json::object ports(int number, int commit) {
  const int port = 8000 + (number % 3 == 0 ? commit % 100 : 0);
  return {
      {"spec", {{"selector", {{"app", "web" + std::to_string(number)}}}, {"ports", json::array{{{"port", port}}}}}}};
}
json::object workload(int number, int commit) {
  const std::string name = "web" + std::to_string(number);
  return {{"metadata", {{"annotations", {{"holdfast.dev/wave", "1"}}}}},
          {"spec",
           {{"replicas", 2},
            {"selector", {{"matchLabels", {{"app", name}}}}},
            {"template", pod_template(name, "nginx:" + value_at(number, commit))}}}};
}

}  // namespace

std::string stored_type(const GroupKind& kind) {
  std::string plural;
  for (const char letter : kind.kind)
    plural += static_cast<char>(letter >= 'A' && letter <= 'Z' ? letter + 32 : letter);
  return plural + "s" + (kind.group.empty() ? "" : "." + kind.group);
}

std::set<GroupKind> types_of_large_set() {
  std::set<GroupKind> types;
  for (const GroupVersionKind& type :
       {kNamespaceType, kConfigMap, kSecret, kAccount, kService, kDeployment, kJob, kBoat, kDefinition})
    types.insert({type.group, type.kind});
  return types;
}

void LargeSet::add(const GroupVersionKind& gvk, const std::string& name, json::object body) {
  const bool namespaced = gvk.kind != "Namespace" && gvk.kind != "CustomResourceDefinition";
  Manifest made;
  made.gvk = gvk;
  made.name = name;
  if (namespaced) made.namespace_ = kNamespace;
  made.origin = name + ".yaml:1";
  json::object& metadata =
      body["metadata"].is_object() ? body["metadata"].get_object() : body["metadata"].emplace_object();
  metadata["name"] = name;
  if (namespaced) metadata["namespace"] = kNamespace;
  body["apiVersion"] = gvk.api_version();
  body["kind"] = gvk.kind;
  made.body = std::move(body);
  objects_[{gvk.group, gvk.kind, made.namespace_, name}] = std::move(made);
}

// Of four, the smaller state lacks one; of those after `count`, the larger one has none.
void LargeSet::write_some(const GroupVersionKind& gvk, const std::string& prefix, int count,
                          json::object (*body)(int, int)) {
  for (int i = 0; i < count; ++i)
    if (!small() || i % 4 != 3) add(gvk, prefix + std::to_string(i), body(i, static_cast<int>(commits_)));
}

void LargeSet::write() {
  objects_.clear();
  revision_ = "main@sha1:" + std::to_string(commits_);
  add(kNamespaceType, kNamespace, {});
  add(kDefinition, "boats.ex.io", type_of_boats());
  write_some(kConfigMap, "map", 112, data);
  write_some(kSecret, "secret", 24, secret_data);
  write_some(kAccount, "account", 10, nothing);
  write_some(kService, "service", 10, ports);
  write_some(kBoat, "boat", 30, boat);
  write_some(kDeployment, "web", 10, workload);
  if (!small()) return;
  for (int i = 0; i < 10; ++i) add(kConfigMap, "added" + std::to_string(i), data(i, static_cast<int>(commits_)));
}

void LargeSet::commit() {
  ++commits_;
  write();
}

Manifest LargeSet::hook(const std::string& name, const char* phase, const char* policy) const {
  Manifest made;
  made.gvk = kJob;
  made.name = name;
  made.namespace_ = kHookNamespace;
  made.origin = made.name + ".yaml:1";
  json::object pod = pod_template(made.name, "migrate:1");
  pod["spec"].as_object()["restartPolicy"] = "Never";
  made.body = {{"apiVersion", "batch/v1"},
               {"kind", "Job"},
               {"metadata",
                {{"name", made.name},
                 {"namespace", kHookNamespace},
                 {"annotations", {{"holdfast.dev/hook", phase}, {"holdfast.dev/hook-delete-policy", policy}}}}},
               {"spec", {{"template", std::move(pod)}}}};
  return made;
}

ManifestSetPtr LargeSet::manifests() const {
  auto set = std::make_shared<ManifestSet>();
  set->revision = revision_;
  set->committed_s = kFirstCommit_s + kBetweenCommits_s * commits_;
  for (const auto& [key, manifest] : objects_) set->manifests.push_back(manifest);
  for (const char* phase : {"pre", "post"})
    set->manifests.push_back(hook(std::string(phase) + "-hook", phase, "before-hook-creation"));
  set->manifests.push_back(hook(kPassing, "pre", "before-hook-creation,hook-succeeded"));
  return set;
}

}  // namespace holdfast::sim
