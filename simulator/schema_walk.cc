#include "simulator/schema_walk.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "simulator/quantity.h"

namespace holdfast {
namespace {

const json::object* object_at(const json::object& schema, std::string_view key) {
  const json::value* value = schema.if_contains(key);
  return value == nullptr ? nullptr : value->if_object();
}

bool true_at(const json::object& schema, std::string_view key) {
  const json::value* value = schema.if_contains(key);
  return value != nullptr && value->is_bool() && value->get_bool();
}

bool is_int_or_string(const json::object& schema) {
  return true_at(schema, "x-kubernetes-int-or-string") || string_at(schema, {"format"}) == "int-or-string";
}

// A struct of Go's that is no pointer has the default {}.
bool is_plain_struct(const json::object& property) {
  const json::value* value = property.if_contains("default");
  return value != nullptr && value->is_object() && value->get_object().empty();
}

std::string_view kind_name(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "boolean";
    case json::kind::int64:
    case json::kind::uint64:
      return "integer";
    case json::kind::double_:
      return "number";
    case json::kind::string:
      return "string";
    case json::kind::array:
      return "array";
    case json::kind::object:
      return "object";
  }
  return "";
}

bool fits(std::string_view type, const json::value& value) {
  const std::string_view got = kind_name(value);
  if (got == type || type.empty()) return true;
  if (type == "number") return got == "integer";
  return type == "integer" && got == "number" && std::floor(value.get_double()) == value.get_double();
}

// Where a text ceases to be base64 with its padding.
std::optional<std::size_t> base64_fault(std::string_view text) {
  static constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::size_t letters = std::min(text.find_first_not_of(alphabet), text.size()), over = letters % 4;
  if (letters == text.size()) return over == 0 ? std::nullopt : std::optional(letters - over);
  if (text[letters] != '=' || over < 2) return letters;
  std::size_t end = letters + 1;
  if (over == 2) {
    if (end == text.size()) return end;
    if (text[end] != '=') return end;
    ++end;
  }
  return end == text.size() ? std::nullopt : std::optional(end);
}

std::string member_path(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
}

bool is_empty_container(const json::value& value) {
  return (value.is_object() && value.get_object().empty()) || (value.is_array() && value.get_array().empty());
}

}  // namespace

const json::object* member_schema(const json::object& schema, std::string_view name) {
  if (const json::object* properties = object_at(schema, "properties"))
    if (const json::object* member = object_at(*properties, name)) return member;
  return object_at(schema, "additionalProperties");
}

const json::object* item_schema(const json::object& schema) { return object_at(schema, "items"); }

bool is_required(const json::object& schema, std::string_view name) {
  const json::value* required = schema.if_contains("required");
  if (required == nullptr || !required->is_array()) return false;
  for (const json::value& member : required->get_array())
    if (member.is_string() && std::string_view(member.get_string()) == name) return true;
  return false;
}

const json::object& SchemaWalk::step(const json::object& schema, bool& custom) const {
  const json::object& resolved = definitions_.resolve(schema);
  if (&resolved != &schema) custom = false;
  return resolved;
}

std::vector<std::string> SchemaWalk::prune(json::object& value, const json::object& schema) const {
  Pruned pruned;
  json::value whole(std::move(value));
  prune_value(whole, schema, custom_, "", pruned);
  value = std::move(whole.get_object());
  return std::move(pruned.paths);
}

void SchemaWalk::prune_value(json::value& value, const json::object& unresolved, bool custom, const std::string& path,
                             Pruned& into) const {
  const json::object& schema = step(unresolved, custom);
  if (value.is_array()) {
    const json::object* items = item_schema(schema);
    if (items == nullptr) return;
    for (std::size_t i = 0; i < value.get_array().size(); ++i)
      prune_value(value.get_array()[i], *items, custom, fmt::format("{}[{}]", path, i), into);
    return;
  }
  if (!value.is_object()) return;
  const bool free_form = true_at(schema, "x-kubernetes-preserve-unknown-fields") ||
                         (!custom && !schema.contains("properties") && !schema.contains("additionalProperties")) ||
                         true_at(schema, "additionalProperties") || is_int_or_string(schema);
  const bool embedded = true_at(schema, "x-kubernetes-embedded-resource");
  std::vector<std::string> unknown;
  for (auto& [name, member] : value.get_object()) {
    if (const json::object* known = member_schema(schema, name))
      prune_value(member, *known, custom, member_path(path, name), into);
    else if (!free_form && !(embedded && (name == "apiVersion" || name == "kind" || name == "metadata")))
      unknown.emplace_back(name);
  }
  for (const std::string& name : unknown) {
    into.paths.push_back(member_path(path, name));
    value.get_object().erase(name);
  }
}

std::vector<TypeMismatch> SchemaWalk::mismatches(const json::object& value, const json::object& schema) const {
  std::vector<TypeMismatch> found;
  check_value(value, schema, custom_, "", found);
  return found;
}

void SchemaWalk::check_value(const json::value& value, const json::object& unresolved, bool custom,
                             const std::string& path, std::vector<TypeMismatch>& into) const {
  if (SchemaDefinitions::reference(unresolved) == "Quantity") {
    const std::string text = value.is_string() ? std::string(std::string_view(value.get_string())) : to_json(value);
    if (!value.is_null() && !canonical_quantity(text)) into.push_back({path, kQuantityType, ""});
    return;
  }
  const json::object& schema = step(unresolved, custom);
  if (value.is_null() && (!custom || true_at(schema, "nullable") || true_at(unresolved, "nullable"))) return;
  const std::string_view type = string_at(schema, {"type"});
  if (!is_int_or_string(schema) && !fits(type, value)) {
    into.push_back({path, std::string(type), std::string(kind_name(value))});
    return;
  }
  if (!custom && value.is_string() && string_at(schema, {"format"}) == "byte") {
    if (const auto fault = base64_fault(value.get_string())) into.push_back({path, kBytesType, std::to_string(*fault)});
  }
  if (value.is_array()) {
    if (const json::object* items = item_schema(schema))
      for (std::size_t i = 0; i < value.get_array().size(); ++i)
        check_value(value.get_array()[i], *items, custom, fmt::format("{}[{}]", path, i), into);
  } else if (value.is_object()) {
    for (const auto& [name, member] : value.get_object())
      if (const json::object* known = member_schema(schema, name))
        check_value(member, *known, custom, member_path(path, name), into);
  }
}

void SchemaWalk::add_defaults(json::object& value, const json::object& schema) const {
  default_object(value, schema, custom_);
}

void SchemaWalk::default_object(json::object& value, const json::object& schema, bool custom) const {
  if (const json::object* properties = object_at(schema, "properties"))
    for (const auto& [name, property_value] : *properties) {
      const json::object* property = property_value.if_object();
      const json::value* fallback = property == nullptr ? nullptr : property->if_contains("default");
      if (fallback == nullptr) continue;
      const json::value* there = value.if_contains(name);
      const bool missing = there == nullptr || (there->is_null() && !true_at(*property, "nullable"));
      if (!missing) continue;
      if (custom || is_plain_struct(*property) || (is_required(schema, name) && !fallback->is_object()))
        value[name] = *fallback;
    }
  for (auto& [name, member] : value)
    if (const json::object* known = member_schema(schema, name)) default_below(member, *known, custom);
}

void SchemaWalk::default_below(json::value& value, const json::object& unresolved, bool custom) const {
  const json::object& schema = step(unresolved, custom);
  if (value.is_object()) {
    default_object(value.get_object(), schema, custom);
  } else if (value.is_array()) {
    if (const json::object* items = item_schema(schema))
      for (json::value& item : value.get_array()) default_below(item, *items, custom);
  }
}

void SchemaWalk::normalize(json::object& value, const json::object& schema) const {
  json::value whole(std::move(value));
  normalize_value(whole, schema, custom_);
  value = std::move(whole.get_object());
}

void SchemaWalk::normalize_value(json::value& value, const json::object& unresolved, bool custom) const {
  if (SchemaDefinitions::reference(unresolved) == "Quantity") {
    const std::string text = value.is_string() ? std::string(std::string_view(value.get_string())) : to_json(value);
    if (const auto canonical = canonical_quantity(text)) value = *canonical;
    return;
  }
  const json::object& schema = step(unresolved, custom);
  if (value.is_double() && std::floor(value.get_double()) == value.get_double() &&
      std::abs(value.get_double()) < 9e15) {
    value = static_cast<std::int64_t>(value.get_double());
  } else if (value.is_array()) {
    if (const json::object* items = item_schema(schema))
      for (json::value& item : value.get_array()) normalize_value(item, *items, custom);
  } else if (value.is_object()) {
    std::vector<std::string> absent;
    for (auto& [name, member] : value.get_object()) {
      const json::object* known = member_schema(schema, name);
      if (known == nullptr) continue;
      bool own = custom;
      const json::object& resolved = step(*known, own);
      if (member.is_null() && !custom && string_at(*known, {"type"}) == "string" && !schema.contains("properties")) {
        member = "";  // a null in a map of strings (V23)
        continue;
      }
      normalize_value(member, *known, custom);
      const bool is_struct = member.is_object() && !resolved.contains("additionalProperties");
      if (!custom && (member.is_null() || (is_empty_container(member) && !is_struct && !is_required(schema, name))))
        absent.emplace_back(name);
    }
    for (const std::string& name : absent) value.get_object().erase(name);
  }
}

json::object SchemaWalk::blank(const json::object& schema) const {
  json::object made;
  if (custom_) return made;
  const json::object* properties = object_at(schema, "properties");
  if (properties == nullptr) return made;
  for (const auto& [name, property_value] : *properties) {
    const json::object& property = property_value.get_object();
    const json::object& resolved = definitions_.resolve(property);
    if (is_plain_struct(property))
      made[name] = blank(resolved);
    else if (is_required(schema, name))
      made[name] = property.contains("default") ? property.at("default") : json::value();
  }
  return made;
}

}  // namespace holdfast
