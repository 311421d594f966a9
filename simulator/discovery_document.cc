#include "simulator/discovery_document.h"

#include <map>

namespace holdfast {
namespace {

struct GroupVersions {
  std::string group;
  std::vector<std::string> versions;  // by preference
};

std::vector<GroupVersions> groups_of(const TypeRegistry& types) {
  std::vector<GroupVersions> groups;
  for (const ResourceTypePtr& type : types.all()) {
    if (groups.empty() || groups.back().group != type->gvk.group) {
      bool known = false;
      for (const GroupVersions& group : groups) known = known || group.group == type->gvk.group;
      if (!known) groups.push_back({type->gvk.group, {}});
    }
    for (GroupVersions& group : groups) {
      if (group.group != type->gvk.group) continue;
      bool known = false;
      for (const std::string& version : group.versions) known = known || version == type->gvk.version;
      if (!known) group.versions.push_back(type->gvk.version);
    }
  }
  return groups;
}

json::array strings(const std::vector<std::string>& texts) {
  json::array out;
  for (const std::string& text : texts) out.push_back(json::value(text));
  return out;
}

json::value response_kind(const ResourceType& type) {
  if (type.custom) return {{"group", type.gvk.group}, {"version", type.gvk.version}, {"kind", type.gvk.kind}};
  return {{"group", ""}, {"version", ""}, {"kind", type.gvk.kind}};
}

json::object aggregated_resource(const ResourceType& type) {
  json::object resource{{"resource", type.plural},
                        {"responseKind", response_kind(type)},
                        {"scope", type.namespaced ? "Namespaced" : "Cluster"},
                        {"singularResource", type.singular},
                        {"verbs", strings(type.verbs)}};
  if (!type.short_names.empty()) resource["shortNames"] = strings(type.short_names);
  if (!type.categories.empty()) resource["categories"] = strings(type.categories);
  json::array subresources;
  const json::array verbs{"get", "patch", "update"};
  const json::object scale{{"subresource", "scale"},
                           {"responseKind", {{"group", "autoscaling"}, {"version", "v1"}, {"kind", "Scale"}}},
                           {"verbs", verbs}};
  if (type.scale && !type.custom) subresources.push_back(scale);
  if (type.status_subresource)
    subresources.push_back({{"subresource", "status"}, {"responseKind", response_kind(type)}, {"verbs", verbs}});
  if (type.scale && type.custom) subresources.push_back(scale);
  if (!subresources.empty()) resource["subresources"] = std::move(subresources);
  return resource;
}

json::object plain_resource(const ResourceType& type) {
  json::object resource{{"name", type.plural},
                        {"singularName", type.singular},
                        {"namespaced", type.namespaced},
                        {"kind", type.gvk.kind},
                        {"verbs", strings(type.verbs)}};
  if (!type.short_names.empty()) resource["shortNames"] = strings(type.short_names);
  if (!type.categories.empty()) resource["categories"] = strings(type.categories);
  return resource;
}

json::object group_object(const GroupVersions& group) {
  json::array versions;
  for (const std::string& version : group.versions)
    versions.push_back({{"groupVersion", group.group + "/" + version}, {"version", version}});
  const json::value preferred = versions.front();
  return {{"name", group.group}, {"versions", std::move(versions)}, {"preferredVersion", preferred}};
}

}  // namespace

std::string aggregated_discovery(const TypeRegistry& types, bool core) {
  json::array items;
  for (const GroupVersions& group : groups_of(types)) {
    if (group.group.empty() != core) continue;
    json::array versions;
    for (const std::string& version : group.versions) {
      json::array resources;
      for (const ResourceTypePtr& type : types.all())
        if (type->gvk.group == group.group && type->gvk.version == version)
          resources.push_back(aggregated_resource(*type));
      versions.push_back({{"version", version}, {"resources", std::move(resources)}, {"freshness", "Current"}});
    }
    json::object metadata;
    if (!core) metadata["name"] = group.group;
    items.push_back({{"metadata", std::move(metadata)}, {"versions", std::move(versions)}});
  }
  return to_json({{"kind", "APIGroupDiscoveryList"},
                  {"apiVersion", "apidiscovery.k8s.io/v2"},
                  {"metadata", json::object()},
                  {"items", std::move(items)}});
}

std::string api_versions() {
  return to_json(
      {{"kind", "APIVersions"}, {"versions", json::array{"v1"}}, {"serverAddressByClientCIDRs", json::array()}});
}

std::string api_group_list(const TypeRegistry& types) {
  json::array groups;
  for (const GroupVersions& group : groups_of(types))
    if (!group.group.empty()) groups.push_back(group_object(group));
  return to_json({{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", std::move(groups)}});
}

std::optional<std::string> api_group(const TypeRegistry& types, std::string_view name) {
  for (const GroupVersions& group : groups_of(types)) {
    if (group.group != name || name.empty()) continue;
    json::object object{{"kind", "APIGroup"}, {"apiVersion", "v1"}};
    for (const auto& [key, value] : group_object(group)) object[key] = value;
    return to_json(object);
  }
  return std::nullopt;
}

std::optional<std::string> api_resource_list(const TypeRegistry& types, std::string_view group,
                                             std::string_view version) {
  json::array resources;
  for (const ResourceTypePtr& type : types.all()) {
    if (type->gvk.group != group || type->gvk.version != version) continue;
    resources.push_back(plain_resource(*type));
    const auto add = [&](const std::string& name, const json::object& more) {
      json::object resource{{"name", type->plural + "/" + name},
                            {"singularName", ""},
                            {"namespaced", type->namespaced},
                            {"kind", type->gvk.kind},
                            {"verbs", json::array{"get", "patch", "update"}}};
      for (const auto& [key, value] : more) resource[key] = value;
      resources.push_back(std::move(resource));
    };
    const json::object scale{{"group", "autoscaling"}, {"version", "v1"}, {"kind", "Scale"}};
    if (type->scale && !type->custom) add("scale", scale);
    if (type->status_subresource) add("status", {});
    if (type->scale && type->custom) add("scale", scale);
  }
  if (resources.empty()) return std::nullopt;
  const std::string group_version = (group.empty() ? "" : std::string(group) + "/") + std::string(version);
  json::object list{{"kind", "APIResourceList"}, {"groupVersion", group_version}, {"resources", std::move(resources)}};
  if (!group.empty()) list["apiVersion"] = "v1";  // of the first group it is as it was before there were others
  return to_json(list);
}

std::string version_info() {
  return to_json({{"major", "1"},
                  {"minor", "35"},
                  {"emulationMajor", "1"},
                  {"emulationMinor", "35"},
                  {"minCompatibilityMajor", "1"},
                  {"minCompatibilityMinor", "34"},
                  {"gitVersion", "v1.35.4+holdfast-simulator"},
                  {"gitCommit", ""},
                  {"gitTreeState", "clean"},
                  {"buildDate", "1970-01-01T00:00:00Z"},
                  {"goVersion", "none"},
                  {"compiler", "none"},
                  {"platform", "linux/amd64"}});
}

}  // namespace holdfast
