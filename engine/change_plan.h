// What bringing about the desired state would change, as an ordered set: from a snapshot of what is desired, what the
// inventories have, what is live, and what was found of each object (finding.h). Pure: the same snapshot, the same
// plan.
//
// The order is that in which an apply goes: applications after those they depend on; in each the hooks before all else,
// wave after wave, in a wave what others depend on first, then by rank (apply_order.h); then what left Git, in reverse;
// then the hooks at the end.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/finding.h"
#include "engine/prepare.h"
#include "engine/prune_guard.h"
#include "holdfast/model/inventory.h"
#include "holdfast/model/object.h"

namespace holdfast {

// In the order of a summary.
enum class ChangeVerb {
  Create,
  Change,
  Replace,
  Move,      // another application of the plan takes it over; no deletion
  Prune,     // deleted, for it has left Git
  HoldBack,  // would be pruned or put back, and is not
  Refuse,    // cannot be applied
  Unknown,   // nobody could tell
};
const char* to_string(ChangeVerb verb);
std::optional<ChangeVerb> verb_named(std::string_view name);

struct PlannedChange {
  ChangeVerb verb = ChangeVerb::Unknown;
  ObjectKey key;
  std::optional<Wave> wave = {};         // none: it is not applied
  std::string origin = {};               // "apps/web.yaml:12"; empty: it is not in Git
  std::string reason = {};               // one clause; may be empty
  std::vector<std::string> places = {};  // in Git, of what is refused: a sentence each, with the reason in it
  std::vector<FieldChange> fields = {}, held = {};
  std::vector<std::string> immutable = {};
  bool replace_allowed = false;  // the manifest opted in
  std::string to = {};           // of a move: the application
  std::string danger = {};       // what it may cost beyond the object itself; empty: nothing known
  Uid uid = {};                  // of what was judged; empty: there was none
  ResourceVersion version = {};
  std::optional<Sha256> content = {};  // of that (content_hash)
  std::optional<Sha256> desired = {};  // of the form in Git; nothing for a Secret
};

// What is as it should be.
struct SettledObject {
  ObjectKey key;
  Uid uid;
  ResourceVersion version;
  std::optional<Sha256> desired;
  bool asked = false;  // the server said so; otherwise it was proven, or plain
};

struct ApplicationSnapshot {
  std::string name, namespace_, revision;
  std::set<std::string> depends_on;
  const PreparedSet* prepared = nullptr;    // never null
  const Inventory* inventory = nullptr;     // never null
  const PrepareOptions* options = nullptr;  // never null
  PruneLimits prune;
  std::map<ObjectKey, Finding> findings;    // one for each desired object
  std::map<ObjectKey, std::string> moves;   // of the inventory: which other application wants it
  std::map<ObjectKey, LivePtr> left;        // live state of what left the set; null: gone
  std::map<ObjectKey, Error> left_unknown;  // of which that could not be told
};

struct ApplicationPlan {
  std::string name, namespace_, revision;
  std::vector<PlannedChange> changes;
  std::vector<SettledObject> settled;
};

struct DangerousChange {
  ChangeVerb verb;
  ObjectKey key;
  std::string why;
};

struct BlastRadius {
  std::map<ChangeVerb, std::size_t> verbs;
  std::map<std::string, std::map<ChangeVerb, std::size_t>> kinds;  // by "Deployment.apps"
  std::set<std::string> namespaces;                                // in which something is written or deleted
  std::vector<DangerousChange> dangerous;
  std::size_t in_sync = 0;

  [[nodiscard]] std::size_t count(ChangeVerb verb) const;
};

struct ChangePlan {
  std::vector<ApplicationPlan> applications;
  BlastRadius blast;

  // Whether an apply would write or delete anything, or leave a difference as it is by policy.
  [[nodiscard]] bool changes() const;
  [[nodiscard]] bool trouble() const;  // something is refused or unknown
};

// The CustomResourceDefinition in the set that defines this type; null: there is none.
const Desired* definition_of(const PreparedSet& set, const GroupKind& type);

ChangePlan plan_changes(const std::vector<ApplicationSnapshot>& snapshot);

}  // namespace holdfast
