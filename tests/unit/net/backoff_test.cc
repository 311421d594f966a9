#include "net/backoff.h"

#include <gtest/gtest.h>

#include <vector>

namespace holdfast {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = Backoff::Clock;

constexpr double kAlmostOne = 0.999999;

std::vector<milliseconds::rep> delays(Backoff backoff, int count) {
  std::vector<milliseconds::rep> out;
  Clock::time_point now{};
  for (int i = 0; i < count; ++i) {
    const auto delay = backoff.next(now);
    out.push_back(delay.count());
    now += delay;
  }
  return out;
}

TEST(Backoff, A10_doubles_from_800_ms_to_30_s) {
  const Backoff backoff(Backoff::list_watch(), [] { return 0.0; });
  EXPECT_EQ(delays(backoff, 8),
            (std::vector<milliseconds::rep>{800, 1'600, 3'200, 6'400, 12'800, 25'600, 30'000, 30'000}));
}

TEST(Backoff, A10_jitter_stays_below_twice_the_delay) {
  const Backoff backoff(Backoff::list_watch(), [] { return kAlmostOne; });
  EXPECT_EQ(delays(backoff, 3), (std::vector<milliseconds::rep>{1'599, 3'199, 6'399}));
}

TEST(Backoff, A10_two_minutes_without_a_failure_start_anew) {
  Backoff backoff(Backoff::list_watch(), [] { return 0.0; });
  const Clock::time_point start{};
  backoff.next(start);
  EXPECT_EQ(backoff.next(start + seconds{1}), milliseconds{1'600});
  EXPECT_EQ(backoff.next(start + seconds{120}), milliseconds{3'200});  // 119 s after the last
  EXPECT_EQ(backoff.next(start + seconds{240}), milliseconds{800});
}

TEST(Backoff, D14_per_object_doubles_from_1_s_to_5_min_within_20_percent) {
  const Backoff low(Backoff::per_object(), [] { return 0.0; });
  EXPECT_EQ(delays(low, 2), (std::vector<milliseconds::rep>{800, 1'600}));
  const Backoff middle(Backoff::per_object(), [] { return 0.5; });
  EXPECT_EQ(delays(middle, 11), (std::vector<milliseconds::rep>{1'000, 2'000, 4'000, 8'000, 16'000, 32'000, 64'000,
                                                                128'000, 256'000, 300'000, 300'000}));
  const Backoff high(Backoff::per_object(), [] { return kAlmostOne; });
  EXPECT_EQ(delays(high, 1).front(), 1'199);
}

TEST(Backoff, D14_time_alone_does_not_start_an_object_anew_but_reset_does) {
  Backoff backoff(Backoff::per_object(), [] { return 0.5; });
  backoff.next(Clock::time_point{});
  EXPECT_EQ(backoff.next(Clock::time_point{} + std::chrono::hours{1}), milliseconds{2'000});
  backoff.reset();
  EXPECT_EQ(backoff.next(Clock::time_point{} + std::chrono::hours{1}), milliseconds{1'000});
}

}  // namespace
}  // namespace holdfast
