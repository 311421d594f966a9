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

TEST(RemoteRefs, what_a_tag_comes_to_is_nothing_without_the_tag) {
  const RemoteRefs refs = refs_of({{"refs/tags/1.2.0^{}", '1'}, {"refs/tags/1.1.0", '2'}});
  EXPECT_EQ(resolve_wish({"", "*"}, refs, "url")->object, id('2'));
  EXPECT_EQ(resolve_wish({"1.2.0", ""}, refs, "url").error().kind, ErrorKind::NotFound);
  EXPECT_EQ(resolve_wish({"refs/tags/1.2.0", ""}, refs, "url").error().kind, ErrorKind::NotFound);
}

}  // namespace
}  // namespace holdfast
