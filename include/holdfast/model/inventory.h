// The record of what an application manages, kept in the cluster beside the objects (correctness D11).
#pragma once

#include <cstdint>
#include <map>
#include <set>
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

// That all applications which follow one ref of a repository were read at a revision. Most commits do not concern most
// of them, so this is said once, in the record of one of them, and the others' records stay as they are.
struct SeenRevision {
  std::string repository;  // as Inventory::repository; empty: nothing is said
  std::string revision;
  std::set<std::string> open;  // "namespace/name" of those whose own record alone tells where they are
  bool operator==(const SeenRevision&) const = default;
};

enum class HookState : std::uint8_t {
  Begun,   // or about to be
  Done,    // it has ended well: nobody runs it again
  Failed,  // it has, and was deleted for that: nobody runs it again either
};

// Of a hook: how it fares, and of which making, where its name does not say (empty: it does). Another making of the
// same object begins anew.
struct HookRecord {
  HookState state = HookState::Begun;
  std::string making = {};
  bool operator==(const HookRecord&) const = default;
};

// The union is persisted before anything is applied, so an object that we made is never forgotten by a crash. An empty
// uid means "intended, not yet seen".
struct Inventory {
  std::map<ObjectKey, Uid> entries;
  std::map<ObjectKey, HookRecord> hooks;  // those of the entries that are hooks, and end
  std::string revision;                   // the last revision of which every object was applied; empty before the first
  std::string content;                    // of that revision (ManifestSet::content): later ones may have the same
  std::string repository;                 // whose applications have it in common: a digest of its URL and the ref
  SeenRevision seen;                      // of all of those
  std::string roll_outs = {};             // how its revisions are met (JSON), where no object of the cluster has that
  BegunRevision newest;                   // that was begun; written along with the rest, and no reason to write
  bool operator==(const Inventory& other) const {
    return entries == other.entries && hooks == other.hooks && revision == other.revision && content == other.content &&
           repository == other.repository && seen == other.seen && roll_outs == other.roll_outs;
  }
};

}  // namespace holdfast
