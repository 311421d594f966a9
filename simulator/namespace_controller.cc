#include "simulator/namespace_controller.h"

#include <vector>

#include "simulator/write_checks.h"

namespace holdfast {

void NamespaceController::observe(const StoreChange& change, SimulatedTime now) {
  if (change.type == "namespaces") {
    if (change.after == nullptr) {
      terminating_.erase(change.before->name);
    } else if (!metadata_text(change.after->body, "deletionTimestamp").empty()) {
      terminating_.insert(change.after->name);
      due_ = std::min(due_, now + kDelay);
    }
    return;
  }
  const StoredPtr& any = change.after != nullptr ? change.after : change.before;
  if (terminating_.contains(any->namespace_)) due_ = std::min(due_, now + kDelay);
}

void NamespaceController::step(SimulatedTime) {
  due_ = kNever;
  const std::set<std::string> namespaces = terminating_;
  for (const std::string& name : namespaces) {
    if (!empty_out(name)) continue;
    const StoredPtr found = store_.find("namespaces", "", name);
    if (found != nullptr && finalizers_of(found->body).empty()) store_.remove("namespaces", "", name);
  }
}

bool NamespaceController::empty_out(const std::string& namespace_) {
  bool empty = true;
  std::set<std::string> seen;
  for (const ResourceTypePtr& type : std::vector<ResourceTypePtr>(types_.all())) {
    if (!type->namespaced || !seen.insert(type->store_key()).second) continue;
    for (const StoredPtr& object : store_.list(type->store_key(), namespace_)) {
      const auto removed = writer_.remove(*type, namespace_, object->name, {});
      if (removed && !removed->gone) empty = false;
    }
  }
  return empty;
}

}  // namespace holdfast
