// What an object loses when it is taken over: fields that its predecessors wrote and Git does not have (correctness D3,
// ask 15). A dry run does not show them, since their ownership changes hands only right before the apply; so they are
// computed. Pure.
#pragma once

#include <vector>

#include "engine/field_diff.h"
#include "engine/prepare.h"
#include "holdfast/merge/schema.h"

namespace holdfast {

// Each with `after` "(absent)". None without a type, and none where managedFields cannot be read: it is reset then.
std::vector<FieldChange> lost_by_takeover(const Desired& desired, const json::value& live, const FieldManager& manager,
                                          const TypeNode* type);

}  // namespace holdfast
