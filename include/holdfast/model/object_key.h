// The identity by which everything is queued, stored and judged: version-free, so that a manifest that moves from
// v1beta1 to v1 stays the same object (correctness D12).
#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <string>

#include "holdfast/model/gvk.h"

namespace holdfast {

struct ObjectKey {
  std::string group, kind, namespace_, name;
  auto operator<=>(const ObjectKey&) const = default;
  [[nodiscard]] GroupKind group_kind() const { return {group, kind}; }
};

std::string to_string(const ObjectKey& key);  // "Deployment.apps web/frontend", "Namespace web"

// Not noexcept, which makes libstdc++'s tables keep the hash of each key: a look-up then touches one node, not its
// neighbours too.
struct ObjectKeyHash {
  std::size_t operator()(const ObjectKey& key) const;
};

}  // namespace holdfast
