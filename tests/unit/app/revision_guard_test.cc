#include "app/revision_guard.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

using namespace std::chrono_literals;
using enum RevisionGuard::Judgement;

const BegunRevision kOld{"main@sha1:a", 1'000}, kNew{"main@sha1:b", 2'000}, kNewest{"main@sha1:c", 3'000};

class RevisionGuardTest : public testing::Test {
 protected:
  RevisionGuard guard;
  Clock::time_point now{1h};
};

TEST_F(RevisionGuardTest, news_is_taken_and_so_is_the_same) {
  EXPECT_EQ(guard.judge(kOld, now), Take) << "nothing is known yet";
  guard.began(kOld);
  EXPECT_EQ(guard.judge(kOld, now), Take);
  EXPECT_EQ(guard.judge(kNew, now), Take);
}

TEST_F(RevisionGuardTest, a_server_that_lags_for_a_while_is_not_believed) {
  guard.began(kNew);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(guard.judge(kOld, now), AskAgain);
    now += 4s;
  }
  EXPECT_EQ(guard.judge(kNew, now), Take);
  now += 20s;
  EXPECT_EQ(guard.judge(kOld, now), AskAgain) << "it begins anew";
}

TEST_F(RevisionGuardTest, a_branch_that_was_moved_back_is_believed_after_a_while) {
  guard.began(kNew);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(guard.judge(kOld, now), AskAgain);
    now += 5s;
  }
  EXPECT_EQ(guard.judge(kOld, now), TakeOlder);
  guard.began(kOld);
  EXPECT_EQ(guard.judge(kOld, now), Take);
  EXPECT_EQ(guard.judge(kNew, now), AskAgain) << "which is the lagging one now, as far as anybody can tell";
}

TEST_F(RevisionGuardTest, one_answer_after_a_long_time_is_not_enough) {
  guard.began(kNew);
  EXPECT_EQ(guard.judge(kOld, now), AskAgain);
  EXPECT_EQ(guard.judge(kOld, now + 1h), AskAgain);
}

TEST_F(RevisionGuardTest, another_older_commit_begins_its_own_time) {
  guard.began(kNewest);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(guard.judge(i % 2 == 0 ? kOld : kNew, now), AskAgain);
    now += 10s;
  }
}

TEST_F(RevisionGuardTest, two_commits_of_one_second_are_told_apart_by_what_was_seen_first) {
  const BegunRevision same{"main@sha1:d", kOld.committed_s};
  guard.began(kOld);
  guard.began(same);
  EXPECT_EQ(guard.judge(kOld, now), AskAgain);
}

TEST_F(RevisionGuardTest, what_has_no_order_is_taken) {
  guard.began(kNew);
  EXPECT_EQ(guard.judge({"main@sha1:x", 0}, now), Take) << "files, or a commit by its id";
  EXPECT_EQ(guard.judge({"release@sha1:a", 1'000}, now), Take) << "another branch: somebody asked for it";
}

}  // namespace
}  // namespace holdfast
