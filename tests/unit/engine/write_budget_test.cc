#include "engine/write_budget.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

using namespace std::chrono_literals;

struct Counter final : WriteBudget::Waiter {
  int told = 0;
  void place_free() override { ++told; }
};

TEST(WriteBudget, D14_no_more_than_its_limit_are_under_way) {
  WriteBudget budget(2);
  Counter one;
  EXPECT_TRUE(budget.take(one, false));
  EXPECT_TRUE(budget.take(one, false));
  EXPECT_FALSE(budget.take(one, false));
  budget.give();
  EXPECT_EQ(one.told, 1);
  EXPECT_TRUE(budget.take(one, false));
}

TEST(WriteBudget, D14_repairs_are_told_before_roll_outs_and_everybody_in_turn) {
  WriteBudget budget(1);
  Counter holder, roll_out, repair;
  ASSERT_TRUE(budget.take(holder, false));
  ASSERT_FALSE(budget.take(roll_out, false));
  ASSERT_FALSE(budget.take(repair, true));
  struct Taker final : WriteBudget::Waiter {
    WriteBudget& budget;
    bool has = false;
    explicit Taker(WriteBudget& of) : budget(of) {}
    void place_free() override { has = budget.take(*this, true); }
  } taker(budget);
  ASSERT_FALSE(budget.take(taker, true));
  budget.forget(repair);
  budget.give();
  EXPECT_TRUE(taker.has);
  EXPECT_EQ(repair.told, 0) << "it has left";
  EXPECT_EQ(roll_out.told, 0) << "the place is taken by a repair";
}

TEST(WriteBudget, D14_halves_once_a_second_when_the_server_is_overloaded_and_grows_again) {
  WriteBudget budget(8);
  const WriteBudget::Time start{1h};
  budget.overloaded(start);
  budget.overloaded(start + 10ms);
  EXPECT_EQ(budget.limit(), 4U);
  budget.overloaded(start + 2s);
  budget.overloaded(start + 4s);
  budget.overloaded(start + 6s);
  EXPECT_EQ(budget.limit(), 1U) << "never zero";
  for (int i = 0; i < 1000; ++i) budget.kept_up();
  EXPECT_EQ(budget.limit(), 8U) << "never beyond where it began";
}

TEST(WriteBudget, a_place_that_nobody_wants_stays_free) {
  WriteBudget budget(1);
  Counter one, two;
  ASSERT_TRUE(budget.take(one, false));
  ASSERT_FALSE(budget.take(one, false));
  ASSERT_FALSE(budget.take(two, false));
  budget.give();
  EXPECT_EQ(one.told + two.told, 2) << "the first did not take it, so the next was asked";
  EXPECT_EQ(budget.taken(), 0U);
}

}  // namespace
}  // namespace holdfast
