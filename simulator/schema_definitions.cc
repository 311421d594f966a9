#include "simulator/schema_definitions.h"

namespace holdfast {
namespace {

constexpr std::string_view kPrefix = "#/components/schemas/";

}  // namespace

SchemaDefinitions::SchemaDefinitions(json::object definitions) : definitions_(std::move(definitions)) {
  for (const auto& [name, schema] : definitions_) {
    const json::value* gvks = holdfast::find(schema, {"x-kubernetes-group-version-kind"});
    if (gvks == nullptr || !gvks->is_array()) continue;
    for (const json::value& gvk : gvks->get_array())
      names_[{std::string(string_at(gvk, {"group"})), std::string(string_at(gvk, {"version"})),
              std::string(string_at(gvk, {"kind"}))}] = std::string(name);
  }
}

const json::object* SchemaDefinitions::find(std::string_view name) const {
  const json::value* schema = definitions_.if_contains(name);
  return schema == nullptr ? nullptr : schema->if_object();
}

const json::object* SchemaDefinitions::find(const GroupVersionKind& gvk) const {
  const auto name = names_.find(gvk);
  return name == names_.end() ? nullptr : find(name->second);
}

std::string SchemaDefinitions::name_of(const GroupVersionKind& gvk) const {
  const auto name = names_.find(gvk);
  return name == names_.end() ? std::string() : name->second;
}

const json::object& SchemaDefinitions::resolve(const json::object& schema) const {
  if (const std::string_view name = string_at(schema, {"$ref"}); name.starts_with(kPrefix)) {
    const json::object* found = find(name.substr(kPrefix.size()));
    return found == nullptr ? schema : *found;
  }
  const json::value* all_of = schema.if_contains("allOf");
  if (all_of == nullptr || !all_of->is_array() || all_of->get_array().size() != 1) return schema;
  const json::object* only = all_of->get_array().front().if_object();
  return only == nullptr ? schema : resolve(*only);
}

std::string_view SchemaDefinitions::reference(const json::object& schema) {
  std::string_view name = string_at(schema, {"$ref"});
  if (name.empty()) {
    const json::value* all_of = schema.if_contains("allOf");
    if (all_of == nullptr || !all_of->is_array() || all_of->get_array().size() != 1) return {};
    name = string_at(all_of->get_array().front(), {"$ref"});
  }
  const std::size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

}  // namespace holdfast
