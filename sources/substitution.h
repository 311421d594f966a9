// Variables of rendered objects, filled in after everything else as Flux does it (spec.postBuild): the object's YAML is
// taken as text, so that a value may become a number, and has to be YAML again afterwards. Objects with the label or
// annotation kustomize.toolkit.fluxcd.io/substitute: disabled are left as they are.
//
// Pure; any thread. No error says a value.
#pragma once

#include <string>
#include <string_view>

#include "holdfast/base/result.h"
#include "holdfast/model/json.h"
#include "sources/variable_text.h"

namespace holdfast {

// Invalid, naming the first variable whose name no ${…} could have.
Result<void> check_variable_names(const VariableValues& values);

// As Flux takes them: without line breaks.
Secret variable_value(std::string_view text);

// Invalid, TooLarge. The caller says where.
Result<json::value> substitute(const json::value& object, const VariableValues& values, bool strict);

}  // namespace holdfast
