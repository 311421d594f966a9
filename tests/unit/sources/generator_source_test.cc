// Generators over real repositories of Git: what they have, and that they cost no look of their own.
#include "sources/generator_source.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "sources/source.h"
#include "tests/unit/sources/temporary_folder.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

class GeneratorSourceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* path : {"apps/one/a.yaml", "apps/two/a.yaml", "apps/two/deep/a.yaml", "tools/three/a.yaml"})
      repository.folder.write(path, config_map("x"));
    repository.commit_all();
  }
  [[nodiscard]] BranchGenerator branches(const std::string& match) const {
    BranchGenerator generator;
    generator.repo_url = repository.url();
    generator.match = match;
    return generator;
  }
  [[nodiscard]] DirectoryGenerator directories(std::vector<std::string> paths,
                                               std::vector<std::string> exclude = {}) const {
    DirectoryGenerator generator;
    generator.repo_url = repository.url();
    generator.paths = std::move(paths);
    generator.exclude = std::move(exclude);
    return generator;
  }
  std::unique_ptr<GeneratorSource> follow(Generator generator) {
    auto made =
        make_generator_source(context.get_executor(), hub, std::move(generator), {"teams", cache.path(), nullptr},
                              [this](Clock::time_point, const GeneratorReading& reading) { heard = reading; });
    if (!made) ADD_FAILURE() << describe(made.error());
    return made ? std::move(*made) : nullptr;
  }
  // The names of what is heard next; or the error.
  std::vector<std::string> next() {
    heard.reset();
    context.restart();
    while (!heard)
      if (context.run_one_for(std::chrono::seconds(20)) == 0) {
        ADD_FAILURE() << "nothing happened for 20 s";
        return {};
      }
    if (!*heard) return {"error: " + describe(heard->error())};
    std::vector<std::string> names;
    for (const GeneratedElement& element : **heard) names.push_back(element.name);
    return names;
  }

  asio::io_context context;
  asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(context);
  std::shared_ptr<RepositoryHub> hub = std::make_shared<RepositoryHub>(context.get_executor());
  TestRepository repository;
  TemporaryFolder cache;
  std::optional<GeneratorReading> heard;
};

using Names = std::vector<std::string>;

TEST_F(GeneratorSourceTest, branches_come_and_go) {
  repository.git({"branch", "feature/a"});
  const auto source = follow(branches("feature/*"));
  EXPECT_EQ(next(), Names{"branch feature/a"});
  EXPECT_EQ((*heard)->front().parameters.at("commit"), repository.git({"rev-parse", "feature/a"}));
  repository.git({"branch", "feature/b"});
  repository.git({"branch", "-D", "feature/a"});
  source->look();
  EXPECT_EQ(next(), Names{"branch feature/b"});
  EXPECT_EQ(hub->counters().queries, 2U);
}

TEST_F(GeneratorSourceTest, a_set_and_applications_of_a_repository_share_a_look) {
  repository.git({"branch", "feature/a"});
  SourceOptions options;
  options.repo = repository.url();
  options.path = "apps/one";
  options.cache_folder = cache.path();
  options.hub = hub;
  auto application = make_source(context.get_executor(), std::move(options));
  ASSERT_TRUE(application) << describe(application.error());
  const auto source = follow(branches("feature/*")), folders = follow(directories({"apps/*"}));
  auto loading = asio::co_spawn(context, (*application)->load(), asio::use_future);
  EXPECT_FALSE(next().empty());
  while (loading.wait_for(std::chrono::seconds(0)) != std::future_status::ready) context.run_one();
  EXPECT_TRUE(loading.get());
  EXPECT_EQ(hub->size(), 1U);
  EXPECT_EQ(hub->counters().queries, 1U);
}

TEST_F(GeneratorSourceTest, the_times_of_commits_are_told_where_they_count) {
  repository.git({"branch", "feature/a"});
  BranchGenerator generator = branches("feature/*");
  generator.time_to_live = std::chrono::hours(1);
  const auto source = follow(generator);
  EXPECT_EQ(next(), Names{"branch feature/a"});
  EXPECT_EQ(std::to_string((*heard)->front().committed_s), repository.git({"log", "-1", "--format=%ct", "feature/a"}));
}

TEST_F(GeneratorSourceTest, folders_are_those_that_match_at_the_revision) {
  const auto source = follow(directories({"apps/*"}));
  EXPECT_EQ(next(), (Names{"folder apps/one", "folder apps/two"}));
  const TemplateParameters& one = (*heard)->front().parameters;
  EXPECT_EQ(one.at("path"), "apps/one");
  EXPECT_EQ(one.at("pathBase"), "one");
  repository.commit("apps/four/a.yaml", config_map("x"));
  source->look();
  EXPECT_EQ(next(), (Names{"folder apps/four", "folder apps/one", "folder apps/two"}));
}

TEST_F(GeneratorSourceTest, folders_may_be_deep_and_left_out) {
  const auto source = follow(directories({"**"}, {"apps", "tools", "apps/one"}));
  EXPECT_EQ(next(), (Names{"folder apps/two", "folder apps/two/deep", "folder tools/three"}));
}

TEST_F(GeneratorSourceTest, a_repository_that_is_away_is_an_error_and_comes_back) {
  repository.git({"branch", "feature/a"});
  const auto source = follow(branches("feature/*"));
  EXPECT_EQ(next(), Names{"branch feature/a"});
  const std::string away = repository.folder.path() + ".away";
  std::filesystem::rename(repository.folder.path(), away);
  source->look();
  EXPECT_TRUE(next().at(0).starts_with("error: "));
  std::filesystem::rename(away, repository.folder.path());
  source->look();
  EXPECT_EQ(next(), Names{"branch feature/a"});
}

TEST_F(GeneratorSourceTest, a_list_has_what_is_written) {
  ListGenerator list;
  list.elements = {{{"env", "test"}}, {{"env", "live"}}};
  const auto source = follow(list);
  EXPECT_EQ(next(), (Names{"element env=test", "element env=live"}));
}

}  // namespace
}  // namespace holdfast
