#include "watchers/store.h"

#include <cassert>
#include <compare>
#include <utility>

namespace holdfast {
namespace {

bool same(const LivePtr& a, const LivePtr& b) { return a->uid == b->uid && a->resource_version == b->resource_version; }

bool older(const ResourceVersion& a, const ResourceVersion& b) { return std::is_lt(compare(a, b)); }

bool older_or_same(const ResourceVersion& a, const ResourceVersion& b) { return std::is_lteq(compare(a, b)); }

// Puts `after` under its key; `slot` is what was there, or null.
void put(LivePtr& slot, LivePtr after, std::vector<StoreEvent>& events) {
  LivePtr before = std::exchange(slot, after);
  if (before && before->uid != after->uid)
    events.push_back({StoreEventKind::Deleted, after->key, std::exchange(before, nullptr), nullptr});
  const ObjectKey& key = after->key;
  events.push_back({StoreEventKind::Upserted, key, std::move(before), after});
}

}  // namespace

LivePtr Store::find(const ObjectKey& key) const {
  const auto type = types_.find(TypeName{key.group, key.kind});
  if (type == types_.end()) return nullptr;
  const auto object = type->second.objects.find(key);
  return object == type->second.objects.end() ? nullptr : object->live;
}

bool Store::synced(const GroupKind& type) const {
  const auto found = types_.find(type);
  return found != types_.end() && found->second.synced;
}

std::size_t Store::size(const GroupKind& type) const {
  const auto found = types_.find(type);
  return found == types_.end() ? 0 : found->second.objects.size();
}

StoreWriter::StoreWriter(Store& store) : store_(store) {
  assert(!store_.has_writer_);
  store_.has_writer_ = true;
}

StoreWriter::~StoreWriter() { store_.has_writer_ = false; }

std::vector<StoreEvent> StoreWriter::replace(const GroupKind& type, std::vector<LivePtr> items,
                                             const ResourceVersion& listed_at) {
  Store::Type& stored = store_.types_[type];
  decltype(stored.objects) listed;
  listed.reserve(items.size());
  for (LivePtr& item : items) {
    const auto [entry, added] = listed.insert({item});
    if (!added) entry->live = std::move(item);
  }

  std::vector<StoreEvent> events;
  for (const auto& [object] : stored.objects)
    if (!listed.contains(object->key)) events.push_back({StoreEventKind::Deleted, object->key, object, nullptr});
  for (const auto& [object] : listed) {
    const auto known = stored.objects.find(object->key);
    LivePtr slot = known == stored.objects.end() ? nullptr : known->live;
    if (slot && same(slot, object)) {
      object = std::move(slot);  // bodies of lists and of events may be spelt differently: keep the one already judged
    } else {
      put(slot, object, events);
    }
  }
  stored.objects = std::move(listed);
  stored.listed_at = listed_at;
  stored.synced = true;
  events.push_back({StoreEventKind::Synced, ObjectKey{type.group, type.kind, {}, {}}, nullptr, nullptr});
  return events;
}

std::vector<StoreEvent> StoreWriter::apply(WatchEventType event, const LivePtr& object) {
  std::vector<StoreEvent> events;
  if (event == WatchEventType::Bookmark || event == WatchEventType::Error) return events;
  const bool deleted = event == WatchEventType::Deleted;
  Store::Type& stored = store_.types_[object->key.group_kind()];
  const auto known = stored.objects.find(object->key);
  if (known == stored.objects.end()) {
    // What the list did not hold although it is older than the list was deleted before the list.
    if (deleted || older_or_same(object->resource_version, stored.listed_at)) return events;
    LivePtr none;
    put(none, object, events);
    stored.objects.insert({object});
  } else if (deleted) {
    // A deletion may carry the resourceVersion of the last state, so equality is no replay here.
    if (older(object->resource_version, known->live->resource_version)) return events;
    events.push_back({StoreEventKind::Deleted, object->key, known->live, nullptr});
    stored.objects.erase(known);
  } else if (!older_or_same(object->resource_version, known->live->resource_version)) {
    put(known->live, object, events);
  }
  return events;
}

void StoreWriter::mark_unsynced(const GroupKind& type) {
  if (const auto found = store_.types_.find(type); found != store_.types_.end()) found->second.synced = false;
}

void StoreWriter::forget(const GroupKind& type) { store_.types_.erase(type); }

}  // namespace holdfast
