#include "app/approval_policy.h"

#include <gtest/gtest.h>

#include "app/person_requests.h"

namespace holdfast {
namespace {

const std::chrono::sys_seconds kNow{std::chrono::seconds(1'800'000'000)};

class ApprovalPolicyTest : public testing::Test {
 protected:
  // As the API server gives them back.
  ApprovalPolicyTest() {
    const json::array made = approval_policy();
    policy_ = made[0];
    binding_ = made[1];
    for (json::value* one : {&policy_, &binding_})
      one->at("metadata").as_object()["creationTimestamp"] = "2027-01-15T07:59:50Z";
    json::object& constraints = policy_.at("spec").at("matchConstraints").as_object();
    constraints["matchPolicy"] = "Equivalent";
    constraints["namespaceSelector"] = json::object();
    constraints["objectSelector"] = json::object();
    constraints["resourceRules"].as_array()[0].as_object()["scope"] = "*";
  }
  static std::string objection(const json::value& policy, const json::value& binding) {
    return objection_to_policy(policy, binding, kNow);
  }
  json::value policy_, binding_;
};

TEST_F(ApprovalPolicyTest, is_in_force_as_it_was_installed) { EXPECT_EQ(objection(policy_, binding_), ""); }

TEST_F(ApprovalPolicyTest, is_missed) {
  EXPECT_TRUE(objection({}, binding_).contains("holdfast install | kubectl apply -f -"));
  EXPECT_TRUE(objection(policy_, {}).contains("Binding approvals.holdfast.dev is not installed"));
}

TEST_F(ApprovalPolicyTest, one_that_lets_more_through_does_not_do) {
  json::value other = policy_;
  other.at("spec").as_object()["failurePolicy"] = "Ignore";
  EXPECT_NE(objection(other, binding_), "");
  other = policy_;
  other.at("spec").at("validations").as_array().pop_back();
  EXPECT_NE(objection(other, binding_), "");
  other = policy_;
  other.at("spec").as_object()["matchConditions"] = json::array{{{"name", "a"}, {"expression", "false"}}};
  EXPECT_NE(objection(other, binding_), "");
  other = policy_;
  other.at("spec").at("matchConstraints").at("namespaceSelector") = {{"matchLabels", {{"a", "b"}}}};
  EXPECT_NE(objection(other, binding_), "");
  json::value bound = binding_;
  bound.at("spec").as_object()["validationActions"] = json::array{"Audit"};
  EXPECT_NE(objection(policy_, bound), "");
  bound = binding_;
  bound.at("spec").as_object()["matchResources"] = {{"namespaceSelector", {{"matchLabels", {{"a", "b"}}}}}};
  EXPECT_NE(objection(policy_, bound), "");
}

TEST_F(ApprovalPolicyTest, has_to_be_known_to_all_api_servers) {
  binding_.at("metadata").as_object()["creationTimestamp"] = "2027-01-15T07:59:58Z";
  EXPECT_TRUE(objection(policy_, binding_).contains("was installed a moment ago")) << objection(policy_, binding_);
}

TEST(PersonRequests, are_read_as_they_were_written) {
  const std::chrono::sys_seconds now{std::chrono::seconds(1'800'000'000)};
  const ApprovalRequest approval{{}, "0123", now, now, "alice", "it is time"};
  const RollbackRequest rollback{{}, "main@sha1:aa", now, "alice", "it burns"};
  json::object object{{"metadata", {{"annotations", annotations_of(approval)}}}};
  const auto approved = approval_asked(object);
  ASSERT_TRUE(approved);
  EXPECT_EQ(approved->plan, "0123");
  EXPECT_EQ(approved->planned_at, now);
  EXPECT_EQ(approved->id, "0123@2027-01-15T08:00:00Z 2027-01-15T08:00:00Z");
  EXPECT_FALSE(rollback_asked(object));
  object = {{"metadata", {{"annotations", annotations_of(rollback)}}}};
  EXPECT_EQ(rollback_asked(object)->revision, "main@sha1:aa");
  object = {{"metadata", {{"annotations", annotations_of(RollbackRequest{{}, {}, now, "alice", {}})}}}};
  EXPECT_EQ(rollback_asked(object)->revision, "");
}

TEST(PersonRequests, without_who_and_when_there_is_none) {
  const json::object nobody{{"metadata", {{"annotations", {{kApprovePlan, "0123@2027-01-15T08:00:00Z"}}}}}};
  EXPECT_FALSE(approval_asked(nobody));
  EXPECT_FALSE(approval_asked({}));
}

}  // namespace
}  // namespace holdfast
