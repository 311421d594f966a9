// An object as the API server last showed it. Immutable once made; shared between the store and whoever judges it.
#pragma once

#include <memory>
#include <string>

#include "holdfast/base/result.h"
#include "holdfast/model/object_key.h"
#include "holdfast/model/resource_version.h"

namespace holdfast {

struct LiveObject {
  ObjectKey key;
  GroupVersionKind gvk;  // the version it was read in
  Uid uid;
  ResourceVersion resource_version;
  bool terminating = false;  // has a deletionTimestamp
  std::string body;          // the JSON exactly as received: an event is byte-equal to its write's response (V34)
};
using LivePtr = std::shared_ptr<const LiveObject>;

// Reads the metadata out of the bytes in one pass. `fallback` names the type where the body does not: the items of an
// ordinary list carry neither kind nor apiVersion (V44), which are then added to `body`, so that bodies are comparable.
// An object without name, uid or resourceVersion is a Protocol error (correctness A15).
Result<LivePtr> read_live_object(std::string_view body, const GroupVersionKind& fallback);

}  // namespace holdfast
