// OpenAPI v3 of the simulated server (V46): the schemas that the kinds of a group-version use, and as much of its paths
// as kubectl reads (which kind a path serves, and that writes take dryRun and fieldValidation). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "simulator/type_registry.h"

namespace holdfast {

// "apis/apps/v1", "api/v1"; nothing where it is not served.
std::optional<std::string> openapi_document(const TypeRegistry& types, std::string_view path);
std::string openapi_index(const TypeRegistry& types);

}  // namespace holdfast
