#include "holdfast/merge/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/merge/merge_types.h"

namespace holdfast {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const TypeNode& at(const TypeNode* type, std::initializer_list<std::string_view> path) {
  for (const std::string_view name : path) {
    if (type->list) type = type->list->element;
    type = type->map ? type->map->type_of_key(name) : nullptr;
    if (type == nullptr) break;
  }
  EXPECT_NE(type, nullptr);
  return type == nullptr ? *Schema::deduced_type() : *type;
}

Result<Schema> one_property(std::string_view schema) {
  return Schema::from_definitions(
      json_of(R"({"T":{"type":"object","properties":{"x":)" + std::string(schema) + "}}}").get_object());
}

TEST(Schema, C11_list_types_and_their_keys) {
  const TypeNode* deployment = type_for(kDeployment);
  const TypeNode& containers = at(deployment, {"spec", "containers"});
  ASSERT_TRUE(containers.list.has_value());
  EXPECT_EQ(containers.list->relation, ListRelation::Associative);
  EXPECT_THAT(containers.list->keys, ElementsAre("name"));
  EXPECT_EQ(at(&containers, {"args"}).list->relation, ListRelation::Atomic);
  EXPECT_THAT(at(&containers, {"ports"}).list->keys, ElementsAre("containerPort", "protocol"));
  EXPECT_THAT(at(deployment, {"metadata", "finalizers"}).list->keys, IsEmpty());
  EXPECT_EQ(at(deployment, {"metadata", "finalizers"}).list->relation, ListRelation::Associative);
}

TEST(Schema, C11_patch_strategy_counts_where_there_is_no_list_type) {
  EXPECT_THAT(at(type_for(kDeployment), {"spec", "containers", "env"}).list->keys, ElementsAre("name"));
  const auto replaced = one_property(R"({"type":"array","x-kubernetes-patch-strategy":"retainKeys","items":{}})");
  EXPECT_EQ(at(replaced->type_named("T"), {"x"}).list->relation, ListRelation::Atomic);
  const auto set = one_property(R"({"type":"array","x-kubernetes-patch-strategy":"merge","items":{"type":"string"}})");
  EXPECT_EQ(at(set->type_named("T"), {"x"}).list->relation, ListRelation::Associative);
  const auto plain = one_property(R"({"type":"array","items":{"type":"string"}})");
  EXPECT_EQ(at(plain->type_named("T"), {"x"}).list->relation, ListRelation::Atomic);
}

TEST(Schema, C11_map_type_counts_on_the_type_and_on_the_reference_to_it) {
  EXPECT_TRUE(at(type_for(kDeployment), {"spec", "selector"}).map->atomic);
  const auto schema = Schema::from_definitions(json_of(kDefinitions).get_object());
  EXPECT_FALSE(schema->type_named("test.SecretKey")->map->atomic);
  EXPECT_TRUE(at(schema->type_named("test.Container"), {"secret"}).map->atomic);
  EXPECT_NE(at(schema->type_named("test.Container"), {"secret"}).map->find_field("key"), nullptr);
}

TEST(Schema, C11_scalars_of_open_spelling_are_untyped) {
  const TypeNode* deployment = type_for(kDeployment);
  EXPECT_EQ(at(deployment, {"spec", "maxSurge"}).scalar, ScalarType::Untyped);
  EXPECT_EQ(at(deployment, {"spec", "containers", "limits", "cpu"}).scalar, ScalarType::Untyped);
  EXPECT_FALSE(at(deployment, {"spec", "containers", "limits", "cpu"}).map.has_value());
  EXPECT_EQ(at(deployment, {"spec", "replicas"}).scalar, ScalarType::Numeric);
  const auto time = one_property(R"({"type":"string","format":"date-time"})");
  EXPECT_EQ(at(time->type_named("T"), {"x"}).scalar, ScalarType::Untyped);
}

TEST(Schema, C11_a_raw_extension_is_one_value) {
  const auto schema = one_property(R"({"$ref":"#/components/schemas/io.k8s.apimachinery.pkg.runtime.RawExtension"})");
  EXPECT_FALSE(at(schema->type_named("T"), {"x"}).map.has_value()) << "a document without it knows nothing of it";
  const auto known = Schema::from_definitions(json_of(kDefinitions).get_object());
  const TypeNode* raw = known->type_named("io.k8s.apimachinery.pkg.runtime.RawExtension");
  EXPECT_TRUE(raw->map->atomic);
  EXPECT_EQ(raw->list->relation, ListRelation::Atomic);
}

TEST(Schema, C11_schemaless_parts_are_maps_key_by_key_and_lists_as_one_value) {
  const TypeNode& blob = at(type_for(kCustom), {"spec", "blob"});
  EXPECT_FALSE(blob.map->atomic);
  const TypeNode& inside = at(&blob, {"anything"});
  EXPECT_FALSE(inside.map->atomic);
  EXPECT_EQ(inside.list->relation, ListRelation::Atomic);
  EXPECT_NE(at(type_for(kCustom), {"spec", "known"}).map->element, nullptr);
  EXPECT_NE(at(type_for(kCustom), {"spec", "known", "a"}).map->element, nullptr) << "it is inherited";
  EXPECT_EQ(at(type_for(kCustom), {"spec"}).map->element, nullptr) << "what is declared is closed";
}

TEST(Schema, C11_defaults_of_keys_are_kept) {
  const TypeNode& ports = at(type_for(kDeployment), {"spec", "containers", "ports"});
  EXPECT_EQ(ports.list->element->map->find_field("protocol")->default_value, json::value("TCP"));
  EXPECT_TRUE(ports.list->element->map->find_field("name")->default_value.is_null());
}

TEST(Schema, a_custom_type_and_its_embedded_resources_get_the_fields_of_every_object) {
  const TypeNode* custom = type_for(kCustom);
  EXPECT_EQ(at(custom, {"apiVersion"}).scalar, ScalarType::String);
  EXPECT_EQ(&at(custom, {"metadata"}), &at(type_for(kConfigMap), {"metadata"})) << "ObjectMeta, whatever it declares";
  EXPECT_EQ(&at(custom, {"spec", "inner", "metadata"}), &at(custom, {"metadata"}));
}

TEST(Schema, the_schema_of_a_crd_takes_the_place_of_the_one_that_is_served) {
  const auto schema =
      Schema::from_crd(json_of(R"({"type":"object","properties":{"now":{"type":"string"}}})").get_object(), kCustom,
                       json_of(R"({"io.ex.v1.Thing":{"type":"object","properties":{"then":{"type":"string"}},
          "x-kubernetes-group-version-kind":[{"group":"ex.io","version":"v1","kind":"Thing"}]}})")
                           .get_object());
  ASSERT_TRUE(schema.has_value());
  const TypeNode* type = schema->type_of(kCustom);
  EXPECT_NE(type->map->find_field("now"), nullptr);
  EXPECT_EQ(type->map->find_field("then"), nullptr);
  EXPECT_NE(type->map->type_of_key("metadata")->map->element, nullptr) << "without ObjectMeta it takes anything";
}

TEST(Schema, a_type_is_found_by_its_kind_and_may_contain_itself) {
  const auto schema = Schema::from_openapi(json_of(R"({"components":{"schemas":{"N":{"type":"object",
      "x-kubernetes-group-version-kind":[{"group":"g","version":"v1","kind":"Node"}],
      "properties":{"next":{"$ref":"#/components/schemas/N"}}}}}})"));
  ASSERT_TRUE(schema.has_value());
  const TypeNode* node = schema->type_of({"g", "v1", "Node"});
  ASSERT_NE(node, nullptr);
  EXPECT_EQ(&at(node, {"next", "next"}), node);
  EXPECT_EQ(schema->type_of({"g", "v2", "Node"}), nullptr);
}

TEST(Schema, what_cannot_be_understood_is_an_error_that_says_where) {
  const auto message = [](const Result<Schema>& schema) { return schema ? "" : schema.error().message; };
  EXPECT_THAT(message(one_property(R"({"type":"array"})")), HasSubstr("T: an array without items"));
  EXPECT_THAT(message(one_property(R"({"type":"thing"})")), HasSubstr("there is no type thing"));
  EXPECT_THAT(message(one_property(R"({"type":"array","items":{},"x-kubernetes-list-type":"map"})")),
              HasSubstr("x-kubernetes-list-map-keys"));
  EXPECT_THAT(message(one_property(R"({"type":"array","items":{},"x-kubernetes-list-type":"bag"})")),
              HasSubstr("list type bag"));
  EXPECT_THAT(message(one_property(R"({"type":"object","x-kubernetes-map-type":"bag"})")), HasSubstr("map type bag"));
  EXPECT_FALSE(Schema::from_openapi(json_of("{}")).has_value());
}

}  // namespace
}  // namespace holdfast
