// What a live object lacks of a desired one.
#pragma once

#include <string>

#include "holdfast/model/json.h"

namespace holdfast::sim {

// The path of the first value that is desired and not live, lists compared by position; empty: there is none.
std::string mismatch(const json::value& desired, const json::value& live, const std::string& path);

}  // namespace holdfast::sim
