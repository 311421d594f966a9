// The published schemas that simulator/schemas holds, as bytes of the program.
#pragma once

#include <string_view>

namespace holdfast {

std::string_view embedded_definitions();  // OpenAPI v3 schemas by name
std::string_view embedded_messages();     // protobuf fields of the definitions
std::string_view embedded_resources();    // aggregated discovery items, each resource with its Table columns

}  // namespace holdfast
