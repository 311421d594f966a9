// Makes a ManifestSet ready for one cluster: the bytes to apply, and what they are compared by (correctness C1, C2).
// Pure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/fingerprint.h"
#include "engine/object_options.h"
#include "holdfast/base/digest.h"
#include "holdfast/base/result.h"
#include "holdfast/model/api_resource.h"
#include "holdfast/model/json.h"
#include "holdfast/model/manifest_set.h"
#include "holdfast/model/object_key.h"
#include "holdfast/model/resource_version.h"

namespace holdfast {

struct Desired {
  ObjectKey key;
  ApiResource resource;
  json::object body;
  std::string apply_body;  // the JSON to send, without uid; at most 3 MiB (V12); the same for equal bodies
  Sha256 hash;             // of apply_body
  std::string origin;      // "apps/web.yaml:12"
  int rank = 0;            // apply_order.h
  EmptyPaths empties;
  ObjectOptions options;
  std::optional<std::string> making = {};  // of a hook that ends: HookRecord::making
};

// In which order the objects of a revision are brought about: hooks before and after all else, then by wave.
struct Wave {
  int phase = 0;  // -1: hooks before, 1: hooks after
  int number = 0;
  auto operator<=>(const Wave&) const = default;
};
Wave wave_of(const ObjectOptions& options);
Wave wave_of(const Desired& desired);
std::string to_string(const Wave& wave);  // "wave 2", "hooks before"

// Makes apply_body, hash and empties anew from the body, which has its metadata.
void seal(Desired& desired);

// apply_body with metadata.uid, which makes it fail where the object is gone or another one (correctness D5). A splice,
// not a new serialisation.
std::string apply_body_with_uid(const Desired& desired, const Uid& uid);
// Fails besides where the object has changed since this version: for bodies that carry live values (correctness C6).
std::string apply_body_on_version(const Desired& desired, const Uid& uid, const ResourceVersion& version);

struct PrepareOptions {
  std::string default_namespace;  // for namespaced objects that name none; empty: that is an error
  std::string installation;       // label holdfast.dev/installation
  std::string applyset_id;        // label applyset.kubernetes.io/part-of
  FieldManager manager;
  bool confined = false;            // to the default namespace (confinement.h)
  std::string only_namespace = {};  // what is outside of it cannot be seen, and is an error; empty: all can
};

// A manifest that cannot be applied to this cluster as things stand. Its object may exist all the same: as long as
// there is one of these, nothing may be pruned.
struct UnpreparedManifest {
  GroupVersionKind gvk;
  std::string namespace_;  // as written
  std::string name;
  Error error;            // where: its origin
  bool may_come = false;  // its type may be served later: the same set defines it, or its group could not be asked
  Wave wave = {};         // what comes after it waits
};

struct PreparedSet {
  std::map<ObjectKey, Desired> desired;
  std::set<ObjectKey> left_alone;  // their annotations say so: neither applied nor pruned
  std::vector<UnpreparedManifest> unprepared;
  std::vector<Error> remarks;  // on what is applied all the same
};

// Each body loses status, what the server sets in metadata, last-applied, and nulls (the API server would own them,
// V23); stringData of a Secret becomes data; ports get protocol TCP, a key of their list; the namespace and our labels
// are set. Two manifests of one object, and two items with one key in a list, are errors that name both. A hook
// that runs to an end gets a name of its own for each application, revision and content. What an object depends on has
// to be in the set and no later in its order, and may not depend on it in turn (dependencies.h).
PreparedSet prepare(const ManifestSet& manifests, const ApiCatalog& catalog, const PrepareOptions& options);

}  // namespace holdfast
