#include "net/rate_limiter.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

using namespace std::chrono_literals;

const RateLimiter::TimePoint kStart{1h};

TEST(RateLimiter, allows_a_burst_and_then_a_rate) {
  RateLimiter limiter({10, 3, 100});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limiter.take("a", kStart), 0ms);
  EXPECT_EQ(limiter.take("a", kStart), 100ms);
  EXPECT_EQ(limiter.take("a", kStart + 50ms), 50ms);
  EXPECT_EQ(limiter.take("a", kStart + 100ms), 0ms);
  EXPECT_EQ(limiter.take("b", kStart), 0ms);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limiter.take("a", kStart + 1h), 0ms);
  EXPECT_GT(limiter.take("a", kStart + 1h), 0ms);
}

TEST(RateLimiter, forgets_whoever_was_silent_longest) {
  RateLimiter limiter({1, 1, 3});
  for (const char* source : {"a", "b", "c"}) EXPECT_EQ(limiter.take(source, kStart), 0ms);
  EXPECT_GT(limiter.take("a", kStart), 0ms);
  EXPECT_EQ(limiter.take("d", kStart), 0ms);  // b goes
  EXPECT_GT(limiter.take("a", kStart), 0ms);
  EXPECT_GT(limiter.take("c", kStart), 0ms);
  EXPECT_EQ(limiter.sources(), 3U);
  for (int i = 0; i < 10'000; ++i) limiter.take(std::to_string(i), kStart);
  EXPECT_EQ(limiter.sources(), 3U);
}

TEST(RateLimiter, time_that_goes_back_gives_nothing) {
  RateLimiter limiter({1, 1, 3});
  EXPECT_EQ(limiter.take("a", kStart), 0ms);
  EXPECT_GT(limiter.take("a", kStart - 1h), 0ms);
}

TEST(SourceOfAddress, is_an_address_or_a_network_of_one_customer) {
  EXPECT_EQ(source_of_address("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(source_of_address("::ffff:192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(source_of_address("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
  EXPECT_EQ(source_of_address("2001:db8:1:2::9"), "2001:db8:1:2::");
  EXPECT_EQ(source_of_address("not an address"), "not an address");
}

}  // namespace
}  // namespace holdfast
