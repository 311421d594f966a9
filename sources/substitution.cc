#include "sources/substitution.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "sources/yaml_document.h"
#include "sources/yaml_writer.h"

namespace holdfast {
namespace {

constexpr const char* kDisabling = "kustomize.toolkit.fluxcd.io/substitute";

bool is_left_out(const json::value& object) {
  return string_at(object, {"metadata", "labels", kDisabling}) == "disabled" ||
         string_at(object, {"metadata", "annotations", kDisabling}) == "disabled";
}

// Most objects have no variable, and their YAML need not be written.
bool has_dollar(const json::value& value) {
  constexpr auto kHas = [](std::string_view text) { return text.find('$') != std::string_view::npos; };
  if (const json::string* text = value.if_string()) return kHas(*text);
  if (const json::array* items = value.if_array()) return std::ranges::any_of(*items, has_dollar);
  if (const json::object* object = value.if_object())
    return std::ranges::any_of(*object,
                               [&](const auto& field) { return kHas(field.key()) || has_dollar(field.value()); });
  return false;
}

bool may_begin_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

}  // namespace

Result<void> check_variable_names(const VariableValues& values) {
  for (const auto& [name, value] : values) {
    const bool good = !name.empty() && may_begin_name(name.front()) &&
                      std::ranges::all_of(name, [](char c) { return may_begin_name(c) || (c >= '0' && c <= '9'); });
    if (!good)
      return fail(ErrorKind::Invalid, fmt::format("\"{}\" cannot be the name of a variable", name), {},
                  "use letters, digits and _ alone, and no digit in front");
  }
  return {};
}

Secret variable_value(std::string_view text) {
  std::string value(text);
  std::erase(value, '\n');
  return Secret(std::move(value));
}

Result<json::value> substitute(const json::value& object, const VariableValues& values, bool strict) {
  if (is_left_out(object) || !has_dollar(object)) return object;
  auto text = expand_variables(write_yaml(object), values, strict);
  if (!text) return std::unexpected(text.error());
  auto documents = parse_yaml(*text, "");
  if (documents && documents->size() == 1) return std::move(documents->front().value);
  return fail(ErrorKind::Invalid, "with its variables filled in it is no YAML any more", {},
              "quote what they stand in, or keep quotes, colons and the like out of their values");
}

}  // namespace holdfast
