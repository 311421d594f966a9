#include "app/absence_guard.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

using namespace std::chrono_literals;
using Names = std::set<std::string>;

const Clock::time_point kStart{100s};

TEST(AbsenceGuard, one_reading_deletes_nothing) {
  AbsenceGuard guard;
  EXPECT_EQ(guard.judge({"a"}, kStart, kStart), Names{});
  EXPECT_EQ(guard.judge({"a"}, kStart, kStart + 1h), Names{}) << "the same reading, looked at later";
  EXPECT_EQ(guard.reading_due(), kStart + AbsenceGuard::kBetween);
}

TEST(AbsenceGuard, a_second_one_does_that_began_a_while_later) {
  AbsenceGuard guard;
  guard.judge({"a"}, kStart, kStart);
  EXPECT_EQ(guard.judge({"a"}, kStart + 4s, kStart + 4s), Names{}) << "the same server may still lag";
  EXPECT_EQ(guard.judge({"a"}, kStart + 5s, kStart + 6s), Names{"a"});
  EXPECT_EQ(guard.reading_due(), std::nullopt);
}

TEST(AbsenceGuard, what_comes_back_begins_anew) {
  AbsenceGuard guard;
  guard.judge({"a", "b"}, kStart, kStart);
  EXPECT_EQ(guard.judge({"b"}, kStart + 10s, kStart + 10s), Names{"b"});
  EXPECT_EQ(guard.judge({"a", "b"}, kStart + 20s, kStart + 20s), Names{"b"});
  EXPECT_EQ(guard.judge({"a", "b"}, kStart + 25s, kStart + 25s), (Names{"a", "b"}));
}

}  // namespace
}  // namespace holdfast
