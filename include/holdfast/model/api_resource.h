// What an API server serves, as discovery tells it (correctness A19, A20).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/model/gvk.h"

namespace holdfast {

struct ApiResource {
  GroupVersionKind gvk;
  std::string plural;  // "deployments"
  bool namespaced = false;
  std::vector<std::string> verbs;
  [[nodiscard]] bool can(std::string_view verb) const;
  bool operator==(const ApiResource&) const = default;
};

// Immutable once built. A group in `unknown_groups` could not be asked, or is stale: its types are unknown, never
// absent.
struct ApiCatalog {
  std::map<GroupVersionKind, ApiResource> resources;
  std::map<GroupKind, std::string> preferred;  // the server's preferred version that has this kind
  std::set<std::string> unknown_groups;

  [[nodiscard]] const ApiResource* find(const GroupVersionKind& gvk) const;
  [[nodiscard]] const ApiResource* find(const GroupKind& gk) const;  // in the preferred version
  bool operator==(const ApiCatalog&) const = default;
};

// "/apis/apps/v1/namespaces/web/deployments/frontend"; every variable part is percent-encoded. Empty name: the
// collection. Empty namespace: cluster-wide.
std::string resource_path(const ApiResource& resource, std::string_view namespace_, std::string_view name);

}  // namespace holdfast
