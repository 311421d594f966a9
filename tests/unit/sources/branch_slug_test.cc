#include "sources/branch_slug.h"

#include <gtest/gtest.h>

#include <set>

#include "holdfast/model/label.h"

namespace holdfast {
namespace {

TEST(BranchSlug, a_short_label_is_itself) {
  EXPECT_EQ(slug_of("main"), "main");
  EXPECT_EQ(slug_of("release-1"), "release-1");
}

TEST(BranchSlug, what_is_changed_or_shortened_ends_in_a_digest) {
  EXPECT_EQ(slug_of("feature/login"), "feature-login-" + slug_of("feature/login").substr(14));
  EXPECT_EQ(slug_of("feature/login").size(), 22U);
  EXPECT_NE(slug_of("Main"), "main");
  EXPECT_TRUE(slug_of("Main").starts_with("main-"));
  const std::string long_name = slug_of("feature/" + std::string(200, 'x'));
  EXPECT_EQ(long_name.size(), kLongestSlug);
}

TEST(BranchSlug, names_that_look_alike_have_different_ones) {
  std::set<std::string> slugs;
  for (const char* name :
       {"feature/a", "feature-a", "feature_a", "Feature/a", "feature/a-", "feature//a", "-feature/a"})
    EXPECT_TRUE(slugs.insert(slug_of(name)).second) << name << " is " << slug_of(name);
}

TEST(BranchSlug, a_branch_cannot_be_named_as_the_slug_of_another) {
  const std::string slug = slug_of("feature/a");
  EXPECT_NE(slug_of(slug), slug);
}

TEST(BranchSlug, all_of_them_are_labels) {
  for (const char* name :
       {"/", "---", "\xc3\xa4\xc3\xb6", "9", "a.b", "UPPER", "x", "feature/\xe6\x9c\xac", "a/b/c/d/e/f/g/h/i/j/k/l/m"})
    EXPECT_EQ(dns_label_problem(slug_of(name), kLongestSlug), "") << name;
}

}  // namespace
}  // namespace holdfast
