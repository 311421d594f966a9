// Two bodies of one object, field by field, for `holdfast diff`. Pure.
#pragma once

#include <string>
#include <vector>

#include "holdfast/model/json.h"

namespace holdfast {

struct FieldChange {
  std::string path;           // ".spec.template.spec.containers[name=\"web\"].image"
  std::string before, after;  // JSON text of at most 120 bytes; "(absent)"; "(secret)"
  bool operator==(const FieldChange&) const = default;
};

// In the order of the paths' names. Left out: status, and what the server sets in metadata. Items of a list are matched
// by the names they customarily go by, else by position; an item that came or went is one change. With mask_secret, the
// values of a Secret are "(secret)". `before` may be null: everything is new. At most 256 changes.
std::vector<FieldChange> diff_fields(const json::value& before, const json::value& after, bool mask_secret);

}  // namespace holdfast
