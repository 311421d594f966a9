// Which fields of an object are not as Git says, and who changed them (managedFields is the witness). For people: the
// verdict was reached before, by fingerprint. Pure.
#pragma once

#include <vector>

#include "holdfast/merge/field_set.h"
#include "holdfast/model/drift.h"
#include "holdfast/model/json.h"
#include "holdfast/model/resource_version.h"

namespace holdfast {

struct DriftedField {
  enum class What {
    Value,      // another value, or no longer ours
    Removed,    // not there
    Order,      // the items of a list, in another order
    Ownership,  // managedFields was reset
  };
  FieldPath path;
  What what = What::Value;
  FieldDrift drift;  // the same, in words
};

// `owned_before`: what we owned when the object was last as desired; null where that was forgotten (a restart), when it
// is made out from `desired` itself as far as the live managedFields tell the shape of its lists.
//
// Reported: fields that left our set (with the manager that holds them now, or none where they were removed), fields we
// own whose value is another one (a webhook's work), and lists of ours in another order (once, on the list). Equal
// quantities spelt differently and defaults filled in are not differences. At most 64. Values of a Secret are
// "(secret)". Never empty for an object that has lost our managedFields entry.
std::vector<FieldDrift> attribute(const json::object& desired, const json::value& live, const FieldSet* owned_before,
                                  const FieldManager& manager);

// The same, for whoever decides by field: all of them, however many.
std::vector<DriftedField> attribute_fields(const json::object& desired, const json::value& live,
                                           const FieldSet* owned_before, const FieldManager& manager);

}  // namespace holdfast
