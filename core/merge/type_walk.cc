#include "core/merge/type_walk.h"

#include <spdlog/fmt/fmt.h>

#include <cassert>

namespace holdfast {
namespace {

std::expected<PathElement, std::string> keyed_element(const ListType& list, const json::value& item) {
  if (item.is_null()) return std::unexpected("associative list with keys may not have a null element");
  const json::object* object = item.if_object();
  if (object == nullptr) return std::unexpected("associative list with keys may not have non-map elements");
  json::object key;
  for (const std::string& name : list.keys) {
    if (const json::value* value = object->if_contains(name)) {
      key.emplace(name, *value);
      continue;
    }
    const TypeNode& type = *list.element;
    if (!type.map)
      return std::unexpected(fmt::format(
          "couldn't find default value for {}: {}", name,
          type.scalar || type.list ? "associative list may not have non-map types" : "invalid elementType for list"));
    const FieldType* field = type.map->find_field(name);
    if (field != nullptr && !field->default_value.is_null()) key.emplace(name, field->default_value);
  }
  if (key.empty()) {
    std::string names;
    for (const std::string& name : list.keys) names += fmt::format("{}\"{}\"", names.empty() ? "" : " ", name);
    return std::unexpected(
        fmt::format("associative list with keys has an element that omits all key fields [{}] (and doesn't have "
                    "default values for any key fields)",
                    names));
  }
  return PathElement::key(key);
}

}  // namespace

Forms forms_of(const TypeNode& type, const json::value* value) {
  if (value != nullptr) {
    switch (value->kind()) {
      case json::kind::object:
        if (type.map) return {.map = true};
        break;
      case json::kind::array:
        if (type.list) return {.list = true};
        break;
      case json::kind::null:
        break;
      case json::kind::bool_:
      case json::kind::int64:
      case json::kind::uint64:
      case json::kind::double_:
      case json::kind::string:
        if (type.scalar) return {.scalar = true};
        break;
    }
  }
  return {type.map.has_value(), type.scalar.has_value(), type.list.has_value()};
}

Form first_form(const Forms& forms) {
  if (forms.map) return Form::Map;
  if (forms.scalar) return Form::Scalar;
  return forms.list ? Form::List : Form::None;
}

std::expected<PathElement, std::string> item_element(const ListType& list, const json::value& item) {
  if (!list.keys.empty()) return keyed_element(list, item);
  if (item.is_object()) return std::unexpected("associative list without keys has an element that's a map type");
  if (item.is_array()) return std::unexpected("not supported: associative list with lists as elements");
  if (item.is_null()) return std::unexpected("associative list without keys has an element that's an explicit null");
  return PathElement::value(item);
}

std::vector<PathElement> item_elements(const ListType& list, const json::array& items) {
  std::vector<PathElement> elements;
  elements.reserve(items.size());
  for (const json::value& item : items) {
    auto element = item_element(list, item);
    assert(element.has_value());  // the value was validated
    elements.push_back(std::move(*element));
  }
  return elements;
}

}  // namespace holdfast
