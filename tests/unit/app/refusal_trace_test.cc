#include "app/refusal_trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include "app/refusal_text.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

LineCommit commit_of(const std::string& subject) {
  return {"1a2b3c4d5e6f00000000000000000000000000ff", "Ada", "ada@example.com", "2026-01-02T03:04:05Z", 0, subject};
}

// Knows a line for every field, and an author for every line; or does not answer until it is stopped.
class ToldSource final : public Source {
 public:
  explicit ToldSource(asio::any_io_executor executor) : silence_(std::move(executor)) {}

  asio::awaitable<Result<ManifestSetPtr>> load() override { co_return fail(ErrorKind::NotFound, "nothing"); }
  asio::awaitable<Result<ManifestSetPtr>> read_afresh() override { co_return fail(ErrorKind::NotFound, "nothing"); }
  asio::awaitable<Result<void>> changed() override { co_return fail(ErrorKind::Cancelled, "stopped"); }
  void nudge() override {}
  [[nodiscard]] const std::vector<std::string>& notes() const override { return notes_; }
  void stop() override {
    stopped = true;
    silence_.cancel();
  }

  asio::awaitable<Result<ObjectOrigin>> trace(TraceRequest request) override {
    ++asked;
    if (silent) {
      silence_.expires_at(Clock::time_point::max());
      co_await silence_.async_wait(asio::as_tuple(asio::use_awaitable));
      co_return fail(ErrorKind::Cancelled, "stopped");
    }
    ObjectOrigin origin;
    origin.file = "apps/web.yaml";
    for (const FieldPath& field : request.fields) origin.fields[field] = {{7, 9}, true, commit_of("Scale"), 8};
    co_return origin;
  }
  asio::awaitable<Result<LineCommit>> blame(OriginPlace place) override {
    ++asked;
    if (place.line == 404) co_return fail(ErrorKind::NotFound, "no such line");
    co_return commit_of("Break");
  }

  std::string revision = "main@sha1:1";
  bool silent = false, stopped = false;
  int asked = 0;

 private:
  Timer silence_;
  std::vector<std::string> notes_;
};

class RefusalTraceTest : public testing::Test {
 protected:
  static ObjectRefusal refusal(const std::string& name, const std::string& field = "replicsa") {
    const FieldPath path = {PathElement::field("spec"), PathElement::field(field)};
    return {{"apps", "Deployment", "w", name},
            "apps/web.yaml:1",
            "main@sha1:1",
            {{path, ".spec." + field + " is no field of a Deployment", "did you mean .spec.replicas?"}}};
  }
  void finish(std::chrono::seconds patience = std::chrono::seconds{60}) {
    auto ended = asio::co_spawn(io, trace.finish(patience), asio::use_future);
    io.run();
    ended.get();
  }

  asio::io_context io;
  ToldSource source{io.get_executor()};
  std::vector<std::string> said;
  RefusalTrace trace{io.get_executor(), source,
                     [this](const ObjectKey&, const std::string& line) { said.push_back(line); },
                     [this](const std::string& revision) { return revision == source.revision; }};
};

TEST_F(RefusalTraceTest, a_refused_field_has_its_line_what_was_meant_and_its_author) {
  trace.refused(refusal("web"));
  EXPECT_TRUE(trace.busy());
  finish();
  EXPECT_THAT(said, ElementsAre("apps/web.yaml:7: .spec.replicsa is no field of a Deployment (did you mean "
                                ".spec.replicas?), written in 1a2b3c4 by Ada <ada@example.com> on 2026-01-02: Scale"));
}

TEST_F(RefusalTraceTest, the_same_is_asked_once_and_what_is_new_again) {
  trace.refused(refusal("web"));
  trace.refused(refusal("web"));
  trace.refused(refusal("web", "replica"));
  ObjectRefusal later = refusal("web");
  later.revision = "main@sha1:2";
  trace.refused(later);
  finish();
  EXPECT_EQ(source.asked, 3);
  EXPECT_THAT(said, SizeIs(2)) << "lines of a revision that is read no longer are no answer";
}

TEST_F(RefusalTraceTest, a_revision_in_which_all_is_wrong_costs_few_questions) {
  for (int i = 0; i < 1000; ++i) trace.refused(refusal("web-" + std::to_string(i)));
  finish();
  EXPECT_EQ(source.asked, static_cast<int>(RefusalTrace::kMostOfARevision));
}

TEST_F(RefusalTraceTest, who_wrote_what_cannot_be_read) {
  trace.unreadable(Error{ErrorKind::Invalid, "the key \"a\" is written twice", "apps/a.yaml:3", {}});
  trace.unreadable(
      Error{ErrorKind::Invalid,
            "3 errors, so nothing of this revision is used\napps/b.yaml:4: odd: very\napps/c.yaml:404: odd",
            {},
            {}});
  trace.unreadable(Error{ErrorKind::Unreachable, "no route to host", "https://git.example/x", {}});
  finish();
  EXPECT_THAT(said, ElementsAre(HasSubstr("apps/a.yaml:3 was written in 1a2b3c4 by Ada"), HasSubstr("apps/b.yaml:4 ")));
  EXPECT_EQ(source.asked, 3);
}

TEST_F(RefusalTraceTest, who_waits_for_it_does_not_wait_for_ever) {
  source.silent = true;
  trace.refused(refusal("web"));
  trace.refused(refusal("other"));
  finish(std::chrono::seconds{0});
  EXPECT_TRUE(source.stopped);
  EXPECT_THAT(said, IsEmpty());
  EXPECT_EQ(source.asked, 1);
}

TEST_F(RefusalTraceTest, nothing_to_say_is_said_at_once) {
  finish();
  EXPECT_FALSE(source.stopped);
}

}  // namespace
}  // namespace holdfast
