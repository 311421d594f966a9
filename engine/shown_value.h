// JSON values as people see them in a report: bounded, and masked where they may be secret.
#pragma once

#include <cstddef>
#include <string>

#include "holdfast/merge/field_set.h"
#include "holdfast/model/json.h"

namespace holdfast {

inline constexpr std::size_t kMaxShownBytes = 120;

// JSON text of at most kMaxShownBytes, cut between characters; "(absent)" for null pointers.
std::string shown_value(const json::value* value);

// The values of a Secret, wherever a path leads into them: data, stringData, and the annotation in which kubectl keeps
// a copy of everything.
bool holds_secret(const FieldPath& path);
bool is_secret(const json::value& body);

}  // namespace holdfast
