#include "simulator/object_store.h"

#include <algorithm>

namespace holdfast {
namespace {

std::vector<StoredPtr> selected(const std::map<std::pair<std::string, std::string>, StoredPtr>& objects,
                                const std::string& namespace_) {
  std::vector<StoredPtr> found;
  auto at = namespace_.empty() ? objects.begin() : objects.lower_bound({namespace_, ""});
  for (; at != objects.end() && (namespace_.empty() || at->first.first == namespace_); ++at)
    found.push_back(at->second);
  return found;
}

StoredPtr make_stored(const std::string& namespace_, const std::string& name, json::object body, Revision revision) {
  auto stored = std::make_shared<StoredObject>();
  stored->namespace_ = namespace_;
  stored->name = name;
  stored->revision = revision;
  body["metadata"].as_object()["resourceVersion"] = std::to_string(revision);
  stored->body = std::move(body);
  stored->text = to_json(stored->body);
  return stored;
}

}  // namespace

const ObjectStore::Objects* ObjectStore::objects_of(const std::string& type) const {
  const auto found = types_.find(type);
  return found == types_.end() ? nullptr : &found->second;
}

StoredPtr ObjectStore::find(const std::string& type, const std::string& namespace_, const std::string& name) const {
  const Objects* objects = objects_of(type);
  if (objects == nullptr) return nullptr;
  const auto found = objects->find({namespace_, name});
  return found == objects->end() ? nullptr : found->second;
}

std::vector<StoredPtr> ObjectStore::list(const std::string& type, const std::string& namespace_) const {
  const Objects* objects = objects_of(type);
  return objects == nullptr ? std::vector<StoredPtr>{} : selected(*objects, namespace_);
}

std::optional<std::vector<StoredPtr>> ObjectStore::list_at(const std::string& type, const std::string& namespace_,
                                                           Revision revision) const {
  if (revision < compacted_ || revision > revision_) return std::nullopt;
  Objects objects;
  if (const Objects* now = objects_of(type)) objects = *now;
  for (auto change = changes_.rbegin(); change != changes_.rend() && change->revision > revision; ++change) {
    if (change->type != type) continue;
    const StoredPtr& any = change->after != nullptr ? change->after : change->last;
    if (change->before == nullptr)
      objects.erase({any->namespace_, any->name});
    else
      objects[{any->namespace_, any->name}] = change->before;
  }
  return selected(objects, namespace_);
}

StoredPtr ObjectStore::put(const std::string& type, const std::string& namespace_, const std::string& name,
                           json::object body) {
  StoreChange change;
  change.revision = ++revision_;
  change.type = type;
  StoredPtr& slot = types_[type][{namespace_, name}];
  change.before = slot;
  slot = make_stored(namespace_, name, std::move(body), change.revision);
  change.after = slot;
  StoredPtr written = slot;
  record(std::move(change));
  return written;
}

StoredPtr ObjectStore::remove(const std::string& type, const std::string& namespace_, const std::string& name) {
  StoredPtr before = find(type, namespace_, name);
  if (before == nullptr) return nullptr;
  types_[type].erase({namespace_, name});
  StoreChange change;
  change.revision = ++revision_;
  change.type = type;
  change.before = before;
  change.last = make_stored(namespace_, name, before->body, change.revision);
  StoredPtr last = change.last;
  record(std::move(change));
  return last;
}

void ObjectStore::remove_type(const std::string& type) {
  for (const StoredPtr& object : list(type, "")) remove(type, object->namespace_, object->name);
}

void ObjectStore::record(StoreChange change) {
  changes_.push_back(std::move(change));
  if (changes_.size() > kMaxChanges) compact(changes_[kMaxChanges / 4].revision);
}

std::vector<const StoreChange*> ObjectStore::changes_since(const std::string& type, Revision revision) const {
  std::vector<const StoreChange*> found;
  auto at = std::ranges::upper_bound(changes_, revision, {}, &StoreChange::revision);
  for (; at != changes_.end(); ++at)
    if (at->type == type) found.push_back(&*at);
  return found;
}

std::vector<StoreChange> ObjectStore::all_changes_since(Revision revision) const {
  return {std::ranges::upper_bound(changes_, revision, {}, &StoreChange::revision), changes_.end()};
}

void ObjectStore::compact(Revision revision) {
  compacted_ = std::max(compacted_, std::min(revision, revision_));
  while (!changes_.empty() && changes_.front().revision <= compacted_) changes_.pop_front();
}

}  // namespace holdfast
