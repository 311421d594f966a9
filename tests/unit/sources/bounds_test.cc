// What a repository may do to whoever reads it: lead out of itself, go on for ever, be larger than memory, or be taken
// for an option of a program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sources/directory.h"
#include "sources/git_mirror.h"
#include "sources/sops_file.h"
#include "tests/unit/sources/temporary_folder.h"

namespace holdfast {
namespace {

using testing::HasSubstr;

class BoundsTest : public ::testing::Test {
 protected:
  Result<SourceTree> read(const std::string& ref, const std::string& path = "", const ReadLimits& limits = {}) {
    GitMirror mirror = GitMirror::open({repository.url(), cache.path()}).value();
    const auto resolved = mirror.resolve(ref);
    if (!resolved) return std::unexpected(resolved.error());
    return mirror.load(*resolved, path, limits);
  }
  // A folder of folders, each with ten names for the same one below it: ten to the power of `levels` of them in all.
  void commit_bomb(int levels, const std::string& file) {
    const std::string blob = repository.git({"hash-object", "-w", "apps/web.yaml"});
    std::string tree = make_tree({"100644 blob " + blob + "\t" + file});
    for (int level = 0; level < levels; ++level) {
      std::vector<std::string> entries;
      for (int i = 0; i < 10; ++i) entries.push_back("040000 tree " + tree + "\t" + std::to_string(i));
      tree = make_tree(entries);
    }
    const std::string commit = repository.git({"commit-tree", "-m", "bomb", tree});
    repository.git({"update-ref", "refs/heads/bomb", commit});
  }
  std::string make_tree(const std::vector<std::string>& entries) {
    ProcessSpec spec;
    spec.argv = {find_program("git").value(), "-c", "safe.directory=*", "mktree"};
    spec.environment = {std::string("PATH=") + kProgramPath, "HOME=/nonexistent"};
    spec.directory = repository.folder.path();
    for (const std::string& entry : entries) spec.input += entry + "\n";
    const auto made = run_program(spec);
    EXPECT_TRUE(made && made->exit_status == 0);
    return made ? made->out.substr(0, 40) : std::string();
  }

  TestRepository repository;
  TemporaryFolder cache;
};

TEST_F(BoundsTest, a_tree_without_end_is_given_up) {
  for (const char* file : {"a.yaml", "README", ".hidden.yaml"}) {
    commit_bomb(20, file);
    const auto tree = read("bomb");
    ASSERT_FALSE(tree) << file;
    EXPECT_EQ(tree.error().kind, ErrorKind::TooLarge) << describe(tree.error());
  }
}

TEST_F(BoundsTest, folders_that_nest_too_deep_are_named) {
  std::string path;
  for (int i = 0; i < 70; ++i) path += "d/";
  repository.commit(path + "a.yaml", config_map("deep"));
  const auto tree = read("main");
  ASSERT_FALSE(tree);
  EXPECT_EQ(tree.error().kind, ErrorKind::TooLarge);
  EXPECT_THAT(describe(tree.error()), HasSubstr("d/d/d"));
}

TEST_F(BoundsTest, all_files_together_are_bounded) {
  for (int i = 0; i < 4; ++i) repository.folder.write("big/" + std::to_string(i) + ".yaml", std::string(1000, '#'));
  repository.commit_all();
  ReadLimits limits;
  limits.total_bytes = 3500;
  EXPECT_EQ(read("main", "big", limits).error().kind, ErrorKind::TooLarge);
}

TEST_F(BoundsTest, links_lead_nowhere) {
  TemporaryFolder outside;
  outside.write("secret.yaml", config_map("canary"));
  std::filesystem::create_directory_symlink(outside.path(), repository.folder / "apps/out");
  std::filesystem::create_symlink(outside / "secret.yaml", repository.folder / "apps/file.yaml");
  std::filesystem::create_directory_symlink("..", repository.folder / "apps/loop");
  repository.commit_all();
  for (const auto& tree : {read("main", "apps"), read_directory(repository.folder.path(), "apps")}) {
    ASSERT_TRUE(tree) << describe(tree.error());
    EXPECT_EQ(tree->files.files.size(), 1U);
    EXPECT_EQ(tree->notes.size(), 3U);
  }
  for (const char* path : {"apps/out", "apps/out/secret.yaml", "apps/loop/apps", "apps/file.yaml"}) {
    EXPECT_FALSE(read("main", path)) << path;
    EXPECT_FALSE(read_directory(repository.folder.path(), path)) << path;
  }
}

TEST_F(BoundsTest, nothing_that_is_named_is_taken_for_an_option_or_leads_out) {
  for (const char* path : {"..", "apps/../..", "../apps", "apps/./../../x"}) EXPECT_FALSE(normal_subpath(path)) << path;
  for (const char* ref : {"--upload-pack=id", "-h", "--output=x"}) EXPECT_FALSE(read(ref)) << ref;
  for (const char* url : {"--upload-pack=id", "-x", "ssh://-oProxyCommand=id/x", "ssh://%2DoProxyCommand=id/x",
                          "ssh://-l@host/x", "ext::id"})
    EXPECT_FALSE(parse_git_url(url)) << url;
  // A path may begin with a dash, and is one all the same.
  repository.commit("-x/--all.yaml", config_map("dash"));
  const auto tree = read("main", "-x");
  ASSERT_TRUE(tree) << describe(tree.error());
  EXPECT_EQ(tree->files.files.front().path, "-x/--all.yaml");
}

TEST(SopsFile, a_file_full_of_aliases_is_looked_at_in_no_time) {
  std::string bomb = "a0: &a0 {sops: {mac: x}}\n";
  for (int i = 1; i < 60; ++i)
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " {<<: [*a" + std::to_string(i - 1) + ", *a" +
            std::to_string(i - 1) + "]}\n";
  EXPECT_FALSE(is_sops_encrypted(bomb + "<<: *a59\n", SopsFormat::Yaml));
}

}  // namespace
}  // namespace holdfast
