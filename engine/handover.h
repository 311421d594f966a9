// Giving up fields that nobody else owns, without resetting them (correctness D2, V31). A field that its only owner no
// longer applies is removed or falls back to its default; dropping an item, or a map of unstructured content, removes
// it with all that others own in it. So before our own apply drops such fields, a second manager of ours applies them
// as they are live, and lets go of them once somebody else owns them. Pure.
//
// The order: find_handover(); if not empty, apply handover_body() as handover_manager(), without force, so that nothing
// can be changed by it; then apply the variant as ourselves; and release_body() whenever the object is looked at.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/yielding.h"
#include "holdfast/base/result.h"
#include "holdfast/merge/field_set.h"

namespace holdfast {

FieldManager handover_manager(const FieldManager& manager);  // "holdfast-handover"

// What applying `variant` instead of `desired` would take from the object, the yielded fields in it that Git no longer
// declares included. Empty: the variant can be applied as it is. What Git removed and nobody ignores is not in it: that
// is pruned. Invalid: managedFields cannot be read.
Result<FieldSet> find_handover(const Desired& desired, const Desired& variant, const std::vector<Yielded>& yielded,
                               const json::value& live, const FieldManager& manager);

// To apply as handover_manager(): those fields and what it holds already, as they are live (V25), on exactly this
// version of the object. At most the size of the object.
Result<std::string> handover_body(const Desired& desired, const json::value& live, const FieldSet& fields,
                                  const FieldManager& manager);

// To apply as handover_manager() once another manager, we included, owns some of what it holds: the rest. With nothing
// left its entry vanishes. Nothing: there is nothing to let go of.
Result<std::optional<std::string>> release_body(const Desired& desired, const json::value& live,
                                                const FieldManager& manager);

}  // namespace holdfast
