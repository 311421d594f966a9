#include "tests/merge/history_maker.h"

namespace holdfast {
namespace {

constexpr std::size_t kMaxDepth = 4;
const std::vector<std::string> kNames = {"a", "b", "c", "d", "name", "port", "protocol"};

json::value parsed(std::string_view text) { return *parse_json(text); }

json::object reference_to(std::string_view name) { return {{"$ref", "#/components/schemas/" + std::string(name)}}; }

}  // namespace

json::object SchemaMaker::definitions() {
  json::object all;
  json::object root = object_with_fields(0);
  json::value changed = root;
  change(changed);
  changed.get_object().erase("x-kubernetes-map-type");
  root.erase("x-kubernetes-map-type");
  all["Root"] = std::move(root);
  all["Changed"] = std::move(changed);
  for (const std::string_view name : {"one.Struct", "two.Struct"}) all[name] = object_with_fields(2);
  all["one.Anything"] = anything(2);
  all["io.k8s.apimachinery.pkg.api.resource.Quantity"] = parsed(R"({"oneOf":[{"type":"string"},{"type":"number"}]})");
  all["io.k8s.apimachinery.pkg.runtime.RawExtension"] = parsed(R"({"type":"object"})");
  return all;
}

json::object SchemaMaker::object_with_fields(std::size_t depth) {
  json::object fields;
  const std::size_t count = depth == 0 ? 3 + choice_.below(4) : 1 + choice_.below(3);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string& name = choice_.pick(kNames);
    // What may be a key is a scalar; the server accepts no other key.
    json::value field = name.size() > 1 ? key() : anything(depth + 1);
    if (choice_.one_in(12))
      field.get_object()["default"] = parsed(name.size() > 1 || choice_.one_in(2) ? "\"a\"" : "{}");
    fields[name] = std::move(field);
  }
  json::object out{{"type", "object"}, {"properties", std::move(fields)}};
  if (choice_.one_in(10)) out["x-kubernetes-map-type"] = choice_.one_in(2) ? "atomic" : "granular";
  if (choice_.one_in(15)) out["x-kubernetes-preserve-unknown-fields"] = true;
  if (choice_.one_in(15)) out["additionalProperties"] = anything(depth + 1);
  return out;
}

json::value SchemaMaker::anything(std::size_t depth) {
  if (depth >= kMaxDepth || choice_.one_in(4)) return scalar();
  switch (choice_.below(8)) {
    case 0:
    case 1:
      return object_with_fields(depth);
    case 2:
      return map(depth);
    case 3:
    case 4:
      return keyed_list(depth);
    case 5:
      return list(depth);
    case 6:
      return open_type(depth);
    default:
      return reference(depth);
  }
}

json::value SchemaMaker::key() {
  static const std::vector<std::string> kKeys = {R"({"type":"string"})", R"({"type":"string"})",
                                                 R"({"type":"integer"})", R"({"type":"boolean"})",
                                                 R"({"type":"string","format":"int-or-string"})"};
  return parsed(choice_.pick(kKeys));
}

json::value SchemaMaker::scalar() {
  static const std::vector<std::string> kScalars = {
      R"({"type":"string"})",
      R"({"type":"string"})",
      R"({"type":"string","format":"byte"})",
      R"({"type":"string","format":"date-time"})",
      R"({"type":"string","format":"int-or-string"})",
      R"({"type":"integer","format":"int32"})",
      R"({"type":"integer"})",
      R"({"type":"number","format":"double"})",
      R"({"type":"boolean"})",
      R"({"format":"int-or-string","oneOf":[{"type":"integer"},{"type":"string"}]})",
      R"({"x-kubernetes-int-or-string":true})",
      R"({"$ref":"#/components/schemas/io.k8s.apimachinery.pkg.api.resource.Quantity"})",
      R"({"allOf":[{"$ref":"#/components/schemas/io.k8s.apimachinery.pkg.api.resource.Quantity"}]})",
      R"({"$ref":"#/components/schemas/io.k8s.apimachinery.pkg.runtime.RawExtension"})",
  };
  return parsed(choice_.pick(kScalars));
}

json::value SchemaMaker::reference(std::size_t) {
  static const std::vector<std::string> kTargets = {"one.Struct", "two.Struct", "one.Struct", "two.Struct",
                                                    "one.Anything"};
  const std::string name = choice_.one_in(60) ? "not.There" : choice_.pick(kTargets);
  json::object target = reference_to(name);
  json::object out;
  if (choice_.one_in(2))
    out["allOf"] = json::array{std::move(target)};
  else
    out = std::move(target);
  // Only of a map can it be said that it is granular.
  const bool is_map = name != "one.Anything";
  if (choice_.one_in(3)) out["x-kubernetes-map-type"] = is_map && choice_.one_in(3) ? "granular" : "atomic";
  return out;
}

json::value SchemaMaker::map(std::size_t depth) {
  json::object out{{"type", "object"}};
  if (!choice_.one_in(4)) {
    json::value values = anything(depth + 1);
    if (choice_.one_in(8)) values = choice_.one_in(3) ? json::value(false) : json::value(true);
    if (choice_.one_in(10)) values = json::object();
    out["additionalProperties"] = std::move(values);
  }
  if (choice_.one_in(4)) out["x-kubernetes-map-type"] = choice_.one_in(2) ? "atomic" : "granular";
  if (choice_.one_in(6)) out["x-kubernetes-preserve-unknown-fields"] = true;
  return out;
}

json::value SchemaMaker::list(std::size_t depth) {
  json::object out{{"type", "array"}, {"items", choice_.one_in(3) ? anything(depth + 1) : scalar()}};
  if (choice_.one_in(300)) out.erase("items");
  switch (choice_.below(8)) {
    case 0:
      out["x-kubernetes-list-type"] = "atomic";
      break;
    case 1:
      out["x-kubernetes-patch-strategy"] = choice_.one_in(2) ? "merge" : "retainKeys";
      break;
    case 2:
      break;
    default:
      out["x-kubernetes-list-type"] = "set";
      break;
  }
  if (choice_.one_in(400)) out["x-kubernetes-list-type"] = "bag";
  return out;
}

json::value SchemaMaker::keyed_list(std::size_t depth) {
  json::object item = object_with_fields(depth + 1);
  json::object& fields = item["properties"].get_object();
  fields["name"] = parsed(R"({"type":"string"})");
  json::array keys{"name"};
  if (choice_.one_in(2)) {
    fields["port"] = parsed(R"({"type":"integer"})");
    fields["protocol"] = parsed(choice_.one_in(3) ? R"({"type":"string"})" : R"({"type":"string","default":"a"})");
    if (choice_.one_in(4)) fields["name"] = parsed(R"({"type":"string","default":"b"})");
    keys = choice_.one_in(3) ? json::array{"protocol", "name"} : json::array{"port", "protocol"};
  }
  json::object out{{"type", "array"}, {"items", std::move(item)}};
  if (choice_.one_in(6)) out["items"] = reference(depth);
  if (keys.size() == 1 && choice_.one_in(4)) {
    out["x-kubernetes-patch-strategy"] = choice_.one_in(2) ? "merge" : "merge,retainKeys";
    out["x-kubernetes-patch-merge-key"] = "name";
  } else {
    out["x-kubernetes-list-type"] = "map";
    out["x-kubernetes-list-map-keys"] = std::move(keys);
  }
  return out;
}

// Whatever has no type may be anything.
json::value SchemaMaker::open_type(std::size_t depth) {
  json::object out;
  if (choice_.one_in(3)) out["properties"] = json::object{{"a", anything(depth + 1)}, {"name", key()}};
  if (choice_.one_in(3)) out["items"] = anything(depth + 1);
  if (choice_.one_in(3)) out["x-kubernetes-list-type"] = choice_.one_in(2) ? "set" : "atomic";
  if (choice_.one_in(3)) out["x-kubernetes-map-type"] = choice_.one_in(2) ? "atomic" : "granular";
  if (choice_.one_in(3)) out["x-kubernetes-preserve-unknown-fields"] = true;
  return out;
}

// A newer version of the schema: some maps and lists are one value now, or no longer.
void SchemaMaker::change(json::value& schema) {
  json::object* object = schema.if_object();
  if (object == nullptr) return;
  for (auto& member : *object) {
    if (member.value().is_object())
      change(member.value());
    else if (member.value().is_array())
      for (json::value& item : member.value().get_array()) change(item);
  }
  const std::string_view type = string_at(schema, {"type"});
  if ((type != "object" && type != "array") || !choice_.one_in(5)) return;
  const std::string_view mark = type == "object" ? "x-kubernetes-map-type" : "x-kubernetes-list-type";
  if (string_at(schema, {mark}) == "atomic")
    object->erase(mark);
  else
    (*object)[mark] = "atomic";
}

}  // namespace holdfast
