#include "holdfast/merge/schema.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

namespace holdfast {
namespace {

constexpr std::string_view kObjectMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
constexpr std::string_view kQuantity = "io.k8s.apimachinery.pkg.api.resource.Quantity";
constexpr std::string_view kRawExtension = "io.k8s.apimachinery.pkg.runtime.RawExtension";
constexpr std::size_t kMaxProblems = 8;

// The two types that need no schema.
struct Schemaless {
  TypeNode atomic;   // whatever it is, it is one value
  TypeNode deduced;  // maps key by key, lists as one value

  Schemaless() {
    atomic.scalar = ScalarType::Untyped;
    atomic.list.emplace().element = &atomic;
    atomic.map.emplace().element = &atomic;
    atomic.map->atomic = true;
    deduced.scalar = ScalarType::Untyped;
    deduced.list.emplace().element = &atomic;
    deduced.map.emplace().element = &deduced;
    deduced.map->deduced = true;
  }
  Schemaless(const Schemaless&) = delete;
  Schemaless& operator=(const Schemaless&) = delete;
};

const Schemaless& schemaless() {
  static const Schemaless types;
  return types;
}

std::string_view reference_of(const json::object& schema) {
  if (const std::string_view reference = string_at(schema, {"$ref"}); !reference.empty()) return reference;
  // On a $ref, OpenAPI 3.0 allows nothing beside it; so whatever says more wraps it in an allOf of one.
  const json::value* all = find(schema, {"allOf"});
  if (all == nullptr || !all->is_array() || all->get_array().size() != 1) return {};
  return string_at(all->get_array()[0], {"$ref"});
}

bool is_true(const json::object& schema, std::string_view name) {
  const json::value* value = schema.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

std::string_view type_name(const json::object& schema) {
  const json::value* type = schema.if_contains("type");
  if (type == nullptr) return {};
  if (type->is_array() && !type->get_array().empty()) type = type->get_array().data();
  return type->is_string() ? std::string_view(type->get_string()) : std::string_view();
}

ScalarType string_scalar(std::string_view format) {
  return format.empty() || format == "byte" ? ScalarType::String : ScalarType::Untyped;
}

// apiVersion, kind and metadata, as the server adds them to every custom type and to each embedded resource.
void add_object_properties(json::object& schema, bool with_object_meta) {
  json::value& properties = schema["properties"];
  if (!properties.is_object()) properties = json::object();
  json::object& fields = properties.get_object();
  fields["apiVersion"] = {{"type", "string"}};
  fields["kind"] = {{"type", "string"}};
  if (with_object_meta)
    fields["metadata"] = {{"$ref", "#/components/schemas/" + std::string(kObjectMeta)}};
  else
    fields["metadata"] = {{"type", "object"}};
}

void add_embedded(json::value& schema, bool with_object_meta) {
  json::object* object = schema.if_object();
  if (object == nullptr) return;
  if (json::value* properties = object->if_contains("properties"); properties != nullptr && properties->is_object())
    for (auto& member : properties->get_object()) add_embedded(member.value(), with_object_meta);
  for (const std::string_view below : {"items", "additionalProperties"})
    if (json::value* child = object->if_contains(below)) add_embedded(*child, with_object_meta);
  if (is_true(*object, "x-kubernetes-embedded-resource")) add_object_properties(*object, with_object_meta);
}

// The server's own name for a custom type, "io.ex.v1.Thing", so that the given schema takes the place of a served one.
std::string definition_name(const GroupVersionKind& gvk) {
  std::string name = gvk.version + "." + gvk.kind;
  for (std::size_t begin = 0; begin <= gvk.group.size();) {
    const std::size_t end = std::min(gvk.group.find('.', begin), gvk.group.size());
    name.insert(0, gvk.group.substr(begin, end - begin) + ".");
    begin = end + 1;
  }
  return name;
}

}  // namespace

const FieldType* MapType::find_field(std::string_view name) const {
  const auto found = fields.find(name);
  return found == fields.end() ? nullptr : &found->second;
}

const TypeNode* MapType::type_of_key(std::string_view name) const {
  const FieldType* field = find_field(name);
  return field == nullptr ? element : field->type;
}

// Builds the nodes of one Schema. Problems are collected, since the server, too, refuses a document as a whole.
class SchemaReader {
 public:
  explicit SchemaReader(Schema& schema) : schema_(schema) {}

  Result<void> read(const json::object& definitions, bool preserve_unknown) {
    for (const auto& [name, definition] : definitions) declare(name, definition);
    for (const auto& [name, definition] : definitions) {
      if (const auto node = declared_.find(std::string_view(name)); node != declared_.end()) {
        where_ = name;
        define(*node->second, definition.get_object(), preserve_unknown);
      }
    }
    for (const Override& change : overrides_) apply(change);
    if (problems_.empty()) return {};
    if (problems_.size() > kMaxProblems) problems_.resize(kMaxProblems);
    return fail(ErrorKind::Invalid, fmt::format("the schema cannot be used: {}", fmt::join(problems_, "; ")));
  }

 private:
  // A reference that says of the map it refers to whether it is one value.
  struct Override {
    TypeNode* node;
    const TypeNode* target;
    bool atomic;
  };

  TypeNode& add() { return schema_.nodes_.emplace_back(); }

  void problem(std::string_view text) { problems_.push_back(fmt::format("{}: {}", where_, text)); }

  void declare(std::string_view name, const json::value& definition) {
    if (!definition.is_object()) {
      problems_.push_back(fmt::format("{}: a definition is no object", name));
      return;
    }
    if (!string_at(definition, {"$ref"}).empty()) return;  // the server does not follow those either
    TypeNode& node = add();
    node.name = name;
    declared_.emplace(name, &node);
    schema_.by_name_.emplace(name, &node);
    const json::value* kinds = find(definition, {"x-kubernetes-group-version-kind"});
    if (kinds == nullptr || !kinds->is_array()) return;
    for (const json::value& kind : kinds->get_array()) {
      GroupVersionKind gvk{std::string(string_at(kind, {"group"})), std::string(string_at(kind, {"version"})),
                           std::string(string_at(kind, {"kind"}))};
      if (!gvk.kind.empty()) schema_.by_gvk_.emplace(std::move(gvk), &node);
    }
  }

  void define(TypeNode& node, const json::object& definition, bool preserve_unknown) {
    if (node.name == kQuantity) {
      node.scalar = ScalarType::Untyped;
    } else if (node.name == kRawExtension) {
      std::string name = std::move(node.name);
      node = schemaless().atomic;
      node.name = std::move(name);
    } else {
      fill(node, definition, preserve_unknown);
    }
  }

  void fill(TypeNode& node, const json::object& schema, bool preserve_unknown) {
    if (is_true(schema, "x-kubernetes-preserve-unknown-fields")) preserve_unknown = true;
    const std::string_view type = type_name(schema);
    if (type.empty()) {
      node.scalar = ScalarType::Untyped;
      node.list = list_of(schema, preserve_unknown);
      node.map = map_of(schema, preserve_unknown);
    } else if (type == "object") {
      node.map = map_of(schema, preserve_unknown);
    } else if (type == "array") {
      node.list = list_of(schema, preserve_unknown);
    } else if (type == "integer" || type == "number") {
      node.scalar = ScalarType::Numeric;
    } else if (type == "boolean") {
      node.scalar = ScalarType::Boolean;
    } else if (type == "string") {
      node.scalar = string_scalar(string_at(schema, {"format"}));
      node.base64 = string_at(schema, {"format"}) == "byte";
    } else {
      problem(fmt::format("there is no type {}", type));
    }
  }

  // The type of a property, of the items of a list, of the values of a map.
  const TypeNode* type_of(const json::value& value, bool preserve_unknown) {
    const json::object* schema = value.if_object();
    if (schema == nullptr) {
      problem("a schema is no object");
      return &schemaless().atomic;
    }
    const std::string_view reference = reference_of(*schema);
    const std::string_view name = reference.substr(reference.rfind('/') + 1);
    if (name.empty()) {
      TypeNode& node = add();
      fill(node, *schema, preserve_unknown);
      return &node;
    }
    const TypeNode* target = named(name);
    const auto atomic = map_relation(*schema);
    if (!atomic) return target;
    TypeNode& node = add();
    overrides_.push_back({&node, target, *atomic});
    return &node;
  }

  // A type that the document does not have takes no value; that is an error only where it is met.
  const TypeNode* named(std::string_view name) {
    if (const auto found = declared_.find(name); found != declared_.end()) return found->second;
    if (const auto found = missing_.find(name); found != missing_.end()) return found->second;
    TypeNode& node = add();
    node.name = name;
    missing_.emplace(name, &node);
    return &node;
  }

  static void apply(const Override& change) {
    *change.node = *change.target;
    if (change.node->map)
      change.node->map->atomic = change.atomic;
    else if (change.node->list)
      change.node->list->relation = ListRelation::Atomic;
    else
      change.node->scalar.reset();
  }

  std::optional<bool> map_relation(const json::object& schema) {
    const json::value* value = schema.if_contains("x-kubernetes-map-type");
    if (value == nullptr) return std::nullopt;
    const std::string_view relation = string_at(schema, {"x-kubernetes-map-type"});
    if (relation != "atomic" && relation != "granular") problem(fmt::format("there is no map type {}", relation));
    return relation == "atomic";
  }

  MapType map_of(const json::object& schema, bool preserve_unknown) {
    MapType map;
    if (const json::value* properties = schema.if_contains("properties")) {
      if (const json::object* fields = properties->if_object())
        for (const auto& [name, property] : *fields) map.fields.emplace(name, field_of(property, preserve_unknown));
      else if (!properties->is_null())
        problem("properties is no object");
    }
    const json::value* additional = schema.if_contains("additionalProperties");
    bool open = false;  // what other keys hold is known from their values alone
    if (additional == nullptr || additional->is_null()) {
      open = preserve_unknown || map.fields.empty();
    } else if (additional->is_object()) {
      map.element = type_of(*additional, preserve_unknown);
      open = map.element->name.empty() && map.element->scalar == ScalarType::Untyped;
    } else {
      open = additional->is_bool() && additional->get_bool();
    }
    if (open && map.element == nullptr) map.element = &schemaless().deduced;
    map.deduced = open && map.fields.empty();
    map.atomic = map_relation(schema).value_or(false);
    return map;
  }

  FieldType field_of(const json::value& property, bool preserve_unknown) {
    FieldType field{type_of(property, preserve_unknown), nullptr};
    if (const json::value* value = find(property, {"default"})) field.default_value = *value;
    return field;
  }

  ListType list_of(const json::object& schema, bool preserve_unknown) {
    ListType list;
    read_list_relation(schema, list);
    list.element = &schemaless().atomic;
    const json::value* items = schema.if_contains("items");
    if (items != nullptr && !items->is_null())
      list.element = type_of(*items, preserve_unknown);
    else if (!type_name(schema).empty())
      problem("an array without items");
    return list;
  }

  void read_list_relation(const json::object& schema, ListType& list) {
    if (schema.contains("x-kubernetes-list-type")) {
      const std::string_view kind = string_at(schema, {"x-kubernetes-list-type"});
      if (kind == "atomic") return;
      list.relation = ListRelation::Associative;
      if (kind == "map")
        read_keys(schema, list);
      else if (kind != "set")
        problem(fmt::format("there is no list type {}", kind));
    } else if (schema.contains("x-kubernetes-patch-strategy")) {
      const std::string_view strategy = string_at(schema, {"x-kubernetes-patch-strategy"});
      if (strategy == "retainKeys") return;
      if (strategy != "merge" && strategy != "merge,retainKeys")
        problem(fmt::format("there is no patch strategy {}", strategy));
      list.relation = ListRelation::Associative;
      const std::string_view key = string_at(schema, {"x-kubernetes-patch-merge-key"});
      if (!key.empty()) list.keys.emplace_back(key);
    }
  }

  void read_keys(const json::object& schema, ListType& list) {
    const json::value* keys = schema.if_contains("x-kubernetes-list-map-keys");
    if (keys == nullptr || !keys->is_array()) {
      problem("a list of type map without x-kubernetes-list-map-keys");
      return;
    }
    for (const json::value& key : keys->get_array())
      if (key.is_string()) list.keys.emplace_back(std::string_view(key.get_string()));
  }

  Schema& schema_;
  std::map<std::string, TypeNode*, std::less<>> declared_, missing_;
  std::vector<Override> overrides_;
  std::vector<std::string> problems_;
  std::string where_;
};

Result<Schema> Schema::from_definitions(const json::object& definitions, bool preserve_unknown_fields) {
  Schema schema;
  if (auto read = SchemaReader(schema).read(definitions, preserve_unknown_fields); !read)
    return std::unexpected(read.error());
  return schema;
}

Result<Schema> Schema::from_openapi(const json::value& document) {
  const json::value* definitions = find(document, {"components", "schemas"});
  if (definitions == nullptr || !definitions->is_object())
    return fail(ErrorKind::Invalid, "an OpenAPI document without components.schemas");
  return from_definitions(definitions->get_object());
}

Result<Schema> Schema::from_crd(const json::object& crd_schema, const GroupVersionKind& gvk,
                                const json::object& definitions, bool preserve_unknown_fields) {
  const bool with_object_meta = definitions.contains(kObjectMeta);
  json::value own = crd_schema;
  add_object_properties(own.get_object(), with_object_meta);
  add_embedded(own, with_object_meta);
  own.get_object()["x-kubernetes-group-version-kind"] = {
      {{"group", gvk.group}, {"version", gvk.version}, {"kind", gvk.kind}}};
  json::object all = definitions;
  all[definition_name(gvk)] = std::move(own);
  return from_definitions(all, preserve_unknown_fields);
}

const TypeNode* Schema::type_of(const GroupVersionKind& gvk) const {
  const auto found = by_gvk_.find(gvk);
  return found == by_gvk_.end() ? nullptr : found->second;
}

const TypeNode* Schema::type_named(std::string_view definition) const {
  const auto found = by_name_.find(definition);
  return found == by_name_.end() ? nullptr : found->second;
}

const TypeNode* Schema::deduced_type() { return &schemaless().deduced; }

}  // namespace holdfast
