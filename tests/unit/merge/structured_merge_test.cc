#include "holdfast/merge/structured_merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/merge/merge_types.h"

namespace holdfast {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// One object under the writes of a test.
class Object {
 public:
  explicit Object(GroupVersionKind gvk) : gvk_(std::move(gvk)) {}

  void apply(const std::string& manager, std::string_view config, bool force = true, const FieldSet& ignored = {}) {
    auto merged = holdfast::apply(typed(gvk_, live_), typed(gvk_, json_of(config), Duplicates::Refused), managers_,
                                  "v1", manager, force, ignored);
    refused_.clear();
    failure_.clear();
    if (merged) return keep(std::move(*merged));
    failure_ = merged.error().failure;
    for (const FieldConflict& one : merged.error().conflicts)
      refused_.push_back(one.manager + ": " + to_string(one.path));
  }
  void update(const std::string& manager, std::string_view object, const FieldSet& ignored = {}) {
    keep(holdfast::update(typed(gvk_, live_), typed_text(gvk_, object), managers_, "v1", manager, ignored));
  }

  // As fieldsV1; "none": the manager has no entry.
  [[nodiscard]] std::string owned(const std::string& manager) const {
    const auto entry = managers_.find(manager);
    return entry == managers_.end() ? "none" : entry->second.fields.serialize();
  }
  [[nodiscard]] const json::value& live() const { return live_; }
  [[nodiscard]] bool changed() const { return changed_; }
  [[nodiscard]] const std::vector<std::string>& conflicts() const { return refused_; }
  [[nodiscard]] const std::string& failure() const { return failure_; }
  ManagedSets& managers() { return managers_; }

 private:
  void keep(Merged merged) {
    live_ = std::move(merged.object);
    managers_ = std::move(merged.managers);
    changed_ = merged.changed;
  }

  GroupVersionKind gvk_;
  json::value live_ = json::object();
  ManagedSets managers_;
  bool changed_ = false;
  std::vector<std::string> refused_;
  std::string failure_;
};

TEST(StructuredMerge, V15_who_owns_nothing_has_no_entry) {
  Object object(kConfigMap);
  object.apply("m", "{}");
  EXPECT_EQ(object.owned("m"), "none");
  object.apply("m", R"({"data":{"k":"v"}})");
  EXPECT_EQ(object.owned("m"), R"({"f:data":{"f:k":{}}})");
  object.update("other", R"({"data":{"k":"w"}})");
  EXPECT_EQ(object.owned("m"), "none") << "every owned leaf was taken";
}

TEST(StructuredMerge, V17_an_update_entry_has_dots_only_for_containers_that_it_created) {
  Object object(kConfigMap);
  object.update("u", R"({"data":{"a":"1"}})");
  EXPECT_EQ(object.owned("u"), R"({"f:data":{".":{},"f:a":{}}})");
  object.update("w", R"({"data":{"a":"1","b":"2"}})");
  EXPECT_EQ(object.owned("w"), R"({"f:data":{"f:b":{}}})");
}

TEST(StructuredMerge, V18_an_equal_value_changes_no_owner) {
  Object object(kConfigMap);
  object.apply("m", R"({"data":{"k":"v"}})");
  object.update("other", R"({"data":{"k":"v"}})");
  EXPECT_FALSE(object.changed());
  EXPECT_EQ(object.owned("m"), R"({"f:data":{"f:k":{}}})");
  EXPECT_EQ(object.owned("other"), "none");
}

TEST(StructuredMerge, V18_exactly_the_changed_leaf_goes_to_the_other_manager) {
  Object object(kDeployment);
  object.apply("m",
               R"({"metadata":{"labels":{"l":"1"}},"spec":{"replicas":2,"containers":[{"name":"c","image":"i"}]}})");
  object.update("other",
                R"({"metadata":{"labels":{"l":"1"}},"spec":{"replicas":2,"containers":[{"name":"c","image":"j"}]}})");
  EXPECT_EQ(object.owned("other"), R"({"f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{"f:image":{}}}}})");
  EXPECT_EQ(
      object.owned("m"),
      R"({"f:metadata":{"f:labels":{"f:l":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{".":{},"f:name":{}}},"f:replicas":{}}})");
}

TEST(StructuredMerge, V18_what_another_removes_is_owned_by_nobody) {
  Object object(kCustom);
  object.apply("m", R"({"spec":{"mp":[{"k":"a","v":"1"},{"k":"b"}],"set":["x","y"],"gm":{"a":"1","b":"2"}}})");
  object.update("other", R"({"spec":{"mp":[{"k":"b"}],"set":["y"],"gm":{"a":"1"}}})");
  EXPECT_EQ(object.owned("other"), "none");
  EXPECT_EQ(
      object.owned("m"),
      R"({"f:spec":{"f:gm":{"f:a":{}},"f:mp":{"k:{\"k\":\"b\",\"p\":\"TCP\"}":{".":{},"f:k":{}}},"f:set":{"v:\"y\"":{}}}})");
}

TEST(StructuredMerge, V18_an_atomic_value_leaves_when_it_is_edited_or_reordered) {
  Object object(kCustom);
  object.apply("m", R"({"spec":{"al":["a","b"],"am":{"k":"v"},"gm":{"a":"1"}}})");
  object.update("other", R"({"spec":{"al":["b","a"],"am":{"k":"v","x":"y"},"gm":{"a":"1"}}})");
  EXPECT_EQ(object.owned("m"), R"({"f:spec":{"f:gm":{"f:a":{}}}})");
  EXPECT_EQ(object.owned("other"), R"({"f:spec":{"f:al":{},"f:am":{}}})");
}

TEST(StructuredMerge, V18_an_unowned_sibling_changes_nothing_for_us) {
  Object object(kDeployment);
  object.apply("m", R"({"spec":{"containers":[{"name":"c","image":"i"}]}})");
  const std::string before = object.owned("m");
  object.update(
      "injector",
      R"({"spec":{"containers":[{"name":"c","image":"i","env":[{"name":"E","value":"1"}]},{"name":"side"}]}})");
  EXPECT_EQ(object.owned("m"), before);
  object.apply("m", R"({"spec":{"containers":[{"name":"c","image":"i"}]}})");
  EXPECT_FALSE(object.changed());
}

TEST(StructuredMerge, V18_a_forced_apply_restores_the_set_and_emptied_entries_vanish) {
  Object object(kConfigMap);
  constexpr std::string_view config = R"({"data":{"a":"1","b":"2"}})";
  object.apply("m", config);
  const std::string before = object.owned("m");
  object.update("other", R"({"data":{"a":"9"}})");
  EXPECT_NE(object.owned("other"), "none");
  object.apply("m", config);
  EXPECT_EQ(object.owned("m"), before);
  EXPECT_EQ(object.owned("other"), "none");
  EXPECT_EQ(object.live(), json_of(config));
}

TEST(StructuredMerge, V19_a_reorder_by_another_changes_no_owner_and_is_put_back_by_apply) {
  Object object(kCustom);
  constexpr std::string_view config = R"({"spec":{"set":["a","b","c"]}})";
  object.apply("m", config);
  const std::string before = object.owned("m");
  object.update("other", R"({"spec":{"set":["c","a","b"]}})");
  EXPECT_TRUE(object.changed());
  EXPECT_EQ(object.owned("m"), before);
  EXPECT_EQ(object.owned("other"), "none");
  object.apply("m", config);
  EXPECT_TRUE(object.changed());
  EXPECT_EQ(object.live(), json_of(config));
}

TEST(StructuredMerge, V19_both_examples_in_a_row) {
  Object object(kCustom);
  object.apply("m", R"({"spec":{"set":["a","b","c"]}})");
  object.update("other", R"({"spec":{"set":["q","c","r","a","b","s"]}})");
  object.apply("m", R"({"spec":{"set":["a","b","c"]}})");
  EXPECT_EQ(object.live(), json_of(R"({"spec":{"set":["q","r","a","b","s","c"]}})"));
  object.apply("m", R"({"spec":{"set":["a","d","b"]}})");
  EXPECT_EQ(object.live(), json_of(R"({"spec":{"set":["q","r","a","d","b","s"]}})"));
}

TEST(StructuredMerge, V20_an_empty_list_map_is_kept_live_and_owned_by_nobody) {
  Object object(kCustom);
  object.apply("m", R"({"spec":{"mp":[]}})");
  EXPECT_EQ(object.live(), json_of(R"({"spec":{"mp":[]}})"));
  EXPECT_EQ(object.owned("m"), "none");
  object.update("other", R"({"spec":{"mp":[{"k":"f"}]}})");
  object.apply("m", R"({"spec":{"mp":[]}})");
  EXPECT_FALSE(object.changed()) << "foreign items stay";
}

TEST(StructuredMerge, V20_foreign_keys_in_our_empty_map_stay_and_in_our_empty_atomic_map_go) {
  Object object(kCustom);
  object.apply("m", R"({"spec":{"gm":{},"am":{}}})");
  object.update("other", R"({"spec":{"gm":{"x":"1"},"am":{"x":"1"}}})");
  EXPECT_EQ(object.owned("m"), R"({"f:spec":{"f:gm":{}}})");
  object.apply("m", R"({"spec":{"gm":{},"am":{}}})");
  EXPECT_EQ(object.live(), json_of(R"({"spec":{"gm":{"x":"1"},"am":{}}})"));
}

TEST(StructuredMerge, V21_emptying_our_list_map_removes_it_and_the_next_apply_writes_it) {
  Object object(kCustom);
  object.apply("m", R"({"spec":{"mp":[{"k":"a"}]}})");
  object.apply("m", R"({"spec":{"mp":[]}})");
  EXPECT_EQ(object.live(), json_of("null")) << "and spec with it, since nothing else of it is owned";
  Object other(kCustom);
  other.apply("m", R"({"spec":{"mp":[{"k":"a"}],"gm":{"a":"1"}}})");
  other.apply("m", R"({"spec":{"mp":[],"gm":{"a":"1"}}})");
  EXPECT_EQ(other.live(), json_of(R"({"spec":{"gm":{"a":"1"}}})"));
  other.apply("m", R"({"spec":{"mp":[],"gm":{"a":"1"}}})");
  EXPECT_EQ(other.live(), json_of(R"({"spec":{"gm":{"a":"1"},"mp":[]}})"));
}

TEST(StructuredMerge, V22_emptying_our_map_leaves_null) {
  Object object(kCustom);
  object.apply("m", R"({"spec":{"gm":{"a":"1"}}})");
  object.apply("m", R"({"spec":{"gm":{}}})");
  EXPECT_EQ(object.live(), json_of(R"({"spec":{"gm":null}})"));
  object.apply("m", R"({"spec":{}})");
  object.apply("m", R"({"spec":{"gm":{}}})");
  EXPECT_EQ(object.live(), json_of(R"({"spec":{"gm":{}}})"));
}

TEST(StructuredMerge, what_leaves_the_config_is_pruned_unless_another_owns_it) {
  Object object(kConfigMap);
  object.apply("m", R"({"data":{"a":"1","b":"2","c":"3"}})");
  object.apply("n", R"({"data":{"b":"2"}})");
  object.update("u", R"({"data":{"a":"1","b":"2","c":"4"}})");
  object.apply("m", R"({"data":{"a":"1"}})");
  EXPECT_EQ(object.live(), json_of(R"({"data":{"a":"1","b":"2","c":"4"}})"));
  EXPECT_EQ(object.owned("m"), R"({"f:data":{"f:a":{}}})");
}

TEST(StructuredMerge, a_list_item_that_others_added_to_is_stripped_of_ours_only) {
  Object object(kDeployment);
  object.apply("m", R"({"spec":{"containers":[{"name":"c","image":"i"},{"name":"d"}]}})");
  object.update("u", R"({"spec":{"containers":[{"name":"c","image":"i","args":["x"]},{"name":"d"}]}})");
  object.apply("m", R"({"spec":{"containers":[{"name":"d"}]}})");
  EXPECT_EQ(object.live(), json_of(R"({"spec":{"containers":[{"name":"d"}]}})")) << "an item goes as a whole";
}

TEST(StructuredMerge, V14_conflicts_name_manager_and_path_in_the_servers_order) {
  Object object(kDeployment);
  object.apply("a", R"({"spec":{"replicas":1,"containers":[{"name":"c","limits":{"cpu":"1"},
      "ports":[{"containerPort":443,"name":"s"},{"containerPort":80,"name":"h"}]}]}})");
  object.apply("b", R"({"spec":{"replicas":2,"containers":[{"name":"c","limits":{"cpu":"2"},
      "ports":[{"containerPort":443,"name":"x"},{"containerPort":80,"name":"y"}]}]}})",
               false);
  EXPECT_THAT(object.conflicts(),
              ElementsAre("a: .spec.replicas", "a: .spec.containers[name=\"c\"].limits.cpu",
                          "a: .spec.containers[name=\"c\"].ports[containerPort=80,protocol=\"TCP\"].name",
                          "a: .spec.containers[name=\"c\"].ports[containerPort=443,protocol=\"TCP\"].name"));
  EXPECT_EQ(object.owned("b"), "none");
}

TEST(StructuredMerge, D2_equal_values_are_shared_without_force) {
  Object object(kConfigMap);
  object.apply("a", R"({"data":{"k":"v"}})");
  object.apply("b", R"({"data":{"k":"v"}})", false);
  EXPECT_THAT(object.conflicts(), IsEmpty());
  EXPECT_EQ(object.owned("a"), object.owned("b"));
}

TEST(StructuredMerge, V25_a_quantity_spelt_differently_is_another_value) {
  Object object(kDeployment);
  object.apply("m", R"({"spec":{"containers":[{"name":"c","limits":{"cpu":"500m"}}]}})");
  object.apply("n", R"({"spec":{"containers":[{"name":"c","limits":{"cpu":"0.5"}}]}})", false);
  EXPECT_THAT(object.conflicts(), ElementsAre("m: .spec.containers[name=\"c\"].limits.cpu"));
  object.apply("n", R"({"spec":{"containers":[{"name":"c","limits":{"cpu":"500m"}}]}})", false);
  EXPECT_THAT(object.conflicts(), IsEmpty()) << "the live spelling hands over";
}

TEST(StructuredMerge, V32_status_in_an_apply_to_the_main_resource_is_owned_by_nobody) {
  Object object(kDeployment);
  const FieldSet status = set_of(R"({"f:status":{}})");
  object.apply("m", R"({"spec":{"replicas":1},"status":{"ready":1}})", true, status);
  EXPECT_EQ(object.owned("m"), R"({"f:spec":{"f:replicas":{}}})");
  object.update("u", R"({"spec":{"replicas":1},"status":{"ready":2}})", status);
  EXPECT_EQ(object.owned("u"), "none");
}

TEST(StructuredMerge, V33_what_became_atomic_is_owned_as_a_whole) {
  Object object(kCustom);
  object.apply("m", R"({"spec":{"am":{"k":"v"}}})");
  object.managers()["m"].fields = set_of(R"({"f:spec":{"f:am":{"f:k":{}}}})");
  object.apply("n", R"({"spec":{"gm":{"a":"1"}}})");
  EXPECT_EQ(object.owned("m"), R"({"f:spec":{"f:am":{}}})");
}

TEST(StructuredMerge, an_item_that_would_lose_its_key_fails_the_write) {
  Object object(kCustom);
  object.apply("m", R"({"spec":{"mp":[{"k":"a","v":"1"}]}})");
  object.managers()["m"].fields =
      set_of(R"({"f:spec":{"f:mp":{"k:{\"k\":\"a\",\"p\":\"TCP\"}":{"f:k":{},"f:v":{}}}}})");
  object.managers()["n"] = {set_of(R"({"f:spec":{"f:mp":{"k:{\"k\":\"a\",\"p\":\"TCP\"}":{".":{}}}}})"), "v1", true};
  object.apply("m", R"({"spec":{"set":["x"]}})");
  EXPECT_EQ(object.failure(),
            "failed to compare objects: .spec.mp: element 0: associative list with keys may not have a null element");
  EXPECT_THAT(object.conflicts(), IsEmpty());
}

TEST(StructuredMerge, entries_of_other_versions_lose_what_changed_like_any_other) {
  Object object(kConfigMap);
  object.apply("m", R"({"data":{"a":"1","b":"2"}})");
  object.managers()["m"].api_version = "v1beta1";
  object.update("u", R"({"data":{"a":"9","b":"2"}})");
  EXPECT_EQ(object.owned("m"), R"({"f:data":{"f:b":{}}})");
  EXPECT_EQ(object.managers()["m"].api_version, "v1beta1");
}

TEST(StructuredMerge, identity_and_server_fields_are_never_owned) {
  Object object(kDeployment);
  object.apply("m", R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"n","namespace":"x",
      "labels":{"a":"b"}}})");
  strip_object_metadata(object.managers(), "m");
  EXPECT_EQ(object.owned("m"), R"({"f:metadata":{"f:labels":{"f:a":{}}}})");
  object.apply("n", R"({"metadata":{"name":"n"}})");
  strip_object_metadata(object.managers(), "n");
  EXPECT_EQ(object.owned("n"), "none");
}

}  // namespace
}  // namespace holdfast
