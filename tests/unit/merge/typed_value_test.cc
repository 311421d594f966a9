#include "holdfast/merge/typed_value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "tests/unit/merge/merge_types.h"

namespace holdfast {
namespace {

std::string refusal(const GroupVersionKind& gvk, std::string_view text, Duplicates duplicates = Duplicates::Refused) {
  return to_string(validate(json_of(text), *type_for(gvk), duplicates));
}

TEST(TypedValue, V7_the_servers_words_for_what_is_wrong) {
  EXPECT_EQ(refusal(kDeployment, R"({"spec":{"replica":1}})"), ".spec.replica: field not declared in schema");
  EXPECT_EQ(refusal(kDeployment, R"({"spec":{"containers":[{"name":"c","image":1}]}})"),
            ".spec.containers[name=\"c\"].image: expected string, got &value.valueUnstructured{Value:1}");
  EXPECT_EQ(refusal(kDeployment, R"({"spec":{"replicas":"1"}})"),
            ".spec.replicas: expected numeric (int or float), got string");
  EXPECT_EQ(refusal(kDeployment, R"({"spec":{"containers":{"b":[1,"x"],"a":null}}})"),
            ".spec.containers: expected list, got &{map[a:<nil> b:[1 x]]}");
  EXPECT_EQ(refusal(kDeployment, R"({"spec":{"paused":"yes"}})"), ".spec.paused: expected boolean, got &{yes}");
  EXPECT_EQ(refusal(kConfigMap, R"({"data":"x"})"), ".data: expected map, got &{x}");
  EXPECT_EQ(refusal(kConfigMap, R"({"data":{"k":{"a":["b",1.5,true]}}})"),
            ".data.k: expected string, got &value.valueUnstructured{Value:map[string]interface "
            "{}{\"a\":[]interface {}{\"b\", 1.5, true}}}");
}

TEST(TypedValue, V7_duplicate_keys_are_named_with_their_defaults) {
  EXPECT_EQ(refusal(kDeployment, R"({"spec":{"containers":[{"name":"A"},{"name":"A"}]}})"),
            ".spec.containers: duplicate entries for key [name=\"A\"]");
  constexpr std::string_view ports = R"({"spec":{"containers":[{"name":"c",
      "ports":[{"containerPort":80},{"containerPort":80,"protocol":"TCP"}]}]}})";
  EXPECT_EQ(refusal(kDeployment, ports),
            ".spec.containers[name=\"c\"].ports: duplicate entries for key [containerPort=80,protocol=\"TCP\"]");
  EXPECT_EQ(refusal(kDeployment, ports, Duplicates::Allowed), "");
  EXPECT_EQ(refusal(kConfigMap, R"({"metadata":{"finalizers":["a.b/c","a.b/c"]}})"),
            ".metadata.finalizers: duplicate entries for key [=\"a.b/c\"]");
}

TEST(TypedValue, an_item_that_nothing_names_is_refused) {
  EXPECT_EQ(refusal(kDeployment, R"({"spec":{"containers":[{"name":"c","env":[{"value":"1"}]}]}})"),
            ".spec.containers[name=\"c\"].env: element 0: associative list with keys has an element that omits all key "
            "fields [\"name\"] (and doesn't have default values for any key fields)");
  EXPECT_EQ(refusal(kCustom, R"({"spec":{"set":[null]}})"),
            ".spec.set: element 0: associative list without keys has an element that's an explicit null");
}

TEST(TypedValue, several_violations_are_listed_as_the_server_lists_them) {
  EXPECT_EQ(refusal(kCustom, R"({"spec":{"x":1,"al":[1]}})"),
            "errors:\n  .spec.x: field not declared in schema\n"
            "  .spec.al[0]: expected string, got &value.valueUnstructured{Value:1}");
}

TEST(TypedValue, null_is_valid_everywhere_but_in_sets_and_list_maps) {
  EXPECT_EQ(refusal(kDeployment, R"({"metadata":null,"spec":{"replicas":null,"containers":null,"selector":null}})"),
            "");
  EXPECT_NE(refusal(kDeployment, R"({"spec":{"containers":[null]}})"), "");
}

// ---- field sets
// ------------------------------------------------------------------------------------------------------

TEST(ToFieldSet, V17_dots_are_where_the_schema_does_not_name_the_field) {
  EXPECT_EQ(typed_text(kConfigMap, R"({"metadata":{"labels":{"l":"1"}},"data":{"k":"v"}})").to_field_set(),
            set_of(R"({"f:metadata":{"f:labels":{"f:l":{}}},"f:data":{"f:k":{}}})"));
  EXPECT_EQ(typed_text(kCustom, R"({"spec":{"mp":[{"k":"a","v":"1"}],"blob":{"n":{"m":1}}}})").to_field_set(),
            set_of(R"({"f:spec":{"f:mp":{"k:{\"k\":\"a\",\"p\":\"TCP\"}":{".":{},"f:k":{},"f:v":{}}},
                                 "f:blob":{"f:n":{".":{},"f:m":{}}}}})"));
}

TEST(ToFieldSet, V17_a_defaulted_key_is_in_the_name_and_not_owned) {
  const TypedValue value =
      typed_text(kDeployment, R"({"spec":{"containers":[{"name":"c","ports":[{"containerPort":80}]}]}})");
  EXPECT_EQ(value.to_field_set(),
            set_of(R"({"f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{".":{},"f:name":{},"f:ports":{
                       "k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{}}}}}}})"));
}

TEST(ToFieldSet, V17_sets_and_atomic_values_and_an_empty_spec) {
  EXPECT_EQ(typed_text(kCustom, R"({"spec":{"set":["x"],"al":["a"],"am":{"k":"v"}}})").to_field_set(),
            set_of(R"({"f:spec":{"f:set":{"v:\"x\"":{}},"f:al":{},"f:am":{}}})"));
  EXPECT_EQ(typed_text(kCustom, R"({"spec":{}})").to_field_set(), set_of(R"({"f:spec":{}})"));
}

TEST(ToFieldSet, V20_an_empty_list_map_or_set_is_owned_by_nobody) {
  EXPECT_EQ(typed_text(kCustom, R"({"spec":{"mp":[],"set":[]}})").to_field_set(), FieldSet());
  EXPECT_EQ(typed_text(kCustom, R"({"spec":{"gm":{},"blob":{},"al":[],"am":{}}})").to_field_set(),
            set_of(R"({"f:spec":{"f:gm":{},"f:blob":{},"f:al":{},"f:am":{}}})"));
}

TEST(ToFieldSet, V23_null_is_an_owned_leaf) {
  EXPECT_EQ(typed_text(kDeployment, R"({"spec":{"replicas":null}})").to_field_set(),
            set_of(R"({"f:spec":{"f:replicas":{}}})"));
}

// ---- comparison
// ------------------------------------------------------------------------------------------------------

TEST(Compare, V17_a_container_that_comes_is_added_with_all_in_it) {
  const Comparison comparison = typed_text(kConfigMap, "{}").compare(typed_text(kConfigMap, R"({"data":{"k":"v"}})"));
  EXPECT_EQ(comparison.added, set_of(R"({"f:data":{".":{},"f:k":{}}})"));
  EXPECT_TRUE(comparison.modified.empty() && comparison.removed.empty());
}

TEST(Compare, V19_order_is_not_a_difference_in_lists_with_names_and_is_one_in_atomic_lists) {
  EXPECT_TRUE(typed_text(kCustom, R"({"spec":{"mp":[{"k":"a"},{"k":"b"}],"set":["x","y"]}})")
                  .compare(typed_text(kCustom, R"({"spec":{"mp":[{"k":"b"},{"k":"a"}],"set":["y","x"]}})"))
                  .same());
  EXPECT_EQ(typed_text(kCustom, R"({"spec":{"al":["x","y"]}})")
                .compare(typed_text(kCustom, R"({"spec":{"al":["y","x"]}})"))
                .modified,
            set_of(R"({"f:spec":{"f:al":{}}})"));
}

TEST(Compare, V26_numbers_are_compared_by_value) {
  EXPECT_TRUE(typed_text(kDeployment, R"({"spec":{"replicas":1}})")
                  .compare(typed_text(kDeployment, R"({"spec":{"replicas":1.0}})"))
                  .same());
  EXPECT_FALSE(equal_values(json_of("9007199254740993"), json_of("9007199254740992")));
}

TEST(Compare, a_value_that_changed_its_kind_is_modified_and_what_was_in_it_is_gone) {
  const Comparison comparison = typed_text(kCustom, R"({"spec":{"blob":{"a":{"b":1}}}})")
                                    .compare(typed_text(kCustom, R"({"spec":{"blob":{"a":"x"}}})"));
  EXPECT_EQ(comparison.modified, set_of(R"({"f:spec":{"f:blob":{"f:a":{}}}})"));
  EXPECT_EQ(comparison.removed, set_of(R"({"f:spec":{"f:blob":{"f:a":{"f:b":{}}}}})"));
}

// ---- merging and removing
// --------------------------------------------------------------------------------------------

std::string merged_names(std::string_view live, std::string_view config) {
  const auto list = [](std::string_view names) {
    json::array items;
    for (const char name : names) items.push_back({{"name", std::string(1, name)}});
    return json::object{{"spec", {{"containers", std::move(items)}}}};
  };
  const json::value merged = typed(kDeployment, list(live)).merge(typed(kDeployment, list(config))).value();
  std::string names;
  for (const json::value& item : find(merged, {"spec", "containers"})->get_array()) names += string_at(item, {"name"});
  return names;
}

TEST(Merge, V19_the_applied_order_wins_and_foreign_items_stay_where_they_are) {
  EXPECT_EQ(merged_names("qcrabs", "abc"), "qrabsc");
  EXPECT_EQ(merged_names("qrabs", "adb"), "qradbs");
  EXPECT_EQ(merged_names("axbyc", "abc"), "axbyc") << "our relative order holds";
  EXPECT_EQ(merged_names("", "ba"), "ba");
  EXPECT_EQ(merged_names("xy", "xyz"), "xyz");
  EXPECT_EQ(merged_names("abc", "cba"), "cba");
}

TEST(Merge, the_config_wins_in_leaves_and_nothing_is_removed) {
  EXPECT_EQ(typed_text(kConfigMap, R"({"data":{"a":"1","b":"2"}})")
                .merge(typed_text(kConfigMap, R"({"data":{"b":"3"}})"))
                .value(),
            json_of(R"({"data":{"a":"1","b":"3"}})"));
  EXPECT_EQ(typed_text(kCustom, R"({"spec":{"al":["a"],"am":{"k":"v"}}})")
                .merge(typed_text(kCustom, R"({"spec":{"al":[],"am":{"x":"y"}}})"))
                .value(),
            json_of(R"({"spec":{"al":[],"am":{"x":"y"}}})"));
}

TEST(Merge, of_live_items_of_one_name_the_applied_one_takes_the_place) {
  const TypedValue live = typed_text(kCustom, R"({"spec":{"mp":[{"k":"a","v":"1"},{"k":"b"},{"k":"a","v":"2"}]}})");
  EXPECT_EQ(live.merge(typed_text(kCustom, R"({"spec":{"mp":[{"k":"a","v":"3"}]}})")).value(),
            json_of(R"({"spec":{"mp":[{"k":"a","v":"3"},{"k":"b"}]}})"));
}

TEST(RemoveItems, V22_what_becomes_empty_becomes_null) {
  EXPECT_EQ(typed_text(kCustom, R"({"spec":{"gm":{"a":"1"},"al":["x"]}})")
                .remove_items(set_of(R"({"f:spec":{"f:gm":{"f:a":{}}}})")),
            json_of(R"({"spec":{"gm":null,"al":["x"]}})"));
}

TEST(Extract, owned_leaves_and_the_keys_of_their_items) {
  const TypedValue live = typed_text(kDeployment, R"({"metadata":{"name":"n"},"spec":{"replicas":2,"containers":[
      {"name":"c","image":"i","args":["a"]},{"name":"side","image":"s"}]}})");
  EXPECT_EQ(live.extract(
                set_of(R"({"f:spec":{"f:replicas":{},"f:containers":{"k:{\"name\":\"c\"}":{".":{},"f:image":{}}}}})")),
            json_of(R"({"spec":{"replicas":2,"containers":[{"name":"c","image":"i"}]}})"));
}

// Twice the items, about twice the time: with a factor of 16 between the two, anything quadratic shows.
TEST(Merge, cost_does_not_grow_with_the_square_of_a_list) {
  const auto seconds = [](std::size_t count) {
    json::array items;
    for (std::size_t i = 0; i < count; ++i) items.push_back({{"name", "c" + std::to_string(i)}, {"image", "x"}});
    const TypedValue live = typed(kDeployment, json::object{{"spec", {{"containers", items}}}});
    std::reverse(items.begin(), items.end());
    const TypedValue config = typed(kDeployment, json::object{{"spec", {{"containers", items}}}});
    const auto began = std::chrono::steady_clock::now();
    const TypedValue merged = live.merge(config);
    EXPECT_TRUE(live.compare(merged).same());
    EXPECT_EQ(merged.value(), config.value());
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  };
  const double small = seconds(1000), large = seconds(16000);
  EXPECT_LT(large, 100 * small + 0.2) << small << " s and " << large << " s";
}

}  // namespace
}  // namespace holdfast
