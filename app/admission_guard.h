// What the policies of ours have in common by which the API server holds people to who they are: the daemon believes
// what they let through only where the cluster has them as this version prints them. Pure.
#pragma once

#include <chrono>
#include <string_view>

#include "holdfast/model/json.h"

namespace holdfast {

// Whether a ValidatingAdmissionPolicy fails closed and is asked about all that ours is, with no exception. Its
// expressions are compared by whoever knows what they say.
bool covers_what_ours_does(const json::value& policy, const json::object& our_spec);
// Whether a binding denies what that policy refuses, everywhere.
bool denies_everywhere(const json::value& binding, std::string_view policy);

// In the first kTakesEffect after it was made API servers may not know of it yet, and let through what it would not.
inline constexpr std::chrono::seconds kTakesEffect{5};
// Whether every API server knew of it by then.
bool was_in_effect(const json::value& object, std::chrono::sys_seconds then);

}  // namespace holdfast
