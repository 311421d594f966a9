#include "sources/git_mirror.h"

#include <gtest/gtest.h>

#include "tests/unit/sources/temporary_folder.h"

namespace holdfast {
namespace {

class GitMirrorTest : public ::testing::Test {
 protected:
  GitMirror open() { return GitMirror::open({repository.url(), cache.path()}).value(); }

  Result<SourceTree> read(const std::string& ref, const std::string& path = "") {
    GitMirror mirror = open();
    auto resolved = mirror.resolve(ref);
    if (!resolved) return std::unexpected(resolved.error());
    return mirror.load(*resolved, path);
  }

  TestRepository repository;
  TemporaryFolder cache;
};

TEST_F(GitMirrorTest, the_default_branch_is_named_in_the_revision) {
  auto tree = read("");
  ASSERT_TRUE(tree) << describe(tree.error());
  EXPECT_EQ(tree->files.revision, "main@sha1:" + repository.git({"rev-parse", "HEAD"}));
  ASSERT_EQ(tree->files.files.size(), 1u);
  EXPECT_EQ(tree->files.files[0].path, "apps/web.yaml");
  EXPECT_EQ(tree->files.files[0].content, config_map("web"));
}

TEST_F(GitMirrorTest, branch_annotated_tag_full_ref_and_commit) {
  const std::string first = repository.git({"rev-parse", "HEAD"});
  repository.git({"tag", "--annotate", "--message=one", "v1"});
  repository.git({"tag", "light"});
  repository.git({"checkout", "--quiet", "-b", "feature/x"});
  const std::string second = repository.commit("apps/web.yaml", config_map("web", "2"));
  EXPECT_EQ(read("v1")->files.revision, "v1@sha1:" + first);
  EXPECT_EQ(read("light")->files.revision, "light@sha1:" + first);
  EXPECT_EQ(read("feature/x")->files.revision, "feature/x@sha1:" + second);
  EXPECT_EQ(read("refs/tags/v1")->files.revision, "v1@sha1:" + first);
  EXPECT_EQ(read(first)->files.revision, "sha1:" + first);
  EXPECT_EQ(read(second)->files.files[0].content, config_map("web", "2"));
}

TEST_F(GitMirrorTest, a_forced_push_is_followed_and_the_old_commit_stays_readable) {
  const std::string old = repository.git({"rev-parse", "HEAD"});
  ASSERT_TRUE(read(""));
  repository.folder.write("apps/web.yaml", config_map("web", "forced"));
  repository.git({"add", "--all"});
  repository.git({"commit", "--quiet", "--amend", "--message=other"});
  auto tree = read("main");
  ASSERT_TRUE(tree) << describe(tree.error());
  EXPECT_EQ(tree->files.files[0].content, config_map("web", "forced"));
  EXPECT_TRUE(read(old));
}

TEST_F(GitMirrorTest, a_commit_that_is_here_needs_no_repository_any_more) {
  const std::string commit = repository.git({"rev-parse", "HEAD"});
  ASSERT_TRUE(read(commit));
  std::filesystem::remove_all(repository.folder / ".git");
  EXPECT_TRUE(read(commit));
}

TEST_F(GitMirrorTest, incident_9_a_commit_has_its_time) {
  const auto tree = read("main", "apps");
  ASSERT_TRUE(tree) << describe(tree.error());
  EXPECT_EQ(std::to_string(tree->files.committed_s), repository.git({"log", "-1", "--format=%ct"}));
}

TEST_F(GitMirrorTest, a_missing_ref_names_those_that_exist) {
  repository.git({"tag", "v1"});
  auto tree = read("nope");
  ASSERT_FALSE(tree);
  EXPECT_EQ(tree.error().kind, ErrorKind::NotFound);
  EXPECT_EQ(tree.error().hint, "there are: main, v1");
}

TEST_F(GitMirrorTest, a_missing_commit_is_not_found) {
  auto tree = read(std::string(40, 'a'));
  ASSERT_FALSE(tree);
  EXPECT_EQ(tree.error().kind, ErrorKind::NotFound) << describe(tree.error());
}

TEST_F(GitMirrorTest, an_ambiguous_name_is_refused) {
  repository.git({"tag", "main"});
  EXPECT_EQ(read("main").error().kind, ErrorKind::Invalid);
  EXPECT_TRUE(read("refs/heads/main"));
}

TEST_F(GitMirrorTest, a_missing_path_says_at_which_revision) {
  auto tree = read("main", "apps/nope");
  ASSERT_FALSE(tree);
  EXPECT_EQ(tree.error().kind, ErrorKind::NotFound);
  EXPECT_EQ(tree.error().message,
            "path apps/nope does not exist at main@sha1:" + repository.git({"rev-parse", "HEAD"}));
  EXPECT_EQ(read("main", "../x").error().kind, ErrorKind::Invalid);
}

TEST_F(GitMirrorTest, a_path_without_manifests_is_no_empty_state) {
  repository.commit("docs/readme.txt", "x");
  EXPECT_EQ(read("main", "docs").error().kind, ErrorKind::NotFound);
}

TEST_F(GitMirrorTest, only_manifests_sorted_and_links_are_noted) {
  repository.folder.write("apps/a.yml", config_map("a"));
  repository.folder.write("apps/z/b.json", "{}");
  repository.folder.write("apps/readme.md", "x");
  repository.folder.write("apps/.hidden.yaml", "x");
  std::filesystem::create_symlink("/etc/passwd", repository.folder / "apps/link.yaml");
  repository.commit_all();
  auto tree = read("main", "./apps/");
  ASSERT_TRUE(tree) << describe(tree.error());
  std::vector<std::string> paths;
  for (const auto& file : tree->files.files) paths.push_back(file.path);
  EXPECT_EQ(paths, (std::vector<std::string>{"apps/a.yml", "apps/web.yaml", "apps/z/b.json"}));
  EXPECT_EQ(tree->notes, (std::vector<std::string>{"apps/.hidden.yaml is hidden and is left out",
                                                   "apps/link.yaml is a symbolic link and is not followed"}));
}

TEST_F(GitMirrorTest, limits_name_the_file) {
  GitMirror mirror = open();
  auto resolved = mirror.resolve("");
  ReadLimits limits;
  limits.file_bytes = 10;
  auto tree = mirror.load(resolved.value(), "", limits);
  ASSERT_FALSE(tree);
  EXPECT_EQ(tree.error().kind, ErrorKind::TooLarge);
  EXPECT_EQ(tree.error().where, "apps/web.yaml");
}

TEST_F(GitMirrorTest, a_missing_repository_is_not_found) {
  GitMirror mirror = GitMirror::open({"file:///nonexistent/repository", cache.path()}).value();
  auto resolved = mirror.resolve("");
  ASSERT_FALSE(resolved);
  EXPECT_EQ(resolved.error().kind, ErrorKind::NotFound) << describe(resolved.error());
}

TEST_F(GitMirrorTest, a_repository_without_commits_says_so) {
  TemporaryFolder empty;
  ProcessSpec spec;
  spec.argv = {find_program("git").value(), "init", "--quiet", "--bare", empty.path()};
  spec.environment = {"GIT_CONFIG_NOSYSTEM=1", "HOME=/nonexistent"};
  ASSERT_TRUE(run_program(spec));
  GitMirror mirror = GitMirror::open({"file://" + empty.path(), cache.path()}).value();
  EXPECT_EQ(mirror.resolve("").error().kind, ErrorKind::NotFound);
}

TEST_F(GitMirrorTest, a_push_is_one_git_with_all_that_changed) {
  repository.folder.write("other/large.txt", std::string(300'000, 'x'));
  repository.commit_all();
  const GitMirror mirror = open();
  const ResolvedRef before = mirror.resolve("main").value();
  ASSERT_TRUE((*mirror.tree(before))->bring({"apps"}));
  repository.folder.write("other/large.txt", std::string(300'000, 'y'));
  const std::string commit = repository.commit("apps/web.yaml", config_map("web", "2"));
  const std::uint64_t started = GitProgram::started();
  const auto now = mirror.resolve_and_bring({before});
  ASSERT_TRUE(now) << describe(now.error());
  EXPECT_EQ(now->front().revision, "main@sha1:" + commit);
  const auto tree = mirror.tree(now->front());
  EXPECT_EQ((*tree)->read("apps/web.yaml").value(), config_map("web", "2"));
  EXPECT_EQ(GitProgram::started() - started, 1U);
  EXPECT_EQ((*tree)->read("other/large.txt").value().front(), 'y') << "what is large comes when it is read";
  EXPECT_EQ(GitProgram::started() - started, 2U);
  repository.git({"tag", "--annotate", "--message=one", "v1"});
  EXPECT_EQ(mirror.resolve_and_bring({mirror.resolve("v1").value()})->front().object, commit) << "tags are peeled";
  repository.git({"tag", "--delete", "v1"});
  EXPECT_FALSE(mirror.resolve_and_bring({{commit, "refs/tags/v1", ""}}));
}

TEST_F(GitMirrorTest, a_submodule_is_noted_and_a_path_into_one_is_refused) {
  repository.git({"update-index", "--add", "--cacheinfo", "160000," + std::string(40, 'a') + ",vendor/charts"});
  repository.git({"commit", "--quiet", "--message=submodule"});
  const auto tree = read("main");
  ASSERT_TRUE(tree) << describe(tree.error());
  EXPECT_EQ(tree->notes, (std::vector<std::string>{"vendor/charts is a submodule and is not followed"}));
  for (const char* path : {"vendor/charts", "vendor/charts/web"}) {
    const auto refused = read("main", path);
    ASSERT_FALSE(refused) << path;
    EXPECT_EQ(refused.error().kind, ErrorKind::Invalid);
    EXPECT_TRUE(refused.error().message.contains("leads into the submodule vendor/charts")) << refused.error().message;
  }
}

// Of such a file the server sends the difference to the one before, which it takes us to have.
TEST_F(GitMirrorTest, a_push_that_changes_what_we_never_read_is_fetched_all_the_same) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += "line " + std::to_string(i) + " of a file\n";
  repository.commit("other/notes.txt", text);
  const GitMirror mirror = open();
  const ResolvedRef before = mirror.resolve("main").value();
  ASSERT_TRUE((*mirror.tree(before))->bring({"apps"}));
  repository.folder.write("other/notes.txt", text + "one more\n");
  const std::string commit = repository.commit("apps/web.yaml", config_map("web", "2"));
  const auto now = mirror.resolve_and_bring({before});
  ASSERT_TRUE(now) << describe(now.error());
  EXPECT_EQ(now->front().object, commit);
  EXPECT_EQ((*mirror.tree(before))->read("apps/web.yaml").value(), config_map("web")) << "nothing was begun anew";
  repository.folder.write("other/notes.txt", text + "and more\n");
  const std::string next = repository.commit("apps/web.yaml", config_map("web", "3"));
  const auto tree = mirror.tree({next, "refs/heads/main", "main@sha1:" + next}, CommitTime::Told, true);
  ASSERT_TRUE(tree) << describe(tree.error());
  EXPECT_EQ((*tree)->read("apps/web.yaml").value(), config_map("web", "3"));
  EXPECT_EQ((*tree)->read("other/notes.txt").value(), text + "and more\n");
}

}  // namespace
}  // namespace holdfast
