#include "simulator/field_tracker.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "holdfast/merge/managed_fields.h"

namespace holdfast {
namespace {

// The entries of an object, by an identity that tells an Apply entry from an Update entry and from subresources'.
struct Entries {
  ManagedSets sets;
  std::map<std::string, FieldOwner> owners;
};

std::string key_of(const FieldOwner& owner, const std::string& api_version) {
  const std::string version = owner.operation == "Apply" ? "" : api_version;
  return fmt::format("{}\n{}\n{}\n{}", owner.operation, owner.manager, owner.subresource, version);
}

Entries read_entries(const json::object& object) {
  Entries entries;
  // What the store holds was written by us; what a client sends as managedFields is replaced before this.
  const auto decoded = parse_managed_fields(json::value(object));
  if (!decoded) return entries;
  for (const ManagedFieldsEntry& entry : *decoded) {
    const std::string key = key_of(entry.owner, entry.api_version);
    entries.sets[key].fields.insert_all(entry.fields);
    entries.sets[key].api_version = entry.api_version;
    entries.sets[key].applied = entry.owner.operation == "Apply";
    entries.owners[key] = entry.owner;
  }
  return entries;
}

json::value entry_of(const FieldOwner& owner, const ManagedSet& set) {
  json::object entry{{"manager", owner.manager}, {"operation", owner.operation}, {"apiVersion", set.api_version}};
  if (!owner.time.empty()) entry["time"] = owner.time;
  entry["fieldsType"] = "FieldsV1";
  const auto fields = parse_json(set.fields.serialize());
  entry["fieldsV1"] = fields ? *fields : json::value(json::object());
  if (!owner.subresource.empty()) entry["subresource"] = owner.subresource;
  return entry;
}

// Apply entries first, then by time (V16).
void write_entries(json::object& object, const Entries& entries) {
  json::object& metadata = object["metadata"].as_object();
  std::vector<std::string> keys;
  for (const auto& [key, set] : entries.sets)
    if (!set.fields.empty()) keys.push_back(key);
  if (keys.empty()) {
    metadata.erase("managedFields");
    return;
  }
  std::ranges::sort(keys, [&](const std::string& a, const std::string& b) {
    const FieldOwner &first = entries.owners.at(a), &second = entries.owners.at(b);
    return std::tie(first.operation, first.time, first.manager, a) <
           std::tie(second.operation, second.time, second.manager, b);
  });
  json::array list;
  for (const std::string& key : keys) list.push_back(entry_of(entries.owners.at(key), entries.sets.at(key)));
  metadata["managedFields"] = std::move(list);
}

json::object without_managed_fields(const json::object& object) {
  json::object copy = object;
  if (json::value* metadata = copy.if_contains("metadata"); metadata != nullptr && metadata->is_object())
    metadata->get_object().erase("managedFields");
  return copy;
}

// The value as its type, or as nothing in particular where the live object does not have it (a CRD that changed).
TypedValue typed(const ResourceType& type, const json::object& object) {
  json::value value(without_managed_fields(object));
  if (auto made = TypedValue::make(value, type.merge_type, Duplicates::Allowed)) return std::move(*made);
  json::object bare{{"apiVersion", object.at("apiVersion")}, {"kind", object.at("kind")}};
  return *TypedValue::make(json::value(bare), type.merge_type, Duplicates::Allowed);
}

std::string version_text(const Entries& entries, const std::string& key) {
  const ManagedSet& set = entries.sets.at(key);
  const FieldOwner& owner = entries.owners.at(key);
  std::string text = fmt::format("conflict with \"{}\"", owner.manager);
  if (!owner.subresource.empty()) text += fmt::format(" with subresource \"{}\"", owner.subresource);
  if (!set.applied) text += " using " + set.api_version;
  return text;
}

ApiFailure conflict_failure(const Entries& entries, const ApplyConflict& conflict) {
  json::array causes;
  std::vector<std::string> lines;
  for (const FieldConflict& one : conflict.conflicts) {
    const std::string text = version_text(entries, one.manager);
    causes.push_back({{"reason", "FieldManagerConflict"}, {"message", text}, {"field", to_string(one.path)}});
    lines.push_back(fmt::format("{}: {}", text, to_string(one.path)));
  }
  // One line where there is one conflict; otherwise grouped under the manager, as kubectl shows it.
  std::string message = fmt::format("Apply failed with {} conflict{}: ", lines.size(), lines.size() == 1 ? "" : "s");
  if (lines.size() == 1) {
    message += lines.front();
  } else {
    std::string group;
    message.pop_back();
    for (const FieldConflict& one : conflict.conflicts) {
      const std::string text = version_text(entries, one.manager);
      if (group != text) message += (group.empty() ? " " : "\n") + fmt::format("conflicts {}:", text.substr(9));
      group = text;
      message += "\n- " + to_string(one.path);
    }
  }
  return {409, "Conflict", std::move(message), json::object{{"causes", std::move(causes)}}, {}, {}, false};
}

constexpr std::string_view kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";

// kubectl may take by server-side apply what it wrote by client-side apply: what its annotation says, as far as it is
// still so.
bool only_last_applied(const ApplyConflict& conflict, const ResourceType& type, const json::object& live,
                       const TypedValue& current) {
  const auto last = parse_json(string_at(live, {"metadata", "annotations", kLastApplied}));
  if (!last || conflict.conflicts.empty()) return false;
  if (string_at(*last, {"apiVersion"}) != string_at(live, {"apiVersion"})) return false;
  const auto written = TypedValue::make(*last, type.merge_type, Duplicates::Refused);
  if (!written) return false;
  const Comparison drift = written->compare(current);
  const FieldSet still =
      written->to_field_set().difference(drift.modified).difference(drift.added).difference(drift.removed);
  return std::ranges::all_of(conflict.conflicts, [&](const FieldConflict& one) { return still.contains(one.path); });
}

// The annotation follows what kubectl applies, where there is one.
void renew_last_applied(const json::object& live, const json::object& config, json::object& next) {
  if (string_at(live, {"metadata", "annotations", kLastApplied}).empty()) return;
  json::value* annotations = next["metadata"].as_object().if_contains("annotations");
  if (annotations == nullptr || !annotations->is_object()) return;
  json::object written = config;
  json::value* own = written["metadata"].as_object().if_contains("annotations");
  if (own != nullptr && own->is_object()) {
    own->get_object().erase(kLastApplied);
    if (own->get_object().empty()) written["metadata"].as_object().erase("annotations");
  }
  annotations->get_object()[kLastApplied] = canonical_json(json::value(written)) + "\n";
}

}  // namespace

FieldSet ignored_fields(const ResourceType& type, const std::string& subresource) {
  FieldSet ignored;
  if (subresource == "status") {
    ignored.insert({PathElement::field("spec")});
    if (type.custom)
      ignored.insert({PathElement::field("metadata")});
    else
      ignored.insert({PathElement::field("metadata"), PathElement::field("labels")});
  } else if (type.status_subresource) {
    ignored.insert({PathElement::field("status")});
  }
  return ignored;
}

Reply<json::object> apply_fields(const ResourceType& type, const json::object& live, bool exists,
                                 const json::object& config, const FieldWriter& writer, bool force,
                                 const std::string& written_namespace) {
  const std::string api_version = type.gvk.api_version();
  auto wanted = TypedValue::make(json::value(config), type.merge_type, Duplicates::Refused);
  if (!wanted)
    return std::unexpected(
        permanent_failure(fmt::format("failed to create typed patch object ({}/{}; {}/{}, Kind={}): {}",
                                      written_namespace, string_at(config, {"metadata", "name"}), type.gvk.group,
                                      type.gvk.version, type.gvk.kind, to_string(wanted.error()))));
  const TypedValue current = typed(type, live);
  const FieldSet ignored = ignored_fields(type, writer.subresource);
  Entries entries = read_entries(live);
  if (exists && entries.sets.empty()) {
    const FieldOwner first{"before-first-apply", "Update", "", writer.time};
    const std::string key = key_of(first, api_version);
    const json::object nothing{{"apiVersion", api_version}, {"kind", type.gvk.kind}};
    entries.sets = update(typed(type, nothing), current, {}, api_version, key).managers;
    strip_object_metadata(entries.sets, key);
    if (entries.sets.contains(key)) entries.owners[key] = first;
  }
  const FieldOwner owner{writer.manager, "Apply", writer.subresource, writer.time};
  const std::string key = key_of(owner, api_version);
  const bool from_kubectl = writer.manager == "kubectl" && writer.subresource.empty();
  auto merged = apply(current, *wanted, entries.sets, api_version, key, force, ignored);
  if (!merged && from_kubectl && only_last_applied(merged.error(), type, live, current))
    merged = apply(current, *wanted, entries.sets, api_version, key, true, ignored);
  if (!merged) return std::unexpected(conflict_failure(entries, merged.error()));
  strip_object_metadata(merged->managers, key);
  entries.sets = std::move(merged->managers);
  // Only what changes the object has a time; an entry that is new by itself has none (V16).
  if (!exists || merged->changed)
    entries.owners[key] = owner;
  else
    entries.owners.try_emplace(key, FieldOwner{owner.manager, owner.operation, owner.subresource, ""});
  json::object next = merged->object.get_object();
  if (!next.contains("metadata")) next["metadata"] = json::object();
  if (from_kubectl) renew_last_applied(live, config, next);
  write_entries(next, entries);
  return next;
}

void track_update(const ResourceType& type, const json::object& live, bool exists, json::object& next,
                  const FieldWriter& writer) {
  // Who writes an object may rewrite its entries, too (V30); what sends none, or unreadable ones, keeps them.
  Entries entries = exists ? read_entries(next) : Entries{};
  if (entries.sets.empty()) entries = read_entries(live);
  if (exists && entries.sets.empty()) {
    next["metadata"].as_object().erase("managedFields");
    return;
  }
  const std::string api_version = type.gvk.api_version();
  const FieldOwner owner{writer.manager, "Update", writer.subresource, writer.time};
  const std::string key = key_of(owner, api_version);
  const ManagedSets before = entries.sets;
  const FieldSet ignored = ignored_fields(type, writer.subresource);
  Merged merged = update(typed(type, live), typed(type, next), entries.sets, api_version, key, ignored);
  strip_object_metadata(merged.managers, key);
  entries.sets = std::move(merged.managers);
  const auto old = before.find(key);
  const auto now = entries.sets.find(key);
  if (now != entries.sets.end() && (old == before.end() || !(old->second == now->second))) {
    entries.owners[key] = owner;
    if (writer.subresource == "scale") entries.owners[key].time.clear();  // V16
  }
  write_entries(next, entries);
}

bool same_but_for_times(const json::object& a, const json::object& b) {
  if (!equal_values(json::value(without_managed_fields(a)), json::value(without_managed_fields(b)))) return false;
  return read_entries(a).sets == read_entries(b).sets;
}

}  // namespace holdfast
