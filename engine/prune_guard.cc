#include "engine/prune_guard.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <string_view>
#include <tuple>

#include "engine/apply_order.h"
#include "engine/verdict.h"

namespace holdfast {
namespace {

std::vector<ObjectKey> keys_that_left(const Inventory& inventory, const std::set<ObjectKey>& desired) {
  std::vector<ObjectKey> left;
  for (const auto& [key, uid] : inventory.entries)
    if (!desired.contains(key)) left.push_back(key);
  const auto order = [](const ObjectKey& key) {
    return std::tuple(apply_rank(key.group_kind(), !is_builtin_group(key.group)), key);
  };
  std::ranges::sort(left, std::ranges::greater{}, order);
  return left;
}

std::string reason_to_hold_all(std::size_t left, std::size_t inventory, bool nothing_desired,
                               const PruneLimits& limits) {
  if (limits.never) return "spec.prune is false; it is kept, and no longer looked after";
  const double most =
      std::max(static_cast<double>(limits.objects), limits.percent / 100 * static_cast<double>(inventory));
  if (static_cast<double>(left) > most)
    return fmt::format(
        "{} of {} objects left Git at once, more than {:.0f} (the larger of {} and {:g} %); "
        "`holdfast approve --prune {}` lets them go, or spec.pruneLimit.objects",
        left, inventory, most, limits.objects, limits.percent, left);
  if (nothing_desired && !limits.end_is_meant && limits.objects <= PruneLimits{}.objects)
    return fmt::format(
        "Git holds no object any more; `holdfast approve --prune {}` lets them go, or spec.pruneLimit.objects",
        std::max(left, PruneLimits{}.objects + 1));
  return {};
}

}  // namespace

bool is_protected(const GroupKind& type) {
  static const std::set<GroupKind> kProtected = {{"", "Namespace"},
                                                 {"apiextensions.k8s.io", "CustomResourceDefinition"},
                                                 {"", "PersistentVolume"},
                                                 {"", "PersistentVolumeClaim"}};
  return kProtected.contains(type);
}

PruneDecision judge_prune(const Inventory& inventory, const std::set<ObjectKey>& desired, const PruneLimits& limits) {
  PruneDecision decision;
  const std::vector<ObjectKey> left = keys_that_left(inventory, desired);
  const std::string hold_all = reason_to_hold_all(left.size(), inventory.entries.size(), desired.empty(), limits);
  for (const ObjectKey& key : left) {
    const std::string name = key.kind + "/" + key.name;
    const bool approved = !limits.never && limits.approved.contains(key);
    if (!approved && !limits.never && is_protected(key.group_kind()) && !limits.allowed.contains(name)) {
      decision.held_back.push_back({key, fmt::format("a {0} is deleted only when it is named: `holdfast approve "
                                                     "--prune {1}`, --allow-prune {1}, or spec.allowPrune",
                                                     key.kind, name)});
    } else if (!approved && !hold_all.empty()) {
      decision.held_back.push_back({key, hold_all});
    } else {
      decision.to_delete.push_back(key);
    }
  }
  return decision;
}

std::string objection_to_pruning(const Uid* known, const Uid& live, const Ownership* ownership,
                                 std::string_view applyset_id, std::string_view installation) {
  if (known == nullptr || (!known->empty() && *known != live)) return "another object has taken its name";
  if (ownership == nullptr) return "it has lost the label that says it is ours";
  if (const auto owner = other_owner(*ownership, applyset_id, installation)) return "it belongs to " + *owner;
  if (ownership->applyset != applyset_id) return "it has lost the label that says it is ours";
  if (!ownership->kept_by.empty()) return fmt::format("its annotation {} forbids it", ownership->kept_by);
  return {};
}

}  // namespace holdfast
