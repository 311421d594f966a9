#include "sources/substituted_source.h"

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

ManifestSetPtr set_of(const std::string& yaml, const std::string& revision = "main@sha1:1") {
  return parse_manifests(FileSet{revision, {{"a.yaml", yaml}}}).value();
}

// Says what it is told to say.
class ToldSource final : public Source {
 public:
  explicit ToldSource(asio::any_io_executor executor) : signal_(std::move(executor)) {}
  asio::awaitable<Result<ManifestSetPtr>> load() override { co_return next; }
  asio::awaitable<Result<ManifestSetPtr>> read_afresh() override { co_return next; }
  asio::awaitable<Result<ManifestSetPtr>> read_recorded(Recorded wanted) override {
    recorded = std::move(wanted.revision);
    co_return next;
  }
  asio::awaitable<Result<void>> changed() override {
    signal_.expires_at(Clock::time_point::max());
    co_await signal_.async_wait(asio::as_tuple(asio::use_awaitable));
    if (stopped) co_return fail(ErrorKind::Cancelled, "stopped");
    co_return Result<void>();
  }
  void nudge() override { signal_.cancel(); }
  [[nodiscard]] const std::vector<std::string>& notes() const override { return notes_; }
  void stop() override {
    stopped = true;
    signal_.cancel();
  }

  Result<ManifestSetPtr> next = set_of("kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\ndata: {x: \"${x}\"}\n");
  std::string recorded;
  bool stopped = false;

 private:
  Timer signal_;
  std::vector<std::string> notes_;
};

class ToldValues final : public ClusterValues {
 public:
  explicit ToldValues(asio::any_io_executor executor) : signal_(std::move(executor)) {}
  asio::awaitable<Result<ClusterValuePtr>> read(ValueReference wanted) override {
    const auto found = values.find(wanted.name);
    if (found == values.end()) co_return fail(ErrorKind::NotFound, "there is none");
    co_return found->second;
  }
  asio::awaitable<Result<void>> changed(SeenValues seen) override {
    watched = std::move(seen);
    signal_.expires_at(Clock::time_point::max());
    co_await signal_.async_wait(asio::as_tuple(asio::use_awaitable));
    co_return Result<void>();
  }
  void set(const std::string& name, const std::string& version, const std::string& x) {
    auto value = std::make_shared<ClusterValue>();
    value->resource_version = version;
    value->data.emplace("x", Secret(x));
    values[name] = std::move(value);
    signal_.cancel();
  }

  std::map<std::string, Result<ClusterValuePtr>> values;
  SeenValues watched;

 private:
  Timer signal_;
};

struct Substituted {
  asio::io_context io{1};
  ToldValues values{io.get_executor()};
  ToldSource* within = nullptr;
  std::unique_ptr<Source> source;

  explicit Substituted(PostBuildSpec spec) {
    auto told = std::make_unique<ToldSource>(io.get_executor());
    within = told.get();
    source = make_substituted_source(io.get_executor(), std::move(told), {std::move(spec), "shop", &values}, nullptr);
  }
  template <class T>
  T run(asio::awaitable<T> work) {
    auto future = asio::co_spawn(io, std::move(work), asio::use_future);
    io.restart();
    io.run();
    return future.get();
  }
  std::string x() {
    const auto set = run(source->load());
    return set ? std::string(string_at((*set)->manifests.at(0).body, {"data", "x"})) : describe(set.error());
  }
};

PostBuildSpec from(std::vector<SubstitutionReference> references, std::map<std::string, std::string> own = {}) {
  return {std::move(own), std::move(references), false};
}

TEST(SubstitutedSource, later_values_win_and_the_applications_own_win_over_all) {
  Substituted one(from({{false, "a", false}, {true, "b", false}}));
  one.values.set("a", "1", "of-a");
  one.values.set("b", "1", "of-b");
  EXPECT_EQ(one.x(), "of-b");
  Substituted other(from({{true, "b", false}}, {{"x", "own"}}));
  other.values.set("b", "1", "of-b");
  EXPECT_EQ(other.x(), "own");
}

TEST(SubstitutedSource, a_missing_one_is_an_error_unless_it_is_optional) {
  Substituted strict(from({{true, "gone", false}}));
  EXPECT_EQ(strict.x(),
            "Secret shop/gone: there is none (create it, or make it optional in spec.postBuild.substituteFrom)");
  Substituted optional(from({{true, "gone", true}}, {{"x", "own"}}));
  EXPECT_EQ(optional.x(), "own");
  optional.values.values.insert_or_assign("gone", fail(ErrorKind::Unreachable, "no answer"));
  EXPECT_EQ(optional.x(), "Secret shop/gone: no answer") << "what cannot be read is not missing";
}

TEST(SubstitutedSource, the_set_is_the_same_until_something_changes_and_its_revision_tells) {
  Substituted one(from({{true, "a", false}}));
  one.values.set("a", "7", "v");
  const auto first = one.run(one.source->load()).value(), second = one.run(one.source->load()).value();
  EXPECT_EQ(first, second);
  EXPECT_EQ(without_values(first->revision), "main@sha1:1");
  EXPECT_NE(first->revision, "main@sha1:1");
  one.values.set("a", "8", "w");
  const auto third = one.run(one.source->load()).value();
  EXPECT_NE(third->revision, first->revision);
  EXPECT_EQ(string_at(third->manifests.at(0).body, {"data", "x"}), "w");
  EXPECT_TRUE(same_manifests(*one.run(one.source->read_afresh()).value(), *third));
  EXPECT_TRUE(one.run(one.source->read_recorded({third->revision, third->content})));
  EXPECT_EQ(one.within->recorded, "main@sha1:1");
}

TEST(SubstitutedSource, own_values_alone_leave_the_revision_as_it_is) {
  Substituted one(from({}, {{"x", "own"}}));
  EXPECT_EQ(one.run(one.source->load()).value()->revision, "main@sha1:1");
}

TEST(SubstitutedSource, a_change_of_a_value_or_of_the_source_ends_the_wait_after_a_failure_as_well) {
  Substituted one(from({{true, "a", false}}));
  EXPECT_NE(one.x(), "");
  auto waited = asio::co_spawn(one.io, one.source->changed(), asio::use_future);
  one.io.restart();
  one.io.poll();
  EXPECT_EQ(one.values.watched.at({ValueReference::Kind::Secret, "shop", "a"}), "");
  one.values.set("a", "1", "v");
  one.io.restart();
  one.io.run();
  EXPECT_TRUE(waited.get());
  EXPECT_EQ(one.x(), "v");
  for (const bool stops : {false, true}) {
    waited = asio::co_spawn(one.io, one.source->changed(), asio::use_future);
    one.io.restart();
    one.io.poll();
    stops ? one.source->stop() : one.source->nudge();
    one.io.restart();
    one.io.run();
    EXPECT_EQ(waited.get().has_value(), !stops);
  }
}

TEST(SubstitutedSource, an_error_names_the_object_and_no_value) {
  PostBuildSpec spec = from({{true, "a", false}});
  spec.strict = true;
  Substituted one(spec);
  one.values.set("a", "1", "hunter2");
  one.within->next = set_of("kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\ndata: {x: \"${x} ${y}\"}\n");
  EXPECT_EQ(one.x(),
            "a.yaml:1: the variable y is not set (add it to spec.postBuild, or write ${y:=…} for what stands for it)");
  one.within->next = set_of("kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\ndata: {x: \"${x}\"}\n");
  one.values.set("a", "2", "hunter2: [");
  EXPECT_EQ(one.x().find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace holdfast
