// The three ways to name a type of object.
#pragma once

#include <compare>
#include <string>
#include <string_view>

namespace holdfast {

struct GroupKind {
  std::string group;  // "" for core
  std::string kind;
  auto operator<=>(const GroupKind&) const = default;
};

struct GroupVersionKind {
  std::string group, version, kind;
  auto operator<=>(const GroupVersionKind&) const = default;
  [[nodiscard]] GroupKind group_kind() const { return {group, kind}; }
  [[nodiscard]] std::string api_version() const { return group.empty() ? version : group + "/" + version; }
};

GroupVersionKind make_gvk(std::string_view api_version, std::string_view kind);
std::string to_string(const GroupKind& gk);          // "Deployment.apps", "ConfigMap"
std::string to_string(const GroupVersionKind& gvk);  // "apps/v1 Deployment"

}  // namespace holdfast
