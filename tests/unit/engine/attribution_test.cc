#include "engine/attribution.h"

#include <algorithm>

#include "engine/field_diff.h"
#include "holdfast/merge/managed_fields.h"
#include "unit/engine/live_bodies.h"

namespace holdfast {
namespace {

using namespace holdfast::live_bodies;

const FieldManager kManager{"holdfast"};
constexpr const char* kImagePath = ".spec.template.spec.containers[name=\"a\"].image";

FieldSet owned_before() {
  const json::value live = deployment();
  const auto entry = find_applied_entry(live, kManager);
  EXPECT_TRUE(entry && *entry);
  return (*entry)->fields;
}

// Both ways: knowing what we owned, and after a restart.
std::vector<std::vector<FieldDrift>> both(const json::value& live) {
  const FieldSet before = owned_before();
  return {attribute(desired(), live, &before, kManager), attribute(desired(), live, nullptr, kManager)};
}

void steal_image(json::value& live, std::string_view image) {
  containers(live)[0].as_object()["image"] = image;
  our_container(live, "a").erase("f:image");
  add_entry(live, "kubectl-edit",
            R"({"f:spec":{"f:template":{"f:spec":{"f:containers":{"k:{\"name\":\"a\"}":{"f:image":{}}}}}}})");
}

TEST(Attribution, an_object_as_desired_has_nothing_to_tell) {
  for (const auto& drifts : both(deployment())) EXPECT_TRUE(drifts.empty()) << drifts[0].path;
}

TEST(Attribution, a_changed_field_names_who_holds_it_and_since_when) {
  json::value live = deployment();
  steal_image(live, "nginx:evil");
  for (const auto& drifts : both(live)) {
    ASSERT_EQ(drifts.size(), 1U);
    EXPECT_EQ(drifts[0].path, kImagePath);
    EXPECT_EQ(drifts[0].desired, "\"nginx:1\"");
    EXPECT_EQ(drifts[0].live, "\"nginx:evil\"");
    EXPECT_EQ(drifts[0].owner, (FieldOwner{"kubectl-edit", "Update", "", "2026-02-03T04:05:06Z"}));
  }
}

TEST(Attribution, C9_a_field_taken_with_the_value_it_had_is_told) {
  json::value live = deployment();
  steal_image(live, "nginx:1");
  for (const auto& drifts : both(live)) {
    ASSERT_EQ(drifts.size(), 1U);
    EXPECT_EQ(drifts[0].path, kImagePath);
    EXPECT_TRUE(drifts[0].owner.has_value());
  }
}

TEST(Attribution, V18_a_removed_field_has_no_owner) {
  json::value live = deployment();
  at(live, "/spec").as_object().erase("replicas");
  our_fields(live)["f:spec"].as_object().erase("f:replicas");
  for (const auto& drifts : both(live)) {
    ASSERT_EQ(drifts.size(), 1U);
    EXPECT_EQ(drifts[0].path, ".spec.replicas");
    EXPECT_EQ(drifts[0].live, "(absent)");
    EXPECT_FALSE(drifts[0].owner.has_value());
  }
}

TEST(Attribution, a_removed_item_is_told_once_and_not_field_by_field) {
  json::value live = deployment();
  containers(live).pop_back();
  our_fields(live)["f:spec"].at_pointer("/f:template/f:spec/f:containers").as_object().erase("k:{\"name\":\"b\"}");
  for (const auto& drifts : both(live)) {
    ASSERT_EQ(drifts.size(), 1U);
    EXPECT_EQ(drifts[0].path, ".spec.template.spec.containers[name=\"b\"]");
    EXPECT_EQ(drifts[0].desired, R"({"name":"b","image":"side:1"})");
  }
}

TEST(Attribution, V19_another_order_is_told_on_the_list) {
  json::value live = deployment();
  std::swap(containers(live)[0], containers(live)[1]);
  for (const auto& drifts : both(live)) {
    ASSERT_EQ(drifts.size(), 1U);
    EXPECT_EQ(drifts[0].path, ".spec.template.spec.containers");
    EXPECT_EQ(drifts[0].desired, R"(order ["a","b"])");
    EXPECT_EQ(drifts[0].live, R"(order ["b","a"])");
    EXPECT_FALSE(drifts[0].owner.has_value());
  }
}

TEST(Attribution, a_value_rewritten_while_it_stayed_ours_is_told) {
  json::value live = deployment();
  containers(live)[0].as_object()["image"] = "registry/nginx:1";
  for (const auto& drifts : both(live)) {
    ASSERT_EQ(drifts.size(), 1U);
    EXPECT_EQ(drifts[0].path, kImagePath);
  }
}

TEST(Attribution, V20_an_empty_list_that_is_gone_is_told_of_a_custom_resource) {
  const auto told = [](const char* version) {
    const json::object wanted{
        {"apiVersion", version}, {"kind", "Gadget"}, {"spec", {{"items", json::array{}}, {"mode", "auto"}}}};
    json::value live(wanted);
    live.as_object()["metadata"] = json::object{{"managedFields", json::array{}}};
    add_entry(live, "holdfast", R"({"f:spec":{"f:mode":{}}})");
    live.at_pointer("/metadata/managedFields/0/operation") = "Apply";
    live.at("spec").as_object().erase("items");
    return attribute(wanted, live, nullptr, kManager);
  };
  const auto custom = told("example.dev/v1");
  ASSERT_EQ(custom.size(), 1U);
  EXPECT_EQ(custom[0].path, ".spec.items");
  EXPECT_EQ(custom[0].live, "(absent)");
  EXPECT_FALSE(custom[0].owner);
  EXPECT_TRUE(told("apps/v1").empty()) << "the server leaves it out";
}

TEST(Attribution, V25_quantities_and_defaults_are_no_differences) {
  json::object wanted = desired();
  json::value wanted_value(wanted);
  containers(wanted_value)[0].as_object()["resources"] = body_of(R"({"limits":{"cpu":"1000m","memory":"1024Mi"}})");
  json::value live = deployment();
  containers(live)[0].as_object()["resources"] = body_of(R"({"limits":{"cpu":"1","memory":"1Gi"}})");
  at(live, "/spec/selector").as_object()["defaulted"] = true;
  const FieldSet before = owned_before();
  EXPECT_TRUE(attribute(wanted_value.as_object(), live, &before, kManager).empty());
  containers(live)[0].as_object()["resources"] = body_of(R"({"limits":{"cpu":"1001m","memory":"1Gi"}})");
  EXPECT_EQ(attribute(wanted_value.as_object(), live, &before, kManager).size(), 1U);
}

TEST(Attribution, V29_cleared_managed_fields_are_one_line) {
  json::value live = deployment();
  at(live, "/metadata/managedFields").as_array().clear();
  const FieldSet before = owned_before();
  const auto drifts = attribute(desired(), live, &before, kManager);
  ASSERT_EQ(drifts.size(), 1U);
  EXPECT_EQ(drifts[0].path, ".metadata.managedFields");
}

TEST(Attribution, a_field_that_only_left_our_set_is_told_as_far_as_we_know_that_it_was_in_it) {
  json::value live = deployment();
  our_container(live, "a").erase("f:image");
  const FieldSet before = owned_before();
  const auto drifts = attribute(desired(), live, &before, kManager);
  ASSERT_EQ(drifts.size(), 1U);
  EXPECT_EQ(drifts[0].path, kImagePath);
  EXPECT_FALSE(drifts[0].owner.has_value());
  EXPECT_TRUE(attribute(desired(), live, nullptr, kManager).empty());
}

TEST(Attribution, values_of_a_secret_are_never_shown) {
  const json::object wanted =
      body_of(
          R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"s","labels":{"a":"b"}},"data":{"k":"czNjcmV0"}})")
          .as_object();
  const json::value live = body_of(
      R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"s","labels":{"a":"c"}},"data":{"k":"b3RoZXI="}})");
  const auto drifts = attribute(wanted, live, nullptr, kManager);
  ASSERT_EQ(drifts.size(), 2U);
  EXPECT_EQ(drifts[0].path, ".data.k");
  EXPECT_EQ(drifts[0].desired, "(secret)");
  EXPECT_EQ(drifts[0].live, "(secret)");
  EXPECT_EQ(drifts[1].path, ".metadata.labels.a");
  EXPECT_EQ(drifts[1].live, "\"c\"");
}

TEST(Attribution, values_and_their_number_are_bounded) {
  json::object wanted = body_of(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"}})").as_object();
  json::object data;
  for (int i = 0; i < 500; ++i) data[std::to_string(i)] = std::string(200, 'x') + "é";
  wanted["data"] = data;
  const auto drifts =
      attribute(wanted, body_of(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{}})"), nullptr, kManager);
  EXPECT_EQ(drifts.size(), 64U);
  EXPECT_EQ(drifts[0].desired.size(), 120U);
}

TEST(FieldDiff, changes_are_told_field_by_field_in_order) {
  json::value after = deployment();
  at(after, "/spec/replicas") = 3;
  containers(after)[0].as_object()["image"] = "nginx:2";
  containers(after).push_back(body_of(R"({"name":"c"})"));
  at(after, "/metadata/labels").as_object().erase("app");
  EXPECT_EQ(diff_fields(deployment(), after, false),
            (std::vector<FieldChange>{{".metadata.labels.app", "\"web\"", "(absent)"},
                                      {".spec.replicas", "2", "3"},
                                      {kImagePath, "\"nginx:1\"", "\"nginx:2\""},
                                      {".spec.template.spec.containers[name=\"c\"]", "(absent)", R"({"name":"c"})"}}));
}

TEST(FieldDiff, what_the_server_sets_is_no_change) {
  json::value after = deployment();
  at(after, "/metadata").as_object().erase("managedFields");
  at(after, "/metadata/resourceVersion") = "99";
  at(after, "/metadata/uid") = "other";
  at(after, "/metadata/generation") = 5;
  after.as_object().erase("status");
  EXPECT_TRUE(diff_fields(deployment(), after, false).empty());
}

TEST(FieldDiff, order_alone_is_a_change_and_an_insertion_is_none_of_order) {
  json::value after = deployment();
  std::swap(containers(after)[0], containers(after)[1]);
  const auto changes = diff_fields(deployment(), after, false);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].path, ".spec.template.spec.containers");
  EXPECT_EQ(changes[0].after, R"(order ["b","a"])");
}

TEST(FieldDiff, a_new_object_is_told_and_its_secrets_are_not) {
  const json::value secret = body_of(R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"s","uid":"u",
    "annotations":{"kubectl.kubernetes.io/last-applied-configuration":"czNjcmV0"}},"data":{"k":"czNjcmV0"},"stringData":{"p":"czNjcmV0"}})");
  for (const auto& changes : {diff_fields(nullptr, secret, true), diff_fields(secret, nullptr, true)}) {
    EXPECT_TRUE(std::ranges::any_of(changes, [](const auto& change) { return change.path == ".data.k"; }));
    for (const FieldChange& change : changes) {
      EXPECT_FALSE(change.before.contains("czNjcmV0") || change.after.contains("czNjcmV0")) << change.path;
      EXPECT_NE(change.path, ".metadata.uid");
    }
  }
  const json::value map = body_of(R"({"apiVersion":"v1","kind":"ConfigMap","data":{"k":"shown"}})");
  EXPECT_TRUE(diff_fields(nullptr, map, true).back().after.contains("shown") ||
              diff_fields(nullptr, map, true)[1].after.contains("shown"));
}

}  // namespace
}  // namespace holdfast
