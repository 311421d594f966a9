#include "sources/file_choice.h"

#include <gtest/gtest.h>

#include "sources/directory.h"
#include "tests/unit/sources/temporary_folder.h"

namespace holdfast {
namespace {

TEST(FileChoice, a_star_stays_within_one_name) {
  EXPECT_TRUE(glob_matches("web/*.yaml", "web/a.yaml"));
  EXPECT_FALSE(glob_matches("web/*.yaml", "web/deep/a.yaml"));
  EXPECT_FALSE(glob_matches("web/*.yaml", "other/web/a.yaml"));
  EXPECT_TRUE(glob_matches("*/a?.yaml", "web/a1.yaml"));
  EXPECT_FALSE(glob_matches("*/a?.yaml", "web/a.yaml"));
  EXPECT_FALSE(glob_matches("a?b.yaml", "a/b.yaml"));
}

TEST(FileChoice, two_stars_stand_for_folders_whole_ones) {
  EXPECT_TRUE(glob_matches("**/web/*.yaml", "web/a.yaml"));
  EXPECT_TRUE(glob_matches("**/web/*.yaml", "x/y/web/a.yaml"));
  EXPECT_FALSE(glob_matches("**/web/*.yaml", "x/notweb/a.yaml"));
  EXPECT_TRUE(glob_matches("x/**", "x/y/z.yaml"));
  EXPECT_FALSE(glob_matches("x/**", "xy/z.yaml"));
  EXPECT_TRUE(glob_matches("x/**/z.yaml", "x/z.yaml"));
}

TEST(FileChoice, one_without_a_slash_is_about_names_everywhere) {
  EXPECT_TRUE(glob_matches("*.prod.yaml", "a/b/c.prod.yaml"));
  EXPECT_FALSE(glob_matches("*.prod.yaml", "a.prod.yaml/c.yaml"));
}

TEST(FileChoice, what_others_mean_by_brackets_is_refused_rather_than_taken_literally) {
  for (const char* glob : {"[ab].yaml", "{a,b}.yaml", "a\\*.yaml", "/web/*.yaml"})
    EXPECT_FALSE(check_glob(glob)) << glob;
  EXPECT_FALSE(check_glob(std::string(257, 'a')));
  EXPECT_TRUE(check_glob("**/web/*.yaml"));
  EXPECT_TRUE(check_glob(""));
}

TEST(FileChoice, excluded_wins_and_no_recursion_leaves_folders_out) {
  const FileChoice choice{true, "*.yaml", "secret*"};
  EXPECT_TRUE(choice.takes("a/b.yaml"));
  EXPECT_FALSE(choice.takes("a/secret.yaml"));
  EXPECT_FALSE(choice.takes("a/b.json"));
  const FileChoice flat{false, "", ""};
  EXPECT_TRUE(flat.takes("b.yaml"));
  EXPECT_FALSE(flat.takes("a/b.yaml"));
}

TEST(FileChoice, a_directory_is_read_by_it_relative_to_the_path) {
  const TemporaryFolder folder;
  folder.write("apps/web.yaml", "a: 1");
  folder.write("apps/web.test.yaml", "a: 1");
  folder.write("apps/deep/db.yaml", "a: 1");
  const auto paths = [&](FileChoice choice) {
    std::vector<std::string> found;
    const auto tree = read_directory(folder.path(), "apps", {}, choice);
    if (!tree) return std::vector{describe(tree.error())};
    for (const SourceFile& file : tree->files.files) found.push_back(file.path);
    return found;
  };
  EXPECT_EQ(paths({true, "", "*.test.yaml"}), (std::vector<std::string>{"apps/deep/db.yaml", "apps/web.yaml"}));
  EXPECT_EQ(paths({true, "deep/*", ""}), (std::vector<std::string>{"apps/deep/db.yaml"}));
  EXPECT_EQ(paths({false, "", "*.test.yaml"}), (std::vector<std::string>{"apps/web.yaml"}));
  EXPECT_EQ(read_directory(folder.path(), "apps", {}, {true, "nothing", ""}).error().kind, ErrorKind::NotFound)
      << "nothing chosen is not nothing desired";
  EXPECT_EQ(read_directory(folder.path(), "apps/web.yaml", {}, {true, "nothing", ""})->files.files.size(), 1U)
      << "a file that is named itself is taken";
}

}  // namespace
}  // namespace holdfast
