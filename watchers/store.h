// What is live, as the watches have shown it, by type and key. Readers hold a LiveView; the one writer holds a
// StoreWriter, so that nothing but a list or a watch event can change what we believe (correctness A3, A13).
// One thread: that of the decisions. One watch for each GroupKind, since keys carry no version (A22).
#pragma once

#include <boost/unordered/unordered_flat_set.hpp>
#include <cstddef>
#include <map>
#include <string_view>
#include <vector>

#include "holdfast/model/store_event.h"
#include "holdfast/ports/live_view.h"
#include "watchers/watch_decoder.h"

namespace holdfast {

class Store final : public LiveView {
 public:
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  [[nodiscard]] LivePtr find(const ObjectKey& key) const override;
  [[nodiscard]] bool synced(const GroupKind& type) const override;
  [[nodiscard]] std::size_t size(const GroupKind& type) const;

 private:
  friend class StoreWriter;

  struct TypeName {
    std::string_view group, kind;
    auto operator<=>(const TypeName&) const = default;
  };
  // Looks types up by the parts of an ObjectKey, without making a GroupKind of them.
  struct TypeLess {
    using is_transparent = void;
    static TypeName name(const GroupKind& type) { return {type.group, type.kind}; }
    static TypeName name(const TypeName& type) { return type; }
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      return name(a) < name(b);
    }
  };
  // Known by the key that its object has anyhow; another object of that key may take its place.
  struct Entry {
    mutable LivePtr live;
  };
  static const ObjectKey& key_of(const Entry& entry) { return entry.live->key; }
  static const ObjectKey& key_of(const ObjectKey& key) { return key; }  // NOLINT: named only while it is looked up
  struct EntryHash {
    using is_transparent = void;
    std::size_t operator()(const auto& named) const { return ObjectKeyHash{}(key_of(named)); }
  };
  struct SameKey {
    using is_transparent = void;
    bool operator()(const auto& a, const auto& b) const { return key_of(a) == key_of(b); }
  };
  struct Type {
    boost::unordered_flat_set<Entry, EntryHash, SameKey> objects;  // flat: a look-up waits for memory less often
    ResourceVersion listed_at;
    bool synced = false;
  };

  std::map<GroupKind, Type, TypeLess> types_;
  bool has_writer_ = false;
};

class StoreWriter {
 public:
  explicit StoreWriter(Store& store);  // asserts that it is the only one; `store` must outlive it
  ~StoreWriter();
  StoreWriter(const StoreWriter&) = delete;
  StoreWriter& operator=(const StoreWriter&) = delete;

  // A complete list: what it lacks is Deleted; another uid under the same key is Deleted, then Upserted; what has the
  // same uid and resourceVersion is no event. Ends with Synced.
  std::vector<StoreEvent> replace(const GroupKind& type, std::vector<LivePtr> items, const ResourceVersion& listed_at);

  // At most two events; none for Bookmark and Error, for what is stored already, or for what is older than what is
  // stored.
  std::vector<StoreEvent> apply(WatchEventType type, const LivePtr& object);

  // We may no longer look: what is stored stays readable, but its absence proves nothing until the next replace (A20).
  void mark_unsynced(const GroupKind& type);

  // The watch was stopped: nothing is kept.
  void forget(const GroupKind& type);

 private:
  Store& store_;
};

}  // namespace holdfast
