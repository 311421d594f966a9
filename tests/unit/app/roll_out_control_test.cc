// RollOutControl: plans that wait, approvals and rollbacks.
#include "unit/app/played_roll_outs.h"

namespace holdfast {
namespace {

TEST_F(RollOutControlTest, a_plan_waits_and_its_approval_brings_the_revision_about) {
  begin(RevisionPolicy::Approve);
  source_has("a");
  EXPECT_EQ(held(), "");
  EXPECT_TRUE(control_->holds_nothing());
  ASSERT_TRUE(listener_.plan);
  EXPECT_EQ(listener_.plan->revision, "a");
  control_->approve(approval("1"));
  run();
  EXPECT_EQ(held(), "a");
  EXPECT_FALSE(listener_.plan);
  EXPECT_EQ(listener_.record.approved->who, "alice");
  EXPECT_EQ(listener_.record.handled_approval, "1");
  EXPECT_EQ(listener_.said, std::vector<std::string>{"Approve a alice"});

  source_has("b");
  EXPECT_EQ(held(), "a");
  EXPECT_TRUE(control_->holds_back());
  EXPECT_EQ(listener_.plan->revision, "b");
  // The old request is still there, and is none about this plan.
  ApprovalRequest old = approval("1");
  control_->approve(old);
  run();
  EXPECT_EQ(held(), "a");
}

TEST_F(RollOutControlTest, an_approval_of_what_the_cluster_has_made_another_plan_is_refused) {
  begin(RevisionPolicy::Approve);
  source_has("a");
  const std::string hash = listener_.plan->hash;
  live_ = "5";
  control_->approve(approval("1"));
  run();
  EXPECT_EQ(held(), "");
  EXPECT_NE(listener_.plan->hash, hash);
  ASSERT_EQ(listener_.said.size(), 1u);
  EXPECT_TRUE(listener_.said[0].contains("Approve refused: the cluster is not as it was")) << listener_.said[0];
  EXPECT_TRUE(listener_.record.refused.contains("the cluster is not as it was"));
  control_->approve(approval("2"));
  run();
  EXPECT_EQ(held(), "a");
  EXPECT_EQ(listener_.record.refused, "");
}

TEST_F(RollOutControlTest, a_restart_holds_what_was_approved_and_keeps_the_plan_that_was_shown) {
  begin(RevisionPolicy::Approve);
  source_has("a");
  control_->approve(approval("1"));
  run();
  source_has("b");
  const WaitingPlan shown = *listener_.plan;
  now_ += 1h;
  begin(RevisionPolicy::Approve, FailurePolicy::Wait, listener_.record);
  begun_ = "a";
  source_has("b");
  EXPECT_EQ(held(), "a");
  EXPECT_EQ(readings_, 1);
  EXPECT_EQ(*listener_.plan, shown) << "as it was told, so that it can be approved";
  now_ += 24h;
  begin(RevisionPolicy::Approve, FailurePolicy::Wait, listener_.record);
  source_has("b");
  EXPECT_EQ(listener_.plan->hash, shown.hash);
  EXPECT_EQ(listener_.plan->planned_at, now_) << "it had expired";
}

TEST_F(RollOutControlTest, an_approval_ends_with_the_policy_and_does_not_come_back_with_it) {
  begin(RevisionPolicy::Approve);
  source_has("a");
  control_->approve(approval("1"));
  run();
  begin(RevisionPolicy::Apply, FailurePolicy::Wait, listener_.record);
  source_has("b");
  EXPECT_EQ(held(), "b");
  EXPECT_FALSE(listener_.record.approved);
  begun_ = "b";
  begin(RevisionPolicy::Approve, FailurePolicy::Wait, listener_.record);
  source_has("c");
  EXPECT_EQ(held(), "b") << "what was in force then, rather than what was approved once";
}

TEST_F(RollOutControlTest, what_was_approved_and_cannot_be_read_is_not_replaced_by_anything) {
  RollOutRecord record;
  record.approved = ApprovedRevision{content_in(*set_of("a"), ""), "0123", now_, "alice", {}};
  unreadable_ = true;
  begin(RevisionPolicy::Approve, FailurePolicy::Wait, record);
  source_has("b");
  EXPECT_EQ(held(), "");
  EXPECT_FALSE(control_->holds_nothing());
}

TEST_F(RollOutControlTest, a_rollback_holds_until_there_is_something_newer) {
  begin(RevisionPolicy::Apply);
  source_has("a");
  source_has("b");
  EXPECT_EQ(held(), "b");
  control_->roll_back({"1", "a", now_, "alice", "it burns"});
  run();
  EXPECT_EQ(held(), "a");
  EXPECT_EQ(readings_, 1);
  EXPECT_EQ(listener_.record.pinned->instead.revision, "b");
  EXPECT_EQ(listener_.said, std::vector<std::string>{"Rollback a alice"});
  control_->roll_back({"1", "a", now_, "alice", "it burns"});
  run();
  EXPECT_EQ(listener_.said.size(), 1u) << "a request counts once";

  begin(RevisionPolicy::Apply, FailurePolicy::Wait, listener_.record);
  source_has("b");
  EXPECT_EQ(held(), "a") << "after a restart";
  source_has("c");
  EXPECT_EQ(held(), "c");
  EXPECT_FALSE(listener_.record.pinned);
}

TEST_F(RollOutControlTest, a_rollback_that_cannot_be_is_refused_and_a_release_follows_the_source) {
  begin(RevisionPolicy::Apply);
  source_has("b");
  control_->roll_back({"1", "b", now_, "alice", {}});
  run();
  EXPECT_TRUE(listener_.said.back().contains("there is nothing to roll back from")) << listener_.said.back();
  unreadable_ = true;
  control_->roll_back({"2", "a", now_, "alice", {}});
  run();
  EXPECT_TRUE(listener_.said.back().contains("no such commit"));
  unreadable_ = false;
  control_->roll_back({"3", "a", now_, "alice", {}});
  run();
  EXPECT_EQ(held(), "a");
  control_->roll_back({"4", "", now_, "alice", {}});
  run();
  EXPECT_EQ(held(), "b");
}

TEST_F(RollOutControlTest, of_two_rollbacks_the_one_that_was_asked_for_last_counts) {
  begin(RevisionPolicy::Apply, FailurePolicy::Rollback);
  for (const char* revision : {"a", "b", "c"}) source_has(revision);
  slow_ = "x";
  control_->roll_back({"1", "x", now_, "alice", {}});
  run();
  EXPECT_EQ(held(), "c");
  control_->became_healthy("c");
  EXPECT_EQ(listener_.record.handled_rollback, "") << "it is not met yet";
  control_->roll_back({"2", "a", now_, "alice", {}});
  run();
  EXPECT_EQ(held(), "a");
  slow_one_is_read();
  EXPECT_EQ(held(), "a");
  EXPECT_EQ(listener_.record.handled_rollback, "2");
  EXPECT_EQ(listener_.said, std::vector<std::string>{"Rollback a alice"});
}

TEST_F(RollOutControlTest, a_release_takes_back_a_rollback_that_is_still_being_read) {
  begin(RevisionPolicy::Apply);
  source_has("c");
  slow_ = "x";
  control_->roll_back({"1", "x", now_, "alice", {}});
  run();
  control_->roll_back({"2", "", now_, "alice", {}});
  run();
  slow_one_is_read();
  EXPECT_EQ(held(), "c");
  EXPECT_FALSE(listener_.record.pinned);
  EXPECT_EQ(listener_.record.handled_rollback, "2");
  EXPECT_EQ(listener_.record.refused, "");
  control_->roll_back({"3", "", now_, "alice", {}});
  EXPECT_TRUE(listener_.record.refused.contains("it is not pinned")) << listener_.record.refused;
}

TEST_F(RollOutControlTest, a_rollback_that_was_asked_for_last_and_is_refused_takes_back_the_one_before) {
  begin(RevisionPolicy::Apply);
  source_has("c");
  slow_ = "x";
  control_->roll_back({"1", "x", now_, "alice", {}});
  run();
  control_->refuse_rollback({"2", "y", now_, "alice", {}}, "y is not in its history");
  slow_one_is_read();
  EXPECT_EQ(held(), "c");
  EXPECT_EQ(listener_.record.refused, "Rollback: y is not in its history");
}

}  // namespace
}  // namespace holdfast
