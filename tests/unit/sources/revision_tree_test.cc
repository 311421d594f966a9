// The two kinds of RevisionTree: a commit in a cache, and a folder.
#include "sources/revision_tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "sources/directory_tree.h"
#include "sources/git_mirror.h"
#include "sources/rendering.h"
#include "tests/unit/sources/temporary_folder.h"

namespace holdfast {
namespace {

std::vector<std::string> names_of(const std::vector<TreeEntry>& entries) {
  std::vector<std::string> names;
  for (const TreeEntry& entry : entries) names.push_back(entry.name);
  return names;
}

class CommitTreeTest : public ::testing::Test {
 protected:
  std::unique_ptr<RevisionTree> open(const std::string& ref = "main") {
    const auto mirror = GitMirror::open({repository.url(), cache.path()});
    const auto resolved = mirror->resolve(ref);
    auto tree = mirror->tree(resolved.value());
    if (!tree) ADD_FAILURE() << describe(tree.error());
    return tree ? std::move(*tree) : nullptr;
  }

  TestRepository repository;
  TemporaryFolder cache;
};

TEST_F(CommitTreeTest, entries_are_found_by_path_and_sorted_by_name) {
  repository.folder.write("apps/web/a.yaml", "x");
  repository.folder.write("apps/web-2.yaml", "y");  // which Git sorts before the folder web
  const std::string commit = repository.commit("readme.md", "z");
  const auto tree = open();
  EXPECT_EQ(tree->revision(), "main@sha1:" + commit);
  EXPECT_EQ(std::to_string(tree->committed_s()), repository.git({"log", "-1", "--format=%ct"}));
  EXPECT_EQ(names_of(tree->list("").value()), (std::vector<std::string>{"apps", "readme.md"}));
  EXPECT_EQ(names_of(tree->list("apps").value()), (std::vector<std::string>{"web", "web-2.yaml", "web.yaml"}));
  const TreeEntry folder = tree->entry("apps/web").value();
  EXPECT_EQ(folder.kind, TreeEntry::Kind::Folder);
  EXPECT_EQ(folder.name, "web");
  EXPECT_EQ(folder.id, repository.git({"rev-parse", commit + ":apps/web"}));
  EXPECT_EQ(tree->entry("").value().id, repository.git({"rev-parse", commit + "^{tree}"}));
  EXPECT_EQ(tree->read("apps/web/a.yaml").value(), "x");
  for (const char* path : {"nope", "apps/nope", "readme.md/below", "apps/nope/deep"})
    EXPECT_EQ(tree->entry(path).error().kind, ErrorKind::NotFound) << path;
  EXPECT_EQ(tree->read("apps").error().kind, ErrorKind::Invalid);
  EXPECT_EQ(tree->list("readme.md").error().kind, ErrorKind::Invalid);
}

TEST_F(CommitTreeTest, a_link_is_no_file_of_the_same_text) {
  repository.commit("same.txt", "target");
  std::filesystem::create_symlink("target", repository.folder / "link");
  repository.commit_all();
  const auto tree = open();
  const TreeEntry link = tree->entry("link").value(), file = tree->entry("same.txt").value();
  EXPECT_EQ(link.kind, TreeEntry::Kind::Link);
  EXPECT_NE(link.id, file.id);
  EXPECT_EQ(tree->read_link("link").value(), "target");
  EXPECT_EQ(tree->read("link").error().kind, ErrorKind::Invalid);
  EXPECT_EQ(tree->entry("link/below").error().kind, ErrorKind::NotFound);
}

TEST_F(CommitTreeTest, what_was_brought_is_read_without_the_repository_and_the_rest_is_not) {
  for (const char* name : {"a/1.yaml", "a/deep/2.yaml", "b/3.yaml"}) repository.folder.write(name, name);
  repository.commit_all();
  const auto tree = open();
  ASSERT_TRUE(tree->bring({"a"}));
  std::filesystem::rename(repository.folder / ".git", repository.folder / "away");
  EXPECT_EQ(tree->read("a/deep/2.yaml").value(), "a/deep/2.yaml");
  EXPECT_TRUE(tree->entry("b/3.yaml"));
  EXPECT_FALSE(tree->read("b/3.yaml"));
  std::filesystem::rename(repository.folder / "away", repository.folder / ".git");
  EXPECT_EQ(tree->read("b/3.yaml").value(), "b/3.yaml");
}

TEST_F(CommitTreeTest, a_damaged_cache_is_begun_anew_and_reads_the_same) {
  repository.commit("apps/deep/x.yaml", "x");
  {
    ASSERT_TRUE(open()->bring({""}));
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator(cache.path())) {
    if (entry.path().extension() != ".pack") continue;
    std::filesystem::permissions(entry.path(), std::filesystem::perms::owner_write, std::filesystem::perm_options::add);
    std::filesystem::resize_file(entry.path(), 40);
  }
  EXPECT_EQ(open()->read("apps/deep/x.yaml").value(), "x");
}

TEST_F(CommitTreeTest, a_thousand_entries_of_one_commit_take_no_time) {
  for (int i = 0; i < 1000; ++i) repository.folder.write("apps/app-" + std::to_string(i) + "/x.yaml", "x");
  repository.commit_all();
  const auto tree = open();
  std::vector<RenderInput> inputs;
  for (int i = 0; i < 1000; ++i) {
    const std::string path = "apps/app-" + std::to_string(i);
    inputs.push_back({path, tree->entry(path).value().id});
  }
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_TRUE(has_same_inputs(*tree, inputs).value());
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(50));
}

class DirectoryTreeTest : public ::testing::Test {
 protected:
  std::unique_ptr<DirectoryTree> open() const { return std::move(open_directory_tree(folder.path()).value()); }

  TemporaryFolder folder;
};

TEST_F(DirectoryTreeTest, ids_follow_names_and_contents_alone) {
  folder.write("apps/a.yaml", "x");
  folder.write("apps/deep/b.yaml", "y");
  folder.write(".git/config", "not ours");
  const auto first = open();
  EXPECT_EQ(names_of(first->list("").value()), (std::vector<std::string>{"apps"}));
  EXPECT_EQ(names_of(first->list("apps").value()), (std::vector<std::string>{"a.yaml", "deep"}));
  const std::string root = first->entry("").value().id, deep = first->entry("apps/deep").value().id;
  std::filesystem::remove(folder / "apps/a.yaml");
  folder.write("apps/a.yaml", "x");  // another file, of the same content
  EXPECT_EQ(open()->entry("").value().id, root);
  std::filesystem::rename(folder / "apps/a.yaml", folder / "apps/c.yaml");
  const auto renamed = open();
  EXPECT_NE(renamed->entry("").value().id, root);
  EXPECT_EQ(renamed->entry("apps/deep").value().id, deep);
  EXPECT_EQ(renamed->entry("apps/nope").error().kind, ErrorKind::NotFound);
  EXPECT_EQ(renamed->read("apps/deep/b.yaml").value(), "y");
}

TEST_F(DirectoryTreeTest, what_changes_while_it_is_held_is_busy_and_nothing_else) {
  folder.write("apps/a.yaml", "one");
  folder.write("apps/b.yaml", "one");
  folder.write("other/c.yaml", "one");
  const auto tree = open();
  ASSERT_TRUE(tree->entry("apps"));
  ASSERT_EQ(tree->read("apps/a.yaml").value(), "one");
  EXPECT_TRUE(tree->unchanged());
  folder.write("other/c.yaml", "two");  // nobody looked at it
  EXPECT_TRUE(tree->unchanged());
  folder.write("apps/b.yaml", "other");
  EXPECT_EQ(tree->read("apps/b.yaml").error().kind, ErrorKind::Busy);
  EXPECT_EQ(tree->read("apps/a.yaml").value(), "one");
  EXPECT_EQ(tree->unchanged().error().kind, ErrorKind::Busy);
}

TEST_F(DirectoryTreeTest, a_file_that_comes_or_goes_is_busy) {
  folder.write("apps/a.yaml", "one");
  const auto tree = open();
  ASSERT_TRUE(tree->list("apps"));
  folder.write("apps/new.yaml", "x");
  EXPECT_EQ(names_of(tree->list("apps").value()), (std::vector<std::string>{"a.yaml"}));
  EXPECT_EQ(tree->unchanged().error().kind, ErrorKind::Busy);
  std::filesystem::remove(folder / "apps/a.yaml");
  EXPECT_EQ(tree->read("apps/a.yaml").error().kind, ErrorKind::Busy);
}

TEST_F(DirectoryTreeTest, links_are_shown_and_not_followed) {
  TemporaryFolder outside;
  outside.write("secret.yaml", "secret");
  std::filesystem::create_directory_symlink(outside.path(), folder / "linked");
  const auto tree = open();
  EXPECT_EQ(tree->entry("linked").value().kind, TreeEntry::Kind::Link);
  EXPECT_EQ(tree->read_link("linked").value(), outside.path());
  EXPECT_EQ(tree->entry("linked/secret.yaml").error().kind, ErrorKind::NotFound);
  EXPECT_EQ(tree->list("linked").error().kind, ErrorKind::Invalid);
}

TEST_F(DirectoryTreeTest, a_huge_file_has_an_id_and_cannot_be_read) {
  folder.write("huge.bin", "");
  std::filesystem::resize_file(folder / "huge.bin", (std::uintmax_t{16} << 20) + 1);
  const auto tree = open();
  EXPECT_FALSE(tree->entry("huge.bin").value().id.empty());
  EXPECT_EQ(tree->read("huge.bin").error().kind, ErrorKind::TooLarge);
}

}  // namespace
}  // namespace holdfast
