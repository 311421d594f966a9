#include "tests/merge/history.h"

#include <algorithm>
#include <set>
#include <utility>

#include "holdfast/merge/value_text.h"

namespace holdfast {
namespace {

json::object refused(const std::vector<Violation>& violations) {
  json::array out;
  for (const Violation& violation : violations) out.emplace_back(to_string(std::vector{violation}));
  return {{"invalid", std::move(out)}};
}

json::object conflicted(const ApplyConflict& conflict) {
  if (!conflict.failure.empty()) return {{"failure", conflict.failure}};
  json::array out;
  for (const FieldConflict& one : conflict.conflicts) out.emplace_back(one.manager + " " + to_string(one.path));
  return {{"conflicts", std::move(out)}};
}

std::set<std::string> strings(const json::value& list) {
  std::set<std::string> out;
  if (const json::array* items = list.if_array())
    for (const json::value& item : *items) out.emplace(item.as_string());
  return out;
}

// Field sets in their canonical text, so that only what they hold is compared.
json::value canonical_managers(const json::value& managers) {
  json::value out = managers;
  if (!out.is_object()) return out;
  for (auto& entry : out.get_object()) {
    const json::value* fields = find(entry.value(), {"fields"});
    if (fields == nullptr) continue;
    const auto set = FieldSet::parse(*fields);
    entry.value().get_object()["fields"] = set ? json::value(set->serialize()) : json::value("unreadable");
  }
  return out;
}

std::string step_difference(const json::value& ours, const json::value& theirs) {
  const auto part = [](const json::value& answer, std::string_view name) {
    const json::value* value = find(answer, {name});
    return value == nullptr ? json::value(nullptr) : *value;
  };
  if (find(ours, {"invalid"}) != nullptr && find(theirs, {"invalid"}) != nullptr) {
    const auto said = strings(part(ours, "invalid")), known = strings(part(theirs, "invalid"));
    return std::ranges::includes(said, known) ? "" : "violations";
  }
  // Of several failures the order is random.
  if (string_at(ours, {"failure"}).contains("errors:") && string_at(theirs, {"failure"}).contains("errors:")) return {};
  for (const std::string_view name : {"invalid", "failure", "conflicts", "would", "changed", "object"})
    if (value_text(part(ours, name)) != value_text(part(theirs, name))) return std::string(name);
  const json::value our_managers = canonical_managers(part(ours, "managers"));
  const json::value their_managers = canonical_managers(part(theirs, "managers"));
  return value_text(our_managers) == value_text(their_managers) ? "" : "managers";
}

}  // namespace

json::object HistoryState::keep(Merged merged) {
  if (merged.changed) live_ = std::move(merged.object);
  managers_ = std::move(merged.managers);
  json::object managers;
  for (const auto& [name, managed] : managers_)
    managers[name] = {{"applied", managed.applied}, {"fields", *parse_json(managed.fields.serialize())}};
  return {{"object", live_}, {"changed", merged.changed}, {"managers", std::move(managers)}};
}

Result<FieldSet> HistoryState::ignored_by(const json::object& operation) const {
  const json::value* fields = operation.if_contains("ignored");
  if (fields == nullptr) fields = &ignored_;
  return fields->is_null() ? FieldSet() : FieldSet::parse(*fields);
}

json::object HistoryState::apply_or_update(const json::object& operation, const TypedValue& live) {
  const std::string manager(string_at(operation, {"manager"}));
  const bool is_apply = string_at(operation, {"op"}) == "apply";
  const auto object =
      TypedValue::make(operation.at("object"), &live.type(), is_apply ? Duplicates::Refused : Duplicates::Allowed);
  if (!object) return refused(object.error());
  const auto ignored = ignored_by(operation);
  if (!ignored) return {{"failure", ignored.error().message}};
  if (!is_apply) return keep(update(live, *object, managers_, "v1", manager, *ignored));
  const json::value* force = operation.if_contains("force");
  const bool forced = force != nullptr && force->is_bool() && force->get_bool();
  auto merged = apply(live, *object, managers_, "v1", manager, forced, *ignored);
  if (!merged) return conflicted(merged.error());
  return keep(std::move(*merged));
}

json::object HistoryState::apply_forced(const json::object& operation, const TypedValue& live) const {
  const std::string manager(string_at(operation, {"manager"}));
  const auto object = TypedValue::make(operation.at("object"), &live.type(), Duplicates::Refused);
  if (!object) return refused(object.error());
  const auto ignored = ignored_by(operation);
  if (!ignored) return {{"failure", ignored.error().message}};
  auto merged = apply(live, *object, managers_, "v1", manager, true, *ignored);
  if (!merged) return conflicted(merged.error());
  ManagedSets before = managers_;
  const auto own_before = before.extract(manager), own_after = merged->managers.extract(manager);
  const bool own =
      own_before.empty() != own_after.empty() || (!own_before.empty() && own_before.mapped() != own_after.mapped());
  return {{"would", {{"object", merged->changed}, {"own", own}, {"others", before != merged->managers}}}};
}

json::object HistoryState::own(const json::object& operation) {
  const json::value* entries = operation.if_contains("managers");
  if (entries == nullptr || !entries->is_object()) return {{"failure", "no managers"}};
  ManagedSets managers;
  for (const auto& [name, entry] : entries->get_object()) {
    const json::value* fields = find(entry, {"fields"});
    const auto set = fields == nullptr ? FieldSet() : FieldSet::parse(*fields);
    if (!set) return {{"failure", set.error().message}};
    const std::string_view version = string_at(entry, {"version"});
    const json::value* applied = find(entry, {"applied"});
    if (!set->empty())
      managers[std::string(name)] = {*set, std::string(version.empty() ? "v1" : version),
                                     applied != nullptr && applied->is_bool() && applied->get_bool()};
  }
  return keep({live_, std::move(managers), false});
}

json::object HistoryState::run(const json::object& operation, const TypeNode& type) {
  const std::string_view op = string_at(operation, {"op"});
  if (op == "own") return own(operation);
  if (op == "forget") return {{"object", live_}};
  const auto live = TypedValue::make(live_, &type, Duplicates::Allowed);
  if (!live) return refused(live.error());
  if (op == "probe") return apply_forced(operation, *live);
  if (op != "extract") return apply_or_update(operation, *live);
  const auto entry = managers_.find(string_at(operation, {"manager"}));
  const json::value extracted = live->extract(entry == managers_.end() ? FieldSet() : entry->second.fields);
  return {{"object", extracted}};
}

Result<json::object> answer_history(const json::value& history) {
  const json::value* definitions = find(history, {"definitions"});
  const json::value* operations = find(history, {"operations"});
  if (definitions == nullptr || !definitions->is_object() || operations == nullptr || !operations->is_array())
    return fail(ErrorKind::Invalid, "a history without definitions or without operations");
  const json::value* preserve = find(history, {"preserveUnknownFields"});
  const auto schema = Schema::from_definitions(definitions->get_object(),
                                               preserve != nullptr && preserve->is_bool() && preserve->get_bool());
  if (!schema) return json::object{{"schema", schema.error().message}};
  const json::value* ignored = find(history, {"ignored"});
  HistoryState state(ignored == nullptr ? json::value(nullptr) : *ignored);
  json::array answers;
  for (const json::value& operation : operations->get_array()) {
    if (!operation.is_object()) return fail(ErrorKind::Invalid, "an operation is no object");
    std::string_view name = string_at(operation, {"type"});
    if (name.empty()) name = string_at(history, {"type"});
    const TypeNode* type = schema->type_named(name);
    if (type == nullptr) return fail(ErrorKind::Invalid, "a history without the type " + std::string(name));
    answers.push_back(state.run(operation.get_object(), *type));
  }
  return json::object{{"answers", std::move(answers)}};
}

std::string difference(const json::object& ours, const json::object& theirs) {
  if (ours.contains("schema") || theirs.contains("schema"))
    return ours.contains("schema") == theirs.contains("schema") ? "" : "schema";
  const json::value *a = ours.if_contains("answers"), *b = theirs.if_contains("answers");
  if (a == nullptr || b == nullptr || !a->is_array() || !b->is_array() ||
      a->get_array().size() != b->get_array().size())
    return "the number of answers";
  for (std::size_t i = 0; i < a->get_array().size(); ++i) {
    const std::string what = step_difference(a->get_array()[i], b->get_array()[i]);
    if (!what.empty()) return "operation " + std::to_string(i) + ": " + what;
  }
  return {};
}

}  // namespace holdfast
