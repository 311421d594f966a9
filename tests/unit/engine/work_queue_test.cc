#include "engine/work_queue.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

using namespace std::chrono_literals;

ObjectKey key(const char* name) { return {"", "ConfigMap", "web", name}; }
const WorkQueue::Time kStart{};

TEST(WorkQueue, many_adds_are_one_look) {
  WorkQueue queue;
  for (int i = 0; i < 5; ++i) queue.add(key("a"), Lane::Repair);
  EXPECT_EQ(queue.pop(kStart), key("a"));
  EXPECT_EQ(queue.pop(kStart), std::nullopt);
}

TEST(WorkQueue, a_key_added_while_processed_is_due_again_and_never_twice_at_once) {
  WorkQueue queue;
  queue.add(key("a"), Lane::Repair);
  ASSERT_TRUE(queue.pop(kStart));
  queue.add(key("a"), Lane::Repair);
  EXPECT_EQ(queue.pop(kStart), std::nullopt);
  queue.done(key("a"));
  EXPECT_EQ(queue.pop(kStart), key("a"));
}

TEST(WorkQueue, repairs_overtake_a_roll_out) {
  WorkQueue queue;
  queue.add(key("roll"), lane_of_rank(0));
  queue.add(key("drift"), Lane::Repair);
  EXPECT_EQ(queue.pop(kStart), key("drift"));
}

TEST(WorkQueue, the_lower_lane_wins) {
  WorkQueue queue;
  queue.add(key("a"), lane_of_rank(5));
  queue.add(key("b"), lane_of_rank(1));
  queue.add(key("a"), Lane::Repair);
  EXPECT_EQ(queue.pop(kStart), key("a"));
  EXPECT_EQ(queue.pop(kStart), key("b"));
}

TEST(WorkQueue, D9_a_rank_waits_for_the_lower_one_in_flight_and_repairs_do_not) {
  WorkQueue queue;
  queue.add(key("namespace"), lane_of_rank(1));
  queue.add(key("deployment"), lane_of_rank(9));
  ASSERT_EQ(queue.pop(kStart), key("namespace"));
  EXPECT_EQ(queue.pop(kStart), std::nullopt);
  queue.add(key("drift"), Lane::Repair);
  EXPECT_EQ(queue.pop(kStart), key("drift"));
  queue.done(key("namespace"));
  EXPECT_EQ(queue.pop(kStart), key("deployment"));
}

TEST(WorkQueue, D9_one_rank_goes_side_by_side) {
  WorkQueue queue;
  queue.add(key("a"), lane_of_rank(3));
  queue.add(key("b"), lane_of_rank(3));
  EXPECT_TRUE(queue.pop(kStart));
  EXPECT_TRUE(queue.pop(kStart));
}

TEST(WorkQueue, a_delayed_key_waits_for_its_time_and_an_event_brings_it_forward) {
  WorkQueue queue;
  queue.add_at(key("a"), Lane::Repair, kStart + 5s);
  queue.add_at(key("a"), Lane::Repair, kStart + 9s);
  EXPECT_EQ(queue.next_due(), kStart + 5s);
  EXPECT_EQ(queue.pop(kStart + 4s), std::nullopt);
  queue.add(key("a"), Lane::Repair);
  EXPECT_EQ(queue.pop(kStart + 4s), key("a"));
  queue.done(key("a"));
  EXPECT_EQ(queue.next_due(), std::nullopt);
  queue.add_at(key("a"), Lane::Repair, kStart + 5s);
  EXPECT_EQ(queue.pop(kStart + 5s), key("a"));
}

}  // namespace
}  // namespace holdfast
