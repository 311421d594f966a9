// The fingerprint of a live object: everything that can change what applying the desired state to it would do, and
// nothing else (correctness C3).
//
// In it: uid; the apiVersion and the canonical set of our managedFields entry; the live value of every leaf we own;
// presence of what lies between; the relative order of our items in associative lists and sets; and, where the desired
// state holds an empty container or null, what stands there (the server records no ownership for an empty associative
// list). Not in it: resourceVersion, times, status of others, other managers, fields that we do not own. One exception:
// where the desired state holds {} and the live map has something in it that leaves no trace in field sets (an empty
// list), or is an item of a list, an apply may take it away, depending on what others own; then their entries are in
// it.
//
// Equal fingerprints (same desired state, same schema) mean the same outcome of an apply. Different ones prove nothing:
// they cost one confirming call. Where no schema tells a granular {} from an atomic one, the whole value is taken in,
// so that the error is always on that side. Pure; any thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "holdfast/base/digest.h"
#include "holdfast/base/result.h"
#include "holdfast/model/json.h"
#include "holdfast/model/resource_version.h"

namespace holdfast {

// Where a desired state holds {}, [] or null: a tree of only those paths.
struct EmptyPaths {
  enum class Holds { Something, EmptyContainer, Null };
  Holds holds = Holds::Something;
  std::map<std::string, EmptyPaths> fields;
  // Items of a list that hold empties further down, and the scalars of each, by which the live item is found again.
  json::array item_scalars;
  std::vector<EmptyPaths> items;

  [[nodiscard]] bool empty() const { return holds == Holds::Something && fields.empty() && items.empty(); }
};
EmptyPaths collect_empty_paths(const json::object& desired);

// Whether a container has something in it, and in that something that leaves no trace in a field set: an empty list or
// map, or null.
bool holds_traceless(const json::value& container);

// Keyed, so that who may edit an object cannot make an edit that hides itself. Invalid where the body has no uid or our
// managedFields entry cannot be read: then nothing is known about the object, and it has to be confirmed.
// `others_matter`, if not null, tells whether the entries of others are in it.
Result<Digest128> fingerprint(const DigestKey& key, const json::value& live, const FieldManager& manager,
                              const EmptyPaths& desired_empties, bool* others_matter = nullptr);

}  // namespace holdfast
