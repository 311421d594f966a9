#include "simulator/type_registry.h"

#include <algorithm>
#include <cstdlib>

#include "simulator/embedded_schemas.h"

namespace holdfast {
namespace {

// The embedded files are part of the program: where they cannot be read, it was built wrongly.
json::value parse_embedded(std::string_view text) {
  Result<json::value> parsed = parse_json(text);
  if (!parsed) std::abort();
  return std::move(*parsed);
}

std::vector<std::string> strings_at(const json::value& item, std::string_view key) {
  std::vector<std::string> out;
  if (const json::value* list = find(item, {key}); list != nullptr && list->is_array())
    for (const json::value& value : list->get_array()) out.emplace_back(std::string_view(value.get_string()));
  return out;
}

void read_subresources(const json::value& item, ResourceType& type) {
  const json::value* list = find(item, {"subresources"});
  if (list == nullptr || !list->is_array()) return;
  for (const json::value& subresource : list->get_array()) {
    const std::string_view name = string_at(subresource, {"subresource"});
    if (name == "status") type.status_subresource = true;
    if (name == "scale") type.scale = ScalePaths{".spec.replicas", ".status.replicas", ".spec.selector"};
  }
}

void read_columns(const json::value& item, ResourceType& type) {
  const json::value* list = find(item, {"columns"});
  if (list == nullptr || !list->is_array()) return;
  for (const json::value& column : list->get_array()) {
    const json::value* priority = find(column, {"priority"});
    type.columns.push_back({std::string(string_at(column, {"name"})), std::string(string_at(column, {"type"})),
                            std::string(string_at(column, {"format"})),
                            priority == nullptr ? 0 : static_cast<int>(priority->to_number<int>()), "",
                            std::string(string_at(column, {"description"}))});
  }
}

ResourceTypePtr read_type(const json::value& item, const std::string& group, const std::string& version,
                          const SchemaDefinitions& definitions, const std::shared_ptr<const Schema>& merge_schema) {
  auto type = std::make_shared<ResourceType>();
  type->gvk = {group, version, std::string(string_at(item, {"responseKind", "kind"}))};
  type->plural = string_at(item, {"resource"});
  type->singular = string_at(item, {"singularResource"});
  type->namespaced = string_at(item, {"scope"}) == "Namespaced";
  type->verbs = strings_at(item, "verbs");
  type->short_names = strings_at(item, "shortNames");
  type->categories = strings_at(item, "categories");
  read_subresources(item, *type);
  read_columns(item, *type);
  if (const json::object* schema = definitions.find(type->gvk)) type->schema = *schema;
  type->merge_schema = merge_schema;
  const TypeNode* node = merge_schema->type_of(type->gvk);
  type->merge_type = node == nullptr ? Schema::deduced_type() : node;
  return type;
}

// Reviews are answered, not stored; those that the simulator has no answer for are not served.
bool is_served(const ResourceType& type) {
  return type.can("list") || type.plural == "selfsubjectaccessreviews" || type.plural == "selfsubjectreviews";
}

}  // namespace

const TypeRegistry& TypeRegistry::builtin() {
  static const TypeRegistry kBuiltin{Embedded{}};
  return kBuiltin;
}

TypeRegistry::TypeRegistry(Embedded)
    : definitions_(std::make_shared<const SchemaDefinitions>(parse_embedded(embedded_definitions()).get_object())),
      messages_(std::make_shared<const json::object>(parse_embedded(embedded_messages()).get_object())) {
  load_builtin();
}

void TypeRegistry::load_builtin() {
  const json::value groups = parse_embedded(embedded_resources());
  Result<Schema> read = Schema::from_definitions(definitions_->all());
  if (!read) std::abort();
  const auto merge_schema = std::make_shared<const Schema>(std::move(*read));
  for (const json::value& group : groups.get_array())
    for (const json::value& version : group.at("versions").get_array())
      for (const json::value& item : version.at("resources").get_array()) {
        ResourceTypePtr type = read_type(item, std::string(string_at(group, {"metadata", "name"})),
                                         std::string(string_at(version, {"version"})), *definitions_, merge_schema);
        if (is_served(*type)) types_.push_back(std::move(type));
      }
}

ResourceTypePtr TypeRegistry::find(std::string_view group, std::string_view version, std::string_view plural) const {
  for (const ResourceTypePtr& type : types_)
    if (type->gvk.group == group && type->gvk.version == version && type->plural == plural) return type;
  return nullptr;
}

ResourceTypePtr TypeRegistry::find_kind(const GroupVersionKind& gvk) const {
  for (const ResourceTypePtr& type : types_)
    if (type->gvk == gvk) return type;
  return nullptr;
}

ResourceTypePtr TypeRegistry::find_stored(std::string_view store_key) const {
  for (const ResourceTypePtr& type : types_)
    if (type->store_key() == store_key) return type;
  return nullptr;
}

bool TypeRegistry::has_group(std::string_view group) const {
  return std::ranges::any_of(types_, [&](const ResourceTypePtr& type) { return type->gvk.group == group; });
}

bool TypeRegistry::is_custom_group(std::string_view group) const {
  return std::ranges::any_of(types_,
                             [&](const ResourceTypePtr& type) { return type->custom && type->gvk.group == group; });
}

bool TypeRegistry::has_group_version(std::string_view group, std::string_view version) const {
  return std::ranges::any_of(
      types_, [&](const ResourceTypePtr& type) { return type->gvk.group == group && type->gvk.version == version; });
}

void TypeRegistry::set_custom(const std::string& store_key, const std::vector<ResourceTypePtr>& versions) {
  std::erase_if(types_, [&](const ResourceTypePtr& type) { return type->custom && type->store_key() == store_key; });
  // Built-in types keep their place in front; custom groups follow by name, their versions as given.
  const auto is_custom = [](const ResourceTypePtr& type) { return type->custom; };
  std::map<std::string, std::vector<ResourceTypePtr>> groups;
  for (const ResourceTypePtr& type : types_)
    if (is_custom(type)) groups[type->gvk.group].push_back(type);
  for (const ResourceTypePtr& type : versions) groups[type->gvk.group].push_back(type);
  std::erase_if(types_, is_custom);
  for (const auto& [group, members] : groups) types_.insert(types_.end(), members.begin(), members.end());
  ++generation_;
}

}  // namespace holdfast
