#include "sources/source.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <optional>

#include "sources/change_watch.h"
#include "sources/directory.h"
#include "tests/unit/sources/temporary_folder.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

// Runs the loop until `work` has ended; a failure to end is seen by the bound, not by a hang.
template <class T>
T run(asio::io_context& context, asio::awaitable<T> work) {
  auto result = asio::co_spawn(context, std::move(work), asio::use_future);
  context.restart();
  while (result.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
    if (context.run_one_for(std::chrono::seconds(20)) == 0) {
      ADD_FAILURE() << "nothing happened for 20 s";
      std::abort();
    }
  return result.get();
}

class SourceTest : public ::testing::Test {
 protected:
  std::unique_ptr<Source> make(const std::string& repo, const std::string& path = "", bool use_files = false) {
    SourceOptions options;
    options.repo = repo;
    options.path = path;
    options.cache_folder = cache.path();
    options.use_files = use_files;
    auto source = make_source(context.get_executor(), std::move(options));
    if (!source) ADD_FAILURE() << describe(source.error());
    return source ? std::move(*source) : nullptr;
  }

  asio::io_context context;
  TemporaryFolder cache;
};

TraceRequest of_the_value(const std::string& origin) {
  return {origin, "ConfigMap", "web", {{PathElement::field("data"), PathElement::field("key")}}};
}

TEST_F(SourceTest, who_wrote_a_line_is_known_of_a_revision_that_cannot_be_read) {
  TestRepository repository;
  repository.commit("apps/web.yaml", config_map("web"));
  auto source = make(repository.folder.path(), "apps");
  EXPECT_EQ(run(context, source->blame({"apps/web.yaml", 1})).error().kind, ErrorKind::NotFound);
  const auto good = run(context, source->load());
  ASSERT_TRUE(good) << describe(good.error());
  const std::string broken = repository.commit("apps/web.yaml", config_map("web") + "data: {}\n");
  ASSERT_FALSE(run(context, source->load()));
  const auto lines = std::ranges::count(config_map("web"), '\n');
  const auto commit = run(context, source->blame({"apps/web.yaml", static_cast<int>(lines) + 1}));
  ASSERT_TRUE(commit) << describe(commit.error());
  EXPECT_EQ(commit->id, broken);
  EXPECT_FALSE(run(context, source->blame({"apps/web.yaml", 1000})));
  // Fields are those of the revision that is in force.
  const auto traced = run(context, source->trace(of_the_value("apps/web.yaml:1")));
  ASSERT_TRUE(traced) << describe(traced.error());
  EXPECT_EQ(traced->revision, (*good)->revision);
}

TEST_F(SourceTest, ask_38_a_field_is_traced_to_its_file_line_and_commit) {
  TestRepository repository;
  const std::string second = repository.commit("apps/web.yaml", config_map("web", "2"));
  repository.commit("apps/more.yaml", config_map("more"));
  auto source = make(repository.folder.path(), "apps");
  const auto set = run(context, source->load());
  ASSERT_TRUE(set) << describe(set.error());
  const auto traced = run(context, source->trace(of_the_value("apps/web.yaml:1")));
  ASSERT_TRUE(traced) << describe(traced.error());
  EXPECT_EQ(traced->file, "apps/web.yaml");
  EXPECT_EQ(traced->revision, (*set)->revision);
  EXPECT_EQ(traced->no_commits, "");
  const FieldOrigin& value = traced->fields.begin()->second;
  EXPECT_TRUE(value.written);
  EXPECT_EQ(value.lines, (LineRange{6, 6}));
  ASSERT_TRUE(value.commit);
  EXPECT_EQ(value.commit->id, second);
}

TEST_F(SourceTest, of_files_there_is_no_commit_and_it_says_so) {
  TemporaryFolder files;
  files.write("apps/web.yaml", config_map("web"));
  auto source = make(files.path(), "apps");
  ASSERT_TRUE(run(context, source->load()));
  const auto traced = run(context, source->trace(of_the_value("apps/web.yaml:1")));
  ASSERT_TRUE(traced) << describe(traced.error());
  EXPECT_EQ(traced->fields.begin()->second.lines, (LineRange{6, 6}));
  EXPECT_FALSE(traced->fields.begin()->second.commit);
  EXPECT_EQ(traced->no_commits, "these are files, which no commit is known of");
}

TEST_F(SourceTest, what_was_never_read_cannot_be_traced) {
  TestRepository repository;
  auto source = make(repository.folder.path());
  const auto traced = run(context, source->trace(of_the_value("apps/web.yaml:1")));
  ASSERT_FALSE(traced);
  EXPECT_EQ(traced.error().kind, ErrorKind::NotFound);
}

TEST_F(SourceTest, a_local_commit_is_noticed_and_loaded) {
  TestRepository repository;
  auto source = make(repository.folder.path(), "apps");
  auto first = run(context, source->load());
  ASSERT_TRUE(first) << describe(first.error());
  EXPECT_EQ((*first)->manifests.size(), 1u);
  const std::string commit = repository.commit("apps/more.yaml", config_map("more"));
  EXPECT_TRUE(run(context, source->changed()));
  auto second = run(context, source->load());
  ASSERT_TRUE(second);
  EXPECT_EQ((*second)->revision, "main@sha1:" + commit);
  EXPECT_EQ((*second)->manifests.size(), 2u);
}

TEST_F(SourceTest, a_save_without_a_commit_changes_nothing_unless_files_are_asked_for) {
  TestRepository repository;
  repository.folder.write("apps/web.yaml", config_map("saved"));
  auto commits = make(repository.folder.path());
  EXPECT_EQ((*run(context, commits->load()))->manifests[0].name, "web");
  auto files = make(repository.folder.path(), "", true);
  EXPECT_EQ((*run(context, files->load()))->manifests[0].name, "saved");
}

TEST_F(SourceTest, incident_1_a_second_reading_remembers_nothing) {
  TestRepository repository;
  auto source = make(repository.folder.path(), "apps");
  const auto first = run(context, source->load());
  ASSERT_TRUE(first) << describe(first.error());
  const auto second = run(context, source->read_afresh());
  ASSERT_TRUE(second) << describe(second.error());
  EXPECT_NE(*first, *second);
  EXPECT_TRUE(same_manifests(**first, **second));
  const std::string commit = repository.commit("apps/more.yaml", config_map("more"));
  const auto third = run(context, source->read_afresh());
  ASSERT_TRUE(third);
  EXPECT_EQ((*third)->revision, "main@sha1:" + commit) << "it asks what the branch names now";
  EXPECT_EQ((*first)->committed_s, 0) << "a repository that is here does not lag behind itself";
  std::filesystem::remove_all(repository.folder / ".git");
  EXPECT_FALSE(run(context, source->read_afresh()));
}

TEST_F(SourceTest, the_same_revision_is_the_same_set) {
  TestRepository repository;
  auto source = make(repository.folder.path());
  const auto first = run(context, source->load()), second = run(context, source->load());
  ASSERT_TRUE(first && second);
  EXPECT_EQ(*first, *second);
}

TEST_F(SourceTest, a_broken_commit_is_an_error_with_every_place_and_the_next_good_one_loads) {
  TestRepository repository;
  auto source = make(repository.folder.path());
  repository.folder.write("apps/a.yaml", "a: [\n");
  repository.commit("apps/b.yaml", "kind: Pod\n");
  auto broken = run(context, source->load());
  ASSERT_FALSE(broken);
  EXPECT_NE(broken.error().message.find("\napps/a.yaml:1: "), std::string::npos) << broken.error().message;
  EXPECT_NE(broken.error().message.find("\napps/b.yaml:1: "), std::string::npos);
  std::filesystem::remove(repository.folder / "apps/a.yaml");
  repository.commit("apps/b.yaml", config_map("b"));
  EXPECT_TRUE(run(context, source->load()));
}

TEST_F(SourceTest, a_saved_file_in_a_new_folder_of_a_plain_directory_is_noticed) {
  TemporaryFolder folder;
  folder.write("a.yaml", config_map("a"));
  auto source = make(folder.path());
  const auto first = run(context, source->load());
  ASSERT_TRUE(first);
  folder.write("new/deep/b.yaml", config_map("b"));
  EXPECT_TRUE(run(context, source->changed()));
  const auto second = run(context, source->load());
  ASSERT_TRUE(second);
  EXPECT_EQ((*second)->manifests.size(), 2u);
  EXPECT_NE((*first)->revision, (*second)->revision);
  folder.write("new/deep/b.yaml", config_map("c"));
  EXPECT_TRUE(run(context, source->changed()));
}

TEST_F(SourceTest, stop_ends_waiting) {
  TemporaryFolder folder;
  folder.write("a.yaml", config_map("a"));
  auto source = make(folder.path());
  asio::post(context, [&] { source->stop(); });
  auto ended = run(context, source->changed());
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().kind, ErrorKind::Cancelled);
  EXPECT_EQ(run(context, source->load()).error().kind, ErrorKind::Cancelled);
}

TEST_F(SourceTest, bad_options_are_told_at_once) {
  auto kind = [&](SourceOptions options) {
    options.cache_folder = cache.path();
    auto source = make_source(context.get_executor(), std::move(options));
    return source ? std::optional<ErrorKind>() : source.error().kind;
  };
  TemporaryFolder folder;
  EXPECT_EQ(kind({.repo = "/nonexistent/folder"}), ErrorKind::NotFound);
  EXPECT_EQ(kind({.repo = folder.path(), .path = "nope"}), ErrorKind::NotFound);
  EXPECT_EQ(kind({.repo = folder.path(), .ref = "main"}), ErrorKind::Invalid);
  EXPECT_EQ(kind({.repo = "ext::sh"}), ErrorKind::Invalid);
  EXPECT_EQ(kind({.repo = folder.path(), .path = "../x"}), ErrorKind::Invalid);
}

TEST(Directory, nothing_outside_is_read_through_links) {
  TemporaryFolder outside, folder;
  outside.write("secret.yaml", config_map("secret"));
  folder.write("a.yaml", config_map("a"));
  std::filesystem::create_symlink(outside / "secret.yaml", folder / "b.yaml");
  std::filesystem::create_directory_symlink(outside.path(), folder / "linked");
  auto tree = read_directory(folder.path(), "");
  ASSERT_TRUE(tree) << describe(tree.error());
  EXPECT_EQ(tree->files.files.size(), 1u);
  EXPECT_EQ(tree->notes.size(), 2u);
  EXPECT_EQ(read_directory(folder.path(), "linked").error().kind, ErrorKind::Invalid);
}

TEST(Directory, the_revision_follows_names_and_contents) {
  TemporaryFolder folder;
  folder.write("a.yaml", "x: 1\n");
  const auto first = read_directory(folder.path(), "");
  EXPECT_EQ(first->files.revision.substr(0, 13), "files@sha256:");
  EXPECT_EQ(read_directory(folder.path(), "")->files.revision, first->files.revision);
  std::filesystem::rename(folder / "a.yaml", folder / "b.yaml");
  EXPECT_NE(read_directory(folder.path(), "")->files.revision, first->files.revision);
}

TEST(Directory, an_empty_one_is_no_empty_state) {
  TemporaryFolder folder;
  EXPECT_EQ(read_directory(folder.path(), "").error().kind, ErrorKind::NotFound);
}

TEST(ChangeWatch, a_burst_is_one_change) {
  asio::io_context context;
  TemporaryFolder folder;
  auto watch = ChangeWatch::on_directory(context.get_executor(), folder.path());
  ASSERT_TRUE(watch);
  for (int i = 0; i < 100; ++i) folder.write("f" + std::to_string(i) + ".yaml", "x");
  EXPECT_TRUE(run(context, (*watch)->changed()));
  asio::post(context, [&] { (*watch)->close(); });
  EXPECT_FALSE(run(context, (*watch)->changed()));
}

TEST(ChangeWatch, the_removal_of_the_folder_is_told) {
  asio::io_context context;
  TemporaryFolder folder;
  std::filesystem::create_directory(folder / "x");
  auto watch = ChangeWatch::on_directory(context.get_executor(), folder / "x");
  ASSERT_TRUE(watch);
  std::filesystem::remove(folder / "x");
  EXPECT_TRUE(run(context, (*watch)->changed()));
  EXPECT_EQ(run(context, (*watch)->changed()).error().kind, ErrorKind::NotFound);
}

TEST(ChangeWatch, packed_refs_new_branches_and_head_count_but_the_index_does_not) {
  asio::io_context context;
  TestRepository repository;
  auto watch = ChangeWatch::on_git_refs(context.get_executor(), git_dir_of(repository.folder.path()).value());
  ASSERT_TRUE(watch) << describe(watch.error());
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"pack-refs", "--all"},
                                                                     {"branch", "team/new"},
                                                                     {"branch", "team/second"},
                                                                     {"symbolic-ref", "HEAD", "refs/heads/team/new"}}) {
    repository.git(arguments);
    EXPECT_TRUE(run(context, (*watch)->changed())) << arguments[0];
  }
  repository.folder.write("apps/web.yaml", "x");
  repository.git({"add", "--all"});
  asio::post(context, [&] { (*watch)->close(); });
  EXPECT_FALSE(run(context, (*watch)->changed()));
}

TEST(ChangeWatch, a_worktree_is_watched_where_its_refs_are) {
  asio::io_context context;
  TestRepository repository;
  TemporaryFolder other;
  repository.git({"worktree", "add", "--quiet", "-b", "side", other / "tree"});
  auto git_dir = git_dir_of(other / "tree");
  ASSERT_TRUE(git_dir) << describe(git_dir.error());
  auto watch = ChangeWatch::on_git_refs(context.get_executor(), *git_dir);
  ASSERT_TRUE(watch) << describe(watch.error());
  repository.commit("apps/web.yaml", config_map("x"));
  EXPECT_TRUE(run(context, (*watch)->changed()));
}

TEST(GitDir, plain_directories_are_no_repositories) {
  TemporaryFolder folder;
  EXPECT_EQ(git_dir_of(folder.path()).error().kind, ErrorKind::NotFound);
}

}  // namespace
}  // namespace holdfast
