// An account of an object's fields: the value of each, who owns it, what Git says of it, and what the daemon does about
// a difference. For people (`holdfast why`), made from the same parts as verdicts and reports. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/drift_policy.h"
#include "engine/prepare.h"
#include "engine/yielding.h"
#include "holdfast/base/result.h"
#include "holdfast/merge/field_pattern.h"
#include "holdfast/merge/field_set.h"
#include "holdfast/model/drift.h"
#include "holdfast/model/json.h"
#include "holdfast/model/resource_version.h"

namespace holdfast {

enum class FieldStanding {
  NotDeclared,  // Git says nothing of it
  AsDeclared,
  Drifted,    // not as Git says
  Left,       // Git says something of it, and it is left to others
  Leaving,    // ours, and Git says nothing of it any more: an apply takes it away
  Undecided,  // what Git says is not known
};
const char* to_string(FieldStanding standing);  // "as declared"

struct FieldAccount {
  FieldPath path;
  std::optional<json::value> live;      // nothing: it is not there, or it is masked
  std::optional<json::value> desired;   // the same, of Git
  std::string live_text, desired_text;  // in words: "(secret)" where masked; of Git empty where it says nothing
  std::vector<FieldOwner> owners;       // all of them, the latest last
  bool is_item = false;                 // of a list: what is in it has accounts of its own
  bool by_server = false;               // nobody owns it, for the API server sets it itself
  FieldStanding standing = FieldStanding::NotDeclared;
  std::string about;                   // a clause on the standing: what is done about it, or why not; may be empty
  std::optional<FieldOwner> taken_by;  // where it has drifted; none: removed, or nobody else owns it
};

struct AccountQuestion {
  const Desired* desired = nullptr;           // null: what Git says is not known, or Git does not have the object
  bool git_is_known = true;                   // whether that null means the latter
  const YieldRules* yield_rules = nullptr;    // not null where `desired` is not
  const DriftPolicies* policies = nullptr;    // the same
  std::string untouched;                      // why run does not write to the object at all; empty: it does
  const FieldPattern* narrowed_to = nullptr;  // this field, and what is below; null: all
  FieldManager manager;
};

// What run does about the absence of a desired object: a clause.
std::string about_absence(const Desired& desired, const DriftPolicies& policies);

// One for each value: of maps and lists with items that are named, for what is in them. Items have an account of their
// own, which tells who added them. In the order of the object, what is missing at the end. Values of a Secret are
// masked. Invalid: managedFields cannot be read, so that nobody can tell.
Result<std::vector<FieldAccount>> account_for(const json::value& live, const AccountQuestion& question);

}  // namespace holdfast
