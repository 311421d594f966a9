// What somebody has approved of an application: that an object is put back whose policy is Approve, that something
// goes which the guard of pruning holds back (correctness D13; ask 1), or that a plan is brought about. It is kept in a
// ConfigMap beside the inventory, so that who may approve is a matter of the cluster's RBAC. Pure.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "health/health.h"
#include "holdfast/base/result.h"
#include "holdfast/model/json.h"
#include "holdfast/model/object_key.h"
#include "holdfast/model/resource_version.h"

namespace holdfast {

enum class ApprovedAction { Repair, Prune, Plan };

struct Approval {
  ApprovedAction action = ApprovedAction::Repair;
  ObjectKey object;              // without a kind: of none in particular
  Uid uid;                       // another object under the same name is not meant
  std::set<std::string> fields;  // Repair: paths as reports have them; empty: whatever drifted, absence included
  std::size_t objects = 0;       // Prune without an object: so many may go at once
  WallTime until;
  std::string by, reason;  // for people; at most 256 and 1024 bytes
  std::string plan = {};   // Plan: its hash, and nothing else
  bool operator==(const Approval&) const = default;
};

// The ConfigMap in the namespace of the inventory of that name. The installation's label makes it seen.
std::string approvals_name(const std::string& inventory_name);

// Of a value of the ConfigMap. Invalid: says what is wrong; such a one counts for nothing.
std::string to_text(const Approval& approval);
Result<Approval> read_approval(std::string_view text);

class Approvals {
 public:
  static constexpr std::size_t kMost = 1000;  // further ones count for nothing

  // `problems` gets a line for each entry that cannot be read.
  static Approvals read(const json::value& config_map, std::vector<std::string>& problems);

  // The fields of an object that may be put back now; "" is all of them. Empty: none.
  [[nodiscard]] std::set<std::string> repairs(const ObjectKey& key, const Uid& uid, WallTime now) const;
  [[nodiscard]] bool prunes(const ObjectKey& key, const Uid& uid, WallTime now) const;
  [[nodiscard]] std::size_t prune_limit(WallTime now) const;  // 0: none was approved
  [[nodiscard]] const std::vector<Approval>& all() const { return all_; }
  bool operator==(const Approvals&) const = default;

 private:
  std::vector<Approval> all_;
};

}  // namespace holdfast
