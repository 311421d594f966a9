#include "sources/tried_source.h"

#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include "holdfast/base/clock.h"
#include "sources/manifests.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

ManifestSetPtr set_of(const std::string& yaml, const std::string& revision) {
  return parse_manifests(FileSet{revision, {{"a.yaml", yaml}}}).value();
}
std::string config_map(const std::string& name, const std::string& color) {
  return "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + "}\ndata: {color: " + color + "}\n";
}

// Says what it is told to say, and counts.
class ToldSource final : public Source {
 public:
  ToldSource(asio::any_io_executor executor, Result<ManifestSetPtr> first)
      : next(std::move(first)), signal_(std::move(executor)) {}
  asio::awaitable<Result<ManifestSetPtr>> load() override {
    ++loads;
    co_return next;
  }
  asio::awaitable<Result<ManifestSetPtr>> read_afresh() override { co_return next; }
  asio::awaitable<Result<ManifestSetPtr>> read_recorded(Recorded wanted) override {
    recorded = wanted.revision;
    co_return kept;
  }
  asio::awaitable<Result<void>> changed() override {
    signal_.expires_at(Clock::time_point::max());
    co_await signal_.async_wait(asio::as_tuple(asio::use_awaitable));
    co_return Result<void>();
  }
  void nudge() override { signal_.cancel(); }
  [[nodiscard]] const std::vector<std::string>& notes() const override { return notes_; }
  void stop() override { signal_.cancel(); }

  Result<ManifestSetPtr> next, kept = fail(ErrorKind::NotFound, "nothing is kept");
  std::string recorded;
  int loads = 0;

 private:
  Timer signal_;
  std::vector<std::string> notes_;
};

struct Tried {
  asio::io_context io{1};
  std::shared_ptr<TrialBook> book = std::make_shared<TrialBook>(io.get_executor());
  ToldSource *within = nullptr, *ref = nullptr;
  Result<ManifestSetPtr> of_ref = set_of(config_map("a", "green") + config_map("new", "white"), "feature/x@sha1:2");
  std::unique_ptr<Source> source;

  Tried() {
    auto made = std::make_unique<ToldSource>(io.get_executor(),
                                             set_of(config_map("a", "blue") + config_map("b", "red"), "main@sha1:1"));
    within = made.get();
    const auto make_ref = [this](const OverrideRef&) -> Result<std::unique_ptr<Source>> {
      auto one = std::make_unique<ToldSource>(io.get_executor(), of_ref);
      ref = one.get();
      return one;
    };
    source = make_tried_source(io.get_executor(), std::move(made), book, make_ref);
  }

  Result<ManifestSetPtr> finish(std::future<Result<ManifestSetPtr>> future) {
    io.restart();
    io.run();
    return future.get();
  }
  Result<ManifestSetPtr> load() { return finish(asio::co_spawn(io, source->load(), asio::use_future)); }
  Result<ManifestSetPtr> afresh() { return finish(asio::co_spawn(io, source->read_afresh(), asio::use_future)); }
  Result<ManifestSetPtr> recorded(Source::Recorded what) {
    return finish(asio::co_spawn(io, source->read_recorded(std::move(what)), asio::use_future));
  }
  // Through changed(), as whoever follows it does.
  bool tells_of(const std::function<void()>& happening) {
    auto future = asio::co_spawn(io, source->changed(), asio::use_future);
    io.restart();
    io.poll();
    happening();
    io.restart();
    io.poll();
    return future.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }
};

Trial patches(const std::string& color) {
  return {std::nullopt, {{"paint", {{{"", "ConfigMap", "", "a"}, "data.color", json::value(color)}}}}};
}
Trial branch(const std::string& in_force = {}) {
  return {TriedRef{"branch", OverrideRef{"feature/x", {}, {}}, in_force}, {}};
}

TEST(TriedSource, whoever_asks_again_is_answered_anew) {
  Tried tried;
  tried.book->set({});
  ASSERT_TRUE(tried.load());
  ASSERT_TRUE(tried.load());  // as where an older commit was named
  EXPECT_EQ(tried.within->loads, 2);
}

TEST(TriedSource, waits_until_it_is_known_what_is_tried) {
  Tried tried;
  auto future = asio::co_spawn(tried.io, tried.source->load(), asio::use_future);
  tried.io.poll();
  EXPECT_EQ(tried.within->loads, 0);
  tried.book->set({});
  tried.io.restart();
  tried.io.run();
  EXPECT_EQ(future.get().value(), tried.within->next.value());
}

TEST(TriedSource, sets_fields_under_a_revision_of_its_own_and_asks_nobody_for_it) {
  Tried tried;
  tried.book->set({});
  const ManifestSetPtr base = tried.load().value();
  ASSERT_TRUE(tried.tells_of([&] { tried.book->set(patches("pink")); }));
  const ManifestSetPtr pink = tried.load().value();
  EXPECT_EQ(tried.within->loads, 1);
  EXPECT_EQ(string_at(pink->manifests[0].body, {"data", "color"}), "pink");
  EXPECT_EQ(string_at(pink->manifests[1].body, {"data", "color"}), "red");
  EXPECT_TRUE(pink->revision.starts_with("main@sha1:1+try.")) << pink->revision;
  EXPECT_EQ(without_trial(pink->revision), "main@sha1:1");
  EXPECT_EQ(pink->content, content_of(*pink));
  EXPECT_EQ(tried.source->last_read().revision, "main@sha1:1");
  EXPECT_TRUE(tried.book->outcome()->parts.at("paint").differs);
  EXPECT_TRUE(same_manifests(*tried.afresh().value(), *pink));
  ASSERT_TRUE(tried.tells_of([&] { tried.book->set({}); }));
  EXPECT_EQ(tried.load().value(), base);
}

TEST(TriedSource, leaves_out_what_cannot_be_set_and_says_so) {
  Tried tried;
  Trial trial = patches("pink");
  trial.patches.push_back(
      {"lost", {{{"", "ConfigMap", "", "b"}, "data.color", "x"}, {{"", "ConfigMap", "", "c"}, "data.color", "x"}}});
  tried.book->set(trial);
  const ManifestSetPtr set = tried.load().value();
  EXPECT_EQ(string_at(set->manifests[0].body, {"data", "color"}), "pink");
  EXPECT_EQ(string_at(set->manifests[1].body, {"data", "color"}), "red");
  EXPECT_EQ(describe(*tried.book->outcome()->parts.at("lost").error),
            "the application has no ConfigMap c (it has ConfigMap/a, ConfigMap/b)");
}

TEST(TriedSource, tries_a_ref_and_keeps_what_its_own_ref_has) {
  Tried tried;
  tried.book->set(branch());
  const ManifestSetPtr set = tried.load().value();
  ASSERT_EQ(set->manifests.size(), 3U);
  EXPECT_EQ(string_at(set->manifests[0].body, {"data", "color"}), "green");
  EXPECT_EQ(set->manifests[2].name, "b");
  EXPECT_TRUE(set->revision.starts_with("main@sha1:1+try.")) << set->revision;
  EXPECT_EQ(tried.source->last_read().revision, "main@sha1:1");
  EXPECT_EQ(tried.book->outcome()->parts.at("branch").revision, "feature/x@sha1:2");
  // A push to it is told, and the ref of its own is not asked again.
  ASSERT_TRUE(tried.tells_of([&] {
    tried.ref->next = set_of(config_map("a", "grey"), "feature/x@sha1:3");
    tried.ref->nudge();
  }));
  const ManifestSetPtr next = tried.load().value();
  EXPECT_NE(next->revision, set->revision);
  EXPECT_EQ(tried.within->loads, 1);
}

TEST(TriedSource, goes_on_without_a_ref_that_cannot_be_read) {
  Tried tried;
  tried.of_ref = fail(ErrorKind::NotFound, "there is no feature/x");
  tried.book->set(branch());
  EXPECT_EQ(tried.load().value(), tried.within->next.value());
  EXPECT_EQ(tried.book->outcome()->parts.at("branch").error->message, "there is no feature/x");
}

TEST(TriedSource, keeps_what_was_read_last_of_a_ref_that_is_away) {
  Tried tried;
  tried.book->set(branch());
  const ManifestSetPtr set = tried.load().value();
  ASSERT_TRUE(tried.tells_of([&] {
    tried.ref->next = fail(ErrorKind::Unreachable, "the remote is away");
    tried.ref->nudge();
  }));
  EXPECT_EQ(tried.load().value(), set);
  EXPECT_TRUE(tried.book->outcome()->parts.at("branch").note.contains("the remote is away"));
}

TEST(TriedSource, reverts_nothing_because_it_cannot_read_what_was_in_force) {
  Tried tried;
  tried.of_ref = fail(ErrorKind::Unreachable, "the remote is away");
  tried.book->set(branch("feature/x@sha1:1"));
  const auto unknown = tried.load();
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().message, "the remote is away");
  EXPECT_EQ(tried.ref->recorded, "feature/x@sha1:1");
  tried.ref->kept = set_of(config_map("a", "green"), "feature/x@sha1:1");
  EXPECT_EQ(string_at(tried.load().value()->manifests[0].body, {"data", "color"}), "green");
}

TEST(TriedSource, ends_what_is_tried_although_git_is_away) {
  Tried tried;
  tried.book->set(patches("pink"));
  const ManifestSetPtr base = tried.within->next.value();
  ASSERT_NE(tried.load().value(), base);
  ASSERT_TRUE(tried.tells_of([&] {
    tried.within->next = fail(ErrorKind::Unreachable, "the remote is away");
    tried.within->nudge();
  }));
  EXPECT_FALSE(tried.load());
  tried.book->set({});
  EXPECT_EQ(tried.load().value(), base);
}

TEST(TriedSource, reads_what_is_on_record_without_what_was_tried_on_it) {
  Tried tried;
  tried.book->set({});
  tried.within->kept = tried.within->next;
  EXPECT_EQ(tried.recorded({"main@sha1:1+try.0123456789ab", "sha256:x"}).value(), tried.within->next.value());
  EXPECT_EQ(tried.within->recorded, "main@sha1:1");
}

TEST(Trial, names_a_revision_as_the_source_does) {
  EXPECT_EQ(bare_revision("main@sha1:1+try.0123456789ab"), "main@sha1:1");
  EXPECT_EQ(bare_revision("a+b@sha1:1+0123456789ab+try.0123456789ab"), "a+b@sha1:1");
  EXPECT_EQ(bare_revision("a+b@sha1:1"), "a+b@sha1:1");
}

}  // namespace
}  // namespace holdfast
