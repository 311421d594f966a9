#include "engine/field_account.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/engine/desired_bodies.h"

namespace holdfast {
namespace {

using namespace holdfast::live_bodies;
using testing::HasSubstr;

class Accounts : public testing::Test {
 protected:
  std::vector<FieldAccount> accounts(const json::value& live) {
    auto found = account_for(live, question());
    EXPECT_TRUE(found.has_value()) << (found ? "" : describe(found.error()));
    return found ? std::move(*found) : std::vector<FieldAccount>{};
  }
  FieldAccount account(const json::value& live, const std::string& path) {
    for (FieldAccount& one : accounts(live))
      if (to_string(one.path) == path) return one;
    ADD_FAILURE() << "no account of " << path;
    return {};
  }
  [[nodiscard]] AccountQuestion question() const {
    AccountQuestion made;
    made.desired = known ? &desired : nullptr;
    made.git_is_known = known;
    made.untouched = untouched;
    made.yield_rules = &yield_rules;
    made.policies = &policies;
    made.narrowed_to = pattern ? &*pattern : nullptr;
    made.manager = FieldManager{"holdfast"};
    return made;
  }
  // As somebody took it.
  static json::value scaled(std::string_view manager, std::string_view subresource) {
    json::value live = deployment();
    at(live, "/spec/replicas") = 5;
    our_fields(live)["f:spec"].as_object().erase("f:replicas");
    add_entry(live, manager, "Update", subresource, R"({"f:spec":{"f:replicas":{}}})");
    return live;
  }

  Desired desired = desired_of(kDesired);
  bool known = true;
  std::string untouched;
  YieldRules yield_rules;
  DriftPolicies policies;
  std::optional<FieldPattern> pattern;
};

TEST_F(Accounts, what_git_declares_and_we_own_is_as_declared) {
  const FieldAccount image = account(deployment(), R"(.spec.template.spec.containers[name="a"].image)");
  EXPECT_EQ(image.standing, FieldStanding::AsDeclared);
  EXPECT_EQ(image.live_text, "\"nginx:1\"");
  ASSERT_EQ(image.owners.size(), 1U);
  EXPECT_EQ(image.owners[0].manager, "holdfast");
  EXPECT_EQ(image.owners[0].time, "2026-01-01T00:00:00Z");
}

TEST_F(Accounts, a_default_is_nobodys) {
  const FieldAccount limit = account(deployment(), ".spec.revisionHistoryLimit");
  EXPECT_EQ(limit.standing, FieldStanding::NotDeclared);
  EXPECT_TRUE(limit.owners.empty());
  EXPECT_FALSE(limit.by_server);
  EXPECT_TRUE(account(deployment(), ".metadata.uid").by_server);
}

TEST_F(Accounts, an_item_of_a_list_tells_who_added_it) {
  EXPECT_TRUE(account(deployment(), R"(.spec.template.spec.containers[name="a"].env[name="E1"])").is_item);
  EXPECT_EQ(account(deployment(), R"(.spec.template.spec.containers[name="a"].args)").live_text, R"(["-x","-y"])");
}

TEST_F(Accounts, of_several_owners_all_are_named) {
  json::value live = deployment();
  add_entry(live, "other", "Apply", "", R"({"f:spec":{"f:replicas":{}}})");
  const FieldAccount replicas = account(live, ".spec.replicas");
  ASSERT_EQ(replicas.owners.size(), 2U);
  EXPECT_EQ(replicas.owners[1].manager, "other");
  EXPECT_EQ(replicas.standing, FieldStanding::AsDeclared);
}

TEST_F(Accounts, ask_38_a_drifted_field_names_both_values_who_took_it_and_what_is_done) {
  const FieldAccount replicas = account(scaled("kubectl", "scale"), ".spec.replicas");
  EXPECT_EQ(replicas.standing, FieldStanding::Drifted);
  EXPECT_EQ(replicas.live_text, "5");
  EXPECT_EQ(replicas.desired_text, "2");
  ASSERT_TRUE(replicas.taken_by);
  EXPECT_EQ(*replicas.taken_by, (FieldOwner{"kubectl", "Update", "scale", "2026-02-03T04:05:06Z"}));
  EXPECT_EQ(replicas.about, "run puts it back at once");
}

TEST_F(Accounts, the_policy_of_the_field_says_what_is_done) {
  policies = *DriftPolicies::compile(DriftPolicy::Enforce, std::chrono::seconds(0),
                                     {{{}, {"/spec/replicas"}, DriftPolicy::Warn, std::chrono::seconds(0)}});
  EXPECT_EQ(account(scaled("kubectl", "scale"), ".spec.replicas").about,
            "run reports it and leaves it so, by spec.drift");
  policies = *DriftPolicies::compile(DriftPolicy::Enforce, std::chrono::seconds(90), {});
  EXPECT_EQ(account(scaled("kubectl", "scale"), ".spec.replicas").about, "run puts it back after 1m30s");
  EXPECT_EQ(about_absence(desired, policies), "run puts it back after 1m30s");
}

TEST_F(Accounts, D15_what_run_does_not_touch_is_not_said_to_be_put_back) {
  untouched = "it belongs to the ApplySet other";
  EXPECT_EQ(account(scaled("kubectl", "scale"), ".spec.replicas").about,
            "run leaves the object alone: it belongs to the ApplySet other");
}

TEST_F(Accounts, ask_13_what_an_autoscaler_took_is_left_to_it_and_no_drift) {
  const FieldAccount replicas = account(scaled("kube-controller-manager", "scale"), ".spec.replicas");
  EXPECT_EQ(replicas.standing, FieldStanding::Left);
  EXPECT_THAT(replicas.about, HasSubstr("left to kube-controller-manager (scale)"));
  EXPECT_EQ(replicas.desired_text, "2");
}

TEST_F(Accounts, ask_14_what_a_rule_ignores_says_which) {
  yield_rules = *YieldRules::compile({{{}, {"/spec/replicas"}, {}}}, {});
  const FieldAccount replicas = account(deployment(), ".spec.replicas");
  EXPECT_EQ(replicas.standing, FieldStanding::Left);
  EXPECT_THAT(replicas.about, HasSubstr("ignore rule 1"));
}

TEST_F(Accounts, ask_15_what_git_says_nothing_of_any_more_goes_with_the_next_apply) {
  desired.body["metadata"].as_object().erase("labels");
  const FieldAccount label = account(deployment(), ".metadata.labels.app");
  EXPECT_EQ(label.standing, FieldStanding::Leaving);
  EXPECT_EQ(label.about, "Git says nothing of it any more: run takes it away");
}

TEST_F(Accounts, what_was_removed_has_an_account_too) {
  json::value live = deployment();
  at(live, "/spec").as_object().erase("replicas");
  our_fields(live)["f:spec"].as_object().erase("f:replicas");
  const FieldAccount replicas = account(live, ".spec.replicas");
  EXPECT_EQ(replicas.live_text, "(absent)");
  EXPECT_EQ(replicas.desired_text, "2");
  EXPECT_FALSE(replicas.taken_by);
  EXPECT_TRUE(replicas.owners.empty());
}

TEST_F(Accounts, without_git_there_are_owners_all_the_same) {
  known = false;
  const FieldAccount replicas = account(scaled("kubectl", "scale"), ".spec.replicas");
  EXPECT_EQ(replicas.standing, FieldStanding::Undecided);
  EXPECT_EQ(replicas.owners.size(), 1U);
}

TEST_F(Accounts, a_field_is_asked_for_as_ignore_rules_are_written) {
  const auto paths = [&](const char* text) {
    pattern = *FieldPattern::parse(text);
    std::vector<std::string> found;
    for (const FieldAccount& one : accounts(deployment())) found.push_back(to_string(one.path));
    return found;
  };
  EXPECT_THAT(paths("/spec/replicas"), testing::ElementsAre(".spec.replicas"));
  EXPECT_THAT(paths(".spec.template.spec.containers[name=b].image"),
              testing::ElementsAre(R"(.spec.template.spec.containers[name="b"].image)"));
  EXPECT_THAT(paths(".metadata.finalizers"),
              testing::ElementsAre(R"(.metadata.finalizers[="h/x"])", R"(.metadata.finalizers[="h/y"])"));
  EXPECT_THAT(paths(".spec.nope"), testing::IsEmpty());
}

TEST_F(Accounts, the_values_of_a_secret_are_masked) {
  constexpr const char* kSecret = R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"t","namespace":"w"},
    "data":{"a":"b25l"}})";
  desired = desired_of(R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"t","namespace":"w"},
    "data":{"a":"dHdv"}})");
  const FieldAccount a = account(body_of(kSecret), ".data.a");
  EXPECT_EQ(a.live_text, "(secret)");
  EXPECT_EQ(a.desired_text, "(secret)");
  EXPECT_FALSE(a.live);
  EXPECT_FALSE(a.desired);
  EXPECT_EQ(a.standing, FieldStanding::Drifted);
}

TEST_F(Accounts, managed_fields_that_cannot_be_read_are_an_error_and_not_nobodys) {
  json::value live = deployment();
  at(live, "/metadata/managedFields/0/fieldsV1") = json::object{{"x:?", json::object{}}};
  EXPECT_FALSE(account_for(live, question()).has_value());
}

}  // namespace
}  // namespace holdfast
