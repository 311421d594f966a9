// The scale subresource: a Scale of autoscaling/v1 made of an object, and an object's replicas set from one (V32).
// Pure.
#pragma once

#include "simulator/api_failure.h"
#include "simulator/object_store.h"
#include "simulator/resource_type.h"

namespace holdfast {

json::object scale_of(const ResourceType& type, const StoredPtr& object);
// The object with the replicas that the Scale asks for. Errors: 422.
Reply<json::object> with_scale(const ResourceType& type, json::object object, const json::object& scale);

}  // namespace holdfast
