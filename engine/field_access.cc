#include "engine/field_access.h"

#include <algorithm>
#include <span>

#include "holdfast/merge/list_index.h"

namespace holdfast {
namespace {

struct Removal {
  bool found = false;
  bool emptied = false;  // the container that held it
};

Removal remove_from(json::value& value, std::span<const PathElement> path) {
  Removal removal;
  const PathElement& element = path.front();
  if (json::object* object = value.if_object(); object != nullptr && element.kind() == PathElement::Kind::Field) {
    json::value* member = object->if_contains(element.text());
    if (member == nullptr) return removal;
    if (path.size() > 1) removal = remove_from(*member, path.subspan(1));
    if (path.size() == 1 || removal.emptied) object->erase(element.text());
    removal.emptied = object->empty();
    removal.found = removal.found || path.size() == 1;
  } else if (json::array* list = value.if_array()) {
    auto positions = ListIndex(*list).find(element);
    std::ranges::reverse(positions);
    for (const std::size_t position : positions) {
      Removal below;
      if (path.size() > 1) below = remove_from((*list)[position], path.subspan(1));
      if (path.size() == 1 || below.emptied) list->erase(list->begin() + static_cast<std::ptrdiff_t>(position));
      removal.found = removal.found || below.found || path.size() == 1;
    }
    removal.emptied = removal.found && list->empty();
  }
  return removal;
}

}  // namespace

const json::value* find_field(const json::value& root, const FieldPath& path) {
  const json::value* value = &root;
  for (const PathElement& element : path) {
    if (element.kind() == PathElement::Kind::Field) {
      value = value->is_object() ? value->get_object().if_contains(element.text()) : nullptr;
    } else if (const json::array* list = value->if_array()) {
      const auto positions = ListIndex(*list).find(element);
      value = positions.empty() ? nullptr : &(*list)[positions[0]];
    } else {
      value = nullptr;
    }
    if (value == nullptr) return nullptr;
  }
  return value;
}

json::value* find_field(json::object& body, const FieldPath& path) {
  json::value* value = nullptr;
  for (const PathElement& element : path) {
    if (element.kind() == PathElement::Kind::Field) {
      json::object* object = value == nullptr ? &body : value->if_object();
      value = object == nullptr ? nullptr : object->if_contains(element.text());
    } else if (json::array* list = value == nullptr ? nullptr : value->if_array()) {
      const auto positions = ListIndex(*list).find(element);
      value = positions.empty() ? nullptr : &(*list)[positions[0]];
    } else {
      value = nullptr;
    }
    if (value == nullptr) return nullptr;
  }
  return value;
}

void erase_field(json::object& body, const FieldPath& path) {
  const PathElement& last = path.back();
  if (path.size() == 1) {
    body.erase(last.text());
    return;
  }
  json::value* parent = find_field(body, FieldPath(path.begin(), path.end() - 1));
  if (parent == nullptr) return;
  if (json::object* object = parent->if_object(); object != nullptr && last.kind() == PathElement::Kind::Field) {
    object->erase(last.text());
  } else if (json::array* list = parent->if_array()) {
    auto positions = ListIndex(*list).find(last);
    std::ranges::reverse(positions);
    for (const std::size_t position : positions) list->erase(list->begin() + static_cast<std::ptrdiff_t>(position));
  }
}

bool remove_field(json::object& body, const FieldPath& path) {
  if (path.empty()) return false;
  json::value whole(std::move(body));
  const bool found = remove_from(whole, path).found;
  body = std::move(whole.get_object());
  return found;
}

}  // namespace holdfast
