// OpenAPI v3 schemas by name, and the way from a schema to what it stands for.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "holdfast/model/gvk.h"
#include "holdfast/model/json.h"

namespace holdfast {

// Immutable once made. Schemas are borrowed from it.
class SchemaDefinitions {
 public:
  explicit SchemaDefinitions(json::object definitions);

  [[nodiscard]] const json::object& all() const { return definitions_; }
  [[nodiscard]] const json::object* find(std::string_view name) const;
  [[nodiscard]] const json::object* find(const GroupVersionKind& gvk) const;
  [[nodiscard]] std::string name_of(const GroupVersionKind& gvk) const;  // empty where there is none
  // Follows $ref and an allOf of one; what it cannot follow stands for itself.
  [[nodiscard]] const json::object& resolve(const json::object& schema) const;
  // The last part of the name that a schema refers to: "Quantity"; empty for an inline one.
  [[nodiscard]] static std::string_view reference(const json::object& schema);

 private:
  json::object definitions_;
  std::map<GroupVersionKind, std::string> names_;
};

}  // namespace holdfast
