#include "sources/semver.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

bool in_range(const char* range, const char* version) {
  const auto parsed = VersionRange::parse(range);
  EXPECT_TRUE(parsed) << range;
  const auto one = parse_version(version);
  EXPECT_TRUE(one) << version;
  return parsed && one && parsed->contains(*one);
}

SemanticVersion version(const char* text) { return *parse_version(text); }

TEST(Semver, precedence_is_that_of_the_specification) {
  const char* const ascending[] = {"1.0.0-alpha",  "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta",
                                   "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1",       "1.0.0",
                                   "1.0.1",        "1.2.0",         "1.10.0",           "2.0.0"};
  for (std::size_t i = 1; i < std::size(ascending); ++i)
    EXPECT_LT(version(ascending[i - 1]), version(ascending[i])) << ascending[i];
  EXPECT_EQ(version("1.0.0+a"), version("v1.0.0+b"));
}

TEST(Semver, what_has_not_three_numbers_is_no_version) {
  for (const char* text : {"", "v", "1", "v1.2", "1.2.3.4", "01.2.3", "1.2.3-", "1.2.3-01", "1.2.3-a..b", "1.2.3+",
                           "latest", "1.2.x", " 1.2.3", "1.2.3 ", "1.2.99999999999999999999"})
    EXPECT_FALSE(parse_version(text)) << text;
  EXPECT_EQ(version("v1.2.3-rc.1+b.7").prerelease, "rc.1");
  EXPECT_EQ(version("1.2.3-0a").prerelease, "0a");
  EXPECT_EQ(version("1.2.3+001").metadata, "001");
}

TEST(Semver, ranges_mean_what_they_mean_to_flux_and_helm) {
  struct Case {
    const char* range;
    std::vector<const char*> in, out;
  };
  const Case cases[] = {
      {"*", {"0.0.0", "7.1.2"}, {"1.0.0-rc.1"}},
      {"1.2.3", {"1.2.3", "1.2.3+build"}, {"1.2.4", "1.2.3-rc.1"}},
      {"1.2", {"1.2.0", "1.2.9"}, {"1.3.0"}},
      {"1.x", {"1.0.0", "1.9.0"}, {"2.0.0"}},
      {"~1.2.3", {"1.2.3", "1.2.9"}, {"1.2.2", "1.3.0"}},
      {"~>1", {"1.0.0", "1.9.9"}, {"2.0.0"}},
      {"^1.2.3", {"1.2.3", "1.9.0"}, {"1.2.2", "2.0.0"}},
      {"^0.2.3", {"0.2.3", "0.2.9"}, {"0.3.0"}},
      {"^0.0.3", {"0.0.3"}, {"0.0.4"}},
      {"^0", {"0.9.0"}, {"1.0.0"}},
      {">1.2", {"1.3.0"}, {"1.2.1"}},
      {"<=1.2", {"1.2.9"}, {"1.3.0"}},
      {"!=1.2.x", {"1.3.0"}, {"1.2.4"}},
      {">= 1.0, <2.0 !=1.5.0", {"1.0.0", "1.9.0"}, {"1.5.0", "2.0.0"}},
      {"1.2 - 1.4.5", {"1.2.0", "1.4.5"}, {"1.1.9", "1.4.6"}},
      {"1.x || >=3.1 <4", {"1.1.0", "3.1.0"}, {"2.0.0", "3.0.0", "4.0.0"}},
      {">=1.0.0-0 <2", {"1.0.0-rc.1", "1.5.0-a"}, {"2.0.0"}},
      {"^1 || ^2.0.0-0", {"2.1.0-rc.1", "1.1.0"}, {"1.1.0-rc.1"}},
  };
  for (const Case& one : cases) {
    for (const char* in : one.in) EXPECT_TRUE(in_range(one.range, in)) << one.range << " has " << in;
    for (const char* out : one.out) EXPECT_FALSE(in_range(one.range, out)) << one.range << " lacks " << out;
  }
}

TEST(Semver, what_is_no_range_is_refused) {
  for (const char* text : {"", " ", "||", "1.0 ||", "latest", ">", "1.2.3.4", "1.0,", "1.0 &&", ">=1.0<2.0", ">1 - 2",
                           "1.2.3-01", "1.0 - ", "main"})
    EXPECT_FALSE(VersionRange::parse(text)) << text;
  EXPECT_FALSE(VersionRange::parse(std::string(257, '1')));
}

TEST(Semver, the_newest_is_chosen_and_other_names_are_passed_over) {
  const auto range = VersionRange::parse("1.x");
  EXPECT_EQ(newest_in_range(*range, {"v1", "1.9.0", "v1.10.0", "latest", "2.0.0", "1.11.0-rc.1"}), 2);
  EXPECT_EQ(newest_in_range(*range, {"1.2.0+a", "1.2.0+c", "1.2.0+b"}), 1);
  EXPECT_EQ(newest_in_range(*range, {"2.0.0", "main"}), std::nullopt);
}

}  // namespace
}  // namespace holdfast
