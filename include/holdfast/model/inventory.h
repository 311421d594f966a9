// The record of what an application manages, kept in the cluster beside the objects (correctness D11).
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "holdfast/model/object_key.h"
#include "holdfast/model/resource_version.h"

namespace holdfast {

// A revision, and when it was committed: seconds since 1970, or 0 where its order says nothing.
struct BegunRevision {
  std::string revision;
  std::int64_t committed_s = 0;
  bool operator==(const BegunRevision&) const = default;
};

// The union is persisted before anything is applied, so an object that we made is never forgotten by a crash. An empty
// uid means "intended, not yet seen".
struct Inventory {
  std::map<ObjectKey, Uid> entries;
  std::map<ObjectKey, bool> hooks;  // those of the entries that are hooks; true: it has ended well
  std::string revision;             // the last revision of which every object was applied; empty before the first
  BegunRevision newest;             // that was begun; written along with the rest, and no reason to write
  bool operator==(const Inventory& other) const {
    return entries == other.entries && hooks == other.hooks && revision == other.revision;
  }
};

}  // namespace holdfast
