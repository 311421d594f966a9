// RollOutControl: roll-outs that fail, and what is tried meanwhile.
#include "unit/app/played_roll_outs.h"

namespace holdfast {
namespace {

TEST_F(RollOutControlTest, a_roll_out_that_fails_returns_to_the_last_healthy_revision) {
  begin(RevisionPolicy::Apply, FailurePolicy::Rollback);
  source_has("a");
  control_->became_healthy("a");
  source_has("b");
  control_->failed({"b", {kWeb}, "Deployment shop/web: 0 of 1 ready"});
  run();
  EXPECT_EQ(held(), "a");
  EXPECT_EQ(listener_.record.pinned->who, "");
  EXPECT_EQ(listener_.said,
            (std::vector<std::string>{
                "b failed: it was not brought about within 300 s: Pod shop/web-1: container web: ImagePullBackOff",
                "Return a "}));
  source_has("b");
  EXPECT_EQ(held(), "a") << "it is not tried again";
  control_->failed({"a", {kWeb}, "a node is gone"});
  run();
  EXPECT_EQ(listener_.said.size(), 2u) << "what was healthy once is no roll-out that fails";
  source_has("c");
  EXPECT_EQ(held(), "c");
}

TEST_F(RollOutControlTest, without_a_healthy_revision_or_where_it_is_not_asked_for_it_stays) {
  begin(RevisionPolicy::Apply, FailurePolicy::Rollback);
  source_has("a");
  control_->failed({"a", {kWeb}, "0 of 1 ready"});
  run();
  EXPECT_EQ(held(), "a");
  begin(RevisionPolicy::Apply);
  source_has("a");
  control_->became_healthy("a");
  source_has("b");
  control_->failed({"b", {kWeb}, "0 of 1 ready"});
  run();
  EXPECT_EQ(held(), "b");
  EXPECT_FALSE(listener_.record.pinned);
}

TEST_F(RollOutControlTest, what_a_failed_roll_out_returns_to_has_nothing_tried_in_it) {
  begin(RevisionPolicy::Apply, FailurePolicy::Rollback);
  source_has("a");
  control_->became_healthy("a");
  source_has(tried_on("a"));
  control_->became_healthy(tried_on("a"));
  EXPECT_EQ(listener_.record.healthy, "a") << "what is tried ends";
  control_->failed({tried_on("a"), {kWeb}, "a node is gone"});
  run();
  EXPECT_EQ(held(), tried_on("a")) << "it was healthy once";
  source_has(tried_on("b"));
  control_->failed({tried_on("b"), {kWeb}, "0 of 1 ready"});
  run();
  EXPECT_EQ(held(), "a");
  EXPECT_EQ(listener_.record.pinned->what.revision, "a");
  source_has("b");
  EXPECT_EQ(held(), "a") << "what was tried has ended, and it fails without it as well";
}

TEST_F(RollOutControlTest, where_the_source_does_not_answer_the_return_comes_when_it_does) {
  RollOutRecord record;
  record.healthy = "a";
  chance_ = kNoPause;
  begin(RevisionPolicy::Apply, FailurePolicy::Rollback, record);
  source_has("b");
  unreachable_times_ = 3;
  control_->failed({"b", {kWeb}, "0 of 1 ready"});
  run();
  EXPECT_EQ(held(), "a");
  EXPECT_EQ(readings_, 4);
  EXPECT_EQ(listener_.said.back(), "Return a ");
}

TEST_F(RollOutControlTest, a_return_that_waits_ends_where_it_is_not_needed_or_cannot_be) {
  RollOutRecord record;
  record.healthy = "a";
  chance_ = kNoPause;
  begin(RevisionPolicy::Apply, FailurePolicy::Rollback, record);
  source_has("b");
  unreachable_times_ = 3;
  meanwhile_ = [this] { control_->became_healthy("b"); };
  control_->failed({"b", {kWeb}, "0 of 1 ready"});
  run();
  EXPECT_EQ(held(), "b");
  EXPECT_EQ(readings_, 1) << "it has become healthy after all";

  meanwhile_ = [this] { source_has_read("d"); };
  unreachable_times_ = 3;
  begin(RevisionPolicy::Apply, FailurePolicy::Rollback, record);
  source_has("c");
  control_->failed({"c", {kWeb}, "0 of 1 ready"});
  run();
  EXPECT_EQ(held(), "d");
  EXPECT_FALSE(listener_.record.pinned);

  begin(RevisionPolicy::Apply, FailurePolicy::Rollback, record);
  source_has("b");
  unreadable_ = true;
  readings_ = 0;
  control_->failed({"b", {kWeb}, "0 of 1 ready"});
  run();
  EXPECT_EQ(held(), "b");
  EXPECT_EQ(readings_, 1) << "there is no such commit";
}

// What an earlier version kept is met as well.
TEST_F(RollOutControlTest, a_healthy_revision_on_record_with_something_tried_in_it_is_returned_to_without) {
  RollOutRecord record;
  record.healthy = tried_on("a");
  begin(RevisionPolicy::Apply, FailurePolicy::Rollback, record);
  source_has(tried_on("a"));
  source_has("b");
  control_->failed({"b", {kWeb}, "0 of 1 ready"});
  run();
  EXPECT_EQ(held(), "a");
  EXPECT_EQ(readings_, 1);
}

TEST_F(RollOutControlTest, a_rollback_to_what_was_tried_holds_the_revision_without_it) {
  begin(RevisionPolicy::Apply, FailurePolicy::Rollback);
  source_has(tried_on("a"));
  source_has("b");
  control_->roll_back({"1", tried_on("a"), now_, "alice", "it burns"});
  run();
  EXPECT_EQ(held(), "a");
  const RevisionContent what = listener_.record.pinned->what;
  EXPECT_EQ(what, content_in(*set_of("a"), ""));
  begin(RevisionPolicy::Apply, FailurePolicy::Rollback, listener_.record);
  source_has("b");
  EXPECT_EQ(held(), "a") << "after a restart";
}

// Of what was begun last, only that is known.
TEST_F(RollOutControlTest, what_was_tried_when_approval_was_asked_for_is_held_without_it) {
  begun_ = tried_on("a");
  begin(RevisionPolicy::Approve);
  source_has("b");
  EXPECT_EQ(held(), "a");
  EXPECT_EQ(listener_.record.approved->what.revision, "a");
  EXPECT_EQ(readings_, 1);
}

TEST_F(RollOutControlTest, what_is_tried_when_approval_is_asked_for_ends_without_a_person) {
  begun_ = tried_on("a");
  for (const char* next : {"a", "b"}) {
    listener_.record = {};
    begin(RevisionPolicy::Approve);
    source_has(begun_);
    EXPECT_EQ(held(), "a");
    source_has(next);
    EXPECT_EQ(held(), "a");
    EXPECT_EQ(listener_.record.approved->what.content, content_in(*set_of("a"), "").content);
    EXPECT_EQ(listener_.plan.has_value(), std::string(next) == "b") << "what comes next waits";
  }
}

}  // namespace
}  // namespace holdfast
