// The defaults of built-in types that are written in Go and not in a schema.
#pragma once

#include "holdfast/model/gvk.h"
#include "holdfast/model/json.h"
#include "simulator/seeded_random.h"

namespace holdfast {

// For every write: what Kubernetes' own defaulting sets where it is absent.
void add_builtin_defaults(const GroupKind& kind, json::object& object);

// For a create, after the metadata is there: what the server allocates and derives (cluster addresses, job selectors,
// a namespace's finalizer, status.phase). `object` has its uid.
void prepare_builtin_creation(const GroupKind& kind, json::object& object, SeededRandom& random);

// For a change: what was allocated stays where the new state does not name it (a service's address).
void keep_allocated(const GroupKind& kind, const json::object& live, json::object& next);

}  // namespace holdfast
