#include "app/push_router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <map>
#include <string>

#include "app/push_inbox.h"

namespace holdfast {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;
using namespace std::chrono_literals;

PushHint push_of(std::string url, std::string ref = "refs/heads/main") {
  return {{std::move(url)}, std::move(ref), {}, {}};
}

class PushRouterTest : public testing::Test {
 protected:
  PushRouterTest() {
    boost::asio::co_spawn(io_, router_.run(), [](std::exception_ptr failure) {
      if (failure) std::rethrow_exception(failure);
    });
    io_.poll();
  }
  ~PushRouterTest() override {
    router_.stop();
    io_.poll();
  }

  void add(const std::string& name, const std::string& repo, const std::string& ref = {}) {
    router_.add({"ns", name}, repo, ref);
  }
  void pass(std::chrono::milliseconds time) {
    time_.advance_to(time_.now() + time);
    io_.poll();
  }
  // Which applications looked, and how often, since the last call.
  std::map<std::string, int> looks() { return std::exchange(looks_, {}); }

  VirtualTime time_;
  boost::asio::io_context io_;
  std::map<std::string, int> looks_;
  std::string read_;  // the commit that all of them have read
  PushRouter router_{io_.get_executor(),
                     {[this](const ApplicationName& name) { ++looks_[name.second]; },
                      [this](const ApplicationName&, const std::string& commit) { return commit == read_; }}};
};

TEST_F(PushRouterTest, the_applications_of_the_repository_look_at_once_in_whatever_spelling) {
  add("web", "https://git.example/team/web.git");
  add("api", "ssh://git@git.example:2222/Team/Web");
  add("other", "https://git.example/team/other");
  add("local", "/srv/git/web");
  router_.pushed(push_of("git@git.example:team/web.git"));
  EXPECT_THAT(looks(), ElementsAre(Pair("api", 1), Pair("web", 1)));
  router_.pushed(push_of("https://git.example/team/unknown"));
  EXPECT_THAT(looks(), IsEmpty());
}

TEST_F(PushRouterTest, several_spellings_of_one_repository_are_one_look) {
  add("web", "https://git.example/team/web.git");
  PushHint hint{
      {"https://git.example/team/web.git", "git@git.example:team/web", "https://git.example/team/web"}, {}, {}, {}};
  router_.pushed(std::move(hint));
  EXPECT_THAT(looks(), ElementsAre(Pair("web", 1)));
  pass(5s);
  EXPECT_THAT(looks(), IsEmpty());
}

TEST_F(PushRouterTest, a_flood_costs_a_look_a_second_and_its_last_hint_is_not_lost) {
  add("web", "https://git.example/team/web");
  for (int i = 0; i < 10'000; ++i) router_.pushed(push_of("https://git.example/team/web"));
  EXPECT_THAT(looks(), ElementsAre(Pair("web", 1)));
  pass(PushRouter::kLookEvery);
  EXPECT_THAT(looks(), ElementsAre(Pair("web", 1)));
  pass(10s);
  EXPECT_THAT(looks(), IsEmpty());
  router_.pushed(push_of("https://git.example/team/web"));
  EXPECT_THAT(looks(), ElementsAre(Pair("web", 1)));
}

TEST_F(PushRouterTest, only_those_that_may_read_the_ref_look) {
  add("main", "https://git.example/team/web", "main");
  add("tagged", "https://git.example/team/web", "v1");
  add("pinned", "https://git.example/team/web", std::string(40, 'a'));
  add("default", "https://git.example/team/web");
  router_.pushed(push_of("https://git.example/team/web", "refs/heads/main"));
  EXPECT_THAT(looks(), ElementsAre(Pair("default", 1), Pair("main", 1)));
  // Of what comes within the second, all refs count at its end.
  router_.pushed(push_of("https://git.example/team/web", "refs/tags/v1"));
  router_.pushed(push_of("https://git.example/team/web", "refs/heads/main"));
  pass(PushRouter::kLookEvery);
  EXPECT_THAT(looks(), ElementsAre(Pair("default", 1), Pair("main", 1), Pair("tagged", 1)));
  router_.pushed(push_of("https://git.example/team/web", ""));
  router_.pushed(push_of("https://git.example/team/web", "refs/heads/x"));
  pass(PushRouter::kLookEvery);
  EXPECT_THAT(looks(), SizeIs(4));
}

TEST_F(PushRouterTest, a_hint_without_a_repository_is_about_all_of_them) {
  add("web", "https://git.example/team/web", "main");
  add("api", "https://git.example/team/api", "main");
  router_.pushed({});
  EXPECT_THAT(looks(), ElementsAre(Pair("api", 1), Pair("web", 1)));
  for (int i = 0; i < 100; ++i) router_.pushed({});
  pass(PushRouter::kLookEvery);
  EXPECT_THAT(looks(), ElementsAre(Pair("api", 1), Pair("web", 1)));
}

TEST_F(PushRouterTest, one_that_has_gone_does_not_look_and_one_that_moved_looks_where_it_is_now) {
  add("web", "https://git.example/team/web");
  router_.pushed(push_of("https://git.example/team/web"));
  router_.pushed(push_of("https://git.example/team/web"));
  router_.remove({"ns", "web"});
  router_.remove({"ns", "never-there"});
  looks();
  pass(5s);
  EXPECT_THAT(looks(), IsEmpty());
  add("web", "https://git.example/team/web");
  add("web", "https://git.example/team/moved");
  router_.pushed(push_of("https://git.example/team/web"));
  EXPECT_THAT(looks(), IsEmpty());
  router_.pushed(push_of("https://git.example/team/moved"));
  EXPECT_THAT(looks(), ElementsAre(Pair("web", 1)));
}

TEST_F(PushRouterTest, a_commit_that_the_forge_does_not_show_yet_is_looked_for_again_and_not_for_ever) {
  add("web", "https://git.example/team/web", "main");
  PushHint hint = push_of("https://git.example/team/web");
  hint.new_commit = "bb";
  router_.pushed(hint);
  EXPECT_THAT(looks(), ElementsAre(Pair("web", 1)));
  pass(PushRouter::kLookAgainAfter);
  EXPECT_THAT(looks(), ElementsAre(Pair("web", 1)));
  read_ = "bb";
  pass(1h);
  EXPECT_THAT(looks(), IsEmpty());
  hint.new_commit = "never";
  router_.pushed(hint);
  looks();
  for (int i = 0; i < PushRouter::kLooksMore; ++i) {
    pass(PushRouter::kLookAgainAfter);
    EXPECT_THAT(looks(), ElementsAre(Pair("web", 1))) << i;
  }
  pass(1h);
  EXPECT_THAT(looks(), IsEmpty());
}

TEST_F(PushRouterTest, a_commit_that_was_read_costs_one_look) {
  add("web", "https://git.example/team/web", "main");
  PushHint hint = push_of("https://git.example/team/web");
  read_ = hint.new_commit = "bb";
  router_.pushed(hint);
  pass(1h);
  EXPECT_THAT(looks(), ElementsAre(Pair("web", 1)));
}

TEST(MayBeRef, what_is_not_certain_may_be) {
  for (const char* moved : {"refs/heads/main", "refs/heads/x", "refs/tags/v1", "latest", ""}) {
    EXPECT_TRUE(may_be_ref("", moved)) << moved;
    EXPECT_TRUE(may_be_ref("HEAD", moved)) << moved;
  }
  EXPECT_TRUE(may_be_ref("feature/x", "refs/heads/feature/x"));
  EXPECT_TRUE(may_be_ref("refs/heads/x", "refs/heads/x"));
  EXPECT_TRUE(may_be_ref("x", "v1.2.0"));
  EXPECT_FALSE(may_be_ref("x", "refs/heads/feature/x"));
  EXPECT_FALSE(may_be_ref("main", "refs/heads/x"));
}

class Counted final : public PushSink {
 public:
  void pushed(PushHint hint) override { hints.push_back(std::move(hint)); }
  std::vector<PushHint> hints;
};

TEST(PushInbox, what_gathers_while_a_batch_is_on_its_way_is_bounded_and_none_is_lost) {
  boost::asio::io_context from, to;
  Counted sink;
  PushInbox inbox(from.get_executor(), to.get_executor(), sink);
  inbox.pushed(push_of("https://git.example/team/first"));
  for (int i = 0; i < 3; ++i) inbox.pushed(push_of("https://git.example/team/web"));
  to.poll();
  EXPECT_THAT(sink.hints, SizeIs(1));
  from.poll();
  to.restart();
  to.poll();
  EXPECT_THAT(sink.hints, SizeIs(2));  // equal ones have become one
  sink.hints.clear();
  for (std::size_t i = 0; i < 3 * PushInbox::kMostGathered; ++i)
    inbox.pushed(push_of("https://git.example/team/" + std::to_string(i)));
  from.restart();
  from.poll();
  to.restart();
  to.poll();
  EXPECT_LE(sink.hints.size(), PushInbox::kMostGathered + 1);
  EXPECT_THAT(sink.hints, testing::Contains(PushHint{}));
}

}  // namespace
}  // namespace holdfast
