// What an Application in the cluster is to the ApplicationSet that wants one of its name. Pure.
#pragma once

#include <string_view>

#include "holdfast/model/json.h"

namespace holdfast {

inline constexpr std::string_view kSetManager = "holdfast-sets";  // the field manager of all that sets make

// The uid of the ApplicationSet that controls it; empty: none does.
std::string_view controlling_set(const json::value& live);

// Whether an apply of the document would change something. What others have added beside it, and what the server has
// filled in, is none of our business.
bool differs(const json::value& live, const json::object& document);

// Whether its status says so.
bool is_ready(const json::value& live);

// Whether anybody but us has written to it: then it was there before us.
bool was_written_by_others(const json::value& live);

}  // namespace holdfast
