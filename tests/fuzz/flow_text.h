// A JSON value as YAML that leaves nothing to guess: in flow style, strings in quotes and escaped.
#pragma once

#include <string>

#include "holdfast/model/json.h"

namespace holdfast::fuzz {

std::string flow_text(const json::value& value);

}  // namespace holdfast::fuzz
