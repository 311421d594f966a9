// The types of a group-version as the merge sees them: which lists and maps are one value, which are sets, which have
// keys (correctness C11). Read from an OpenAPI v3 document of an API server, or from the schema of a CRD.
//
// Immutable once built; may be shared between threads. A type may contain itself, so nodes refer to one another by
// pointers that live as long as their Schema (moving a Schema keeps them valid). Input that cannot be understood is an
// Invalid error, never a type that allows anything.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/base/result.h"
#include "holdfast/model/gvk.h"
#include "holdfast/model/json.h"

namespace holdfast {

struct TypeNode;

// Untyped: any scalar (int-or-string, Quantity, date-time).
enum class ScalarType : std::uint8_t { Numeric, String, Boolean, Untyped };

enum class ListRelation : std::uint8_t {
  Atomic,       // one value
  Associative,  // without keys a set of scalars, with keys a map of objects
};

struct ListType {
  ListRelation relation = ListRelation::Atomic;
  std::vector<std::string> keys;  // as declared; of Associative only
  const TypeNode* element = nullptr;
};

struct FieldType {
  const TypeNode* type = nullptr;
  json::value default_value;  // null: none
};

struct MapType {
  bool atomic = false;
  std::map<std::string, FieldType, std::less<>> fields;  // those declared
  const TypeNode* element = nullptr;                     // of every other key; null: no other key is allowed
  bool deduced = false;  // declares nothing and takes anything: what is in it is known from its values alone

  [[nodiscard]] const FieldType* find_field(std::string_view name) const;
  [[nodiscard]] const TypeNode* type_of_key(std::string_view name) const;  // declared or not; null: not allowed
};

// What a value may be. Several at once where the schema leaves the type open; none where it refers to a type that the
// document does not have (then every value is refused).
struct TypeNode {
  std::string name;  // of the definition; empty: inlined
  std::optional<ScalarType> scalar;
  bool base64 = false;  // a String of format byte; nothing to the merge
  std::optional<ListType> list;
  std::optional<MapType> map;
};

class Schema {
 public:
  Schema(Schema&&) noexcept = default;
  Schema& operator=(Schema&&) noexcept = default;
  Schema(const Schema&) = delete;
  Schema& operator=(const Schema&) = delete;

  // `document` is what /openapi/v3/apis/GROUP/VERSION answers; read are its components.schemas and nothing else.
  static Result<Schema> from_openapi(const json::value& document);

  // `definitions` maps names to schemas, as components.schemas does. `preserve_unknown_fields`: as a CRD's
  // spec.preserveUnknownFields says it for all of them.
  static Result<Schema> from_definitions(const json::object& definitions, bool preserve_unknown_fields = false);

  // `crd_schema` is one version's openAPIV3Schema. apiVersion, kind and metadata are added to it and to the embedded
  // resources in it, as the server does. `definitions` must hold ObjectMeta with all it refers to (those of any
  // document of the server do); without it metadata takes anything. The type is found by `gvk`.
  static Result<Schema> from_crd(const json::object& crd_schema, const GroupVersionKind& gvk,
                                 const json::object& definitions, bool preserve_unknown_fields = false);

  // The one definition that names `gvk` in its x-kubernetes-group-version-kind; null where there is none.
  // (DeleteOptions and WatchEvent name dozens, and are found by each.)
  [[nodiscard]] const TypeNode* type_of(const GroupVersionKind& gvk) const;
  [[nodiscard]] const TypeNode* type_named(std::string_view definition) const;  // null where there is none

  // Schemaless: any scalar, lists as one value, maps key by key. For types of which there is no schema.
  static const TypeNode* deduced_type();

 private:
  friend class SchemaReader;
  Schema() = default;
  std::deque<TypeNode> nodes_;  // never shrinks, so that pointers stay
  std::map<std::string, const TypeNode*, std::less<>> by_name_;
  std::map<GroupVersionKind, const TypeNode*> by_gvk_;
};

}  // namespace holdfast
