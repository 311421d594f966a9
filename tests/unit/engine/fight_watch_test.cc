#include "engine/fight_watch.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

using namespace std::chrono_literals;
using Time = Clock::time_point;

const Time kStart{1h};

FieldDrift drift(std::string live, std::string manager = "op", std::string path = ".spec.x") {
  return {std::move(path), "1", std::move(live), FieldOwner{std::move(manager), "Update", "", "2026-01-01T00:00:00Z"}};
}

TEST(FightWatch, C13_a_few_repairs_are_no_fight) {
  FightWatch watch;
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(watch.repaired({drift(std::to_string(i))}, kStart + i * 1s).empty()) << i;
  EXPECT_FALSE(watch.not_before(".spec.x").has_value());
  EXPECT_TRUE(watch.repaired({drift("9")}, kStart + 61s).empty()) << "the first ones are past";
}

TEST(FightWatch, C13_more_than_five_repairs_a_minute_are_a_fight_that_names_the_opponent) {
  FightWatch watch;
  for (int i = 0; i < 5; ++i) watch.repaired({drift(std::to_string(i))}, kStart + i * 1s);
  const auto begun = watch.repaired({drift("5", "operator-y")}, kStart + 5s);
  ASSERT_EQ(begun.size(), 1U);
  EXPECT_EQ(begun[0].field, ".spec.x");
  EXPECT_EQ(begun[0].opponent->manager, "operator-y");
  EXPECT_EQ(begun[0].why, "6 repairs within a minute");
  EXPECT_EQ(watch.not_before(".spec.x"), kStart + 6s);
}

TEST(FightWatch, C13_the_same_change_undone_twice_is_a_fight) {
  FightWatch watch;
  EXPECT_TRUE(watch.repaired({drift("2")}, kStart).empty());
  EXPECT_EQ(watch.repaired({drift("2")}, kStart + 20s).size(), 1U);
  FightWatch slow;
  slow.repaired({drift("2")}, kStart);
  EXPECT_TRUE(slow.repaired({drift("2")}, kStart + 60s).empty()) << "once a minute is somebody trying things";
}

TEST(FightWatch, C13_ownership_that_goes_to_and_fro_with_the_value_unchanged_is_a_fight) {
  FightWatch watch;
  FieldDrift taken = drift("1", "applier");
  watch.repaired({taken}, kStart);
  taken.owner->time = "2026-01-01T00:00:09Z";
  EXPECT_EQ(watch.repaired({taken}, kStart + 9s).size(), 1U);
  FightWatch others;
  others.repaired({drift("1", "a")}, kStart);
  EXPECT_TRUE(others.repaired({drift("1", "b")}, kStart + 1s).empty()) << "two people are not one opponent";
}

TEST(FightWatch, many_fields_of_one_object_make_a_fight_too) {
  FightWatch watch;
  for (int i = 0; i < 5; ++i) watch.repaired({drift("2", "op", "." + std::to_string(i))}, kStart);
  const auto begun = watch.repaired({drift("2", "op", ".5")}, kStart + 1s);
  ASSERT_EQ(begun.size(), 1U);
  EXPECT_EQ(begun[0].field, ".5");
  EXPECT_FALSE(watch.not_before(".0").has_value()) << "other fields are not held up";
}

TEST(FightWatch, C13_intervals_double_up_to_ten_minutes_and_repairs_never_stop) {
  FightWatch watch;
  watch.repaired({drift("2")}, kStart);
  watch.repaired({drift("2")}, kStart);
  Time now = kStart;
  std::chrono::seconds expected = 1s;
  for (int i = 0; i < 14; ++i) {
    ASSERT_EQ(watch.not_before(".spec.x"), now + expected) << i;
    now = *watch.not_before(".spec.x");
    watch.drifted({drift("2")}, now);
    EXPECT_TRUE(watch.repaired({drift("2")}, now).empty()) << "a fight begins once";
    expected = std::min<std::chrono::seconds>(expected * 2, 600s);
  }
  EXPECT_EQ(watch.fights().at(0).interval, 600s);
}

TEST(FightWatch, it_ends_after_calm_and_not_while_the_field_is_drifted) {
  FightWatch watch;
  watch.repaired({drift("2")}, kStart);
  watch.repaired({drift("2")}, kStart);
  EXPECT_EQ(watch.next_end(), kStart + 60s);
  watch.drifted({drift("2", "another")}, kStart + 1s);
  EXPECT_EQ(watch.fights().at(0).opponent->manager, "another");
  EXPECT_FALSE(watch.next_end().has_value());
  EXPECT_TRUE(watch.ended(kStart + 1h).empty());
  watch.settled(kStart + 2h);
  EXPECT_TRUE(watch.ended(kStart + 2h + 59s).empty());
  const auto over = watch.ended(kStart + 2h + 60s);
  ASSERT_EQ(over.size(), 1U);
  EXPECT_EQ(over[0].field, ".spec.x");
  EXPECT_FALSE(watch.not_before(".spec.x").has_value());
  EXPECT_TRUE(watch.fights().empty());
}

TEST(FightWatch, a_long_interval_asks_for_a_longer_calm) {
  FightWatch watch;
  for (int i = 0; i < 10; ++i) watch.repaired({drift("2")}, kStart);
  EXPECT_EQ(watch.fights().at(0).interval, 256s);
  EXPECT_EQ(watch.next_end(), kStart + 512s);
}

TEST(FightWatch, an_opponent_without_a_name_is_fought_all_the_same) {
  FightWatch watch;
  const FieldDrift deleted{"", "present", "(absent)", {}};
  watch.repaired({deleted}, kStart);
  const auto begun = watch.repaired({deleted}, kStart + 1s);
  ASSERT_EQ(begun.size(), 1U);
  EXPECT_FALSE(begun[0].opponent.has_value());
}

TEST(FightWatch, the_number_of_fields_remembered_is_bounded_and_fights_stay) {
  FightWatch watch;
  watch.repaired({drift("2")}, kStart);
  watch.repaired({drift("2")}, kStart);
  for (int i = 0; i < 500; ++i) watch.repaired({drift("3", "op", "." + std::to_string(i))}, kStart + 61s + i * 60s);
  EXPECT_TRUE(watch.not_before(".spec.x").has_value());
  EXPECT_EQ(watch.ended(kStart + 24h).size(), 1U);
}

}  // namespace
}  // namespace holdfast
