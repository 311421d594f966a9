// What applications of one repository share, and what a commit costs those that it does not concern.
#include "sources/shared_repository.h"

#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include "sources/repository_hub.h"
#include "sources/source.h"
#include "tests/unit/sources/temporary_folder.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

class SharedRepositoryTest : public ::testing::Test {
 protected:
  std::unique_ptr<Source> follow(const std::string& path, const std::string& ref = "", const std::string& semver = "") {
    SourceOptions options;
    options.repo = repository.url();
    options.ref = ref;
    options.semver = semver;
    options.path = path;
    options.cache_folder = cache.path();
    options.hub = hub;
    auto source = make_source(context.get_executor(), std::move(options));
    if (!source) ADD_FAILURE() << describe(source.error());
    return source ? std::move(*source) : nullptr;
  }

  template <class T>
  T run(asio::awaitable<T> work) {
    auto result = asio::co_spawn(context, std::move(work), asio::use_future);
    context.restart();
    while (result.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
      if (context.run_one_for(std::chrono::seconds(20)) == 0) {
        ADD_FAILURE() << "nothing happened for 20 s";
        std::abort();
      }
    return result.get();
  }
  ManifestSetPtr load(Source& source) {
    const auto set = run(source.load());
    if (!set) ADD_FAILURE() << describe(set.error());
    return set.value_or(nullptr);
  }
  // What a push is answered with.
  ManifestSetPtr follow_push(Source& source) {
    source.nudge();
    EXPECT_TRUE(run(source.changed()));
    return load(source);
  }

  void SetUp() override {
    for (const char* app : {"one", "two"}) repository.folder.write(std::string(app) + "/a.yaml", config_map(app));
    repository.commit_all();
  }

  asio::io_context context;
  std::shared_ptr<RepositoryHub> hub = std::make_shared<RepositoryHub>(context.get_executor());
  TestRepository repository;
  TemporaryFolder cache;
};

TEST_F(SharedRepositoryTest, a_commit_renders_only_the_application_that_it_touches) {
  const auto one = follow("one"), two = follow("two");
  EXPECT_EQ(hub->size(), 1U);
  const ManifestSetPtr first = load(*one), second = load(*two);
  EXPECT_EQ(hub->counters().rendered, 2U);
  const std::string commit = repository.commit("one/a.yaml", config_map("one", "2"));
  const ManifestSetPtr touched = follow_push(*one);
  EXPECT_EQ(touched->revision, "main@sha1:" + commit);
  EXPECT_TRUE(run(two->changed()));
  EXPECT_EQ(load(*two), second) << "the same pointer";
  EXPECT_EQ(two->last_read().revision, "main@sha1:" + commit);
  EXPECT_NE(second->revision, two->last_read().revision);
  EXPECT_EQ(hub->counters().rendered, 3U);
  EXPECT_EQ(hub->counters().kept, 1U);
}

// What it has may be read anew between the asking and the telling.
class Reading final : public RepositoryFollower {
 public:
  explicit Reading(bool anew) : anew_(anew) {}
  [[nodiscard]] const RefWish& wish() const override { return wish_; }
  [[nodiscard]] std::chrono::milliseconds interval() const override { return std::chrono::minutes(1); }
  [[nodiscard]] std::shared_ptr<const Rendering> last() const override {
    return asked_++ == 0 || !anew_ ? first_ : second_;
  }
  void looked(std::uint64_t /*look*/, const Result<ResolvedRef>& found,
              const std::optional<BegunRevision>& same) override {
    EXPECT_TRUE(found);
    holds = same.has_value();
    told = true;
  }
  bool told = false, holds = false;

 private:
  bool anew_;
  RefWish wish_;
  std::shared_ptr<const Rendering> first_ = std::make_shared<Rendering>(), second_ = std::make_shared<Rendering>();
  mutable int asked_ = 0;
};

TEST_F(SharedRepositoryTest, what_a_look_has_found_is_not_said_of_what_was_read_meanwhile) {
  GitMirrorOptions mirror;
  mirror.url = repository.url();
  mirror.cache_folder = cache.path();
  const auto shared = hub->open(mirror, {});
  ASSERT_TRUE(shared) << describe(shared.error());
  const auto work = asio::make_work_guard(context);  // a worker does it
  for (const bool anew : {false, true}) {
    Reading reading(anew);
    (*shared)->join(reading);
    (*shared)->ask();
    context.restart();
    while (!reading.told) ASSERT_NE(context.run_one_for(std::chrono::seconds(20)), 0U) << "nothing happened for 20 s";
    EXPECT_EQ(reading.holds, !anew);
    (*shared)->leave(reading);
    repository.commit("two/a.yaml", config_map("two", anew ? "3" : "2"));
  }
}

TEST_F(SharedRepositoryTest, one_query_tells_all_of_them_whichever_ref_they_follow) {
  repository.git({"branch", "side"});
  repository.git({"tag", "v1.2.0"});
  std::vector<std::unique_ptr<Source>> sources;
  for (int i = 0; i < 20; ++i) sources.push_back(follow("one", i % 2 == 0 ? "" : "side"));
  sources.push_back(follow("two", "", ">=1.0"));
  auto all = [&]() -> asio::awaitable<std::size_t> {
    std::size_t good = 0, ended = 0;
    Timer signal(context.get_executor());
    for (auto& source : sources)
      asio::co_spawn(context, source->load(), [&](const std::exception_ptr&, const Result<ManifestSetPtr>& set) {
        good += set ? 1 : 0;
        ++ended;
        signal.cancel();
      });
    while (ended < sources.size()) {
      signal.expires_at(Clock::time_point::max());
      co_await signal.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    co_return good;
  };
  EXPECT_EQ(run(all()), sources.size());
  EXPECT_EQ(hub->counters().queries, 1U);
}

TEST_F(SharedRepositoryTest, a_rewound_branch_a_forced_push_and_a_moved_tag_are_followed) {
  repository.git({"tag", "stable"});
  const auto branch = follow("one", "main"), tag = follow("one", "stable");
  const ManifestSetPtr before = load(*branch);
  load(*tag);
  repository.commit("one/a.yaml", config_map("one", "2"));
  EXPECT_NE(follow_push(*branch), before);
  repository.git({"reset", "--quiet", "--hard", "HEAD~1"});
  EXPECT_EQ(follow_push(*branch)->content, before->content);
  repository.folder.write("one/a.yaml", config_map("one", "forced"));
  repository.git({"add", "--all"});
  repository.git({"commit", "--quiet", "--amend", "--message=forced"});
  EXPECT_NE(follow_push(*branch)->content, before->content);
  repository.git({"tag", "--force", "stable"});
  EXPECT_NE(follow_push(*tag)->content, before->content);
}

TEST_F(SharedRepositoryTest, the_highest_version_is_followed_as_tags_come) {
  repository.git({"tag", "v1.0.0"});
  const auto source = follow("one", "", "1.x");
  EXPECT_TRUE(load(*source)->revision.starts_with("v1.0.0@"));
  repository.commit("one/a.yaml", config_map("one", "2"));
  repository.git({"tag", "v2.0.0"});
  repository.git({"tag", "v1.1.0"});
  EXPECT_TRUE(follow_push(*source)->revision.starts_with("v1.1.0@"));
}

TEST_F(SharedRepositoryTest, a_deleted_branch_is_an_error_and_is_followed_again_when_it_is_back) {
  repository.git({"branch", "side"});
  const auto source = follow("one", "side");
  const ManifestSetPtr before = load(*source);
  repository.git({"branch", "-D", "side"});
  source->nudge();
  EXPECT_TRUE(run(source->changed()));
  const auto gone = run(source->load());
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().kind, ErrorKind::NotFound);
  EXPECT_TRUE(gone.error().hint.contains("main")) << gone.error().hint;
  repository.git({"branch", "side"});
  EXPECT_EQ(follow_push(*source), before);
}

TEST_F(SharedRepositoryTest, the_last_one_that_leaves_ends_it) {
  auto one = follow("one"), two = follow("two");
  load(*one);
  one->stop();
  EXPECT_EQ(hub->size(), 1U);
  EXPECT_EQ(run(one->load()).error().kind, ErrorKind::Cancelled);
  EXPECT_EQ(load(*two)->manifests.size(), 1U);
  two.reset();
  one.reset();
  EXPECT_EQ(hub->size(), 0U);
}

TEST_F(SharedRepositoryTest, what_is_on_record_is_read_from_the_cache_or_a_later_commit_of_the_same_content) {
  auto one = follow("one");
  const ManifestSetPtr first = load(*one);
  const std::string commit = repository.commit("two/a.yaml", config_map("two", "2"));
  EXPECT_EQ(follow_push(*one), first);
  one.reset();
  std::filesystem::rename(repository.folder / ".git", repository.folder / "away");
  one = follow("one");
  EXPECT_FALSE(run(one->load()));
  const auto recorded = run(one->read_recorded({first->revision, first->content}));
  ASSERT_TRUE(recorded) << describe(recorded.error());
  EXPECT_EQ((*recorded)->revision, first->revision);
  const std::string id = first->revision.substr(first->revision.rfind(':') + 1);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(cache.path()))
    if (entry.path().filename() == id) std::filesystem::remove(entry.path());  // as if the cache had been begun anew
  const auto later = run(one->read_recorded({first->revision, first->content}));
  ASSERT_TRUE(later) << describe(later.error());
  EXPECT_TRUE((*later)->revision.ends_with(commit)) << (*later)->revision;
  EXPECT_EQ((*later)->content, first->content);
  EXPECT_FALSE(run(one->read_recorded({first->revision, "sha256:other"})));
  EXPECT_EQ(run(one->read_recorded({"files@sha256:1", ""})).error().kind, ErrorKind::NotFound);
}

}  // namespace
}  // namespace holdfast
