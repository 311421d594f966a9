// A workload, a ConfigMap and a custom resource, as small as the rules allow.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "holdfast/merge/schema.h"
#include "holdfast/merge/typed_value.h"
#include "holdfast/model/json.h"

namespace holdfast {

inline json::value json_of(std::string_view text) {
  auto value = parse_json(text);
  EXPECT_TRUE(value.has_value()) << text;
  return value ? *value : json::value();
}

inline FieldSet set_of(std::string_view text) {
  auto set = FieldSet::parse(json_of(text));
  EXPECT_TRUE(set.has_value()) << text;
  return set ? *set : FieldSet{};
}

inline constexpr std::string_view kDefinitions = R"json({
  "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta": {"type": "object", "properties": {
    "name": {"type": "string"}, "namespace": {"type": "string"}, "uid": {"type": "string"},
    "resourceVersion": {"type": "string"}, "generation": {"type": "integer"},
    "labels": {"type": "object", "additionalProperties": {"type": "string", "default": ""}},
    "finalizers": {"type": "array", "items": {"type": "string"}, "x-kubernetes-patch-strategy": "merge",
                   "x-kubernetes-list-type": "set"}}},
  "io.k8s.apimachinery.pkg.api.resource.Quantity": {"oneOf": [{"type": "string"}, {"type": "number"}]},
  "io.k8s.apimachinery.pkg.runtime.RawExtension": {"type": "object"},
  "test.LabelSelector": {"type": "object", "x-kubernetes-map-type": "atomic", "properties": {
    "matchLabels": {"type": "object", "additionalProperties": {"type": "string"}}}},
  "test.SecretKey": {"type": "object", "properties": {"name": {"type": "string"}, "key": {"type": "string"}}},
  "test.Port": {"type": "object", "properties": {
    "containerPort": {"type": "integer", "default": 0}, "protocol": {"type": "string", "default": "TCP"},
    "name": {"type": "string"}}},
  "test.Container": {"type": "object", "properties": {
    "name": {"type": "string", "default": ""}, "image": {"type": "string"},
    "args": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "atomic"},
    "secret": {"allOf": [{"$ref": "#/components/schemas/test.SecretKey"}], "x-kubernetes-map-type": "atomic"},
    "env": {"type": "array", "x-kubernetes-patch-strategy": "merge", "x-kubernetes-patch-merge-key": "name",
            "items": {"type": "object", "properties": {"name": {"type": "string"}, "value": {"type": "string"}}}},
    "ports": {"type": "array", "items": {"default": {}, "allOf": [{"$ref": "#/components/schemas/test.Port"}]},
              "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["containerPort", "protocol"]},
    "limits": {"type": "object",
               "additionalProperties": {"$ref": "#/components/schemas/io.k8s.apimachinery.pkg.api.resource.Quantity"}}}},
  "test.Deployment": {"type": "object",
    "x-kubernetes-group-version-kind": [{"group": "apps", "version": "v1", "kind": "Deployment"}],
    "properties": {
      "apiVersion": {"type": "string"}, "kind": {"type": "string"},
      "metadata": {"default": {}, "allOf": [{"$ref": "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}]},
      "spec": {"type": "object", "properties": {
        "replicas": {"type": "integer"}, "paused": {"type": "boolean"},
        "maxSurge": {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]},
        "selector": {"allOf": [{"$ref": "#/components/schemas/test.LabelSelector"}]},
        "containers": {"type": "array", "items": {"$ref": "#/components/schemas/test.Container"},
                       "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}}},
      "status": {"type": "object", "properties": {"ready": {"type": "integer"}}}}},
  "test.ConfigMap": {"type": "object",
    "x-kubernetes-group-version-kind": [{"group": "", "version": "v1", "kind": "ConfigMap"}],
    "properties": {
      "metadata": {"$ref": "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"},
      "data": {"type": "object", "additionalProperties": {"type": "string"}}}}
})json";

inline constexpr std::string_view kCustomType = R"json({"type": "object", "properties": {
  "metadata": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 10}}},
  "spec": {"type": "object", "properties": {
    "mp": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k", "p"],
           "items": {"type": "object", "properties": {
             "k": {"type": "string"}, "p": {"type": "string", "default": "TCP"}, "v": {"type": "string"}}}},
    "set": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
    "al": {"type": "array", "x-kubernetes-list-type": "atomic", "items": {"type": "string"}},
    "gm": {"type": "object", "additionalProperties": {"type": "string"}},
    "am": {"type": "object", "x-kubernetes-map-type": "atomic", "additionalProperties": {"type": "string"}},
    "either": {"x-kubernetes-int-or-string": true},
    "blob": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
    "inner": {"type": "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true},
    "known": {"type": "object", "x-kubernetes-preserve-unknown-fields": true,
              "properties": {"a": {"type": "object", "properties": {"b": {"type": "string"}}}}}}}}})json";

inline const GroupVersionKind kDeployment{"apps", "v1", "Deployment"};
inline const GroupVersionKind kConfigMap{"", "v1", "ConfigMap"};
inline const GroupVersionKind kCustom{"ex.io", "v1", "Thing"};

inline const TypeNode* type_for(const GroupVersionKind& gvk) {
  static const Schema schema =
      std::move(*Schema::from_crd(json_of(kCustomType).get_object(), kCustom, json_of(kDefinitions).get_object()));
  const TypeNode* type = schema.type_of(gvk);
  EXPECT_NE(type, nullptr) << gvk.kind;
  return type;
}

inline TypedValue typed(const GroupVersionKind& gvk, const json::value& value,
                        Duplicates duplicates = Duplicates::Allowed) {
  auto made = TypedValue::make(value, type_for(gvk), duplicates);
  EXPECT_TRUE(made.has_value()) << to_json(value) << "\n" << (made ? "" : to_string(made.error()));
  return made ? *made : *TypedValue::make(json::object(), type_for(gvk), duplicates);
}
inline TypedValue typed_text(const GroupVersionKind& gvk, std::string_view text) { return typed(gvk, json_of(text)); }

}  // namespace holdfast
