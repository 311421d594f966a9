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

struct Taker final : WriteBudget::Waiter {
  WriteBudget& budget;
  WriteKind kind;
  int has = 0;
  Taker(WriteBudget& of, WriteKind what) : budget(of), kind(what) {}
  bool take() {
    const bool taken = budget.take(*this, kind);
    has += taken ? 1 : 0;
    return taken;
  }
  void place_free() override {
    while (take()) continue;  // as much as it may
  }
};

// As a roll-out of thousands of objects does: what it gives back it wants again at once.
TEST(WriteBudget, nobody_takes_a_place_before_those_that_stand_in_line) {
  std::deque<WriteBudget::Told> later;
  WriteBudget budget(4, [&](WriteBudget::Told told) { later.push_back(std::move(told)); });
  Taker large(budget, WriteKind::RollOut), small(budget, WriteKind::RollOut), record(budget, WriteKind::Record);
  large.place_free();
  ASSERT_EQ(large.has, 3);
  ASSERT_FALSE(small.take());
  ASSERT_FALSE(record.take());
  for (int i = 0; i < 6; ++i) {
    budget.give();
    EXPECT_FALSE(large.take());
    ASSERT_FALSE(later.empty());
    std::exchange(later, {}).front()(0us);
    EXPECT_EQ(budget.taken(), 3U);
  }
  EXPECT_EQ(small.has, 1);
  EXPECT_EQ(record.has, 3) << "by turns";
  EXPECT_EQ(large.has, 3 + 2) << "it stood in line first";
}

TEST(WriteBudget, less_goes_on_beside_repairs_while_this_process_is_what_is_slow) {
  WriteBudget::Told told;
  WriteBudget budget(8, [&](WriteBudget::Told next) { told = std::move(next); });
  Taker taker(budget, WriteKind::RollOut);
  const auto tell = [&](std::chrono::microseconds waited) {
    while (told) std::exchange(told, nullptr)(waited);
  };
  const auto under_way = [&](std::chrono::microseconds waited) {
    for (int i = 0; i < 40; ++i) {
      if (budget.taken() != 0) budget.give();
      tell(waited);
    }
    return budget.taken();
  };
  ASSERT_TRUE(taker.take());
  taker.place_free();
  EXPECT_EQ(under_way(100us), 7U);
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
