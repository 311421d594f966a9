// From a CustomResourceDefinition to the types it defines.
#pragma once

#include <vector>

#include "simulator/resource_type.h"
#include "simulator/type_registry.h"

namespace holdfast {

// The served versions, the storage version's preference aside in the order in which they are written: GA versions
// before beta and alpha ones, as in discovery. The column "Name" is described as that of the built-in types. A
// definition without usable names gives none.
std::vector<ResourceTypePtr> types_of_definition(const json::object& definition, const TypeRegistry& types);

}  // namespace holdfast
