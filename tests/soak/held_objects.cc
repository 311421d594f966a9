#include "soak/held_objects.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <ranges>

namespace holdfast::soak {
namespace {

constexpr std::size_t kValues = std::size_t{1} << 28;

const std::string pod_template = R"(  selector: {matchLabels: {app: soak}}
  template:
    metadata: {labels: {app: soak}, annotations: {value: VALUE}}
    spec: {containers: [{name: main, image: "example/main:1"}]}
)";

std::vector<HeldKind> make_kinds() {
  const std::vector<std::string> annotation{"metadata", "annotations", "value"};
  const std::string annotated = "  annotations: {value: VALUE}\n";
  const std::vector<std::string> pod_annotation{"spec", "template", "metadata", "annotations", "value"};
  const std::string rbac = "rbac.authorization.k8s.io/v1";
  return {
      {"v1", "ConfigMap", "configmaps", "data: {value: VALUE, other: stays}\n", {"data", "value"}},
      {"v1", "Secret", "secrets", "data: {value: VALUE}\n", {"data", "value"}},
      {"v1",
       "Service",
       "services",
       "spec: {selector: {value: VALUE}, ports: [{port: 80}]}\n",
       {"spec", "selector", "value"}},
      {"v1", "ServiceAccount", "serviceaccounts", annotated, annotation},
      {"apps/v1", "Deployment", "deployments", "spec:\n  replicas: 1\n" + pod_template, pod_annotation},
      {"apps/v1", "StatefulSet", "statefulsets", "spec:\n  serviceName: soak\n" + pod_template, pod_annotation},
      {rbac, "Role", "roles", annotated + "rules: [{apiGroups: [\"\"], resources: [pods], verbs: [get]}]\n",
       annotation},
      {rbac, "RoleBinding", "rolebindings",
       annotated + "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: role-0}\n", annotation},
      {"networking.k8s.io/v1",
       "NetworkPolicy",
       "networkpolicies",
       "spec: {podSelector: {matchLabels: {value: VALUE}}}\n",
       {"spec", "podSelector", "matchLabels", "value"}},
      {"ex.io/v1", "Boat", "boats", "spec: {value: VALUE}\n", {"spec", "value"}},
  };
}

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

}  // namespace

const std::vector<HeldKind>& held_kinds() {
  static const std::vector<HeldKind> kinds = make_kinds();
  return kinds;
}

std::vector<HeldObject> held_objects() {
  std::vector<HeldObject> objects;
  for (const HeldKind& kind : held_kinds())
    for (std::size_t i = 0; i < kObjectsOfAKind; ++i)
      objects.push_back({&kind, lower(kind.kind) + "-" + std::to_string(i), value_of(objects.size())});
  return objects;
}

std::string first_manifests() {
  return R"(apiVersion: v1
kind: Namespace
metadata: {name: soak}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: boats.ex.io}
spec:
  group: ex.io
  scope: Namespaced
  names: {kind: Boat, plural: boats}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {value: {type: string}}}}}
)";
}

std::string value_of(std::size_t number) { return fmt::format("v{:07x}", number % kValues); }

std::string HeldObject::file() const { return "apps/" + kind->plural + "/" + name + ".yaml"; }

std::string HeldObject::manifest() const {
  std::string fields = kind->fields;
  const std::string placeholder = "VALUE";
  fields.replace(fields.find(placeholder), placeholder.size(), value);
  return fmt::format("apiVersion: {}\nkind: {}\nmetadata:\n  name: {}\n  namespace: {}\n{}", kind->api_version,
                     kind->kind, name, kNamespace, fields);
}

std::string HeldObject::collection() const {
  const std::string root = kind->api_version.contains('/') ? "/apis/" : "/api/";
  return root + kind->api_version + "/namespaces/" + kNamespace + "/" + kind->plural;
}

std::string HeldObject::edit(const std::string& other_value) const {
  std::string patch = '"' + other_value + '"';
  for (const std::string& field : std::views::reverse(kind->value_at))
    patch = fmt::format("{{\"{}\":{}}}", field, patch);
  return patch;
}

}  // namespace holdfast::soak
