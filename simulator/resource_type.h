// One served type in one version: how it is addressed, what may be done with it, and its schema.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "holdfast/merge/schema.h"
#include "holdfast/model/gvk.h"
#include "holdfast/model/json.h"

namespace holdfast {

// Where the scale subresource of a type finds its numbers: paths as in a CRD, ".spec.replicas".
struct ScalePaths {
  std::string spec = ".spec.replicas", status = ".status.replicas", selector;
};

struct TableColumn {
  std::string name, type = "string", format;
  int priority = 0;
  std::string json_path;  // custom types only
  std::string description = {};
};

struct ResourceType {
  GroupVersionKind gvk;
  std::string plural, singular;
  std::vector<std::string> short_names, categories, verbs;
  bool namespaced = false;
  bool custom = false;
  bool status_subresource = false;
  std::optional<ScalePaths> scale;
  std::vector<std::string> other_subresources;  // shown in discovery where we serve them
  std::vector<TableColumn> columns;
  json::object schema;                         // OpenAPI v3, with references into the definitions
  std::shared_ptr<const Schema> merge_schema;  // keeps the next one alive
  const TypeNode* merge_type = nullptr;        // never null in a registered type
  [[nodiscard]] std::string store_key() const { return gvk.group.empty() ? plural : plural + "." + gvk.group; }
  [[nodiscard]] bool can(std::string_view verb) const {
    for (const std::string& known : verbs)
      if (known == verb) return true;
    return false;
  }
};
using ResourceTypePtr = std::shared_ptr<const ResourceType>;

}  // namespace holdfast
