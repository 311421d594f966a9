#include "engine/stored_spelling.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

TEST(StoredSpelling, V25_quantities_count_by_their_exact_value) {
  EXPECT_TRUE(same_quantity("1000m", "1"));
  EXPECT_TRUE(same_quantity("0.5", "500m"));
  EXPECT_TRUE(same_quantity("1024Mi", "1Gi"));
  EXPECT_TRUE(same_quantity("1.50", "1500m"));
  EXPECT_TRUE(same_quantity("+2", "2"));
  EXPECT_TRUE(same_quantity("0", "0.000"));
  EXPECT_TRUE(same_quantity("1000k", "1M"));
  EXPECT_TRUE(same_quantity("12e5", "1.2e6"));
  EXPECT_FALSE(same_quantity("500m", "501m"));
  EXPECT_FALSE(same_quantity("1", "-1"));
  EXPECT_FALSE(same_quantity("1G", "1Gi"));
  EXPECT_FALSE(same_quantity("9007199254740993", "9007199254740992"));
}

TEST(StoredSpelling, quantities_that_the_server_keeps_apart_count_as_different) {
  EXPECT_FALSE(same_quantity("1000Mi", "1048576k"));
  EXPECT_FALSE(same_quantity("1e3", "1k"));
}

TEST(StoredSpelling, what_is_no_quantity_equals_nothing) {
  for (const char* text : {"", "m", ".", "1x", "1 Gi", "e3", "1e", "1e+", "--1", "1Gi2", "1e999"})
    EXPECT_FALSE(same_quantity(text, text)) << text;
  const std::string long_number(40, '9');
  EXPECT_FALSE(same_quantity(long_number, long_number));
}

TEST(StoredSpelling, C8_durations_count_by_value) {
  EXPECT_TRUE(same_duration("60s", "1m0s"));
  EXPECT_TRUE(same_duration("1.5h", "1h30m0s"));
  EXPECT_TRUE(same_duration("0", "0s"));
  EXPECT_TRUE(same_duration("1500us", "1.5ms"));
  EXPECT_FALSE(same_duration("1m", "1ms"));
  EXPECT_FALSE(same_duration("1s", "-1s"));
  for (const char* text : {"", "5", "s", "1d", "1s ", "0.5ns", "9999999999h"})
    EXPECT_FALSE(same_duration(text, text)) << text;
}

TEST(StoredSpelling, C8_base64_counts_by_bytes) {
  EXPECT_TRUE(same_base64("Zm9v\nYmFy", "Zm9vYmFy"));
  EXPECT_TRUE(same_base64("Zg==\n", "Zg=="));
  EXPECT_FALSE(same_base64("Zg==", "Zh=="));  // of the same byte, and stored otherwise
  EXPECT_FALSE(same_base64("Zm9v", "Zm9w"));
  EXPECT_FALSE(same_base64("Zm9", "Zm9"));
  EXPECT_FALSE(same_base64("Zm 9v", "Zm 9v"));
}

}  // namespace
}  // namespace holdfast
