// What holds in a World when all has come to rest: the cluster is what Git says and ours, what is nobody's business was
// left alone, the stores are the server, and no more was sent than the history is worth.
#include <algorithm>

#include "holdfast/model/json.h"
#include "sim/fault_table.h"
#include "sim/mismatch.h"
#include "sim/world.h"

namespace holdfast::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kRequestsOfStart = 20, kRequestsOfAct = 4;
constexpr std::size_t kTypesWatched = 7;    // by one daemon at most, its catalog's and webhooks included
constexpr std::size_t kLessonsOfStart = 3;  // the key, at the end of a round, at the end of the daemon

std::string_view label_of(const json::object& body, const char* label) {
  return string_at(body, {"metadata", "labels", label});
}

// Every field that is desired is in our entry of managedFields, down to the first list.
std::string unowned(const json::value& desired, const json::value& owned, const std::string& path) {
  if (!desired.is_object()) return {};
  for (const auto& [key, value] : desired.get_object()) {
    const std::string below = path + "." + std::string(key);
    const json::value* field = owned.is_object() ? owned.get_object().if_contains("f:" + std::string(key)) : nullptr;
    if (field == nullptr) return below;
    if (field->is_object() && !field->get_object().empty())
      if (std::string found = unowned(value, *field, below); !found.empty()) return found;
  }
  return {};
}

const json::value* our_fields(const json::object& live) {
  const json::value* entries = find(live, {"metadata", "managedFields"});
  if (entries == nullptr || !entries->is_array()) return nullptr;
  for (const json::value& entry : entries->get_array())
    if (string_at(entry, {"manager"}) == "holdfast" && string_at(entry, {"operation"}) == "Apply" &&
        string_at(entry, {"subresource"}).empty())
      return find(entry, {"fieldsV1"});
  return nullptr;
}

}  // namespace

std::string World::difference(const Application& application, const Place& place) const {
  const StoredPtr live = cluster_.store().find(place.type, place.namespace_, place.name);
  const auto wanted = application.repository.objects().find(place);
  if (wanted == application.repository.objects().end()) {
    const bool ours = live != nullptr && !label_of(live->body, "holdfast.dev/installation").empty();
    // Made anew by a life that died before it could record the new uid, or its type was away: left alone, and said so.
    const bool said = diary_.says(application.repository.name() + " held back " + to_string(place) + ": ");
    return ours && !said ? "was not pruned" : "";
  }
  if (live == nullptr) return "is missing";
  for (const char* field : {"data", "spec"}) {
    const json::value* desired = wanted->second.body.if_contains(field);
    if (desired == nullptr) continue;
    const json::value* there = live->body.if_contains(field);
    if (there == nullptr) return std::string("lacks ") + field;
    if (const std::string path = mismatch(*desired, *there, field); !path.empty())
      return "differs in " + path + ": " + live->text;
    const json::value* fields = our_fields(live->body);
    const json::value* owned = fields == nullptr ? nullptr : find(*fields, {"f:" + std::string(field)});
    if (owned == nullptr) return "is not owned: " + live->text;
    if (const std::string path = unowned(*desired, *owned, field); !path.empty())
      return "is not owned in " + path + ": " + live->text;
  }
  return label_of(live->body, "holdfast.dev/installation") == "simulated" ? "" : "has lost its label";
}

std::string World::store_differences(const Application& application) const {
  const Store& store = application.lives.back()->daemon.store();
  std::string found;
  for (const GroupKind& type : application.repository.types()) {
    const std::string name = to_string(type);
    if (!store.synced(type)) found += name + " is not synced\n";
    std::size_t labelled = 0;
    const Place place = place_of(ObjectKey{type.group, type.kind, "", ""});
    for (const StoredPtr& object : cluster_.store().list(place.type, "")) {
      if (label_of(object->body, "holdfast.dev/installation") != "simulated") continue;
      ++labelled;
      const LivePtr live = store.find({type.group, type.kind, object->namespace_, object->name});
      if (live == nullptr)
        found += name + " " + object->name + " is not in the store\n";
      else if (live->uid.value != string_at(object->body, {"metadata", "uid"}) ||
               live->resource_version.value != std::to_string(object->revision))
        found += name + " " + object->name + " is in the store at " + live->resource_version.value + ", not at " +
                 std::to_string(object->revision) + "\n";
    }
    if (store.size(type) != labelled)
      found += name + ": " + std::to_string(store.size(type)) + " in the store, not " + std::to_string(labelled) + "\n";
  }
  return found;
}

std::string World::differences() const {
  std::string found;
  for (const auto& application : applications_) {
    const std::string& name = application->repository.name();
    for (const Place& place : application->repository.known())
      if (const std::string wrong = difference(*application, place); !wrong.empty())
        found += name + ": " + to_string(place) + " " + wrong + "\n";
    if (const std::string wrong = store_differences(*application); !wrong.empty())
      found += "the store of " + name + ": " + wrong;
  }
  for (const auto& [place, text] : bystanders_) {
    const StoredPtr live = cluster_.store().find(place.type, place.namespace_, place.name);
    if (live == nullptr || live->text != text) found += "the bystander " + to_string(place) + " was touched\n";
  }
  return found;
}

// Discovery, the version and the identity every 5 minutes; a watch of each type, and what is asked before it, as often.
std::size_t World::idle_requests(std::chrono::nanoseconds time) const {
  const auto periods = static_cast<std::size_t>(time / 5min) + 1;
  return applications_.size() * periods * (4 + 2 * kTypesWatched);
}

World::Allowance World::allowance() const {
  std::size_t lives = 0;
  for (const auto& application : applications_) lives += application->lives.size();
  Allowance allowed;
  allowed.writes = owed_writes_;
  allowed.requests = lives * kRequestsOfStart + acts_ * kRequestsOfAct + owed_writes_ +
                     idle_requests(time_.now() - Clock::time_point(1h));
  const auto periods = static_cast<std::size_t>((time_.now() - Clock::time_point(1h)) / 5min);
  allowed.lessons = lives * kLessonsOfStart + acts_ + applications_.size() * periods;
  allowed.requests += allowed.lessons;
  for (const FaultCost& cost : fault_costs()) {
    allowed.requests += faults_.hits(cost.kind) * (cost.requests + cost.writes);
    allowed.writes += faults_.hits(cost.kind) * cost.writes;
  }
  return allowed;
}

std::string World::excesses() const {
  const Allowance allowed = allowance();
  std::string found;
  if (lessons() > allowed.lessons)
    found +=
        std::to_string(lessons()) + " writes of what was learned, " + std::to_string(allowed.lessons) + " allowed\n";
  if (writes() - lessons() > allowed.writes)
    found += std::to_string(writes() - lessons()) + " writes, " + std::to_string(allowed.writes) + " allowed\n";
  for (const auto& application : applications_)
    for (const auto& life : application->lives) found += life->network.impatience();
  if (requests() > allowed.requests)
    found += std::to_string(requests()) + " requests, " + std::to_string(allowed.requests) + " allowed\n";
  return found;
}

}  // namespace holdfast::sim
