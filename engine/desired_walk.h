// The fields that applying a desired state makes ours, one by one, as far as the shapes of a live object's
// managedFields and the names that lists customarily have tell without a schema. For reports and rules, never for a
// verdict. Pure.
#pragma once

#include <functional>
#include <vector>

#include "holdfast/merge/field_set.h"
#include "holdfast/merge/managed_fields.h"
#include "holdfast/model/json.h"

namespace holdfast {

struct DesiredField {
  enum class Kind {
    Map,     // with members
    List,    // with items that are named
    Item,    // of such a list
    Member,  // of a set
    Leaf,    // a scalar, an empty map, or a list or map that is one value
  };
  Kind kind;
  const FieldPath& path;      // as the server names it
  const FieldPath& detailed;  // the same, but items are named by all their scalars, for patterns
  const json::value& value;
};

// Parents before children; `visit` says whether to go on below. Left out: apiVersion, kind, the object's name and
// namespace, the fields that name an item, and empty lists, which nobody may own (V20).
void walk_desired(const json::object& desired, const FieldSet& shapes,
                  const std::function<bool(const DesiredField&)>& visit);

// All of them; items are members beside what is in them.
FieldSet desired_fields(const json::object& desired, const FieldSet& shapes);

// What all managers own, together: it tells how lists and maps are shaped.
FieldSet shapes_of(const std::vector<ManagedFieldsEntry>& entries);

// Whether one of these owners owns the field. A leaf above it owns it only as one value: a map or list that somebody
// owns something below of is a container, of which an entry may hold no more than that it exists ("." alone, V17).
bool owns(const FieldSet& set, const FieldPath& path, const FieldSet& shapes);

// Whether the set has this field, something below it, or a leaf above it.
bool touches(const FieldSet& set, const FieldPath& path);

}  // namespace holdfast
