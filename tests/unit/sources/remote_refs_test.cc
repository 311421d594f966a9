#include "sources/remote_refs.h"

#include <gtest/gtest.h>

#include "sources/git_url.h"

namespace holdfast {
namespace {

std::string id(char digit) { return std::string(40, digit); }

RemoteRefs refs_of(const std::vector<std::pair<std::string, char>>& named) {
  std::string text = "ref: refs/heads/main\tHEAD\n";
  for (const auto& [name, digit] : named) text += id(digit) + "\t" + name + "\n";
  return RemoteRefs::parse(text, "url").value();
}

TEST(RemoteRefs, the_highest_version_in_the_range_is_taken_and_peeled) {
  const RemoteRefs refs = refs_of({{"refs/heads/1.9.0", '1'},
                                   {"refs/tags/1.2.0", '2'},
                                   {"refs/tags/1.10.0", '3'},
                                   {"refs/tags/1.10.0^{}", '4'},
                                   {"refs/tags/2.0.0", '5'},
                                   {"refs/tags/1.11.0-rc.1", '6'},
                                   {"refs/tags/latest", '7'}});
  const auto found = resolve_wish({"", "1.x"}, refs, "url");
  ASSERT_TRUE(found) << describe(found.error());
  EXPECT_EQ(found->object, id('4'));
  EXPECT_EQ(found->revision, "1.10.0@sha1:" + id('4'));
  EXPECT_EQ(resolve_wish({"", ">=1.0.0-0 <2.0.0"}, refs, "url")->object, id('6'));
  const auto none = resolve_wish({"", ">=3"}, refs, "url");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, ErrorKind::NotFound);
  EXPECT_TRUE(none.error().hint.contains("1.2.0")) << none.error().hint;
  EXPECT_EQ(resolve_wish({"", "nonsense"}, refs, "url").error().kind, ErrorKind::Invalid);
}

TEST(RemoteRefs, a_push_concerns_whoever_may_mean_that_ref) {
  struct Case {
    RefWish wish;
    const char* ref;
    bool concerned;
  };
  const Case cases[] = {
      {{"main"}, "refs/heads/main", true},
      {{"main"}, "refs/heads/other", false},
      {{"main"}, "main", true},
      {{"main"}, "", true},
      {{""}, "refs/heads/anything", true},
      {{""}, "refs/tags/v1", false},
      {{"", "1.x"}, "refs/tags/v1.2.0", true},
      {{"", "1.x"}, "refs/heads/main", false},
      {{"v1"}, "refs/tags/v1", true},
      {{std::string(40, 'a')}, "", false},
      {{"refs/heads/main"}, "main", true},
      {{"refs/tags/main"}, "refs/heads/main", false},
  };
  for (const Case& one : cases)
    EXPECT_EQ(may_be_meant(one.wish, one.ref), one.concerned) << one.wish.name << one.wish.semver << " " << one.ref;
}

TEST(RepositoryIdentity, all_spellings_are_one) {
  for (const char* url :
       {"https://github.com/Org/Repo.git", "https://token@github.com/org/repo", "git@github.com:org/repo.git",
        "ssh://git@github.com:22/org/repo/", "git://github.com/org/repo.git"})
    EXPECT_EQ(canonical_git_url(url), "github.com/org/repo") << url;
  EXPECT_NE(canonical_git_url("https://github.com/org/repo2"), "github.com/org/repo");
  EXPECT_EQ(canonical_git_url("file:///srv/repo/.git"), canonical_git_url("/srv/repo"));
}

}  // namespace
}  // namespace holdfast
