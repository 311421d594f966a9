#include "simulator/garbage_collector.h"

#include <algorithm>

#include "simulator/write_checks.h"

namespace holdfast {
namespace {

std::vector<std::string> owners_of(const json::object& object) {
  std::vector<std::string> uids;
  const json::value* references = find(object, {"metadata", "ownerReferences"});
  if (references != nullptr && references->is_array())
    for (const json::value& reference : references->get_array())
      if (const std::string_view uid = string_at(reference, {"uid"}); !uid.empty()) uids.emplace_back(uid);
  return uids;
}

bool has_finalizer(const json::object& object, const std::string& name) {
  const std::vector<std::string> finalizers = finalizers_of(object);
  return std::ranges::find(finalizers, name) != finalizers.end();
}

}  // namespace

void GarbageCollector::index(const StoreChange& change) {
  const StoredPtr& any = change.after != nullptr ? change.after : change.before;
  const Place place{change.type, any->namespace_, any->name};
  if (change.before != nullptr)
    for (const std::string& uid : owners_of(change.before->body)) {
      owned_by_[uid].erase(place);
      if (owned_by_[uid].empty()) owned_by_.erase(uid);
    }
  if (change.after != nullptr)
    for (const std::string& uid : owners_of(change.after->body)) owned_by_[uid].insert(place);
}

void GarbageCollector::observe(const StoreChange& change, SimulatedTime now) {
  index(change);
  const StoredPtr& any = change.after != nullptr ? change.after : change.before;
  const Place place{change.type, any->namespace_, any->name};
  const std::string uid = metadata_text(any->body, "uid");
  if (change.after == nullptr) {
    living_.erase(uid);
    deleting_.erase(place);
    suspects_.erase(place);
    if (const auto owned = owned_by_.find(uid); owned != owned_by_.end())
      suspects_.insert(owned->second.begin(), owned->second.end());
    // Owners that wait for this one in the foreground.
    if (!deleting_.empty()) due_ = std::min(due_, now + kDelay);
  } else {
    living_.insert(uid);
    if (!owners_of(change.after->body).empty()) suspects_.insert(place);
    if (!metadata_text(change.after->body, "deletionTimestamp").empty()) deleting_.insert(place);
  }
  if (!suspects_.empty() || deleting_.contains(place)) due_ = std::min(due_, now + kDelay);
}

void GarbageCollector::step(SimulatedTime) {
  due_ = kNever;
  const std::set<Place> suspects = std::exchange(suspects_, {}), deleting = deleting_;
  for (const Place& place : deleting) finish_deletion(place);
  for (const Place& place : suspects) collect_orphan(place);
}

StoredPtr GarbageCollector::at(const Place& place) const {
  return store_.find(std::get<0>(place), std::get<1>(place), std::get<2>(place));
}

void GarbageCollector::collect_orphan(const Place& place) {
  const StoredPtr object = at(place);
  const ResourceTypePtr type = types_.find_stored(std::get<0>(place));
  if (object == nullptr || type == nullptr) return;
  const std::vector<std::string> owners = owners_of(object->body);
  const bool kept = std::ranges::any_of(owners, [this](const std::string& uid) { return living_.contains(uid); });
  if (!kept && !owners.empty()) static_cast<void>(writer_.remove(*type, object->namespace_, object->name, {}));
}

void GarbageCollector::finish_deletion(const Place& place) {
  const StoredPtr object = at(place);
  if (object == nullptr) return;
  // No kubelet and no volume controller here: nothing uses a claim.
  if (has_finalizer(object->body, "kubernetes.io/pvc-protection"))
    drop_finalizer(place, "kubernetes.io/pvc-protection");
  const std::string uid = metadata_text(object->body, "uid");
  const auto found = owned_by_.find(uid);
  const std::set<Place> owned = found == owned_by_.end() ? std::set<Place>{} : found->second;
  if (has_finalizer(object->body, "orphan")) {
    for (const Place& one : owned) drop_reference(one, uid);
    drop_finalizer(place, "orphan");
  } else if (has_finalizer(object->body, "foregroundDeletion")) {
    bool waiting = false;
    for (const Place& one : owned) {
      const StoredPtr dependent = at(one);
      const ResourceTypePtr type = types_.find_stored(std::get<0>(one));
      if (dependent == nullptr || type == nullptr) continue;
      const auto removed = writer_.remove(*type, dependent->namespace_, dependent->name, {{}, {}, "Foreground", false});
      waiting = true;
      static_cast<void>(removed);
    }
    if (!waiting) drop_finalizer(place, "foregroundDeletion");
  }
}

void GarbageCollector::drop_reference(const Place& place, const std::string& uid) {
  const StoredPtr object = at(place);
  const ResourceTypePtr type = types_.find_stored(std::get<0>(place));
  if (object == nullptr || type == nullptr) return;
  json::object next = in_version(object, *type)->body;
  json::array kept;
  for (const json::value& reference : next.at("metadata").at("ownerReferences").get_array())
    if (string_at(reference, {"uid"}) != uid) kept.push_back(reference);
  if (kept.empty())
    next["metadata"].as_object().erase("ownerReferences");
  else
    next["metadata"].as_object()["ownerReferences"] = std::move(kept);
  static_cast<void>(writer_.replace(*type, object->namespace_, object->name, std::move(next),
                                    {"kube-controller-manager", "Ignore", "", false, false}));
}

void GarbageCollector::drop_finalizer(const Place& place, const std::string& finalizer) {
  const StoredPtr object = at(place);
  const ResourceTypePtr type = types_.find_stored(std::get<0>(place));
  if (object == nullptr || type == nullptr) return;
  json::object next = in_version(object, *type)->body;
  json::array kept;
  for (const std::string& name : finalizers_of(next))
    if (name != finalizer) kept.push_back(json::value(name));
  if (kept.empty())
    next["metadata"].as_object().erase("finalizers");
  else
    next["metadata"].as_object()["finalizers"] = std::move(kept);
  static_cast<void>(writer_.replace(*type, object->namespace_, object->name, std::move(next),
                                    {"kube-controller-manager", "Ignore", "", false, false}));
}

}  // namespace holdfast
