// Which of the objects that left Git may be deleted now (correctness D12, D13). Pure.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/model/inventory.h"
#include "holdfast/model/object.h"
#include "holdfast/model/object_key.h"

namespace holdfast {

struct PruneLimits {
  std::size_t objects = 10;            // --prune-limit
  double percent = 20;                 // of the inventory; whichever of the two allows more
  std::set<std::string> allowed = {};  // --allow-prune "KIND/NAME", as "Namespace/web": protected objects that may go
  std::set<ObjectKey> approved = {};   // these very objects may go, whatever stands against it but `never`
  bool never = false;                  // spec.prune is false: whatever leaves Git stays
  bool end_is_meant = false;           // the application is to end, so that an empty set is no mistake
};

struct HeldBack {
  ObjectKey key;
  std::string reason;  // with what to do about it
};

struct PruneDecision {
  std::vector<ObjectKey> to_delete;  // in the reverse of apply_order.h
  std::vector<HeldBack> held_back;
};

// Namespaces, CustomResourceDefinitions, PersistentVolumes and their claims: never deleted by the way.
bool is_protected(const GroupKind& type);

// `desired` must be the keys of a completely prepared set: what could not be prepared counts as desired, or there is no
// pruning at all. Namespaces, CRDs, PVs and PVCs are held back unless allowed by name. Everything is held back where
// more than the limit left at once (protected objects count: they left, too), and where nothing at all is desired any
// more, which only a limit above the ordinary one allows, or that the end of the application is meant.
PruneDecision judge_prune(const Inventory& inventory, const std::set<ObjectKey>& desired, const PruneLimits& limits);

// D12: inventory, uid and label have to agree. Why this object may not be deleted all the same; empty where it may.
std::string objection_to_pruning(const Uid* known, const Uid& live, const Ownership* ownership,
                                 std::string_view applyset_id, std::string_view installation);

}  // namespace holdfast
