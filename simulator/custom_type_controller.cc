#include "simulator/custom_type_controller.h"

#include <algorithm>

#include "holdfast/merge/typed_value.h"
#include "simulator/custom_type.h"
#include "simulator/field_tracker.h"
#include "simulator/object_writer.h"

namespace holdfast {
namespace {

constexpr const char* kType = "customresourcedefinitions.apiextensions.k8s.io";

json::object condition(const char* type, const char* reason, const char* message, SimulatedTime now) {
  return {{"type", type},
          {"status", "True"},
          {"lastTransitionTime", rfc3339(now)},
          {"reason", reason},
          {"message", message}};
}

json::object status_of(const json::object& definition, SimulatedTime now) {
  json::object status;
  if (const json::value* names = find(definition, {"spec", "names"})) status["acceptedNames"] = *names;
  status["conditions"] =
      json::array{condition("NamesAccepted", "NoConflicts", "no conflicts found", now),
                  condition("Established", "InitialNamesAccepted", "the initial names have been accepted", now)};
  json::array stored;
  if (const json::value* versions = find(definition, {"spec", "versions"}); versions != nullptr && versions->is_array())
    for (const json::value& version : versions->get_array())
      if (const json::value* storage = find(version, {"storage"});
          storage != nullptr && storage->is_bool() && storage->get_bool())
        stored.push_back(version.at("name"));
  status["storedVersions"] = std::move(stored);
  return status;
}

}  // namespace

void CustomTypeController::observe(const StoreChange& change, SimulatedTime now) {
  if (change.type != kType) return;
  if (change.after != nullptr) {
    const json::value *before = change.before == nullptr ? nullptr : find(change.before->body, {"spec"}),
                      *after = find(change.after->body, {"spec"});
    const bool leaves = !string_at(change.after->body, {"metadata", "deletionTimestamp"}).empty();
    if (before == nullptr || after == nullptr || leaves || !equal_values(*before, *after))
      due_.try_emplace(change.after->name, now + kDelay);
    return;
  }
  due_.erase(change.before->name);
  store_.remove_type(change.before->name);
  types_.remove_custom(change.before->name);
}

void CustomTypeController::step(SimulatedTime now) {
  std::vector<std::string> ready;
  for (const auto& [name, due] : due_)
    if (due <= now) ready.push_back(name);
  for (const std::string& name : ready) {
    due_.erase(name);
    const StoredPtr definition = store_.find(kType, "", name);
    if (definition == nullptr) continue;
    if (string_at(definition->body, {"metadata", "deletionTimestamp"}).empty())
      establish(definition, now);
    else
      clean_up(definition);
  }
}

void CustomTypeController::establish(const StoredPtr& definition, SimulatedTime now) {
  types_.set_custom(definition->name, types_of_definition(definition->body, types_));
  const json::value* conditions = find(definition->body, {"status", "conditions"});
  const bool first = conditions == nullptr || conditions->is_null();
  json::object next = definition->body;
  json::object status = status_of(next, now);
  if (!first) status["conditions"] = *conditions;
  const json::value* old = next.if_contains("status");
  if (old != nullptr && equal_values(*old, json::value(status))) return;
  next["status"] = std::move(status);
  if (const ResourceTypePtr type = types_.find("apiextensions.k8s.io", "v1", "customresourcedefinitions"))
    track_update(*type, definition->body, true, next, {"kube-apiserver", "status", rfc3339(now)});
  store_.put(kType, "", definition->name, std::move(next));
}

void CustomTypeController::clean_up(const StoredPtr& definition) {
  std::vector<std::string> finalizers = finalizers_of(definition->body);
  if (std::erase(finalizers, kDefinitionCleanup) == 0) return;
  store_.remove_type(definition->name);
  types_.remove_custom(definition->name);
  if (finalizers.empty()) {
    store_.remove(kType, "", definition->name);
    return;
  }
  json::object next = definition->body;
  json::array left;
  for (const std::string& finalizer : finalizers) left.push_back(json::value(finalizer));
  next["metadata"].as_object()["finalizers"] = std::move(left);
  store_.put(kType, "", definition->name, std::move(next));
}

SimulatedTime CustomTypeController::next_due() const {
  SimulatedTime first = kNever;
  for (const auto& [name, due] : due_) first = std::min(first, due);
  return first;
}

}  // namespace holdfast
