// What an API server does to a value with the schema in its hand: unknown fields, types, defaults, spelling.
//
// Pure. Built-in types behave as Go's structs do (null is absent, empty omitempty maps and lists vanish, a struct that
// is no pointer is written as {}), custom ones as structural schemas do (pruning, their own defaults).
#pragma once

#include <string>
#include <vector>

#include "holdfast/model/json.h"
#include "simulator/schema_definitions.h"

namespace holdfast {

// What `expected` is where a text is none of these; `got` is then where it ends to be one.
inline constexpr const char *kQuantityType = "quantity", *kBytesType = "bytes";

struct TypeMismatch {
  std::string path;  // "spec.replicas"
  std::string expected, got;
};

class SchemaWalk {
 public:
  SchemaWalk(const SchemaDefinitions& definitions, bool custom) : definitions_(definitions), custom_(custom) {}

  // Removes what the schema does not know; returns their paths ("spec.template.spec.containers[0].imagee").
  std::vector<std::string> prune(json::object& value, const json::object& schema) const;
  [[nodiscard]] std::vector<TypeMismatch> mismatches(const json::object& value, const json::object& schema) const;
  void add_defaults(json::object& value, const json::object& schema) const;
  // Quantities canonical, 1.0 as 1, null and empty members as Go drops them.
  void normalize(json::object& value, const json::object& schema) const;
  // An object of which nothing was set, as the server takes it for the state before a creation.
  [[nodiscard]] json::object blank(const json::object& schema) const;

 private:
  struct Pruned {
    std::vector<std::string> paths;
  };
  void prune_value(json::value& value, const json::object& schema, bool custom, const std::string& path,
                   Pruned& into) const;
  void check_value(const json::value& value, const json::object& schema, bool custom, const std::string& path,
                   std::vector<TypeMismatch>& into) const;
  void default_object(json::object& value, const json::object& schema, bool custom) const;
  void default_below(json::value& value, const json::object& schema, bool custom) const;
  void normalize_value(json::value& value, const json::object& schema, bool custom) const;
  // The schema meant, and whether it still is the definition's own.
  [[nodiscard]] const json::object& step(const json::object& schema, bool& custom) const;

  const SchemaDefinitions& definitions_;
  bool custom_;
};

// The schema of a member; null where the schema does not know it.
const json::object* member_schema(const json::object& schema, std::string_view name);
const json::object* item_schema(const json::object& schema);
bool is_required(const json::object& schema, std::string_view name);

}  // namespace holdfast
