// JSON values as YAML that every reader takes, for `-o yaml`: block style, texts in double quotes where they could be
// read as anything else. Pure.
#pragma once

#include <string>

#include "holdfast/model/json.h"

namespace holdfast {

// With a newline at the end; keys in the order of the value.
std::string yaml_text(const json::value& value);

}  // namespace holdfast
