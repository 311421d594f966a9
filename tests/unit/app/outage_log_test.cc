#include "app/outage_log.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

using namespace std::chrono_literals;
using Concerns = OutageLog::Concerns;

const Clock::time_point kStart{};

TEST(OutageLog, an_outage_of_everything_is_two_lines) {
  OutageLog log;
  EXPECT_TRUE(log.failed("v1 ConfigMap", "connection refused", Concerns::Everything, kStart));
  EXPECT_FALSE(log.failed("v1 Secret", "connection refused", Concerns::Everything, kStart + 1s));
  EXPECT_FALSE(log.failed("v1 ConfigMap", "connection refused", Concerns::Everything, kStart + 2s));
  EXPECT_FALSE(log.recovered("v1 Secret", kStart + 3s));
  EXPECT_EQ(log.recovered("v1 ConfigMap", kStart + 4s),
            "everything can be followed again; 2 watches affected, for 4.0 s in all");
}

TEST(OutageLog, what_was_never_troubled_says_nothing) {
  OutageLog log;
  EXPECT_FALSE(log.recovered("v1 ConfigMap", kStart));
}

TEST(OutageLog, the_next_outage_is_told_again) {
  OutageLog log;
  EXPECT_TRUE(log.failed("v1 ConfigMap", "refused", Concerns::Everything, kStart));
  EXPECT_TRUE(log.recovered("v1 ConfigMap", kStart + 1s));
  EXPECT_TRUE(log.failed("v1 ConfigMap", "refused", Concerns::Everything, kStart + 2s));
}

TEST(OutageLog, what_concerns_one_type_is_told_for_itself_and_once) {
  OutageLog log;
  EXPECT_TRUE(log.failed("v1 ConfigMap", "refused", Concerns::Everything, kStart));
  EXPECT_EQ(log.failed("v1 Secret", "forbidden", Concerns::ThisAlone, kStart), "v1 Secret: forbidden");
  EXPECT_FALSE(log.failed("v1 Secret", "forbidden", Concerns::ThisAlone, kStart + 60s));
  EXPECT_TRUE(log.failed("v1 Secret", "not served", Concerns::ThisAlone, kStart + 61s));
  EXPECT_EQ(log.recovered("v1 Secret", kStart + 62s), "v1 Secret can be followed again");
}

}  // namespace
}  // namespace holdfast
