#include "app/roll_out_choice.h"

#include <gtest/gtest.h>

#include "holdfast/model/override.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;
using What = RollOutChoice::What;

const RevisionContent kOld{"main@sha1:aa", "content-a"}, kNew{"main@sha1:bb", "content-b"},
    kNewest{"main@sha1:cc", "content-c"};
const std::chrono::sys_seconds kNow{1'800'000'000s};

RollOutSituation at(const RevisionContent& newest, RevisionPolicy policy = RevisionPolicy::Apply) {
  return {policy, newest, true, kOld.revision};
}
RollOutRecord pinned() {
  RollOutRecord record;
  record.pinned = PinnedRevision{kOld, kNew, kNow, "alice", "it burns"};
  return record;
}
RollOutRecord approved() {
  RollOutRecord record;
  record.approved = ApprovedRevision{kOld, "0123", kNow, "alice", {}};
  return record;
}

TEST(RollOutChoice, brings_about_what_is_read_unless_somebody_asks_otherwise) {
  const RollOutChoice choice = choose_revision(at(kNew), {});
  EXPECT_EQ(choice.what, What::Newest);
  EXPECT_FALSE(choice.waits);
}

TEST(RollOutChoice, holds_what_is_pinned_until_there_is_another_content_than_what_was_rolled_back_from) {
  const RollOutChoice choice = choose_revision(at(kNew), pinned());
  EXPECT_EQ(choice.what, What::Earlier);
  EXPECT_EQ(choice.earlier, kOld);
  // A later commit that does not concern the application has its content.
  const RevisionContent later{"main@sha1:dd", kNew.content};
  EXPECT_EQ(choose_revision(at(later), pinned()).what, What::Earlier);
  const RollOutChoice other = choose_revision(at(kNewest), pinned());
  EXPECT_EQ(other.what, What::Newest);
  EXPECT_TRUE(other.ends_pin);
}

TEST(RollOutChoice, what_is_tried_on_what_was_rolled_back_from_ends_no_pin) {
  const RevisionContent tried{with_trial(kNew.revision, "0123456789ab"), "content-b-tried"};
  const RollOutChoice choice = choose_revision(at(tried), pinned());
  EXPECT_EQ(choice.what, What::Earlier);
  EXPECT_FALSE(choice.ends_pin);
}

TEST(RollOutChoice, a_source_that_cannot_be_read_ends_no_pin) {
  RollOutSituation situation = at(kOld);
  situation.from_source = false;
  const RollOutChoice choice = choose_revision(situation, pinned());
  EXPECT_EQ(choice.what, What::Newest);  // what is on record is what is pinned
  EXPECT_FALSE(choice.ends_pin);
  situation.newest = kNew;
  EXPECT_EQ(choose_revision(situation, pinned()).what, What::Earlier);
}

TEST(RollOutChoice, waits_for_approval_and_holds_what_was_approved_meanwhile) {
  const RollOutChoice choice = choose_revision(at(kNew, RevisionPolicy::Approve), approved());
  EXPECT_EQ(choice.what, What::Earlier);
  EXPECT_EQ(choice.earlier, kOld);
  EXPECT_TRUE(choice.waits);
  EXPECT_EQ(choose_revision(at(kOld, RevisionPolicy::Approve), approved()).what, What::Newest);
}

TEST(RollOutChoice, where_approval_is_asked_for_anew_what_is_in_force_counts_as_approved) {
  RollOutSituation situation = at(kNew, RevisionPolicy::Approve);
  const RollOutChoice choice = choose_revision(situation, {});
  EXPECT_EQ(choice.what, What::Earlier);
  EXPECT_EQ(choice.earlier.revision, kOld.revision);
  EXPECT_TRUE(choice.counts_as_approved);
  EXPECT_TRUE(choice.waits);
  situation.begun = kNew.revision;
  EXPECT_EQ(choose_revision(situation, {}).what, What::Newest);
  EXPECT_TRUE(choose_revision(situation, {}).counts_as_approved);
  situation = at(kNew, RevisionPolicy::Approve);
  situation.begun.clear();
  EXPECT_EQ(choose_revision(situation, {}).what, What::Nothing);
  EXPECT_TRUE(choose_revision(situation, {}).waits);
}

TEST(RollOutChoice, what_is_tried_when_approval_is_asked_for_ends_and_does_not_count_as_approved) {
  RollOutSituation situation = at(kOld, RevisionPolicy::Approve);
  situation.begun = with_trial(kOld.revision, "0123456789ab");
  const RollOutChoice ended = choose_revision(situation, {});
  EXPECT_EQ(ended.what, What::Newest);
  EXPECT_TRUE(ended.counts_as_approved);
  EXPECT_FALSE(ended.waits);
  for (const RevisionContent& newest : {RevisionContent{situation.begun, "content-a-tried"}, kNew}) {
    situation.newest = newest;
    const RollOutChoice choice = choose_revision(situation, {});
    EXPECT_EQ(choice.what, What::Earlier) << newest.revision;
    EXPECT_EQ(choice.earlier, (RevisionContent{kOld.revision, {}}));
    EXPECT_TRUE(choice.counts_as_approved);
    EXPECT_TRUE(choice.waits);
  }
}

TEST(RollOutChoice, what_comes_after_a_rollback_waits_as_well) {
  RollOutRecord record = pinned();
  record.approved = ApprovedRevision{kOld, {}, kNow, "alice", {}};
  const RollOutChoice held = choose_revision(at(kNew, RevisionPolicy::Approve), record);
  EXPECT_EQ(held.what, What::Earlier);
  EXPECT_FALSE(held.waits);
  const RollOutChoice next = choose_revision(at(kNewest, RevisionPolicy::Approve), record);
  EXPECT_TRUE(next.ends_pin);
  EXPECT_TRUE(next.waits);
  EXPECT_EQ(next.earlier, kOld);
}

class ApprovalTest : public testing::Test {
 protected:
  ApprovalTest() {
    waiting_.hash = "0123456789abcdef";
    waiting_.revision = kNew.revision;
    waiting_.planned_at = kNow;
    waiting_.expires_at = kNow + 24h;
  }
  std::string objection(const WaitingPlan& now, std::chrono::sys_seconds time = kNow + 60s) const {
    return objection_to_approval(request_, waiting_, now, time);
  }
  WaitingPlan waiting_;
  ApprovalRequest request_{"id", "0123456789abcdef", kNow, kNow + 30s, "alice", {}};
};

TEST_F(ApprovalTest, counts_for_the_very_plan_that_was_shown) { EXPECT_EQ(objection(waiting_), ""); }

TEST_F(ApprovalTest, is_refused_where_another_plan_waits_or_it_is_too_late) {
  request_.plan = "fedcba9876543210";
  EXPECT_EQ(objection(waiting_), "the plan fedcba987654 does not wait any more; 0123456789ab of main@sha1:bb does");
  request_.plan = waiting_.hash;
  EXPECT_EQ(objection(waiting_, waiting_.expires_at),
            "the plan 0123456789ab has expired at 2027-01-16T08:00:00Z; look at the new one, 0123456789ab");
  request_.planned_at = kNow - 1h;
  EXPECT_TRUE(objection(waiting_).contains("was made anew at 2027-01-15T08:00:00Z")) << objection(waiting_);
}

TEST_F(ApprovalTest, is_refused_where_the_cluster_has_changed_so_that_the_plan_is_another) {
  WaitingPlan now = waiting_;
  now.hash = "aaaaaaaaaaaaaaaaaa";
  now.counts = {{ChangeVerb::Refuse, 1}};
  EXPECT_EQ(objection(now),
            "the cluster is not as it was when the plan 0123456789ab was made; look at the new one, aaaaaaaaaaaa: 1 "
            "refused");
}

TEST(RollOutRecord, is_written_and_read_again) {
  RollOutRecord record = pinned();
  record.approved = ApprovedRevision{kOld, "0123", kNow, "alice", "it begins"};
  record.healthy = kOld.revision;
  record.handled_approval = "0123@x y";
  record.handled_rollback = "z";
  record.refused = "Rollback: no";
  json::object status;
  write_roll_out_record(record, status);
  EXPECT_EQ(read_roll_out_record(status), record);
  EXPECT_EQ(read_roll_out_record({}), RollOutRecord{});

  WaitingPlan plan{"0123",       kNew.revision, {{ChangeVerb::Create, 2}, {ChangeVerb::Prune, 1}},
                   {"+ create"}, kNow,          kNow + 24h};
  status["plan"] = to_json_object(plan);
  EXPECT_EQ(read_waiting_plan(status), plan);
  EXPECT_EQ(string_at(status, {"plan", "summary"}), "2 to create, 1 to prune");
}

TEST(RollOutRecord, the_same_manifests_in_another_namespace_are_another_content) {
  ManifestSet set{"main@sha1:aa", {}, 0};
  EXPECT_EQ(content_in(set, "shop"), content_in(set, "shop"));
  EXPECT_NE(content_in(set, "shop"), content_in(set, "market"));
}

}  // namespace
}  // namespace holdfast
