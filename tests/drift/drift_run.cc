#include "tests/drift/drift_run.h"

#include <algorithm>
#include <utility>

#include "engine/fixpoint.h"
#include "engine/proof.h"
#include "holdfast/merge/value_text.h"

namespace holdfast {
namespace {

const FieldManager kManager{std::string(kOurManager)};
constexpr std::string_view kUid = "5a6b";

// "holdfast:update" and "holdfast:status" stand for other entries under our name.
json::object entry_of(const std::string& name, const ManagedSet& managed, std::uint64_t version) {
  const std::size_t colon = name.find(':');
  json::object entry{{"manager", name.substr(0, colon)},
                     {"operation", managed.applied ? "Apply" : "Update"},
                     {"apiVersion", "ex.io/" + managed.api_version},
                     {"time", "2026-01-01T00:00:" + std::to_string(10 + version % 50) + "Z"},
                     {"fieldsType", "FieldsV1"},
                     {"fieldsV1", *parse_json(managed.fields.serialize())}};
  if (name.ends_with(":status")) entry["subresource"] = "status";
  return entry;
}

// Lists whose order means something to the merge, and to nobody else.
void sort_items(json::value& value, const TypeNode& type) {
  if (json::object* object = value.if_object(); object != nullptr && type.map && !type.map->atomic) {
    for (auto& member : *object)
      if (const TypeNode* below = type.map->type_of_key(member.key())) sort_items(member.value(), *below);
  } else if (json::array* list = value.if_array();
             list != nullptr && type.list && type.list->relation == ListRelation::Associative) {
    for (json::value& item : *list) sort_items(item, *type.list->element);
    std::ranges::sort(*list, {}, [](const json::value& item) { return value_text(item); });
  }
}

void drop_empty_lists(json::value& value) {
  json::object* object = value.if_object();
  if (object == nullptr) return;
  for (auto member = object->begin(); member != object->end();) {
    const json::array* list = member->value().if_array();
    if (list != nullptr && list->empty()) {
      member = object->erase(member);
      continue;
    }
    drop_empty_lists(member->value());
    ++member;
  }
}

}  // namespace

Desired DriftRun::desired_of(const json::object& operation) {
  Desired desired;
  desired.body = operation.at("object").as_object();
  const GroupVersionKind gvk = make_gvk(string_at(desired.body, {"apiVersion"}), string_at(desired.body, {"kind"}));
  desired.resource.gvk = gvk;
  desired.resource.namespaced = true;
  desired.key = {gvk.group, gvk.kind, std::string(string_at(desired.body, {"metadata", "namespace"})),
                 std::string(string_at(desired.body, {"metadata", "name"}))};
  seal(desired);
  return desired;
}

json::value DriftRun::body_now() const {
  json::value body = state_.live();
  json::value& metadata = body.get_object()["metadata"];
  if (!metadata.is_object()) metadata.emplace_object();
  json::object& members = metadata.get_object();
  members["uid"] = kUid;
  members["resourceVersion"] = std::to_string(version_);
  json::array entries;
  for (const bool applied : {true, false})
    for (const auto& [name, managed] : state_.managers())
      if (managed.applied == applied) entries.push_back(entry_of(name, managed, version_));
  if (!entries.empty()) members["managedFields"] = std::move(entries);
  return body;
}

json::value DriftRun::broken(json::value body, const TypeNode& type) const {
  switch (breakage_) {
    case Breakage::None:
    case Breakage::Empties:
      break;
    case Breakage::Order:
      sort_items(body, type);
      break;
    case Breakage::Ownership:
      if (!learned_entries_.is_null()) body.at("metadata").as_object()["managedFields"] = learned_entries_;
      break;
  }
  return body;
}

DriftRun::Shown DriftRun::show(const Desired& desired, const TypeNode& type) {
  Shown shown;
  shown.body = body_now();
  shown.text = to_json(shown.body);
  const Result<JsonView> view = tools_.indexer.view(shown.text);
  if (!view) return shown;
  if (const auto live = read_live_object(*view, desired.resource.gvk)) shown.live = *live;
  if (memory_of_ != desired.hash) memory_ = {};
  memory_of_ = desired.hash;
  const auto from_text = tools_.fingerprinter.read(*view, desired.empties, memory_);
  const auto parsed = fingerprint(tools_.key, shown.body, kManager, desired.empties);
  shown.paths_disagree =
      from_text.has_value() != parsed.has_value() || (from_text.has_value() && *from_text != *parsed);
  if (from_text) shown.fingerprint = *from_text;
  if (breakage_ == Breakage::None) return shown;
  const EmptyPaths none;
  shown.body = broken(std::move(shown.body), type);
  const auto print =
      fingerprint(tools_.key, shown.body, kManager, breakage_ == Breakage::Empties ? none : desired.empties);
  shown.fingerprint = print ? std::optional(*print) : std::nullopt;
  return shown;
}

Opinion DriftRun::judge_now(const Desired& desired, const TypeNode& type) {
  Opinion opinion;
  if (string_at(state_.live(), {"metadata", "name"}).empty()) return opinion;
  opinion.asked = true;
  const Shown shown = show(desired, type);
  opinion.paths_disagree = shown.paths_disagree;
  if (shown.live == nullptr) return opinion;
  Snapshot snapshot;
  snapshot.desired = &desired;
  snapshot.live = shown.live;
  snapshot.fingerprint = shown.fingerprint;
  snapshot.synced = true;
  snapshot.record = record_ ? &*record_ : nullptr;
  snapshot.applyset_id = "set";
  snapshot.installation = "home";
  const Verdict verdict = judge(snapshot);
  opinion.known = verdict.kind == VerdictKind::InSync;
  opinion.drift = verdict.drift;
  Desired provable = desired;
  if (breakage_ != Breakage::None) {
    json::value body = desired.body;
    if (breakage_ == Breakage::Order) sort_items(body, type);
    if (breakage_ == Breakage::Empties) drop_empty_lists(body);
    provable.body = body.as_object();
  }
  Proof proof = prove(provable, shown.body, kManager, &type);
  opinion.proven = proof.proven();
  opinion.why_not = std::move(proof.why_not);
  if (opinion.known || !opinion.proven || !shown.fingerprint) return opinion;
  // C5.5: what is proven is learned.
  if (!record_ || record_->desired_hash != desired.hash) record_.emplace();
  record_->desired_hash = desired.hash;
  record_->uid = shown.live->uid;
  record_->last_write = shown.live->resource_version;
  record_->learn(*shown.fingerprint);
  return opinion;
}

// As the reconciler learns from the answer to its apply.
void DriftRun::learn(const Desired& desired, const TypeNode& type, bool wrote) {
  const bool was_drift = wrote && record_ && record_->desired_hash == desired.hash;
  if (wrote && ++unsettled_applies_ < kMostAppliesToSettle && !has_settled(desired, body_now())) {
    record_.reset();
    return;
  }
  unsettled_applies_ = 0;
  keep_learned_entry();
  const Shown shown = show(desired, type);
  if (shown.live == nullptr) return;
  Record record;
  if (record_ && record_->desired_hash == desired.hash && !was_drift) record = *record_;
  record.desired_hash = desired.hash;
  record.uid = shown.live->uid;
  record.last_write = shown.live->resource_version;
  if (shown.fingerprint) record.learn(*shown.fingerprint);
  record_ = std::move(record);
}

void DriftRun::keep_learned_entry() {
  if (breakage_ != Breakage::Ownership) return;
  const json::value body = body_now();
  const json::value* entries = find(body, {"metadata", "managedFields"});
  learned_entries_ = entries == nullptr ? json::array() : *entries;
}

std::string DriftRun::state_text() const {
  std::string text = value_text(state_.live());
  for (const auto& [name, managed] : state_.managers())
    text += name + managed.api_version + (managed.applied ? "A" : "U") + managed.fields.serialize();
  return text;
}

void DriftRun::note_version(const std::string& before) {
  if (state_text() != before) ++version_;
}

json::object DriftRun::run(const json::object& operation, const TypeNode& type, std::string_view type_name) {
  opinion_ = {};
  if (type_name_ != type_name) {
    record_.reset();
    memory_ = {};
    type_name_ = type_name;
  }
  const std::string_view op = string_at(operation, {"op"});
  if (op == "forget") {
    record_.reset();
    memory_ = {};
    unsettled_applies_ = 0;
    return {{"object", state_.live()}};
  }
  const bool ours = string_at(operation, {"manager"}) == kOurManager;
  if (op == "probe" && ours) {
    opinion_ = judge_now(desired_of(operation), type);
    return state_.run(operation, type);
  }
  const std::string before = state_text();
  const std::uint64_t version_before = version_;
  json::object answer = state_.run(operation, type);
  note_version(before);
  if (op != "apply" || !ours) return answer;
  if (!answer.contains("managers")) {
    unsettled_applies_ = 0;  // refused
    return answer;
  }
  const Desired desired = desired_of(operation);
  learn(desired, type, version_ != version_before);
  return answer;
}

}  // namespace holdfast
