#include "engine/handover.h"

#include <algorithm>

#include "engine/desired_walk.h"
#include "engine/field_access.h"
#include "holdfast/merge/list_index.h"
#include "holdfast/merge/managed_fields.h"

namespace holdfast {
namespace {

using Node = FieldSet::Node;

bool is_owned_by_another(const std::vector<ManagedFieldsEntry>& entries, const FieldSet& shapes, const FieldPath& path,
                         const FieldManager& manager) {
  return std::ranges::any_of(entries, [&](const ManagedFieldsEntry& entry) {
    return !is_applied_by(entry.owner, manager) && owns(entry.fields, path, shapes);
  });
}

bool is_below(const FieldPath& path, const FieldPath& above) {
  return above.size() <= path.size() && std::equal(above.begin(), above.end(), path.begin());
}

const Node* child_of(const Node* node, const PathElement& element) {
  if (node == nullptr) return nullptr;
  const auto found = node->children.find(element);
  return found == node->children.end() ? nullptr : &found->second;
}

json::value excerpt(const Node& node, const Node* shape, const json::value& live);

json::array excerpt_items(const Node& node, const Node* shape, const json::array& live) {
  ListIndex items(live);
  std::vector<std::pair<std::size_t, json::value>> chosen;  // in the order of the live list
  for (const auto& [element, child] : node.children) {
    for (const std::size_t position : items.find(element)) {
      json::value item = live[position];
      if (element.kind() == PathElement::Kind::Key) {
        if (!child.children.empty())
          item = excerpt(child, child_of(shape, element), live[position]);
        else
          item.emplace_object();
        for (const auto& field : element.key_fields()) item.get_object()[field.key()] = field.value();
      }
      chosen.emplace_back(position, std::move(item));
    }
  }
  std::ranges::sort(chosen, {}, [](const auto& one) { return one.first; });
  json::array list;
  for (auto& [position, item] : chosen) list.push_back(std::move(item));
  return list;
}

// The fields of `node` as they are live. A leaf that somebody owns something below of is but a container: its content
// is not ours to hand over.
json::value excerpt(const Node& node, const Node* shape, const json::value& live) {
  if (node.children.empty()) {
    const bool container = shape != nullptr && !shape->children.empty();
    if (container && live.is_object()) return json::object{};
    if (container && live.is_array()) return json::array{};
    return live;
  }
  if (const json::array* list = live.if_array()) return excerpt_items(node, shape, *list);
  json::object chosen;
  for (const auto& [element, child] : node.children)
    if (const json::value* member = find_field(live, {element}))
      chosen.emplace(element.text(), excerpt(child, child_of(shape, element), *member));
  return chosen;
}

Result<std::string> body_of(const Desired& desired, const json::value& live, const FieldSet& fields,
                            const std::vector<ManagedFieldsEntry>& entries) {
  const std::string_view uid = string_at(live, {"metadata", "uid"});
  const std::string_view version = string_at(live, {"metadata", "resourceVersion"});
  if (uid.empty() || version.empty())
    return fail(ErrorKind::Invalid, "a live object has no uid or resourceVersion", desired.origin);
  const FieldSet shapes = shapes_of(entries);
  json::value body = fields.empty() ? json::object{} : excerpt(fields.root(), &shapes.root(), live);
  json::object& object = body.get_object();
  object["apiVersion"] = desired.resource.gvk.api_version();
  object["kind"] = desired.key.kind;
  json::value& metadata = object["metadata"];
  if (!metadata.is_object()) metadata.emplace_object();
  metadata.get_object()["name"] = desired.key.name;
  if (!desired.key.namespace_.empty()) metadata.get_object()["namespace"] = desired.key.namespace_;
  metadata.get_object()["uid"] = uid;
  metadata.get_object()["resourceVersion"] = version;
  return canonical_json(body);
}

}  // namespace

FieldManager handover_manager(const FieldManager& manager) { return {manager.value + "-handover"}; }

Result<FieldSet> find_handover(const Desired& desired, const Desired& variant, const std::vector<Yielded>& yielded,
                               const json::value& live, const FieldManager& manager) {
  FieldSet needed;
  if (yielded.empty() || live.is_null()) return needed;
  const auto entries = parse_managed_fields(live);
  if (!entries) return std::unexpected(entries.error());
  const ManagedFieldsEntry* ours = find_apply_entry(*entries, manager);
  if (ours == nullptr) return needed;
  const FieldSet shapes = shapes_of(*entries);
  const FieldSet declared = desired_fields(desired.body, shapes), kept = desired_fields(variant.body, shapes);
  ours->fields.for_each([&](const FieldPath& path) {
    if (touches(kept, path) || is_owned_by_another(*entries, shapes, path, manager)) return;
    const bool ignored = std::ranges::any_of(yielded, [&](const Yielded& one) { return is_below(path, one.path); });
    if (ignored || touches(declared, path)) needed.insert(path);
  });
  return needed;
}

Result<std::string> handover_body(const Desired& desired, const json::value& live, const FieldSet& fields,
                                  const FieldManager& manager) {
  const auto entries = parse_managed_fields(live);
  if (!entries) return std::unexpected(entries.error());
  FieldSet all = fields;
  if (const ManagedFieldsEntry* held = find_apply_entry(*entries, handover_manager(manager)))
    all.insert_all(held->fields);
  return body_of(desired, live, all, *entries);
}

Result<std::optional<std::string>> release_body(const Desired& desired, const json::value& live,
                                                const FieldManager& manager) {
  if (live.is_null()) return std::nullopt;
  const auto entries = parse_managed_fields(live);
  if (!entries) return std::unexpected(entries.error());
  const FieldManager second = handover_manager(manager);
  const ManagedFieldsEntry* held = find_apply_entry(*entries, second);
  if (held == nullptr) return std::nullopt;
  const FieldSet shapes = shapes_of(*entries);
  FieldSet kept;
  bool released = false;
  held->fields.for_each([&](const FieldPath& path) {
    if (is_owned_by_another(*entries, shapes, path, second))
      released = true;
    else
      kept.insert(path);
  });
  if (!released) return std::nullopt;
  auto body = body_of(desired, live, kept, *entries);
  if (!body) return std::unexpected(body.error());
  return std::move(*body);
}

}  // namespace holdfast
