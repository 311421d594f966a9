// Every type that the simulated server serves: the built-in ones from the embedded schemas, and custom ones while their
// definition exists.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "simulator/resource_type.h"
#include "simulator/schema_definitions.h"

namespace holdfast {

class TypeRegistry {
 public:
  // Of the schemas that are part of the program, which are read once.
  TypeRegistry() : TypeRegistry(builtin()) {}

  [[nodiscard]] const SchemaDefinitions& definitions() const { return *definitions_; }
  [[nodiscard]] const json::object& protobuf_messages() const { return *messages_; }
  [[nodiscard]] ResourceTypePtr find(std::string_view group, std::string_view version, std::string_view plural) const;
  [[nodiscard]] ResourceTypePtr find_kind(const GroupVersionKind& gvk) const;
  // Any served version of a type, by its key in the store.
  [[nodiscard]] ResourceTypePtr find_stored(std::string_view store_key) const;
  [[nodiscard]] bool has_group(std::string_view group) const;
  [[nodiscard]] bool is_custom_group(std::string_view group) const;
  [[nodiscard]] bool has_group_version(std::string_view group, std::string_view version) const;
  // In the order of discovery: groups as published, then custom ones by name; versions by preference.
  [[nodiscard]] const std::vector<ResourceTypePtr>& all() const { return types_; }
  // Changes whenever a type comes or goes.
  [[nodiscard]] std::uint64_t generation() const { return generation_; }

  // Replaces the versions of a custom type.
  void set_custom(const std::string& store_key, const std::vector<ResourceTypePtr>& versions);
  void remove_custom(const std::string& store_key) { set_custom(store_key, {}); }

 private:
  struct Embedded {};
  explicit TypeRegistry(Embedded);
  static const TypeRegistry& builtin();
  void load_builtin();

  std::shared_ptr<const SchemaDefinitions> definitions_;
  std::shared_ptr<const json::object> messages_;
  std::vector<ResourceTypePtr> types_;
  std::uint64_t generation_ = 1;
};

}  // namespace holdfast
