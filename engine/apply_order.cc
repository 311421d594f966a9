#include "engine/apply_order.h"

#include <map>
#include <set>
#include <string>

namespace holdfast {
namespace {

constexpr int kClass = 10;
constexpr int kWorkload = 50;
constexpr int kCustomClass = 70;
constexpr int kCustomResource = 75;
constexpr int kAdmission = 90;  // last: it may refuse what comes after it

const std::map<std::string, int, std::less<>>& ranks() {
  static const std::map<std::string, int, std::less<>> kRanks = {
      {"CustomResourceDefinition.apiextensions.k8s.io", 0},
      {"Namespace", 5},
      {"ClusterRole.rbac.authorization.k8s.io", 14},
      {"ClusterRoleBinding.rbac.authorization.k8s.io", 15},
      {"ResourceQuota", 18},
      {"LimitRange", 18},
      {"NetworkPolicy.networking.k8s.io", 18},
      {"ServiceAccount", 20},
      {"Role.rbac.authorization.k8s.io", 24},
      {"RoleBinding.rbac.authorization.k8s.io", 25},
      {"ConfigMap", 30},
      {"Secret", 30},
      {"PersistentVolume", 34},
      {"PersistentVolumeClaim", 35},
      {"Service", 40},
      {"PodDisruptionBudget.policy", 60},
      {"HorizontalPodAutoscaler.autoscaling", 60},
      {"Ingress.networking.k8s.io", 60},
      {"APIService.apiregistration.k8s.io", 65},
  };
  return kRanks;
}

}  // namespace

bool is_builtin_group(std::string_view group) {
  static const std::set<std::string, std::less<>> kGroups = {
      "",
      "admissionregistration.k8s.io",
      "apiextensions.k8s.io",
      "apiregistration.k8s.io",
      "apps",
      "authentication.k8s.io",
      "authorization.k8s.io",
      "autoscaling",
      "batch",
      "certificates.k8s.io",
      "coordination.k8s.io",
      "discovery.k8s.io",
      "events.k8s.io",
      "extensions",
      "flowcontrol.apiserver.k8s.io",
      "internal.apiserver.k8s.io",
      "networking.k8s.io",
      "node.k8s.io",
      "policy",
      "rbac.authorization.k8s.io",
      "resource.k8s.io",
      "scheduling.k8s.io",
      "storage.k8s.io",
      "storagemigration.k8s.io",
  };
  return kGroups.contains(group);
}

int apply_rank(const GroupKind& type, bool custom_resource) {
  if (custom_resource) return type.kind.ends_with("Class") ? kCustomClass : kCustomResource;
  if (const auto found = ranks().find(to_string(type)); found != ranks().end()) return found->second;
  if (type.group == "admissionregistration.k8s.io") return kAdmission;
  return type.kind.ends_with("Class") ? kClass : kWorkload;
}

}  // namespace holdfast
