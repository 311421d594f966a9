#include "holdfast/base/timestamp.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

TEST(Timestamp, reads_what_rfc_3339_allows_and_nothing_else) {
  const auto seconds = [](const char* text) {
    const auto time = parse_timestamp(text);
    return time ? time->time_since_epoch().count() : -1;
  };
  EXPECT_EQ(seconds("2026-11-25T08:00:00Z"), 1795593600);
  EXPECT_EQ(seconds("2026-11-25t08:00:00z"), 1795593600);
  EXPECT_EQ(seconds("2026-11-25T09:30:00.123456+01:30"), 1795593600);
  EXPECT_EQ(seconds("2026-11-25T03:00:00-05:00"), 1795593600);
  for (const char* bad : {"", "2026-11-25", "2026-13-25T08:00:00Z", "2026-11-25T24:00:00Z", "2026-11-25T08:00:00",
                          "2026-11-25T08:00:00+1", "2026-11-25T08:00:00Zx", "2026-11-25 08:00:00Z",
                          "-026-11-25T08:00:00Z", "2026-11-25T08:00:00+25:00"})
    EXPECT_EQ(seconds(bad), -1) << bad;
}

TEST(Timestamp, writes_what_it_reads) {
  for (const char* text : {"2026-11-25T08:00:00Z", "1970-01-01T00:00:00Z", "2024-02-29T23:59:59Z"})
    EXPECT_EQ(to_timestamp(*parse_timestamp(text)), text);
}

}  // namespace
}  // namespace holdfast
