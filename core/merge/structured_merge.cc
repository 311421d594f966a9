#include "holdfast/merge/structured_merge.h"

#include <cassert>
#include <string_view>

#include "core/merge/value_operations.h"

namespace holdfast {
namespace {

using Node = FieldSet::Node;

const TypeNode* type_below(const TypeNode* type, const PathElement& element) {
  if (type == nullptr) return nullptr;
  if (element.kind() == PathElement::Kind::Field && type->map) return type->map->type_of_key(element.text());
  if (element.kind() == PathElement::Kind::Key && type->list) return type->list->element;
  return nullptr;
}

// A declared field below which something is owned counts as owned itself: whoever sets a.b has set a.
Node with_named_fields(const Node& node, const TypeNode* type) {
  Node out;
  out.member = node.member;
  for (const auto& [element, child] : node.children) {
    Node& copy = out.children.emplace(element, with_named_fields(child, type_below(type, element))).first->second;
    const bool named = element.kind() == PathElement::Kind::Field && type != nullptr && type->map &&
                       type->map->find_field(element.text()) != nullptr;
    if (named && !child.children.empty()) copy.member = true;
  }
  return out;
}

FieldSet with_named_fields(const FieldSet& set, const TypeNode& type) {
  return FieldSet(with_named_fields(set.root(), &type));
}

// ---- a schema that changed under the recorded sets
// -------------------------------------------------------------------

// What became atomic since the set was written is owned as a whole by whoever owned a part of it.
Node reconciled(const Node& node, const TypeNode* type, bool is_root) {
  const bool is_map = type != nullptr && type->map, is_list = type != nullptr && !is_map && type->list;
  const bool deduced = is_map && type->map->deduced;
  if ((!is_map && (!is_list || type->scalar)) || deduced) return node;
  const bool atomic = is_map ? type->map->atomic : type->list->relation == ListRelation::Atomic;
  if (atomic) {
    if (is_root || node.children.empty()) return node;
    Node whole;
    whole.member = true;
    return whole;
  }
  Node out;
  out.member = node.member;
  for (const auto& [element, child] : node.children) {
    const TypeNode* below = is_list ? type->list->element : type->map->element;
    if (is_map && element.kind() == PathElement::Kind::Field) below = type->map->type_of_key(element.text());
    out.children.emplace(element, reconciled(child, below, false));
  }
  return out;
}

ManagedSets reconciled(const ManagedSets& managers, const TypeNode& type) {
  ManagedSets out;
  for (const auto& [manager, managed] : managers)
    out.emplace(manager, ManagedSet{FieldSet(reconciled(managed.fields.root(), &type, true)), managed.api_version,
                                    managed.applied});
  return out;
}

// ---- what an applier no longer says
// ----------------------------------------------------------------------------------

// `merged` without what the manager applied last time, does not apply now, and nobody else owns. Not known to be valid.
json::value pruned(const TypedValue& merged, const ManagedSets& managers, const FieldSet& last_applied) {
  const TypeNode& type = merged.type();
  const auto present_in = [&](const json::value& value) {
    return with_named_fields(mentioned_fields(value, type), type);
  };
  const FieldSet last = with_named_fields(last_applied, type);
  const FieldSet present = present_in(merged.value());
  FieldSet kept;
  for (const auto& [manager, managed] : managers) kept.insert_all(managed.fields);
  kept = with_named_fields(kept, type);
  kept.insert_all(present_in(merged.remove_items(last)));
  const json::value owned = merged.remove_items(present.difference(kept));
  // Removing an item takes what is below it along; of that, only what was applied may go.
  return merged.remove_items(present.difference(present_in(owned)).intersection(last));
}

// ---- what others lose
// ------------------------------------------------------------------------------------------------

Comparison without(Comparison comparison, const FieldSet& ignored) {
  if (ignored.empty()) return comparison;
  return {comparison.added.recursive_difference(ignored), comparison.modified.recursive_difference(ignored),
          comparison.removed.recursive_difference(ignored)};
}

// Members before those below them, as the server lists the fields of a set.
void list_fields(const Node& node, const std::string& manager, FieldPath& path, std::vector<FieldConflict>& out) {
  for (const auto& [element, child] : node.children) {
    if (!child.member) continue;
    path.push_back(element);
    out.push_back({manager, path});
    path.pop_back();
  }
  for (const auto& [element, child] : node.children) {
    path.push_back(element);
    list_fields(child, manager, path, out);
    path.pop_back();
  }
}

std::vector<FieldConflict> conflicts_of(const ManagedSets& managers, const std::string& writer,
                                        const FieldSet& written) {
  std::vector<FieldConflict> out;
  for (const auto& [manager, managed] : managers) {
    if (manager == writer) continue;
    FieldPath path;
    list_fields(managed.fields.intersection(written).root(), manager, path, out);
  }
  return out;
}

void take_from_others(ManagedSets& managers, const std::string& writer, const FieldSet& taken) {
  for (auto& [manager, managed] : managers)
    if (manager != writer) managed.fields = managed.fields.difference(taken);
  std::erase_if(managers, [](const auto& entry) { return entry.second.fields.empty(); });
}

FieldSet written_by(const Comparison& comparison) {
  FieldSet written = comparison.added;
  written.insert_all(comparison.modified);
  return written;
}

}  // namespace

std::expected<Merged, ApplyConflict> apply(const TypedValue& live, const TypedValue& config,
                                           const ManagedSets& managers, const std::string& api_version,
                                           const std::string& manager, bool force, const FieldSet& ignored) {
  assert(&live.type() == &config.type());
  ManagedSets after = reconciled(managers, live.type());
  FieldSet last;
  if (const auto entry = after.find(manager); entry != after.end()) last = std::move(entry->second.fields);
  after[manager] = {config.to_field_set().recursive_difference(ignored), api_version, true};

  TypedValue merged = live.merge(config);
  json::value object = last.empty() ? std::move(merged).take() : pruned(merged, after, last);

  auto compared = compare_values(live.value(), object, live.type());
  if (!compared) return std::unexpected(ApplyConflict{{}, "failed to compare objects: " + to_string(compared.error())});
  const Comparison comparison = without(std::move(*compared), ignored);
  FieldSet taken = written_by(comparison);
  if (!force) {
    auto conflicts = conflicts_of(after, manager, taken);
    if (!conflicts.empty()) return std::unexpected(ApplyConflict{std::move(conflicts), {}});
  }
  taken.insert_all(comparison.removed);
  take_from_others(after, manager, taken);
  const bool changed = !equal_values(live.value(), object);
  return Merged{std::move(object), std::move(after), changed};
}

Merged update(const TypedValue& live, const TypedValue& object, const ManagedSets& managers,
              const std::string& api_version, const std::string& manager, const FieldSet& ignored) {
  assert(&live.type() == &object.type());
  ManagedSets after = reconciled(managers, live.type());
  const Comparison comparison = without(live.compare(object), ignored);
  const FieldSet written = written_by(comparison);
  FieldSet taken = written;
  taken.insert_all(comparison.removed);
  take_from_others(after, manager, taken);

  ManagedSet& own = after[manager];
  FieldSet fields = own.fields.difference(comparison.removed);
  fields.insert_all(written);
  own = {fields.recursive_difference(ignored), api_version, false};
  if (own.fields.empty()) after.erase(manager);
  return {object.value(), std::move(after), !equal_values(live.value(), object.value())};
}

void strip_object_metadata(ManagedSets& managers, const std::string& manager) {
  static const FieldSet kStripped = [] {
    FieldSet set;
    for (const std::string_view name : {"apiVersion", "kind", "metadata"}) set.insert({PathElement::field(name)});
    for (const std::string_view name : {"name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName",
                                        "generation", "managedFields", "resourceVersion"})
      set.insert({PathElement::field("metadata"), PathElement::field(name)});
    return set;
  }();
  const auto entry = managers.find(manager);
  if (entry == managers.end()) return;
  entry->second.fields = entry->second.fields.difference(kStripped);
  if (entry->second.fields.empty()) managers.erase(entry);
}

}  // namespace holdfast
