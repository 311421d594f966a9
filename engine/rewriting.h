// Whether what an apply was answered with holds something else than what was sent: then admission, or the server's own
// spelling, had a hand in it, and it depends on them (correctness C10). Pure.
#pragma once

#include <string_view>

#include "holdfast/model/json.h"

namespace holdfast {

// Rather once too often: another spelling counts, and so does an item that others added to a list. What is not desired
// does not. True where `answered` cannot be read.
bool is_rewritten(const json::object& desired, std::string_view answered);

}  // namespace holdfast
