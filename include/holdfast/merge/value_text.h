// One text for one value: what the API server's merge regards as equal prints equally here.
#pragma once

#include <string>

#include "holdfast/model/json.h"

namespace holdfast {

// Canonical JSON in which numbers that are equal are spelt equally (80.0 is 80, correctness C4); integers stay exact.
// Different values have different texts, so the text may be hashed, and may be a key.
void append_value_text(const json::value& value, std::string& out);
void append_value_text(const json::object& value, std::string& out);
std::string value_text(const json::value& value);
std::string value_text(const json::object& value);

}  // namespace holdfast
