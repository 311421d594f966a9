#include "simulator/custom_type.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <tuple>

namespace holdfast {
namespace {

constexpr std::string_view kObjectMeta = "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

std::vector<std::string> strings_at(const json::value& root, std::initializer_list<std::string_view> path) {
  std::vector<std::string> out;
  if (const json::value* list = find(root, path); list != nullptr && list->is_array())
    for (const json::value& value : list->get_array())
      if (value.is_string()) out.emplace_back(std::string_view(value.get_string()));
  return out;
}

bool true_at(const json::value& root, std::initializer_list<std::string_view> path) {
  const json::value* value = find(root, path);
  return value != nullptr && value->is_bool() && value->get_bool();
}

// What every object has is not written in the definition's schema.
json::object root_schema(const json::value& version, const GroupVersionKind& gvk) {
  json::object schema{{"type", "object"}};
  if (const json::value* written = find(version, {"schema", "openAPIV3Schema"}); written != nullptr)
    if (written->is_object()) schema = written->get_object();
  json::value& properties = schema["properties"];
  if (!properties.is_object()) properties = json::object();
  properties.get_object()["apiVersion"] = {{"type", "string"}};
  properties.get_object()["kind"] = {{"type", "string"}};
  properties.get_object()["metadata"] = {{"allOf", json::array{{{"$ref", kObjectMeta}}}}};
  schema["x-kubernetes-group-version-kind"] =
      json::array{{{"group", gvk.group}, {"kind", gvk.kind}, {"version", gvk.version}}};
  return schema;
}

std::string description_of(const json::value& column) {
  const std::string_view own = string_at(column, {"description"});
  if (!own.empty()) return std::string(own);
  return fmt::format("Custom resource definition column (in JSONPath format): {}", string_at(column, {"jsonPath"}));
}

std::string name_description(const TypeRegistry& types) {
  const ResourceTypePtr any = types.find("", "v1", "configmaps");
  return any == nullptr || any->columns.empty() ? "" : any->columns.front().description;
}

void read_columns(const json::value& version, const TypeRegistry& types, ResourceType& type) {
  type.columns.push_back({"Name", "string", "name", 0, ".metadata.name", name_description(types)});
  const json::value* columns = find(version, {"additionalPrinterColumns"});
  if (columns == nullptr || !columns->is_array()) {
    type.columns.push_back({"Age", "date", "", 0, ".metadata.creationTimestamp"});
    return;
  }
  for (const json::value& column : columns->get_array()) {
    const json::value* priority = find(column, {"priority"});
    type.columns.push_back({std::string(string_at(column, {"name"})), std::string(string_at(column, {"type"})),
                            std::string(string_at(column, {"format"})),
                            priority != nullptr && priority->is_int64() ? static_cast<int>(priority->get_int64()) : 0,
                            std::string(string_at(column, {"jsonPath"})), description_of(column)});
  }
}

// A schema that the merge cannot use leaves the type open, as a definition without a schema does.
void add_merge_type(const json::value& version, const SchemaDefinitions& definitions, ResourceType& type) {
  type.merge_type = Schema::deduced_type();
  const json::value* written = find(version, {"schema", "openAPIV3Schema"});
  if (written == nullptr || !written->is_object()) return;
  Result<Schema> schema = Schema::from_crd(written->get_object(), type.gvk, definitions.all());
  if (!schema) return;
  type.merge_schema = std::make_shared<const Schema>(std::move(*schema));
  if (const TypeNode* node = type.merge_schema->type_of(type.gvk)) type.merge_type = node;
}

std::shared_ptr<ResourceType> read_version(const json::value& definition, const json::value& version,
                                           const TypeRegistry& types) {
  auto type = std::make_shared<ResourceType>();
  type->gvk = {std::string(string_at(definition, {"spec", "group"})), std::string(string_at(version, {"name"})),
               std::string(string_at(definition, {"spec", "names", "kind"}))};
  type->custom = true;
  type->plural = string_at(definition, {"spec", "names", "plural"});
  type->singular = string_at(definition, {"spec", "names", "singular"});
  if (type->singular.empty())
    for (const char letter : type->gvk.kind)
      type->singular.push_back(letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter);
  type->namespaced = string_at(definition, {"spec", "scope"}) == "Namespaced";
  type->short_names = strings_at(definition, {"spec", "names", "shortNames"});
  type->categories = strings_at(definition, {"spec", "names", "categories"});
  type->verbs = {"delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"};
  type->status_subresource = find(version, {"subresources", "status"}) != nullptr;
  if (find(version, {"subresources", "scale"}) != nullptr)
    type->scale = ScalePaths{std::string(string_at(version, {"subresources", "scale", "specReplicasPath"})),
                             std::string(string_at(version, {"subresources", "scale", "statusReplicasPath"})),
                             std::string(string_at(version, {"subresources", "scale", "labelSelectorPath"}))};
  read_columns(version, types, *type);
  type->schema = root_schema(version, type->gvk);
  add_merge_type(version, types.definitions(), *type);
  return type;
}

// "v1" before "v1beta2" before "v1alpha1"; higher numbers first.
std::tuple<int, int, int> preference(std::string_view version) {
  int major = 0, minor = 0, stage = 0;
  std::size_t at = 1;
  for (; at < version.size() && version[at] >= '0' && version[at] <= '9'; ++at)
    major = major * 10 + (version[at] - '0');
  if (version.substr(std::min(at, version.size())).starts_with("beta")) stage = 1;
  if (version.substr(std::min(at, version.size())).starts_with("alpha")) stage = 2;
  for (at = stage == 0 ? version.size() : version.find_first_of("0123456789", at); at < version.size(); ++at)
    minor = minor * 10 + (version[at] - '0');
  return {stage, -major, -minor};
}

}  // namespace

std::vector<ResourceTypePtr> types_of_definition(const json::object& body, const TypeRegistry& registry) {
  const json::value definition(body);
  std::vector<ResourceTypePtr> types;
  const json::value* versions = find(definition, {"spec", "versions"});
  if (versions == nullptr || !versions->is_array()) return types;
  for (const json::value& version : versions->get_array()) {
    if (!true_at(version, {"served"})) continue;
    std::shared_ptr<ResourceType> type = read_version(definition, version, registry);
    if (!type->gvk.kind.empty() && !type->plural.empty() && !type->gvk.version.empty())
      types.push_back(std::move(type));
  }
  std::ranges::sort(types, {}, [](const ResourceTypePtr& type) { return preference(type->gvk.version); });
  return types;
}

}  // namespace holdfast
