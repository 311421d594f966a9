#include "app/config_follower.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <cstdlib>
#include <filesystem>

#include "tests/unit/sources/temporary_folder.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Read = Result<std::vector<Application>>;

std::string application(const std::string& name, const std::string& rest = "") {
  return "apiVersion: holdfast.dev/v1alpha1\nkind: Application\nmetadata: {name: " + name +
         "}\nspec:\n  source: {repoURL: platform}\n" + rest;
}

std::vector<std::string> names(const Read& read) {
  if (!read) return {describe(read.error())};
  std::vector<std::string> names;
  for (const Application& application : *read) names.push_back(application.name);
  return names;
}

class ConfigFollowerTest : public ::testing::Test, public ConfigObserver {
 protected:
  void config_refused(const Error& error) override { told.push_back(describe(error)); }
  void config_good_again() override { told.emplace_back("good again"); }

  ConfigFollower& follow(const std::string& path) {
    ConfigFollowerOptions options{path, {}, std::chrono::milliseconds(1)};
    follower = std::make_unique<ConfigFollower>(context.get_executor(), std::move(options), *this);
    return *follower;
  }

  // Runs the loop until `work` has ended; a failure to end is seen by the bound, not by a hang.
  Read run(asio::awaitable<Read> work) {
    auto result = asio::co_spawn(context, std::move(work), asio::use_future);
    context.restart();
    context.run_for(std::chrono::seconds(20));
    if (result.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
      ADD_FAILURE() << "nothing happened for 20 s";
      std::abort();
    }
    return result.get();
  }

  // Runs a changed() until the observer has been told so many things; it goes on in `pending`.
  void run_until_told(std::size_t count) {
    if (!pending.valid()) pending = asio::co_spawn(context, follower->changed(), asio::use_future);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    context.restart();
    while (told.size() < count && std::chrono::steady_clock::now() < deadline)
      context.run_one_for(std::chrono::milliseconds(100));
    EXPECT_EQ(told.size(), count);
  }

  Read run_pending() {
    context.restart();
    context.run_for(std::chrono::seconds(20));
    if (pending.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
      ADD_FAILURE() << "nothing happened for 20 s";
      std::abort();
    }
    return pending.get();
  }

  TemporaryFolder folder;
  std::vector<std::string> told;
  asio::io_context context;
  std::unique_ptr<ConfigFollower> follower;
  std::future<Read> pending;
};

TEST_F(ConfigFollowerTest, a_file_is_read_and_what_it_names_is_meant_from_its_folder) {
  folder.write("holdfast.yaml", application("web"));
  const Read read = run(follow(folder / "holdfast.yaml").load());
  ASSERT_TRUE(read) << describe(read.error());
  EXPECT_EQ(read->front().source.repo_url, folder / "platform");
  EXPECT_EQ(read->front().origin, (folder / "holdfast.yaml") + ":1");
}

TEST_F(ConfigFollowerTest, a_folder_is_its_files_without_hidden_ones_and_without_folders_below) {
  folder.write("b.yml", application("b"));
  folder.write("a.yaml", application("a"));
  folder.write("c.json", application("c"));
  folder.write(".hidden.yaml", "a: [");
  folder.write("notes.txt", "a: [");
  folder.write("below/d.yaml", "a: [");
  const Read read = run(follow(folder.path()).load());
  EXPECT_THAT(names(read), ElementsAre("a", "b", "c"));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->front().source.repo_url, folder / "platform");
}

TEST_F(ConfigFollowerTest, what_is_not_there_is_an_error_and_never_an_empty_list) {
  EXPECT_THAT(names(run(follow(folder.path()).load())), ElementsAre(HasSubstr("holds no *.yaml")));
  EXPECT_THAT(names(run(follow(folder / "x.yaml").load())), ElementsAre(HasSubstr("there is no such file")));
  EXPECT_THAT(names(run(follow(folder / "x/y.yaml").load())), ElementsAre(HasSubstr("No such file")));
}

TEST_F(ConfigFollowerTest, a_path_that_is_no_pattern_of_fields_is_refused) {
  folder.write("a.yaml", application("a", "  ignore: [{paths: [/spec/replicas, '.spec.ports[0]']}]\n"));
  EXPECT_THAT(names(run(follow(folder.path()).load())),
              ElementsAre(HasSubstr("a.yaml:6: spec.ignore[0].paths[1] is no path of fields")));
}

TEST_F(ConfigFollowerTest, a_save_hands_out_the_new_list) {
  folder.write("a.yaml", application("a"));
  ASSERT_TRUE(run(follow(folder.path()).load()));
  folder.write("b.yaml", application("b", "  dependsOn: [{name: a}]\n"));
  EXPECT_THAT(names(run(follower->changed())), ElementsAre("a", "b"));
  fs::remove(folder / "b.yaml");
  EXPECT_THAT(names(run(follower->changed())), ElementsAre("a"));
  EXPECT_THAT(told, IsEmpty());
}

TEST_F(ConfigFollowerTest, an_invalid_one_is_told_once_and_the_last_good_one_stays) {
  folder.write("a.yaml", application("a"));
  ASSERT_TRUE(run(follow(folder / "a.yaml").load()));
  folder.write("a.yaml", application("a", "  prun: true\n"));
  run_until_told(1);
  EXPECT_THAT(told, ElementsAre(HasSubstr("a.yaml:6: spec.prun is no field")));
  folder.write("other.txt", "looked at again, and wrong as before");
  context.run_for(std::chrono::milliseconds(200));
  EXPECT_EQ(told.size(), 1u);
  folder.write("a.yaml", application("a", "  prune: 1\n"));
  run_until_told(2);
  EXPECT_THAT(told[1], HasSubstr("spec.prune is the number 1"));
  folder.write("a.yaml", application("a"));
  run_until_told(3);
  EXPECT_EQ(told[2], "good again");
  folder.write("a.yaml", application("a", "  prune: false\n"));
  const Read read = run_pending();
  ASSERT_TRUE(read) << describe(read.error());
  EXPECT_FALSE(read->front().prune);
  EXPECT_EQ(told.size(), 3u);
}

// While a file is exchanged it is not there for a moment: its applications must not count as removed.
TEST_F(ConfigFollowerTest, a_file_that_is_replaced_takes_no_application_away) {
  folder.write("a.yaml", application("a"));
  folder.write("b.yaml", application("b"));
  ConfigFollowerOptions options{folder.path(), {}, std::chrono::milliseconds(300)};
  follower = std::make_unique<ConfigFollower>(context.get_executor(), std::move(options), *this);
  ASSERT_TRUE(run(follower->load()));
  fs::remove(folder / "b.yaml");
  pending = asio::co_spawn(context, follower->changed(), asio::use_future);
  context.restart();
  context.run_for(std::chrono::milliseconds(100));  // quiet for 20 ms: it has been missed by now
  folder.write("b.yaml", application("b", "  prune: false\n"));
  const Read read = run_pending();
  ASSERT_THAT(names(read), ElementsAre("a", "b"));
  EXPECT_FALSE((*read)[1].prune);
}

TEST_F(ConfigFollowerTest, a_mounted_config_map_is_followed) {
  folder.write("..1/holdfast.yaml", application("one"));
  folder.write("..2/holdfast.yaml", application("two"));
  fs::create_directory_symlink("..1", folder / "..data");
  fs::create_symlink("..data/holdfast.yaml", folder / "holdfast.yaml");
  ASSERT_THAT(names(run(follow(folder.path()).load())), ElementsAre("one"));
  fs::create_directory_symlink("..2", folder / "..data_tmp");
  fs::rename(folder / "..data_tmp", folder / "..data");
  EXPECT_THAT(names(run(follower->changed())), ElementsAre("two"));
}

TEST_F(ConfigFollowerTest, a_folder_that_goes_away_is_told_and_waited_for) {
  folder.write("config/a.yaml", application("a"));
  ASSERT_TRUE(run(follow(folder / "config").load()));
  fs::rename(folder / "config", folder / "away");
  run_until_told(1);
  folder.write("away/a.yaml", application("a", "  suspend: true\n"));
  fs::rename(folder / "away", folder / "config");
  const Read read = run_pending();
  ASSERT_TRUE(read) << describe(read.error());
  EXPECT_TRUE(read->front().suspend);
  EXPECT_THAT(told, ElementsAre(HasSubstr("config"), "good again"));
}

TEST_F(ConfigFollowerTest, stop_ends_the_wait) {
  folder.write("a.yaml", application("a"));
  ASSERT_TRUE(run(follow(folder.path()).load()));
  pending = asio::co_spawn(context, follower->changed(), asio::use_future);
  context.restart();
  context.poll();
  follower->stop();
  const Read read = run_pending();
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, ErrorKind::Cancelled);
}

}  // namespace
}  // namespace holdfast
