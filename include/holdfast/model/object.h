// An object as the API server last showed it. Immutable once made; shared between the store and whoever judges it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "holdfast/base/result.h"
#include "holdfast/model/json.h"
#include "holdfast/model/json_view.h"
#include "holdfast/model/object_key.h"
#include "holdfast/model/resource_version.h"

namespace holdfast {

inline constexpr std::string_view kInstallationLabel = "holdfast.dev/installation";
inline constexpr std::string_view kApplySetLabel = "applyset.kubernetes.io/part-of";

// Whose an object says it is; each may be empty. Few objects of a cluster differ in it, so it is shared.
struct Ownership {
  std::string installation;  // label holdfast.dev/installation
  std::string applyset;      // label applyset.kubernetes.io/part-of
  std::string controller;    // "ReplicaSet web-1", of the owner reference that controls it
  // The annotation that forbids to delete it, one of a fixed few (ours, Flux's, Argo CD's, Helm's); empty: none.
  std::string_view kept_by = {};
  bool operator==(const Ownership&) const = default;
};
Ownership ownership_of(const json::value& body);

struct LiveObject {
  ObjectKey key;
  GroupVersionKind gvk;  // the version it was read in
  Uid uid;
  ResourceVersion resource_version;
  bool terminating = false;                    // has a deletionTimestamp
  std::shared_ptr<const Ownership> ownership;  // null: says nothing of it
  // The JSON as received (an event is byte-equal to its write's response, V34), where somebody needs it: few do, and
  // thousands of bodies are most of the memory that a store takes. Otherwise empty.
  std::string body;
};
using LivePtr = std::shared_ptr<const LiveObject>;

// Reads the metadata in one pass. `fallback` names the type where the body does not: the items of an ordinary list
// carry neither kind nor apiVersion (V44). Leaves `body` empty. An object without name, uid or resourceVersion is a
// Protocol error (correctness A15).
Result<std::shared_ptr<LiveObject>> read_live_object(const JsonView& view, const GroupVersionKind& fallback);
// Puts a copy of the text into `object`; with the type, where it lacks that, so that bodies are comparable.
void keep_body(LiveObject& object, std::string_view text);

// Both, for a text that was not looked at before; at most 16 MiB.
Result<LivePtr> read_live_object(std::string_view body, const GroupVersionKind& fallback);

}  // namespace holdfast
