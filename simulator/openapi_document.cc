#include "simulator/openapi_document.h"

#include <spdlog/fmt/fmt.h>

#include <set>

#include "holdfast/base/digest.h"

namespace holdfast {
namespace {

constexpr std::string_view kPrefix = "#/components/schemas/";

std::string path_of(const ResourceType& type) {
  return type.gvk.group.empty() ? "api/" + type.gvk.version : "apis/" + type.gvk.group + "/" + type.gvk.version;
}

void collect_references(const json::value& schema, std::set<std::string>& names) {
  if (schema.is_array()) {
    for (const json::value& item : schema.get_array()) collect_references(item, names);
  } else if (schema.is_object()) {
    for (const auto& [key, value] : schema.get_object()) {
      if (key == "$ref" && value.is_string()) {
        const std::string_view target = value.get_string();
        if (target.starts_with(kPrefix)) names.emplace(target.substr(kPrefix.size()));
      } else {
        collect_references(value, names);
      }
    }
  }
}

// A definition and all that it leads to.
void add_definition(const SchemaDefinitions& definitions, const std::string& name, json::object& schemas) {
  if (schemas.contains(name)) return;
  const json::object* schema = definitions.find(name);
  if (schema == nullptr) return;
  schemas[name] = *schema;
  std::set<std::string> names;
  collect_references(*schema, names);
  for (const std::string& referred : names) add_definition(definitions, referred, schemas);
}

json::object operation(const ResourceType& type, std::string_view action, bool writes) {
  json::array parameters;
  if (writes)
    for (const char* name : {"dryRun", "fieldManager", "fieldValidation"})
      parameters.push_back({{"name", name}, {"in", "query"}, {"schema", {{"type", "string"}, {"uniqueItems", true}}}});
  json::object made{{"x-kubernetes-action", action},
                    {"x-kubernetes-group-version-kind",
                     {{"group", type.gvk.group}, {"version", type.gvk.version}, {"kind", type.gvk.kind}}},
                    {"responses", {{"200", {{"description", "OK"}}}}}};
  if (writes) made["parameters"] = std::move(parameters);
  return made;
}

void add_paths(const ResourceType& type, json::object& paths) {
  const std::string collection =
      fmt::format("/{}{}/{}", path_of(type), type.namespaced ? "/namespaces/{namespace}" : "", type.plural);
  paths[collection] = {{"get", operation(type, "list", false)}, {"post", operation(type, "post", true)}};
  paths[collection + "/{name}"] = {{"get", operation(type, "get", false)},
                                   {"put", operation(type, "put", true)},
                                   {"patch", operation(type, "patch", true)},
                                   {"delete", operation(type, "delete", false)}};
}

// "io.ex.v1.Boat" for Boat of ex.io/v1, as the server names them.
std::string custom_name(const GroupVersionKind& gvk) {
  std::string reversed, part;
  for (const char letter : gvk.group + ".") {
    if (letter != '.') {
      part.push_back(letter);
      continue;
    }
    reversed.insert(0, part + ".");
    part.clear();
  }
  return reversed + gvk.version + "." + gvk.kind;
}

void add_schemas(const TypeRegistry& types, const ResourceType& type, json::object& schemas) {
  if (!type.custom) return add_definition(types.definitions(), types.definitions().name_of(type.gvk), schemas);
  schemas[custom_name(type.gvk)] = type.schema;
  std::set<std::string> names;
  collect_references(type.schema, names);
  for (const std::string& name : names) add_definition(types.definitions(), name, schemas);
}

}  // namespace

std::optional<std::string> openapi_document(const TypeRegistry& types, std::string_view path) {
  json::object paths, schemas;
  for (const ResourceTypePtr& type : types.all()) {
    if (path_of(*type) != path) continue;
    add_paths(*type, paths);
    add_schemas(types, *type, schemas);
  }
  if (paths.empty()) return std::nullopt;
  return to_json({{"openapi", "3.0.0"},
                  {"info", {{"title", "Holdfast simulator"}, {"version", "1.35"}}},
                  {"paths", std::move(paths)},
                  {"components", {{"schemas", std::move(schemas)}}}});
}

std::string openapi_index(const TypeRegistry& types) {
  json::object paths;
  for (const ResourceTypePtr& type : types.all()) {
    const std::string path = path_of(*type);
    if (paths.contains(path)) continue;
    const std::string hash = to_hex(sha256(fmt::format("{} {}", path, types.generation())));
    paths[path] = {{"serverRelativeURL", fmt::format("/openapi/v3/{}?hash={}", path, hash)}};
  }
  return to_json({{"paths", std::move(paths)}});
}

}  // namespace holdfast
