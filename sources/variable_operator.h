// What is done with the value of a variable before it is filled in (variable_text.h). Internal to sources/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "holdfast/base/result.h"

namespace holdfast {

struct VariableOperation {
  std::string name;  // empty: nothing; else the sign or signs behind the variable's name
  std::vector<std::string> arguments;
};

// Whether it is meant for a variable that is not there.
bool brings_a_default(const VariableOperation& operation);

// TooLarge. Pure.
Result<std::string> apply_operation(std::string_view value, const VariableOperation& operation);

}  // namespace holdfast
