#include "engine/drift_policy.h"

#include "unit/engine/desired_bodies.h"

namespace holdfast {
namespace {

using namespace holdfast::live_bodies;
using namespace std::chrono_literals;
using What = DriftedField::What;

const FieldManager kManager{"holdfast"};
const Clock::time_point kNow{1h};

DriftPolicies policies(std::vector<DriftRule> rules, DriftPolicy policy = DriftPolicy::Enforce,
                       std::chrono::seconds grace = 0s) {
  auto made = DriftPolicies::compile(policy, grace, rules);
  EXPECT_TRUE(made.has_value()) << (made ? "" : describe(made.error()));
  return made ? *made : DriftPolicies{};
}

DriftedField drift(FieldPath path, What what = What::Value) {
  std::string text = to_string(path);
  return {std::move(path), what, {std::move(text), "1", "2", {}}};
}
FieldPath container(std::string_view name) {
  FieldPath path = path_of({"spec", "template", "spec", "containers"});
  path.push_back(PathElement::key({{"name", name}}));
  return path;
}
FieldPath image(std::string_view name) {
  FieldPath path = container(name);
  path.push_back(PathElement::field("image"));
  return path;
}
const FieldPath kReplicas = path_of({"spec", "replicas"});

std::vector<std::string> paths(const std::vector<DriftedField>& fields) {
  std::vector<std::string> texts;
  for (const DriftedField& one : fields) texts.push_back(one.drift.path);
  return texts;
}
using Paths = std::vector<std::string>;

TEST(DriftPolicies, without_rules_all_is_put_back_at_once) {
  const DriftPlan plan = plan_drift({}, desired_of(kDesired), {drift(kReplicas)}, {}, {}, kNow);
  EXPECT_EQ(paths(plan.now), Paths{".spec.replicas"});
  EXPECT_FALSE(plan.next().has_value());
  EXPECT_FALSE(DriftPolicies{}.differs(desired_of(kDesired)));
}

TEST(DriftPolicies, one_object_holds_some_fields_and_watches_others) {
  const auto made = policies({{{}, {"/spec/replicas"}, DriftPolicy::Warn, 0s}});
  const DriftPlan plan = plan_drift(made, desired_of(kDesired), {drift(kReplicas), drift(image("a"))}, {}, {}, kNow);
  EXPECT_EQ(paths(plan.now), Paths{to_string(image("a"))});
  EXPECT_EQ(paths(plan.reported), Paths{".spec.replicas"});
  EXPECT_EQ(paths(plan.held()), Paths{".spec.replicas"});
  EXPECT_TRUE(made.differs(desired_of(kDesired)));
}

TEST(DriftPolicies, the_last_rule_that_matches_decides) {
  const Desired web = desired_of(kDesired);
  const auto made = policies({{{}, {"/spec"}, DriftPolicy::Enforce, 0s},
                              {{"", "StatefulSet", "", "", {}}, {}, DriftPolicy::Approve, 0s},
                              {{}, {"/spec/replicas"}, DriftPolicy::Warn, 0s}},
                             DriftPolicy::Warn);
  EXPECT_EQ(made.of_field(web, drift(kReplicas)).policy, DriftPolicy::Warn);
  EXPECT_EQ(made.of_field(web, drift(image("a"))).policy, DriftPolicy::Enforce);
  EXPECT_EQ(made.of_field(web, drift(path_of({"metadata", "labels", "app"}))).policy, DriftPolicy::Warn);
}

TEST(DriftPolicies, existence_is_a_matter_of_rules_about_whole_objects) {
  const Desired web = desired_of(kDesired);
  EXPECT_EQ(policies({{{}, {"/spec"}, DriftPolicy::Warn, 0s}}).of_existence(web).policy, DriftPolicy::Enforce);
  EXPECT_EQ(policies({{{}, {}, DriftPolicy::Warn, 5s}}).of_existence(web),
            (DriftPolicies::Answer{DriftPolicy::Warn, 5s}));
}

TEST(DriftPolicies, a_rule_about_a_field_in_an_item_is_none_about_the_item_or_its_place) {
  const Desired web = desired_of(kDesired);
  const auto made = policies({{{}, {".spec.template.spec.containers[name=a].image"}, DriftPolicy::Warn, 0s}});
  EXPECT_EQ(made.of_field(web, drift(container("a"), What::Removed)).policy, DriftPolicy::Enforce);
  EXPECT_EQ(made.of_field(web, drift(path_of({"spec", "template", "spec", "containers"}), What::Order)).policy,
            DriftPolicy::Enforce);
  const auto part = policies({{{}, {"/spec/selector/matchLabels/app"}, DriftPolicy::Warn, 0s}});
  EXPECT_EQ(part.of_field(web, drift(path_of({"spec", "selector"}))).policy, DriftPolicy::Warn)
      << "one value cannot be written without its part";
}

TEST(DriftPolicies, approved_fields_are_written_and_others_wait_for_approval) {
  const Desired web = desired_of(kDesired);
  const auto made = policies({}, DriftPolicy::Approve);
  const std::vector<DriftedField> fields = {drift(kReplicas), drift(image("a"))};
  EXPECT_EQ(plan_drift(made, web, fields, {}, {}, kNow).reported.size(), 2U);
  EXPECT_EQ(paths(plan_drift(made, web, fields, {}, {".spec.replicas"}, kNow).now), Paths{".spec.replicas"});
  EXPECT_EQ(plan_drift(made, web, fields, {}, {""}, kNow).now.size(), 2U);
}

TEST(DriftPolicies, a_grace_is_counted_from_when_the_field_drifted) {
  const Desired web = desired_of(kDesired);
  const auto made = policies({{{}, {"/spec/replicas"}, DriftPolicy::Enforce, 60s}});
  const std::vector<DriftedField> fields = {drift(kReplicas)};
  DriftAges ages;
  ages.note({kReplicas}, kNow);
  const DriftPlan waiting = plan_drift(made, web, fields, ages, {}, kNow + 59s);
  EXPECT_EQ(waiting.next(), kNow + 60s);
  EXPECT_TRUE(waiting.now.empty());
  EXPECT_EQ(waiting.held().size(), 1U);
  ages.note({kReplicas}, kNow + 60s);
  EXPECT_EQ(plan_drift(made, web, fields, ages, {}, kNow + 60s).now.size(), 1U);
  ages.note({}, kNow + 61s);
  EXPECT_FALSE(ages.since(kReplicas).has_value()) << "a drift that ended starts anew";
  ages.note({kReplicas}, kNow + 62s);
  EXPECT_EQ(plan_drift(made, web, fields, ages, {}, kNow + 62s).next(), kNow + 122s);
}

TEST(DriftPolicies, a_rule_that_cannot_be_read_is_named) {
  const auto bad = DriftPolicies::compile(DriftPolicy::Enforce, 0s, {{{}, {"spec"}, DriftPolicy::Warn, 0s}});
  ASSERT_FALSE(bad.has_value());
  EXPECT_EQ(bad.error().where, "drift rule 1");
}

HeldWrite held(const json::value& live, const std::vector<DriftedField>& fields) {
  auto write = hold_as_live(desired_of(kDesired), live, fields, kManager);
  EXPECT_TRUE(write.has_value());
  return write ? *write : HeldWrite{};
}

TEST(HoldAsLive, C6_what_we_still_own_is_carried_and_the_body_names_its_version) {
  json::value live = deployment();
  at(live, "/spec/replicas") = 9;  // rewritten while it stayed ours, as a webhook does
  const HeldWrite write = held(live, {drift(kReplicas)});
  EXPECT_TRUE(write.carries_live);
  const json::value body = body_of(write.body({"u-1"}, {"10"}));
  EXPECT_EQ(body.at_pointer("/spec/replicas"), 9);
  EXPECT_EQ(body.at_pointer("/spec/template/spec/containers"),
            json::value(desired()).at_pointer("/spec/template/spec/containers"));
  EXPECT_EQ(string_at(body, {"metadata", "uid"}), "u-1");
  EXPECT_EQ(string_at(body, {"metadata", "resourceVersion"}), "10");
  EXPECT_EQ(string_at(body, {"metadata", "name"}), "web");
  EXPECT_NE(write.variant.hash, desired_of(kDesired).hash);
}

TEST(HoldAsLive, what_another_took_is_left_out_for_carrying_it_would_take_it_back) {
  json::value live = deployment();
  at(live, "/spec/replicas") = 9;
  our_fields(live)["f:spec"].as_object().erase("f:replicas");
  add_entry(live, "someone", R"({"f:spec":{"f:replicas":{}}})");
  const HeldWrite write = held(live, {drift(kReplicas)});
  EXPECT_FALSE(write.carries_live);
  EXPECT_EQ(find(write.variant.body, {"spec", "replicas"}), nullptr);
  EXPECT_EQ(find(body_of(write.body({"u-1"}, {"10"})), {"metadata", "resourceVersion"}), nullptr);
  at(live, "/spec/replicas") = 10;
  EXPECT_EQ(held(live, {drift(kReplicas)}).variant.hash, write.variant.hash) << "their next change costs us nothing";
}

TEST(HoldAsLive, what_was_removed_is_not_brought_back) {
  json::value live = deployment();
  containers(live).pop_back();
  our_fields(live)["f:spec"].at_pointer("/f:template/f:spec/f:containers").as_object().erase("k:{\"name\":\"b\"}");
  const HeldWrite write = held(live, {drift(container("b"), What::Removed)});
  EXPECT_EQ(json::value(write.variant.body).at_pointer("/spec/template/spec/containers").as_array().size(), 1U);
}

TEST(HoldAsLive, a_map_that_is_emptied_by_it_stays_for_giving_it_up_would_remove_what_others_have_in_it) {
  const Desired thing = desired_of(R"({"apiVersion":"ex.io/v1","kind":"Thing","metadata":{"name":"t"},
    "spec":{"n":{"m":"1"},"z":1}})");
  json::value live = body_of(R"({"metadata":{"uid":"u","resourceVersion":"7","managedFields":[]},
    "spec":{"n":{"m":"2"},"z":1}})");
  add_entry(live, "holdfast", "Apply", "", R"({"f:spec":{"f:n":{},"f:z":{}}})");
  add_entry(live, "x", R"({"f:spec":{"f:n":{"f:m":{}}}})");
  const std::vector<DriftedField> fields = {drift(path_of({"spec", "n", "m"}))};
  const auto write = hold_as_live(thing, live, fields, kManager);
  EXPECT_EQ(json::value(write->variant.body).at_pointer("/spec"), body_of(R"({"n":{},"z":1})"));
  at(live, "/spec").as_object().erase("n");
  EXPECT_EQ(json::value(hold_as_live(thing, live, fields, kManager)->variant.body).at_pointer("/spec"),
            body_of(R"({"z":1})"));
}

TEST(HoldAsLive, V19_an_order_is_carried) {
  json::value live = deployment();
  std::swap(containers(live)[0], containers(live)[1]);
  const HeldWrite write = held(live, {drift(path_of({"spec", "template", "spec", "containers"}), What::Order)});
  const json::value body(write.variant.body);
  EXPECT_EQ(string_at(body.at_pointer("/spec/template/spec/containers/0"), {"name"}), "b");
  EXPECT_EQ(body.at_pointer("/spec/template/spec/containers/1"),
            json::value(desired()).at_pointer("/spec/template/spec/containers/0"));
  EXPECT_TRUE(write.carries_live);
}

TEST(HoldAsLive, lost_ownership_alone_has_no_value_to_carry) {
  const HeldWrite write = held(deployment(), {drift(path_of({"metadata", "managedFields"}), What::Ownership)});
  EXPECT_EQ(write.variant.hash, desired_of(kDesired).hash);
}

}  // namespace
}  // namespace holdfast
