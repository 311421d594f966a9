// The proof that a live object is what an apply of the desired state would leave, so that it need not be sent
// (correctness C5.5, C8; V15, V19-V25). It takes the type's schema, and is for objects of which nothing was learned
// yet: after a restart, or once the desired state changed to what is live already.
//
// Proven: the server would store nothing, neither another object nor other managedFields, as long as admission does
// with the same object what it did before. Not proven says nothing about drift: it costs one confirming call. Where the
// API server spells a value in its own way, in types that it has built in, the spelling does not count; in custom
// resources every byte does.
//
// Pure; any thread. Its cost follows the size of the object.
#pragma once

#include <string>

#include "engine/prepare.h"
#include "holdfast/merge/schema.h"
#include "holdfast/model/json.h"
#include "holdfast/model/resource_version.h"

namespace holdfast {

struct Proof {
  std::string why_not;  // one clause; empty: proven. Names fields, never values
  [[nodiscard]] bool proven() const { return why_not.empty(); }
};

// `live`: in the version of `desired`. `type`: of that version; null: not known, and nothing is proven.
Proof prove(const Desired& desired, const json::value& live, const FieldManager& manager, const TypeNode* type);

}  // namespace holdfast
