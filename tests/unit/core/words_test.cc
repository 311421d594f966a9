// Small texts: edit_distance.h, duration.h, label.h.
#include <gtest/gtest.h>

#include <string>

#include "holdfast/base/duration.h"
#include "holdfast/base/edit_distance.h"
#include "holdfast/model/label.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;

TEST(EditDistance, counts_letters) {
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("same", "same"), 0u);
}

TEST(EditDistance, the_nearest_word_is_near) {
  const std::string_view words[] = {"prune", "pruneLimit", "path"};
  EXPECT_EQ(nearest_word("prun", words), "prune");
  EXPECT_EQ(nearest_word("prunelimits", words), "pruneLimit");
  EXPECT_EQ(nearest_word("zebra", words), "");
  EXPECT_EQ(nearest_word(std::string(64, 'p'), words), "");
}

TEST(Duration, reads_what_go_reads) {
  EXPECT_EQ(parse_duration("1h30m"), 90min);
  EXPECT_EQ(parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(parse_duration(".5s"), 500ms);
  EXPECT_EQ(parse_duration("1.s"), 1s);
  EXPECT_EQ(parse_duration("1us1ns"), 1001ns);
  EXPECT_EQ(parse_duration("1\xC2\xB5s"), 1us);
  EXPECT_EQ(parse_duration("0"), 0s);
  EXPECT_EQ(parse_duration("2562047h"), 2562047h);
}

TEST(Duration, refuses_what_go_refuses_and_signs) {
  for (const char* text :
       {"", "1", "s", ".s", "1d", "1 s", "1s ", "-1s", "+1s", "1e3s", "1s2", "1S", "2562048h", "99999999999999999999h"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(Duration, is_written_shortly) {
  EXPECT_EQ(to_duration_text(0s), "0s");
  EXPECT_EQ(to_duration_text(90s), "1m30s");
  EXPECT_EQ(to_duration_text(24h), "24h");
  EXPECT_EQ(to_duration_text(3601s), "1h1s");
}

TEST(Label, has_letters_digits_and_dashes_inside) {
  EXPECT_EQ(dns_label_problem("web-2", 40), "");
  EXPECT_EQ(dns_label_problem(std::string(63, 'a'), 63), "");
  for (const char* name : {"", "-web", "web-", "Web", "a.b", "a_b"}) EXPECT_NE(dns_label_problem(name, 40), "") << name;
  EXPECT_EQ(dns_label_problem("abc", 2), "abc is longer than 2 characters");
}

}  // namespace
}  // namespace holdfast
