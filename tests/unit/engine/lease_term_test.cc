#include "engine/lease_term.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

using namespace std::chrono_literals;
using Request = LeaseTerm::Request;
using Answer = LeaseTerm::Answer;
using Standing = LeaseTerm::Standing;

// A server with one Lease, and the daemons that ask it.
class LeaseTermTest : public testing::Test {
 protected:
  static LeaseTerm term(const std::string& identity) {
    return {identity, [] { return 0.0; }, [] { return std::string("2026-01-01T00:00:00.000000Z"); }};
  }
  Answer serve(const Request& request) {
    if (!reachable_) return {Answer::Kind::Failed, {}};
    switch (request.kind) {
      case Request::Kind::Read:
        return there_ ? Answer{Answer::Kind::Record, lease_} : Answer{Answer::Kind::Absent, {}};
      case Request::Kind::Create:
        if (there_) return {Answer::Kind::Conflict, {}};
        break;
      case Request::Kind::Update:
        if (!there_) return {Answer::Kind::Absent, {}};
        if (request.record.version != lease_.version) return {Answer::Kind::Conflict, {}};
        break;
    }
    there_ = true;
    lease_ = request.record;
    lease_.version.value = std::to_string(++versions_);
    ++writes_;
    return {Answer::Kind::Record, lease_};
  }
  // All that is due now, answered at once.
  void ask(LeaseTerm& term) {
    for (int i = 0; i < 5; ++i) {
      const auto request = term.next(now_);
      if (!request) return;
      term.answered(*request, serve(*request), now_, now_);
    }
  }
  void pass(std::chrono::milliseconds time, std::initializer_list<LeaseTerm*> terms) {
    for (const auto end = now_ + time; now_ < end; now_ += 100ms)
      for (LeaseTerm* term : terms) ask(*term);
  }

  LeaseTerm::Time now_{1h};
  bool there_ = false, reachable_ = true;
  LeaseRecord lease_;
  int versions_ = 0, writes_ = 0;
};

TEST_F(LeaseTermTest, the_first_one_makes_it_and_writes) {
  LeaseTerm one = term("one");
  EXPECT_FALSE(one.may_write(now_));
  ask(one);
  EXPECT_TRUE(one.may_write(now_));
  EXPECT_EQ(lease_.holder, "one");
  EXPECT_EQ(lease_.transitions, 0);
  EXPECT_EQ(one.due(), now_ + LeaseTerm::kRetry);
}

TEST_F(LeaseTermTest, another_one_waits_while_it_is_renewed) {
  LeaseTerm one = term("one"), two = term("two");
  ask(one);
  pass(60s, {&one, &two});
  EXPECT_TRUE(one.may_write(now_));
  EXPECT_EQ(two.standing(), Standing::Waiting);
  EXPECT_EQ(two.holder(), "one");
}

// Its last word counts from when it was sent, and others wait from when they saw it: never two at once.
TEST_F(LeaseTermTest, who_falls_silent_stops_well_before_another_begins) {
  LeaseTerm one = term("one"), two = term("two");
  ask(one);
  pass(5s, {&one, &two});
  LeaseTerm::Time stopped{}, begun{};
  for (int i = 0; i < 300; ++i, now_ += 100ms) {  // one is not asked any more, as if it hung
    if (stopped == LeaseTerm::Time{} && !one.may_write(now_)) stopped = now_;
    ask(two);
    if (begun == LeaseTerm::Time{} && two.may_write(now_)) begun = now_;
    EXPECT_FALSE(one.may_write(now_) && two.may_write(now_));
  }
  ASSERT_NE(begun, LeaseTerm::Time{});
  EXPECT_GE(begun - stopped, 3s);
  EXPECT_EQ(lease_.transitions, 1);
  ask(one);  // it wakes up
  EXPECT_EQ(one.standing(), Standing::Lost);
  EXPECT_FALSE(one.may_write(now_));
}

TEST_F(LeaseTermTest, a_server_that_is_away_ends_the_term_and_gives_it_back_where_nobody_took_it) {
  LeaseTerm one = term("one");
  ask(one);
  reachable_ = false;
  pass(9s, {&one});
  EXPECT_TRUE(one.may_write(now_));
  pass(2s, {&one});
  EXPECT_FALSE(one.may_write(now_));
  EXPECT_EQ(one.standing(), Standing::Holding);
  pass(60s, {&one});
  reachable_ = true;
  pass(3s, {&one});
  EXPECT_TRUE(one.may_write(now_));
  EXPECT_EQ(lease_.transitions, 0);
}

TEST_F(LeaseTermTest, what_went_through_other_hands_meanwhile_is_lost_though_it_is_free_again) {
  LeaseTerm one = term("one");
  ask(one);
  reachable_ = false;
  pass(30s, {&one});
  reachable_ = true;
  LeaseTerm two = term("two");
  pass(20s, {&two});
  const auto release = two.release();
  ASSERT_TRUE(release);
  ASSERT_EQ(serve(*release).kind, Answer::Kind::Record);
  EXPECT_EQ(lease_.holder, "");
  pass(3s, {&one});
  EXPECT_EQ(one.standing(), Standing::Lost);
}

TEST_F(LeaseTermTest, a_deleted_lease_is_lost) {
  LeaseTerm one = term("one");
  ask(one);
  there_ = false;
  pass(3s, {&one});
  EXPECT_EQ(one.standing(), Standing::Lost);
  EXPECT_FALSE(one.may_write(now_));
}

TEST_F(LeaseTermTest, a_renewal_whose_answer_was_lost_is_looked_up) {
  LeaseTerm one = term("one");
  ask(one);
  pass(1900ms, {&one});
  now_ = one.due();
  const auto renewal = one.next(now_);
  ASSERT_TRUE(renewal);
  serve(*renewal);  // it arrived
  one.answered(*renewal, {Answer::Kind::Failed, {}}, now_, now_);
  pass(3s, {&one});
  EXPECT_EQ(one.standing(), Standing::Holding);
  EXPECT_TRUE(one.may_write(now_ + 8s));
}

TEST_F(LeaseTermTest, a_released_one_is_taken_at_the_next_look) {
  LeaseTerm one = term("one"), two = term("two");
  ask(one);
  pass(4s, {&one, &two});
  const auto release = one.release();
  ASSERT_TRUE(release);
  EXPECT_FALSE(one.may_write(now_));
  serve(*release);
  pass(2500ms, {&two});
  EXPECT_TRUE(two.may_write(now_));
}

// A clock that is wrong, here or there, makes no difference: only what was seen to change counts.
TEST_F(LeaseTermTest, times_in_the_record_are_not_believed) {
  there_ = true;
  lease_ = {"old", 15s, 3, "1999-01-01T00:00:00.000000Z", "1999-01-01T00:00:00.000000Z", Uid{"u"}, {}};
  lease_.version.value = "x";
  LeaseTerm one = term("one");
  pass(14s, {&one});
  EXPECT_EQ(one.standing(), Standing::Waiting);
  pass(4s, {&one});
  EXPECT_TRUE(one.may_write(now_));
  EXPECT_EQ(lease_.transitions, 4);
}

TEST_F(LeaseTermTest, a_conflict_at_a_renewal_is_looked_into_at_once) {
  LeaseTerm one = term("one");
  ask(one);
  lease_.version.value = "touched";  // somebody labelled it
  pass(2500ms, {&one});
  EXPECT_EQ(one.standing(), Standing::Holding);
  EXPECT_TRUE(one.may_write(now_ + 7s));
}

TEST(LeaseRecord, is_read_as_it_was_written) {
  LeaseRecord record{"me", 15s, 2, "2026-01-01T00:00:00.000001Z", "2026-01-02T00:00:00.000000Z", Uid{"u"}, {}};
  record.version.value = "7";
  const auto read = read_lease(to_json(write_lease(record, "holdfast-system", "holdfast")));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, record);
  EXPECT_FALSE(read_lease("{}"));
  EXPECT_FALSE(read_lease("no json"));
}

TEST(LeaseRecord, what_others_write_is_bounded) {
  const auto read = read_lease(
      R"({"metadata":{"resourceVersion":"1"},"spec":{"leaseDurationSeconds":-5,"leaseTransitions":9999999999999}})");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->duration, 0s);
  EXPECT_GT(read->transitions, 0);
  EXPECT_EQ(read->holder, "");
}

}  // namespace
}  // namespace holdfast
