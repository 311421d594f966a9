#include "engine/server_defaults.h"

#include <algorithm>
#include <array>

#include "holdfast/merge/typed_value.h"

namespace holdfast {
namespace {

struct Default {
  std::string_view type, member;
  std::string_view json;
};

// Of types that only occur in atomic values, or of members whose default nobody can tell from a value of their own.
constexpr std::array kDefaults{
    Default{"io.k8s.api.admissionregistration.v1.MatchResources", "matchPolicy", R"("Equivalent")"},
    Default{"io.k8s.api.admissionregistration.v1.MatchResources", "namespaceSelector", "{}"},
    Default{"io.k8s.api.admissionregistration.v1.MatchResources", "objectSelector", "{}"},
    Default{"io.k8s.api.admissionregistration.v1.NamedRuleWithOperations", "scope", R"("*")"},
    Default{"io.k8s.api.admissionregistration.v1.RuleWithOperations", "scope", R"("*")"},
    Default{"io.k8s.api.core.v1.ObjectFieldSelector", "apiVersion", R"("v1")"},
    Default{"io.k8s.api.core.v1.PersistentVolumeClaim", "apiVersion", R"("v1")"},
    Default{"io.k8s.api.core.v1.PersistentVolumeClaim", "kind", R"("PersistentVolumeClaim")"},
    Default{"io.k8s.api.core.v1.PersistentVolumeClaim", "status", R"({"phase":"Pending"})"},
    Default{"io.k8s.api.core.v1.PersistentVolumeClaimSpec", "volumeMode", R"("Filesystem")"},
    Default{"io.k8s.api.core.v1.ResourceFieldSelector", "divisor", R"("0")"},
    Default{"io.k8s.api.core.v1.ServiceAccountTokenProjection", "expirationSeconds", "3600"},
    Default{"io.k8s.api.networking.v1.NetworkPolicyPort", "protocol", R"("TCP")"},
    Default{"io.k8s.api.rbac.v1.RoleRef", "apiGroup", R"("rbac.authorization.k8s.io")"},
    Default{"io.k8s.api.rbac.v1.Subject", "apiGroup", R"("rbac.authorization.k8s.io")"},
};

struct Member {
  std::string_view type, member;
};

// Plain values in Go (no pointers) that are tagged omitempty.
constexpr std::array kDroppedZeros{
    Member{"io.k8s.api.apps.v1.DaemonSetSpec", "minReadySeconds"},
    Member{"io.k8s.api.apps.v1.DeploymentSpec", "minReadySeconds"},
    Member{"io.k8s.api.apps.v1.DeploymentSpec", "paused"},
    Member{"io.k8s.api.apps.v1.StatefulSetSpec", "minReadySeconds"},
    Member{"io.k8s.api.core.v1.Container", "stdin"},
    Member{"io.k8s.api.core.v1.Container", "stdinOnce"},
    Member{"io.k8s.api.core.v1.Container", "tty"},
    Member{"io.k8s.api.core.v1.EnvVar", "value"},
    Member{"io.k8s.api.core.v1.PodSpec", "hostIPC"},
    Member{"io.k8s.api.core.v1.PodSpec", "hostNetwork"},
    Member{"io.k8s.api.core.v1.PodSpec", "hostPID"},
    Member{"io.k8s.api.core.v1.Probe", "initialDelaySeconds"},
    Member{"io.k8s.api.core.v1.ServiceSpec", "publishNotReadyAddresses"},
    Member{"io.k8s.api.core.v1.VolumeMount", "readOnly"},
    Member{"io.k8s.api.core.v1.VolumeMount", "subPath"},
    Member{"io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionSpec",
           "preserveUnknownFields"},
};

bool is_zero(const json::value& value) {
  if (const json::string* text = value.if_string()) return text->empty();
  if (value.is_bool()) return !value.get_bool();
  return value.is_int64() && value.get_int64() == 0;
}

}  // namespace

bool is_server_default(std::string_view type, std::string_view member, const json::value& live) {
  const auto found = std::ranges::find_if(
      kDefaults, [&](const Default& known) { return known.type == type && known.member == member; });
  if (found == kDefaults.end()) return false;
  const Result<json::value> expected = parse_json(found->json);
  return expected && equal_values(*expected, live);
}

bool is_dropped_zero(std::string_view type, std::string_view member, const json::value& desired) {
  return is_zero(desired) && std::ranges::any_of(kDroppedZeros, [&](const Member& known) {
           return known.type == type && known.member == member;
         });
}

}  // namespace holdfast
