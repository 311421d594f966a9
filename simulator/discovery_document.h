// What the simulated server says it serves: aggregated discovery, the older forms, and OpenAPI v3 (V43, V46). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "simulator/type_registry.h"

namespace holdfast {

// APIGroupDiscoveryList v2 of /api (the core group) or of /apis (all others).
std::string aggregated_discovery(const TypeRegistry& types, bool core);
std::string api_versions();                             // /api, the older form
std::string api_group_list(const TypeRegistry& types);  // /apis, the older form
std::optional<std::string> api_group(const TypeRegistry& types, std::string_view group);
std::optional<std::string> api_resource_list(const TypeRegistry& types, std::string_view group,
                                             std::string_view version);
std::string version_info();  // /version

}  // namespace holdfast
