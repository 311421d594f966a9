// Values as the API server's own messages print them (V7).
#pragma once

#include <string>

#include "holdfast/model/json.h"

namespace holdfast {

std::string go_plain(const json::value& value);    // map[a:1 b:[x y]], <nil>
std::string go_literal(const json::value& value);  // map[string]interface {}{"a":1}
std::string go_type(const json::value& value);     // map[string]interface {}

}  // namespace holdfast
