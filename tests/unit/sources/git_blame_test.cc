// Blame by a real git, through the cache that a remote repository has.
#include "sources/git_blame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sources/git_mirror.h"
#include "tests/unit/sources/temporary_folder.h"

namespace holdfast {
namespace {

using testing::HasSubstr;

constexpr const char* kPorcelain =
    "1111111111111111111111111111111111111111 4 4 1\nauthor Ada Lovelace\nauthor-mail <ada@example.org>\n"
    "author-time 1700000000\nauthor-tz +0130\ncommitter Bob\ncommitter-mail <bob@example.org>\n"
    "committer-time 1700000060\ncommitter-tz +0000\nsummary Give the shop a name\nfilename apps/web.yaml\n\t  name: "
    "web\n"
    "2222222222222222222222222222222222222222 5 5 1\nauthor Bob\nauthor-mail <bob@example.org>\n"
    "author-time 1600000000\nauthor-tz +0000\ncommitter-time 1600000000\nsummary Begin\nboundary\n"
    "filename apps/web.yaml\n\tdata:\n"
    "1111111111111111111111111111111111111111 6 6 1\n\t  key: x\n";

TEST(Blame, tells_commit_author_and_date_of_each_line) {
  const auto lines = parse_blame(kPorcelain);
  ASSERT_TRUE(lines) << describe(lines.error());
  ASSERT_EQ(lines->size(), 3U);
  EXPECT_EQ(lines->at(4).author, "Ada Lovelace");
  EXPECT_EQ(lines->at(4).email, "ada@example.org");
  EXPECT_EQ(lines->at(4).date, "2023-11-14T23:43:20+01:30");
  EXPECT_EQ(lines->at(4).subject, "Give the shop a name");
  EXPECT_EQ(lines->at(6), lines->at(4));
  EXPECT_EQ(lines->at(5).date, "2020-09-13T12:26:40Z");
}

TEST(Blame, what_a_commit_holds_is_fit_to_be_shown) {
  const auto lines = parse_blame(
      "1111111111111111111111111111111111111111 4 4 1\nauthor Ad\x1b[31ma\nauthor-mail <J\xfcrgen@example.org>\n"
      "author-time 9223372036854775807\nauthor-tz +9999\nsummary Gr\xc3\xbc\xc3\x9f\x65 \x07\nfilename a\n\tx\n");
  ASSERT_TRUE(lines) << describe(lines.error());
  EXPECT_EQ(lines->at(4).author, "Ad?[31ma");
  EXPECT_EQ(lines->at(4).email, "J?rgen@example.org");
  EXPECT_EQ(lines->at(4).subject, "Gr\xc3\xbc\xc3\x9f\x65 ?");
  EXPECT_THAT(lines->at(4).date, HasSubstr("9999-12-31T"));
}

TEST(Blame, what_is_cut_off_is_an_error) {
  EXPECT_FALSE(parse_blame("fatal: no such path").has_value());
  EXPECT_FALSE(parse_blame(std::string_view(kPorcelain).substr(0, 200)).has_value());
  EXPECT_TRUE(parse_blame("")->empty());
}

class BlameTest : public testing::Test {
 protected:
  std::map<int, LineCommit> blame(const std::string& file, std::vector<LineRange> lines, std::string url = {}) {
    auto mirror = GitMirror::open({url.empty() ? repository.url() : url, cache.path()});
    if (!mirror) {
      ADD_FAILURE() << describe(mirror.error());
      return {};
    }
    const auto resolved = mirror->resolve("");
    auto found = mirror->blame(*resolved, file, lines);
    if (!found) ADD_FAILURE() << describe(found.error());
    return found ? std::move(*found) : std::map<int, LineCommit>();
  }
  std::string commit_as(const std::string& author, const std::string& subject) {
    repository.git({"add", "--all"});
    repository.git(
        {"commit", "--quiet", "--author=" + author + " <" + author + "@example.org>", "--message=" + subject});
    return repository.git({"rev-parse", "HEAD"});
  }

  TestRepository repository;
  TemporaryFolder cache;
};

TEST_F(BlameTest, ask_38_each_line_names_the_commit_that_touched_it_last) {
  const std::string first = repository.git({"rev-parse", "HEAD"});
  repository.folder.write("apps/web.yaml", config_map("web", "2"));
  const std::string second = commit_as("ada", "Take the second value");
  repository.commit("apps/other.yaml", config_map("other"));
  const auto lines = blame("apps/web.yaml", {{4, 4}, {6, 6}});
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines.at(4).id, first);
  EXPECT_EQ(lines.at(6).id, second);
  EXPECT_EQ(lines.at(6).author, "ada");
  EXPECT_EQ(lines.at(6).subject, "Take the second value");
  EXPECT_FALSE(lines.at(4).oldest_known);  // it is the first, and that is known
  EXPECT_LT(lines.at(6).age, lines.at(4).age);
}

TEST_F(BlameTest, a_later_commit_needs_only_what_is_new) {
  (void)blame("apps/web.yaml", {{6, 6}});
  const std::string newest = repository.commit("apps/web.yaml", config_map("web", "3"));
  EXPECT_EQ(blame("apps/web.yaml", {{6, 6}}).at(6).id, newest);
}

TEST_F(BlameTest, a_file_is_followed_through_its_renames) {
  const std::string first = repository.git({"rev-parse", "HEAD"});
  repository.git({"mv", "apps/web.yaml", "apps/shop.yaml"});
  repository.commit_all();
  repository.git({"mv", "apps/shop.yaml", "apps/store.yaml"});
  repository.folder.write("apps/store.yaml", config_map("web", "2"));
  const std::string last = repository.commit_all();
  const auto lines = blame("apps/store.yaml", {{1, 6}});
  EXPECT_EQ(lines.at(4).id, first);
  EXPECT_EQ(lines.at(6).id, last);
}

TEST_F(BlameTest, one_that_came_beside_too_many_that_went_is_as_old_as_its_commit) {
  for (int i = 0; i < 80; ++i)
    repository.folder.write("old/" + std::to_string(i) + ".yaml", config_map("o", std::to_string(i)));
  repository.commit_all();
  repository.git({"rm", "-r", "--quiet", "old"});
  const std::string made = repository.commit("apps/new.yaml", config_map("n", "90"));
  EXPECT_EQ(blame("apps/new.yaml", {{6, 6}}).at(6).id, made);
}

TEST_F(BlameTest, a_merge_is_seen_through) {
  repository.git({"checkout", "--quiet", "-b", "side"});
  const std::string side = repository.commit("apps/web.yaml", config_map("web", "side"));
  repository.git({"checkout", "--quiet", "main"});
  repository.commit("apps/other.yaml", config_map("other"));
  repository.git({"merge", "--quiet", "--no-edit", "side"});
  EXPECT_EQ(blame("apps/web.yaml", {{6, 6}}).at(6).id, side);
}

TEST_F(BlameTest, a_history_that_is_cut_off_says_where_it_ends) {
  repository.commit("apps/web.yaml", config_map("web", "2"));
  const TemporaryFolder shallow;
  repository.git({"clone", "--quiet", "--depth=1", repository.url(), shallow / "clone"});
  EXPECT_TRUE(blame("apps/web.yaml", {{4, 4}}, "file://" + (shallow / "clone")).at(4).oldest_known);
}

TEST_F(BlameTest, a_file_that_is_not_there_is_not_found) {
  auto mirror = GitMirror::open({repository.url(), cache.path()});
  const auto found = mirror->blame(*mirror->resolve(""), "apps/none.yaml", {{1, 1}});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, ErrorKind::NotFound) << describe(found.error());
}

}  // namespace
}  // namespace holdfast
