// Every write to the store that an API request can make: create, replace, patch, apply, delete. Pure.
//
// The order of checks is the API server's (V1 to V10): type and shape, namespace, preconditions, patch, schema,
// defaults, ownership, and at last whether anything changed at all: a write that changes nothing is none.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "simulator/api_failure.h"
#include "simulator/object_store.h"
#include "simulator/seeded_random.h"
#include "simulator/simulator_clock.h"
#include "simulator/type_registry.h"

namespace holdfast {

struct WriteOptions {
  std::string manager;
  std::string field_validation = "Warn";  // Strict, Warn or Ignore
  std::string subresource;                // "", "status" or "scale"
  bool dry_run = false;
  bool force = false;
};

struct Written {
  StoredPtr object;  // in the version of the request's type
  bool created = false;
  std::vector<std::string> warnings;
};

// How the server came to a body; its refusals differ.
enum class BodyOrigin { Sent, Patched, Applied };

enum class PatchKind { Json, Merge, Strategic };

struct DeleteOptions {
  std::optional<std::string> uid, resource_version;
  std::string propagation;  // Background, Foreground, Orphan; empty: Background
  bool dry_run = false;
};

struct Removed {
  StoredPtr object;
  bool gone = false;  // false: it waits for its finalizers
};

class ObjectWriter {
 public:
  ObjectWriter(ObjectStore& store, const TypeRegistry& types, const SimulatorClock& clock, SeededRandom& random)
      : store_(store), types_(types), clock_(clock), random_(random) {}

  Reply<Written> create(const ResourceType& type, const std::string& namespace_, json::object body,
                        const WriteOptions& options);
  Reply<Written> replace(const ResourceType& type, const std::string& namespace_, const std::string& name,
                         json::object body, const WriteOptions& options);
  Reply<Written> patch(const ResourceType& type, const std::string& namespace_, const std::string& name, PatchKind kind,
                       const json::value& patch, const WriteOptions& options);
  Reply<Written> apply(const ResourceType& type, const std::string& namespace_, const std::string& name,
                       json::object config, const WriteOptions& options);
  Reply<Removed> remove(const ResourceType& type, const std::string& namespace_, const std::string& name,
                        const DeleteOptions& options);

 private:
  [[nodiscard]] Reply<void> check_namespace(const ResourceType& type, const std::string& namespace_,
                                            const std::string& name) const;
  [[nodiscard]] Reply<void> check_identity(const ResourceType& type, const std::string& namespace_,
                                           const std::string& name, json::object& body, bool applied) const;
  [[nodiscard]] Reply<std::vector<std::string>> check_schema(const ResourceType& type, json::object& body,
                                                             const WriteOptions& options, BodyOrigin origin) const;
  void complete(const ResourceType& type, json::object& body) const;
  [[nodiscard]] json::object blank(const ResourceType& type) const;

  Reply<Written> store_created(const ResourceType& type, const std::string& namespace_, json::object body,
                               const WriteOptions& options, bool applied);
  Reply<Written> store_changed(const ResourceType& type, const StoredPtr& old, const json::object& live,
                               json::object next, const WriteOptions& options, bool applied);
  StoredPtr keep(const ResourceType& type, const std::string& namespace_, const std::string& name, json::object body,
                 bool dry_run, bool created);
  StoredPtr mark_deleted(const ResourceType& type, const StoredPtr& old, std::vector<std::string> finalizers,
                         bool dry_run);

  ObjectStore& store_;
  const TypeRegistry& types_;
  const SimulatorClock& clock_;
  SeededRandom& random_;
};

// The object in the version of the type: the conversion strategy is None.
StoredPtr in_version(const StoredPtr& object, const ResourceType& type);
// The finalizer by which a definition waits for the objects of its type.
inline constexpr const char* kDefinitionCleanup = "customresourcecleanup.apiextensions.k8s.io";
bool has_generation(const ResourceType& type);
std::vector<std::string> finalizers_of(const json::object& object);

}  // namespace holdfast
