// What etcd and the watch cache are to an API server: objects by type and name, one revision for everything, and the
// changes since the last compaction.
//
// Pure: no I/O, no clock. One thread. A type is named by "plural.group" ("configmaps", "deployments.apps"), whatever
// version it is written in. Stored objects are immutable; whoever holds a pointer keeps that state.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "holdfast/model/json.h"

namespace holdfast {

using Revision = std::int64_t;

struct StoredObject {
  std::string namespace_, name;
  Revision revision = 0;
  json::object body;  // with metadata.resourceVersion
  std::string text;   // the body as bytes: the event of a write is byte-equal to its response (V34)
};
using StoredPtr = std::shared_ptr<const StoredObject>;

struct StoreChange {
  Revision revision = 0;
  std::string type;
  StoredPtr before;  // null: created
  StoredPtr after;   // null: deleted, and then `last` is the last state with the revision of the deletion (V42)
  StoredPtr last;
};

class ObjectStore {
 public:
  static constexpr std::size_t kMaxChanges = 200'000;  // beyond it, the oldest are compacted away

  [[nodiscard]] Revision revision() const { return revision_; }
  [[nodiscard]] StoredPtr find(const std::string& type, const std::string& namespace_, const std::string& name) const;
  // In key order. An empty namespace: all of them.
  [[nodiscard]] std::vector<StoredPtr> list(const std::string& type, const std::string& namespace_) const;
  // The same as it was at an earlier revision; nothing where that is compacted or in the future.
  [[nodiscard]] std::optional<std::vector<StoredPtr>> list_at(const std::string& type, const std::string& namespace_,
                                                              Revision revision) const;

  // Creates or replaces; gives the object a new resourceVersion.
  StoredPtr put(const std::string& type, const std::string& namespace_, const std::string& name, json::object body);
  // Removes what is there; returns the last state, with the revision of the deletion.
  StoredPtr remove(const std::string& type, const std::string& namespace_, const std::string& name);
  // Every object of a type that is no longer served; one change each.
  void remove_type(const std::string& type);

  // Changes after a revision, the oldest first. The revision must be at least compacted().
  [[nodiscard]] std::vector<const StoreChange*> changes_since(const std::string& type, Revision revision) const;
  // Of all types, copied: whoever reacts to them writes more.
  [[nodiscard]] std::vector<StoreChange> all_changes_since(Revision revision) const;
  [[nodiscard]] bool changed_since(Revision revision) const { return revision_ > revision; }
  [[nodiscard]] Revision compacted() const { return compacted_; }
  // Forgets the changes up to and including this revision.
  void compact(Revision revision);

 private:
  using Name = std::pair<std::string, std::string>;
  using Objects = std::map<Name, StoredPtr>;
  void record(StoreChange change);
  [[nodiscard]] const Objects* objects_of(const std::string& type) const;

  Revision revision_ = 1;
  Revision compacted_ = 0;
  std::map<std::string, Objects> types_;
  std::deque<StoreChange> changes_;
};

}  // namespace holdfast
