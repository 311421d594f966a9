#include "engine/desired_walk.h"

#include <algorithm>
#include <string>

#include "holdfast/merge/list_index.h"

namespace holdfast {
namespace {

using Node = FieldSet::Node;
using Kind = DesiredField::Kind;

const Node* child_of(const Node* node, const PathElement& element) {
  if (node == nullptr) return nullptr;
  const auto found = node->children.find(element);
  return found == node->children.end() ? nullptr : &found->second;
}

class Walk {
 public:
  explicit Walk(const std::function<bool(const DesiredField&)>& visit) : visit_(visit) {}

  void step(const PathElement& element, const json::value& value, const Node* parent_shape) {
    push(element, element);
    const bool identity = path_.size() == 2 && path_[0].text() == "metadata" &&
                          (element.text() == "name" || element.text() == "namespace");
    if (!identity) add(value, child_of(parent_shape, element));
    pop();
  }

 private:
  // How the items of a list are named.
  struct Items {
    bool set = false;
    std::vector<std::string> names;
  };

  void add(const json::value& value, const Node* shape) {
    const bool leaf = shape != nullptr && shape->member && shape->children.empty();
    if (const json::object* object = value.if_object(); object != nullptr && !leaf && !object->empty()) {
      if (!tell(Kind::Map, value)) return;
      for (const auto& [name, below] : *object) step(PathElement::field(name), below, shape);
      return;
    }
    const json::array* list = value.if_array();
    if (list != nullptr && list->empty()) return;
    const Items items = list != nullptr && !leaf ? items_of(*list, shape) : Items{};
    if (!items.set && items.names.empty()) {
      tell(Kind::Leaf, value);
    } else if (tell(Kind::List, value)) {
      add_items(*list, items, shape);
    }
  }

  [[nodiscard]] Items items_of(const json::array& list, const Node* shape) const {
    Items items;
    // The one set that every type has.
    items.set = path_.size() == 2 && path_[0].text() == "metadata" && path_[1].text() == "finalizers";
    if (shape != nullptr)
      for (const auto& [element, child] : shape->children) {
        items.set = items.set || element.kind() == PathElement::Kind::Value;
        if (element.kind() != PathElement::Kind::Key || !items.names.empty()) continue;
        for (const auto& field : element.key_fields()) items.names.emplace_back(field.key());
      }
    if (items.set) return items;
    if (items.names.empty()) items.names = guess_key_names(list, list);
    if (!std::ranges::all_of(list, [](const json::value& item) { return item.is_object(); })) items.names.clear();
    return items;
  }

  void add_items(const json::array& list, const Items& items, const Node* shape) {
    for (const json::value& item : list) {
      if (items.set) {
        push(PathElement::value(item), PathElement::value(item));
        tell(Kind::Member, item);
      } else {
        add_item(item, key_element(item.get_object(), items.names), shape);
      }
      pop();
    }
  }

  void add_item(const json::value& item, const PathElement& element, const Node* shape) {
    json::object scalars;
    for (const auto& [name, value] : item.get_object())
      if (!value.is_structured()) scalars.emplace(name, value);
    push(element, PathElement::key(scalars));
    if (!tell(Kind::Item, item)) return;
    for (const auto& [name, below] : item.get_object())
      if (!element.key_fields().contains(name)) step(PathElement::field(name), below, child_of(shape, element));
  }

  bool tell(Kind kind, const json::value& value) { return visit_({kind, path_, detailed_, value}); }

  void push(const PathElement& element, const PathElement& detailed) {
    path_.push_back(element);
    detailed_.push_back(detailed);
  }
  void pop() {
    path_.pop_back();
    detailed_.pop_back();
  }

  const std::function<bool(const DesiredField&)>& visit_;
  FieldPath path_, detailed_;
};

}  // namespace

void walk_desired(const json::object& desired, const FieldSet& shapes,
                  const std::function<bool(const DesiredField&)>& visit) {
  Walk walk(visit);
  for (const auto& [name, value] : desired)
    if (std::string_view(name) != "apiVersion" && std::string_view(name) != "kind")
      walk.step(PathElement::field(name), value, &shapes.root());
}

FieldSet desired_fields(const json::object& desired, const FieldSet& shapes) {
  FieldSet set;
  walk_desired(desired, shapes, [&](const DesiredField& field) {
    if (field.kind == Kind::Map || field.kind == Kind::List) return true;
    set.insert(field.path);
    if (field.kind != Kind::Item) return false;
    FieldPath name = field.path;
    for (const auto& key : field.path.back().key_fields()) {  // what names an item is ours too
      name.push_back(PathElement::field(key.key()));
      set.insert(name);
      name.pop_back();
    }
    return true;
  });
  return set;
}

FieldSet shapes_of(const std::vector<ManagedFieldsEntry>& entries) {
  FieldSet shapes;
  for (const ManagedFieldsEntry& entry : entries) shapes.insert_all(entry.fields);
  return shapes;
}

bool owns(const FieldSet& set, const FieldPath& path, const FieldSet& shapes) {
  const Node* node = &set.root();
  const Node* shape = &shapes.root();
  for (const PathElement& element : path) {
    if (node->member && node->children.empty()) return shape == nullptr || shape->children.empty();
    node = child_of(node, element);
    if (node == nullptr) return false;
    shape = child_of(shape, element);
  }
  return node->member;
}

bool touches(const FieldSet& set, const FieldPath& path) {
  const Node* node = &set.root();
  for (const PathElement& element : path) {
    if (node->member && node->children.empty()) return true;
    node = child_of(node, element);
    if (node == nullptr) return false;
  }
  return true;
}

}  // namespace holdfast
