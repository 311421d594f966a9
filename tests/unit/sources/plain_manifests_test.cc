#include "sources/plain_manifests.h"

#include <gtest/gtest.h>

#include "sources/directory_tree.h"
#include "sources/rendering.h"
#include "tests/unit/sources/temporary_folder.h"

namespace holdfast {
namespace {

class PlainManifestsTest : public ::testing::Test {
 protected:
  Result<Rendering> render(const std::string& path) {
    auto tree = open_directory_tree(folder.path());
    return render_plain(**tree, {path}, parsed);
  }
  bool holds(const Rendering& rendering) const {
    auto tree = open_directory_tree(folder.path());
    return has_same_inputs(**tree, rendering.inputs).value();
  }

  TemporaryFolder folder;
  ParsedFiles parsed;
};

TEST_F(PlainManifestsTest, only_what_lies_below_the_path_is_an_input) {
  folder.write("web/a.yaml", config_map("a"));
  folder.write("db/b.yaml", config_map("b"));
  const auto web = render("web"), database = render("db");
  ASSERT_TRUE(web && database);
  folder.write("db/b.yaml", config_map("b", "2"));
  EXPECT_TRUE(holds(*web));
  EXPECT_FALSE(holds(*database));
  folder.write("web/new.yaml", config_map("new"));
  EXPECT_FALSE(holds(*web));
}

TEST_F(PlainManifestsTest, a_content_is_parsed_once_wherever_it_stands) {
  folder.write("one/a.yaml", "# a comment\n" + config_map("a"));
  folder.write("two/deep/other.yml", "# a comment\n" + config_map("a"));
  const auto one = render("one"), two = render("two");
  ASSERT_TRUE(one && two);
  EXPECT_EQ(parsed.hits(), 1U);
  EXPECT_EQ(two->manifests->manifests[0].origin, "two/deep/other.yml:2");
  EXPECT_TRUE(same_manifests(*one->manifests, *two->manifests));
  EXPECT_EQ(one->manifests->content, two->manifests->content);
  folder.write("one/b.yaml", config_map("b"));
  const auto more = render("one");
  EXPECT_EQ(parsed.hits(), 2U);
  EXPECT_NE(more->manifests->content, one->manifests->content);
}

TEST_F(PlainManifestsTest, what_nobody_holds_any_more_is_parsed_again) {
  folder.write("one/a.yaml", config_map("a"));
  {
    ASSERT_TRUE(render("one"));
  }
  ASSERT_TRUE(render("one"));
  EXPECT_EQ(parsed.hits(), 0U);
}

TEST_F(PlainManifestsTest, two_files_of_one_content_are_still_an_object_written_twice) {
  folder.write("one/a.yaml", config_map("a"));
  const auto held = render("one");
  folder.write("one/b.yaml", config_map("a"));
  const auto twice = render("one");
  ASSERT_FALSE(twice);
  EXPECT_TRUE(twice.error().message.contains("written twice")) << twice.error().message;
}

TEST_F(PlainManifestsTest, a_pointer_of_lfs_is_no_manifest_and_says_so) {
  folder.write("one/a.yaml", "version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 12\n");
  const auto rendered = render("one");
  ASSERT_FALSE(rendered);
  EXPECT_EQ(rendered.error().where, "one/a.yaml");
  EXPECT_TRUE(rendered.error().message.contains("LFS")) << rendered.error().message;
}

TEST_F(PlainManifestsTest, a_path_through_a_link_is_refused) {
  folder.write("real/a.yaml", config_map("a"));
  std::filesystem::create_directory_symlink("real", folder / "linked");
  EXPECT_EQ(render("linked").error().kind, ErrorKind::Invalid);
  EXPECT_EQ(render("linked/a.yaml").error().kind, ErrorKind::Invalid);
  EXPECT_EQ(render("nope").error().kind, ErrorKind::NotFound);
}

}  // namespace
}  // namespace holdfast
