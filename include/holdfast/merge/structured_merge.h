// Who owns what after a write: server-side apply and every other write, as kube-apiserver computes them between reading
// the live object and storing the new one (correctness C2, C3; V14, V15, V18). Pure functions of values.
//
// Not here, because it is the API server's own: defaulting, times, the order of entries in metadata.managedFields, the
// rule that an Update entry is found by manager, version and subresource, and "before-first-apply".
#pragma once

#include <expected>
#include <map>
#include <string>
#include <vector>

#include "holdfast/merge/field_set.h"
#include "holdfast/merge/typed_value.h"

namespace holdfast {

// What one entry of managedFields owns.
struct ManagedSet {
  FieldSet fields;
  std::string api_version;
  bool applied = false;  // operation Apply
  bool operator==(const ManagedSet&) const = default;
};

// By whatever identifies an entry to the caller: it must tell a manager's Apply entry from its Update entry, and from
// those of its subresources. Never holds an empty set.
//
// Entries of other API versions than the one written in are treated as if conversion changed nothing but apiVersion
// (a CRD's conversion strategy None): their fields are compared, lost and kept like any other's.
using ManagedSets = std::map<std::string, ManagedSet, std::less<>>;

struct FieldConflict {
  std::string manager;  // the key in ManagedSets
  FieldPath path;
  bool operator==(const FieldConflict&) const = default;
};

// Why an apply changes nothing. Either it has no force and would take fields from others: each of them, by manager,
// then in the order in which the API server reports them. Or there are no conflicts, but a failure, the server's text
// of a 500: what it no longer applies would leave a list item without its key.
struct ApplyConflict {
  std::vector<FieldConflict> conflicts;
  std::string failure;
};

struct Merged {
  json::value object;
  ManagedSets managers;
  bool changed = false;  // the object is another one than before
};

// Writes that ignore part of an object (a main resource its status, the status subresource all else, V32) pass these
// fields in `ignored`: they are owned by nobody after it, with all that is below them. The caller keeps their values.

// `live` is {} (of the type) for a create, and otherwise what the server has, in the version of the write. `config` is
// what was sent, made with Duplicates::Refused.
std::expected<Merged, ApplyConflict> apply(const TypedValue& live, const TypedValue& config,
                                           const ManagedSets& managers, const std::string& api_version,
                                           const std::string& manager, bool force, const FieldSet& ignored = {});

// Any other write: create, update, patch. `object` is what is about to be stored.
Merged update(const TypedValue& live, const TypedValue& object, const ManagedSets& managers,
              const std::string& api_version, const std::string& manager, const FieldSet& ignored = {});

// What the server takes out of the writer's entry before it stores managedFields: apiVersion, kind, metadata itself,
// and the fields of metadata that identify an object or are written by the server. An emptied entry vanishes.
void strip_object_metadata(ManagedSets& managers, const std::string& manager);

}  // namespace holdfast
