// From a CustomResourceDefinition to the types it defines.
#pragma once

#include <vector>

#include "simulator/resource_type.h"
#include "simulator/schema_definitions.h"

namespace holdfast {

// The served versions, the storage version's preference aside in the order in which they are written: GA versions
// before beta and alpha ones, as in discovery. A definition without usable names gives none.
std::vector<ResourceTypePtr> types_of_definition(const json::object& definition, const SchemaDefinitions& definitions);

}  // namespace holdfast
