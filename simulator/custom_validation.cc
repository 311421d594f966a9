#include "simulator/custom_validation.h"

#include <spdlog/fmt/fmt.h>

#include <optional>
#include <regex>
#include <set>

#include "simulator/schema_walk.h"

namespace holdfast {
namespace {

using Causes = std::vector<ApiStatusCause>;

std::optional<double> number_of(const json::object& schema, std::string_view name) {
  const json::value* value = schema.if_contains(name);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  return value->to_number<double>();
}

std::string bound_text(double bound) { return fmt::format("{}", bound); }

bool is_true(const json::object& schema, std::string_view name) {
  const json::value* value = schema.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

void refuse(const json::value& value, const std::string& path, const std::string& why, Causes& causes) {
  causes.push_back(
      {"FieldValueInvalid", fmt::format("Invalid value: {}: {} in body {}", to_json(value), path, why), path});
}

void check_enum(const json::value& value, const json::object& schema, const std::string& path, Causes& causes) {
  const json::value* allowed = schema.if_contains("enum");
  if (allowed == nullptr || !allowed->is_array()) return;
  std::vector<std::string> texts;
  for (const json::value& one : allowed->get_array()) {
    if (one == value) return;
    texts.push_back(to_json(one));
  }
  causes.push_back({"FieldValueNotSupported",
                    fmt::format("Unsupported value: {}: supported values: {}", to_json(value), fmt::join(texts, ", ")),
                    path});
}

void check_text(const json::value& value, const json::object& schema, const std::string& path, Causes& causes) {
  const std::string text(std::string_view(value.get_string()));
  const auto length = static_cast<double>(text.size());
  if (const auto most = number_of(schema, "maxLength"); most && length > *most)
    causes.push_back(
        {"FieldValueTooLong", fmt::format("Too long: may not be more than {} bytes", bound_text(*most)), path});
  if (const auto least = number_of(schema, "minLength"); least && length < *least)
    refuse(value, path, fmt::format("should be at least {} chars long", bound_text(*least)), causes);
  if (const std::string pattern(string_at(schema, {"pattern"})); !pattern.empty())
    if (!std::regex_search(text, std::regex(pattern)))
      refuse(value, path, fmt::format("should match '{}'", pattern), causes);
  static const std::regex time(R"(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d))");
  if (string_at(schema, {"format"}) == "date-time" && !std::regex_match(text, time))
    causes.push_back(
        {"FieldValueTypeInvalid",
         fmt::format("Invalid value: {0}: {1} in body must be of type date-time: {0}", to_json(value), path), path});
}

void check_number(const json::value& value, const json::object& schema, const std::string& path, Causes& causes) {
  const auto number = value.to_number<double>();
  if (const auto most = number_of(schema, "maximum"); most && number > *most)
    refuse(value, path, "should be less than or equal to " + bound_text(*most), causes);
  if (const auto least = number_of(schema, "minimum"); least && number < *least)
    refuse(value, path, "should be greater than or equal to " + bound_text(*least), causes);
}

// What tells an item of a set, or of a list with keys, from the others.
std::string identity_of(const json::value& item, const json::object& schema) {
  const json::value* keys = schema.if_contains("x-kubernetes-list-map-keys");
  if (keys == nullptr || !keys->is_array() || !item.is_object()) return canonical_json(item);
  json::object identity;
  for (const json::value& key : keys->get_array())
    if (const json::value* member = item.get_object().if_contains(std::string_view(key.get_string())))
      identity[key.get_string()] = *member;
  return canonical_json(json::value(identity));
}

void check_list(const json::array& list, const json::object& schema, const std::string& path, Causes& causes) {
  if (const auto most = number_of(schema, "maxItems"); most && static_cast<double>(list.size()) > *most)
    causes.push_back({"FieldValueTooMany",
                      fmt::format("Too many: {}: must have at most {} items", list.size(), bound_text(*most)), path});
  const std::string_view kind = string_at(schema, {"x-kubernetes-list-type"});
  if (kind != "set" && kind != "map") return;
  std::set<std::string> seen;
  for (std::size_t i = 0; i < list.size(); ++i)
    if (const std::string identity = identity_of(list[i], schema); !seen.insert(identity).second)
      causes.push_back(
          {"FieldValueDuplicate", fmt::format("Duplicate value: {}", identity), fmt::format("{}[{}]", path, i)});
}

void check(const json::value& value, const json::object& schema, const std::string& path, Causes& causes) {
  if (value.is_null()) return;
  check_enum(value, schema, path, causes);
  if (value.is_string()) check_text(value, schema, path, causes);
  if (value.is_number()) check_number(value, schema, path, causes);
  if (const json::array* list = value.if_array()) {
    check_list(*list, schema, path, causes);
    if (const json::object* items = item_schema(schema))
      for (std::size_t i = 0; i < list->size(); ++i) check((*list)[i], *items, fmt::format("{}[{}]", path, i), causes);
  }
  const json::object* object = value.if_object();
  if (object == nullptr) return;
  const auto below = [&](std::string_view name) {
    return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
  };
  if (const json::value* required = schema.if_contains("required"); required != nullptr && required->is_array())
    for (const json::value& name : required->get_array())
      if (!object->contains(std::string_view(name.get_string())))
        causes.push_back({"FieldValueRequired", "Required value", below(std::string_view(name.get_string()))});
  for (const auto& [name, member] : *object)
    if (const json::object* known = member_schema(schema, name))
      if (!path.empty() || name != "metadata") check(member, *known, below(name), causes);
}

void drop_below(json::value& value, const json::object& schema) {
  if (json::array* list = value.if_array()) {
    if (const json::object* items = item_schema(schema))
      for (json::value& item : *list) drop_below(item, *items);
  } else if (json::object* object = value.if_object()) {
    drop_nulls(*object, schema);
  }
}

}  // namespace

std::vector<ApiStatusCause> validate_custom(const json::object& object, const json::object& schema) {
  Causes causes;
  check(json::value(object), schema, "", causes);
  return causes;
}

void drop_nulls(json::object& object, const json::object& schema) {
  std::vector<std::string> gone;
  for (auto& [name, member] : object) {
    const json::object* known = member_schema(schema, name);
    if (known == nullptr) continue;
    if (member.is_null() && !is_true(*known, "nullable"))
      gone.emplace_back(name);
    else
      drop_below(member, *known);
  }
  for (const std::string& name : gone) object.erase(name);
}

}  // namespace holdfast
