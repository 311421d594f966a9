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
  WriteBudget budget(3);  // the third one is for repairs
  Counter one;
  EXPECT_TRUE(budget.take(one, WriteKind::RollOut));
  EXPECT_TRUE(budget.take(one, WriteKind::RollOut));
  EXPECT_FALSE(budget.take(one, WriteKind::RollOut));
  budget.give();
  EXPECT_EQ(one.told, 1);
  EXPECT_TRUE(budget.take(one, WriteKind::RollOut));
}

TEST(WriteBudget, D14_repairs_are_told_before_roll_outs_and_everybody_in_turn) {
  WriteBudget budget(1);
  Counter holder, roll_out, repair;
  ASSERT_TRUE(budget.take(holder, WriteKind::RollOut));
  ASSERT_FALSE(budget.take(roll_out, WriteKind::RollOut));
  ASSERT_FALSE(budget.take(repair, WriteKind::Repair));
  struct Taker final : WriteBudget::Waiter {
    WriteBudget& budget;
    bool has = false;
    explicit Taker(WriteBudget& of) : budget(of) {}
    void place_free() override { has = budget.take(*this, WriteKind::Repair); }
  } taker(budget);
  ASSERT_FALSE(budget.take(taker, WriteKind::Repair));
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

TEST(WriteBudget, a_repair_finds_a_place_however_much_rolls_out) {
  WriteBudget budget(8);
  Counter roll_out, repair;
  while (budget.take(roll_out, WriteKind::RollOut)) continue;
  EXPECT_EQ(budget.taken(), 7U);
  EXPECT_TRUE(budget.take(repair, WriteKind::Repair));
  EXPECT_FALSE(budget.take(repair, WriteKind::Repair));
}

TEST(WriteBudget, what_is_no_repair_is_told_when_there_is_time_and_records_last) {
  std::deque<WriteBudget::Told> later;
  WriteBudget budget(3, [&](WriteBudget::Told told) { later.push_back(std::move(told)); });
  Counter holder, roll_out, record;
  ASSERT_TRUE(budget.take(holder, WriteKind::RollOut));
  ASSERT_TRUE(budget.take(holder, WriteKind::RollOut));
  ASSERT_FALSE(budget.take(record, WriteKind::Record));
  ASSERT_FALSE(budget.take(roll_out, WriteKind::RollOut));
  budget.give();
  EXPECT_EQ(roll_out.told, 0) << "not before there is time";
  ASSERT_EQ(later.size(), 1U);
  later.front()(0us);
  EXPECT_EQ(roll_out.told, 1);
  EXPECT_EQ(record.told, 0) << "one at a time";
  ASSERT_EQ(later.size(), 2U);
  later.back()(0us);
  EXPECT_EQ(record.told, 1) << "the place is free still";
  EXPECT_EQ(later.size(), 2U) << "nobody waits any more";
}

TEST(WriteBudget, less_goes_on_beside_repairs_while_this_process_is_what_is_slow) {
  WriteBudget::Told told;
  WriteBudget budget(8, [&](WriteBudget::Told next) { told = std::move(next); });
  struct Taker final : WriteBudget::Waiter {
    WriteBudget& budget;
    explicit Taker(WriteBudget& of) : budget(of) {}
    void place_free() override { (void)budget.take(*this, WriteKind::RollOut); }
  } taker(budget);
  const auto under_way = [&](std::chrono::microseconds waited) {
    for (int i = 0; i < 40; ++i) {
      while (budget.take(taker, WriteKind::RollOut)) continue;
      budget.give();
      if (told) std::exchange(told, nullptr)(waited);
    }
    while (budget.take(taker, WriteKind::RollOut)) continue;
    return budget.taken();
  };
  EXPECT_EQ(under_way(100us), 7U);
  while (budget.taken() != 0) budget.give();
  EXPECT_EQ(under_way(1ms), 2U) << "never fewer";
  EXPECT_TRUE(budget.take(taker, WriteKind::Repair)) << "repairs are not held up by that";
  budget.give();
  EXPECT_EQ(under_way(300us), 2U);
  EXPECT_EQ(under_way(100us), 7U);
}

TEST(WriteBudget, a_place_that_nobody_wants_stays_free) {
  WriteBudget budget(1);
  Counter one, two;
  ASSERT_TRUE(budget.take(one, WriteKind::RollOut));
  ASSERT_FALSE(budget.take(one, WriteKind::RollOut));
  ASSERT_FALSE(budget.take(two, WriteKind::RollOut));
  budget.give();
  EXPECT_EQ(one.told + two.told, 2) << "the first did not take it, so the next was asked";
  EXPECT_EQ(budget.taken(), 0U);
}

}  // namespace
}  // namespace holdfast
