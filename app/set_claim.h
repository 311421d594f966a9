// Which of several installations expands an ApplicationSet that its label gives to none: the one that has written its
// name into it first, on the version of the object that it saw. So of two at once one is refused by the API server. The
// claim stays when its installation goes, as that of an Application does. Pure.
#pragma once

#include <string>
#include <string_view>

#include "holdfast/model/json.h"

namespace holdfast {

inline constexpr std::string_view kSetClaim = "holdfast.dev/expanded-by";  // an annotation

// The installation that expands it; empty: it is free. The label counts, where there is one.
std::string_view set_claimed_by(const json::object& set);

// A merge patch that claims it; a Conflict where it is another version by now, or another object.
json::object set_claim(const json::object& set, const std::string& installation);

// For people: why it is left alone.
std::string claim_message(std::string_view installation);

}  // namespace holdfast
