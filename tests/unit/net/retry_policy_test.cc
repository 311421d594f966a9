#include "net/retry_policy.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(RetryPolicy, B8_429_and_5xx_with_retry_after_come_back) {
  EXPECT_TRUE(asks_to_come_back(429, std::nullopt));
  EXPECT_TRUE(asks_to_come_back(429, seconds(5)));
  EXPECT_TRUE(asks_to_come_back(503, seconds(1)));
  EXPECT_FALSE(asks_to_come_back(503, std::nullopt));
  EXPECT_FALSE(asks_to_come_back(404, seconds(1)));
  EXPECT_FALSE(asks_to_come_back(200, std::nullopt));
}

TEST(RetryPolicy, B8_the_longer_one_of_the_servers_wait_and_our_backoff) {
  FlowBackoffs flows([] { return 0.0; });
  const Backoff::Clock::time_point now{seconds(1000)};
  EXPECT_EQ(flows.turned_away("a", seconds(5), now), seconds(5));
  EXPECT_EQ(flows.turned_away("a", seconds(1), now), milliseconds(1600));
  EXPECT_EQ(flows.turned_away("a", std::nullopt, now), milliseconds(3200));
}

TEST(RetryPolicy, B8_each_flow_has_a_backoff_of_its_own_and_success_ends_it) {
  FlowBackoffs flows([] { return 0.0; });
  const Backoff::Clock::time_point now{seconds(1000)};
  flows.turned_away("a", std::nullopt, now);
  EXPECT_EQ(flows.turned_away("a", std::nullopt, now), milliseconds(1600));
  EXPECT_EQ(flows.turned_away("b", std::nullopt, now), milliseconds(800));
  flows.served("a");
  EXPECT_EQ(flows.turned_away("a", std::nullopt, now), milliseconds(800));
}

TEST(RetryPolicy, B8_the_number_of_flows_is_bounded) {
  FlowBackoffs flows([] { return 0.0; });
  const Backoff::Clock::time_point now{seconds(1000)};
  for (std::size_t i = 0; i < 10 * FlowBackoffs::kMostFlows; ++i)
    EXPECT_EQ(flows.turned_away(std::to_string(i), std::nullopt, now), milliseconds(800));
}

}  // namespace
}  // namespace holdfast
