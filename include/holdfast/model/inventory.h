// The record of what an application manages, kept in the cluster beside the objects (correctness D11).
#pragma once

#include <map>
#include <string>

#include "holdfast/model/object_key.h"
#include "holdfast/model/resource_version.h"

namespace holdfast {

// The union is persisted before anything is applied, so an object that we made is never forgotten by a crash. An empty
// uid means "intended, not yet seen".
struct Inventory {
  std::map<ObjectKey, Uid> entries;
  std::map<ObjectKey, bool> hooks;  // those of the entries that are hooks; true: it has ended well
  std::string revision;             // the last revision of which every object was applied; empty before the first
  bool operator==(const Inventory&) const = default;
};

}  // namespace holdfast
