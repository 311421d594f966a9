#include "app/field_reference.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <string_view>

#include "app/own_definitions.h"

namespace holdfast {
namespace {

bool is_required(const json::object& schema, std::string_view field) {
  const json::value* required = schema.if_contains("required");
  if (required == nullptr || !required->is_array()) return false;
  return std::ranges::any_of(required->get_array(), [&](const json::value& each) {
    return each.is_string() && std::string_view(each.get_string()) == field;
  });
}

std::string joined(const json::array& values) {
  std::string text;
  for (const json::value& value : values)
    text += (text.empty() ? "" : ", ") +
            fmt::format("`{}`", value.is_string() ? std::string_view(value.get_string()) : std::string_view("-"));
  return text;
}

// "text", "list of objects", "one of `A`, `B`", "whole number, 0 to 100".
std::string type_of(const json::object& schema) {
  const std::string_view type = string_at(schema, {"type"});
  if (const json::value* choices = schema.if_contains("enum"); choices != nullptr && choices->is_array())
    return "one of " + joined(choices->get_array());
  if (type == "array") {
    const json::value* items = schema.if_contains("items");
    return items != nullptr && string_at(*items, {"type"}) == "object" ? "list of objects" : "list of texts";
  }
  if (type == "object") {
    if (schema.contains("additionalProperties")) return "object of texts";
    return schema.contains("properties") ? "object" : "object of any fields";
  }
  if (type == "integer") {
    const json::value *least = schema.if_contains("minimum"), *most = schema.if_contains("maximum");
    if (least == nullptr || most == nullptr) return "whole number";
    return fmt::format("whole number, {} to {}", to_json(*least), to_json(*most));
  }
  if (type == "boolean") return "true or false";
  if (string_at(schema, {"format"}) == "date-time") return "time";
  return "text";
}

// In a cell of a table nothing may end it.
std::string cell(std::string text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c == '\n' ? ' ' : c);
  return out;
}

std::string rules_of(const json::object& schema) {
  const json::value* rules = schema.if_contains("x-kubernetes-validations");
  std::string text;
  if (rules != nullptr && rules->is_array())
    for (const json::value& rule : rules->get_array())
      text += (text.empty() ? "" : "; ") + std::string(string_at(rule, {"message"}));
  return text;
}

std::string meaning_of(const json::object& schema) {
  std::string text(string_at(schema, {"description"}));
  const std::string rules = rules_of(schema);
  if (!rules.empty()) text += fmt::format("{}May be refused with: {}.", text.empty() ? "" : " ", rules);
  return text;
}

void add_rows(const json::object& schema, const std::string& path, std::string& out) {
  const json::value* properties = schema.if_contains("properties");
  if (properties == nullptr || !properties->is_object()) return;
  for (const auto& [name, value] : properties->get_object()) {
    const json::object* field = value.if_object();
    if (field == nullptr) continue;
    const std::string at = path + "." + std::string(name);
    const json::value* fallback = field->if_contains("default");
    std::string without = is_required(schema, name) ? "required" : "";
    if (fallback != nullptr)
      without = fmt::format(
          "`{}`", fallback->is_string() ? std::string(std::string_view(fallback->get_string())) : to_json(*fallback));
    out += fmt::format("| `{}` | {} | {} | {} |\n", at, cell(type_of(*field)), cell(without), cell(meaning_of(*field)));
    add_rows(*field, at, out);
    if (const json::value* items = field->if_contains("items"); items != nullptr && items->is_object()) {
      if (const std::string rules = rules_of(items->get_object()); !rules.empty())
        out += fmt::format("| `{}[]` | object |  | May be refused with: {}. |\n", at, cell(rules));
      add_rows(items->get_object(), at + "[]", out);
    }
  }
}

void add_columns(const json::value& version, std::string& out) {
  const json::value* columns = find(version, {"additionalPrinterColumns"});
  if (columns == nullptr || !columns->is_array() || columns->get_array().empty()) return;
  out += "\n## What kubectl get shows\n| Column | Path | Meaning |\n|---|---|---|\n";
  for (const json::value& column : columns->get_array()) {
    const json::value* priority = find(column, {"priority"});
    const bool wide = priority != nullptr && priority->is_int64() && priority->get_int64() > 0;
    out += fmt::format("| {}{} | `{}` | {} |\n", string_at(column, {"name"}), wide ? " (`-o wide`)" : "",
                       string_at(column, {"jsonPath"}), cell(std::string(string_at(column, {"description"}))));
  }
}

std::string file_of(const json::object& definition) {
  return std::string(string_at(definition, {"spec", "names", "singular"})) + ".md";
}

}  // namespace

std::string field_reference(const json::object& definition) {
  const std::string kind(string_at(definition, {"spec", "names", "kind"})),
      group(string_at(definition, {"spec", "group"}));
  std::string out;
  const json::value* versions = find(definition, {"spec", "versions"});
  if (versions == nullptr || !versions->is_array()) return out;
  for (const json::value& version : versions->get_array()) {
    const json::value* schema = find(version, {"schema", "openAPIV3Schema"});
    if (schema == nullptr || !schema->is_object()) continue;
    out += fmt::format("# {} ({}/{})\n\n{}\n\n", kind, group, string_at(version, {"name"}),
                       meaning_of(schema->get_object()));
    out += "Made from the definition by `holdfast schema --markdown`; `kubectl explain " +
           std::string(string_at(definition, {"spec", "names", "singular"})) + "` says the same.\n";
    const json::value* properties = find(*schema, {"properties"});
    for (const char* part : {"spec", "status"}) {
      const json::value* field = properties == nullptr ? nullptr : find(*properties, {part});
      if (field == nullptr || !field->is_object()) continue;
      out += fmt::format("\n## {}\n{}\n\n| Field | Type | Left out | Meaning |\n|---|---|---|---|\n", part,
                         meaning_of(field->get_object()));
      add_rows(field->get_object(), part, out);
    }
    add_columns(version, out);
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> field_references() {
  std::vector<std::pair<std::string, std::string>> files;
  std::string index = "# Every field of the objects of holdfast.dev\n\n";
  for (const json::value& definition : own_definitions()) {
    const json::object* object = definition.if_object();
    if (object == nullptr || string_at(*object, {"kind"}) != "CustomResourceDefinition") continue;
    const std::string kind(string_at(*object, {"spec", "names", "kind"}));
    index += fmt::format("- [{}]({}): `kubectl get {}`\n", kind, file_of(*object),
                         string_at(*object, {"spec", "names", "plural"}));
    files.emplace_back(file_of(*object), field_reference(*object));
  }
  index += "\n`./dev docs` writes these pages; a unit test holds them to the program.\n";
  files.emplace_back("README.md", std::move(index));
  return files;
}

}  // namespace holdfast
