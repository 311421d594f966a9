// Parameters in the texts of a template: "{{branch}}", spaces allowed within; "\{{" is two braces. Only texts have
// them, never keys, and what is filled in is text whatever it looks like: it adds no structure. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "holdfast/base/result.h"
#include "holdfast/model/application_set.h"
#include "holdfast/model/json.h"

namespace holdfast {

// Errors: Invalid, for a parameter that there is not, with the nearest there is, and for braces that do not close.
Result<std::string> fill_in(std::string_view text, const TemplateParameters& parameters);
// Of every text in it; the error says where, as in "spec.source.path".
Result<json::value> fill_in(const json::value& value, const TemplateParameters& parameters, const std::string& path);

// Whether there is a parameter in it.
bool has_parameter(std::string_view text);

}  // namespace holdfast
