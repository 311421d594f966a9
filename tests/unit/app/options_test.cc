#include "app/options.h"

#include <gtest/gtest.h>

#include "app/table.h"

namespace holdfast {
namespace {

std::string name_of(const char* repo, const char* path) {
  ApplicationOptions options;
  options.repo = repo;
  options.path = path;
  return application_name(options);
}

TEST(Options, the_name_comes_from_the_path_then_the_repository) {
  EXPECT_EQ(name_of("https://git.example/platform.git", "apps/web"), "web");
  EXPECT_EQ(name_of("https://git.example/platform.git", "."), "platform");
  EXPECT_EQ(name_of("git@git.example:team/Shop_Front.git", "./"), "shop-front");
  EXPECT_EQ(name_of("/", "."), "application");
  EXPECT_EQ(name_of("https://user:token@git.example", "."), "git-example");
}

TEST(Options, a_given_name_stands) {
  ApplicationOptions options;
  options.name = "mine";
  options.path = "apps/web";
  EXPECT_EQ(application_name(options), "mine");
}

TEST(Options, a_name_has_to_be_a_label) {
  EXPECT_EQ(label_problem("web-2"), "");
  EXPECT_NE(label_problem("web-"), "");
  EXPECT_NE(label_problem("Web"), "");
  EXPECT_NE(label_problem("a.b"), "");
  EXPECT_NE(label_problem(std::string(41, 'a')), "");
}

TEST(Table, columns_are_as_wide_as_their_widest_cell) {
  Table table({"A", "NAME"});
  table.add({"long", ""});
  EXPECT_EQ(table.text(), "A     NAME\nlong  -\n");
}

}  // namespace
}  // namespace holdfast
