// Hooks: when they run, that each runs once, and what happens when the process dies (ask 34).
#include "unit/engine/staged_fixture.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;

class HooksTest : public fake::StagedTest {
 protected:
  [[nodiscard]] std::vector<Manifest> release(const std::string& value) const {
    return {hook("before", "pre"), object("ConfigMap/a=" + value), hook("after", "post")};
  }
  [[nodiscard]] bool recorded(const std::string& job) const {
    const std::string name = path_of(job).substr(path_of(job).rfind('/') + 1);
    return inventory->hook_recorded({"batch", "Job", "web", name});
  }
  // How often a Job was asked to be made, and came to be.
  [[nodiscard]] std::size_t applies(const std::string& name) const {
    return static_cast<std::size_t>(std::ranges::count_if(api.sent, [&](const ApiRequest& request) {
      return request.method == Method::Patch && request.target.contains("/jobs/" + name);
    }));
  }
};

TEST_F(HooksTest, Ask34_a_hook_before_runs_first_and_all_else_waits_for_its_end) {
  start_staged();
  commit("r1", release("1"));
  show_all();
  ASSERT_TRUE(exists("Job/before-"));
  for (int i = 0; i < 20; ++i) advance(1s);
  EXPECT_FALSE(exists("ConfigMap/a"));
  EXPECT_FALSE(exists("Job/after-"));
  finish_job("Job/before-");
  EXPECT_TRUE(exists("ConfigMap/a"));
  show_all();
  EXPECT_TRUE(exists("Job/after-"));
  EXPECT_EQ(observer.times("complete r1"), 0U) << "a hook is part of its revision";
  show_all();
  finish_job("Job/after-");
  EXPECT_EQ(observer.times("complete r1"), 1U);
  EXPECT_EQ(applies("before-"), 1U);
  EXPECT_EQ(applies("after-"), 1U);
}

TEST_F(HooksTest, Ask34_the_end_is_on_record_before_anything_follows) {
  start_staged();
  commit("r1", release("1"));
  show_all();
  hold(kInventory);
  finish_job("Job/before-");
  EXPECT_FALSE(exists("ConfigMap/a"));
  EXPECT_FALSE(recorded("Job/before-"));
  api.hold = nullptr;
  ReconcilerTest::release(kInventory);
  EXPECT_TRUE(recorded("Job/before-"));
  EXPECT_TRUE(exists("ConfigMap/a"));
}

TEST_F(HooksTest, a_hook_after_waits_for_health_and_for_what_is_pruned) {
  start_staged();
  commit("r1", {object("Widget/a=1"), object("ConfigMap/old=1")});
  show_all();
  sick("Widget/a");
  hold(path("old"), Method::Delete);
  commit("r2", {object("Widget/a=1"), hook("after", "post")});
  ASSERT_EQ(api.held.size(), 1U) << "what left is pruned when all is applied";
  well("Widget/a");
  EXPECT_FALSE(exists("Job/after-"));
  api.hold = nullptr;
  ReconcilerTest::release(path("old"));
  EXPECT_FALSE(exists("Job/after-")) << "not before it is seen to be gone";
  show_all();
  EXPECT_TRUE(exists("Job/after-"));
}

TEST_F(HooksTest, a_failed_hook_stops_what_follows_and_is_said_once) {
  start_staged();
  commit("r1", release("1"));
  show_all();
  finish_job("Job/before-", false);
  for (int i = 0; i < 50; ++i) advance(10s);
  EXPECT_FALSE(exists("ConfigMap/a"));
  EXPECT_EQ(std::ranges::count_if(observer.said, [](const auto& line) { return line.starts_with("refused before"); }),
            1);
  EXPECT_EQ(observer.times("incomplete r1"), 1U);
  EXPECT_EQ(applies("before-"), 1U);
  commit("r2", release("1"));
  show_all();
  EXPECT_EQ(applies("before-"), 2U) << "another revision, another Job";
}

TEST_F(HooksTest, a_hook_after_that_fails_ends_the_round_as_failed) {
  start_staged();
  commit("r1", {object("ConfigMap/a=1"), hook("after", "post")});
  show_all();
  finish_job("Job/after-", false);
  EXPECT_EQ(observer.times("complete r1"), 0U);
  EXPECT_EQ(observer.times("incomplete r1"), 1U);
}

TEST_F(HooksTest, Ask34_a_hook_that_has_run_is_not_run_again) {
  start_staged();
  commit("r1", {hook("before", "pre"), object("ConfigMap/a=1")});
  show_all();
  finish_job("Job/before-");
  show_all();
  ASSERT_EQ(observer.times("complete r1"), 1U);
  api.objects.erase(path_of("Job/before-"));  // as its time to live would
  show_all();
  die_and_start_anew();
  commit("r1", {hook("before", "pre"), object("ConfigMap/a=1")});
  show_all();
  EXPECT_FALSE(exists("Job/before-"));
  EXPECT_EQ(applies("before-"), 1U);
  EXPECT_EQ(observer.times("complete r1"), 2U);
}

TEST_F(HooksTest, Ask34_a_hook_that_vanished_before_its_end_is_not_run_twice) {
  start_staged();
  commit("r1", release("1"));
  show_all();
  api.objects.erase(path_of("Job/before-"));
  show_all();
  for (int i = 0; i < 100; ++i) advance(10s);
  EXPECT_EQ(applies("before-"), 1U);
  EXPECT_TRUE(said("refused before"));
  EXPECT_FALSE(exists("ConfigMap/a"));
  EXPECT_EQ(observer.times("incomplete r1"), 1U);
}

// Found by review: it came and went in a gap of the watch, so no event ended the waiting for one.
TEST_F(HooksTest, Ask34_a_hook_that_vanished_unseen_is_not_run_twice) {
  start_staged();
  commit("r1", release("1"));
  api.objects.erase(path_of("Job/before-"));
  advance(1s);
  reconciler->type_synced({"batch", "Job"});  // by the list that comes after such a gap
  settle();
  for (int i = 0; i < 100; ++i) advance(10s);
  EXPECT_EQ(applies("before-"), 1U);
  EXPECT_TRUE(said("refused before"));
}

TEST_F(HooksTest, Ask34_a_lost_answer_makes_no_second_job) {
  start_staged();
  api.hold = [](const ApiRequest& request) {
    return request.method == Method::Patch && request.target.contains("/jobs/");
  };
  commit("r1", release("1"));
  ASSERT_EQ(api.held.size(), 1U);
  const ApiRequest lost = api.held.front().request;
  api.handle(lost);
  api.hold = nullptr;
  ReconcilerTest::release(fake::ApiServer::path_of(lost), fail(ErrorKind::Timeout, "no answer"));
  show_all();
  advance(2s);
  EXPECT_EQ(applies("before-"), 1U);
  api.objects.erase(path_of("Job/before-"));
  show_all();
  for (int i = 0; i < 20; ++i) advance(30s);
  EXPECT_EQ(applies("before-"), 1U) << "it was seen";
}

TEST_F(HooksTest, the_hooks_of_an_older_revision_go_and_do_not_count_as_deletions) {
  adjust = [](ReconcilerOptions& options) { options.prune = {.objects = 0, .percent = 0, .allowed = {}}; };
  make();
  start_staged();
  std::vector<Manifest> first;
  for (int i = 0; i < 12; ++i) first.push_back(hook("h" + std::to_string(i), "pre"));
  first.push_back(object("ConfigMap/a=1"));
  commit("r1", first);
  show_all();
  for (const std::string& job : paths_of("Job/h")) finish_job("Job/" + job.substr(job.rfind('/') + 1));
  show_all();
  ASSERT_EQ(observer.times("complete r1"), 1U);
  commit("r2", {object("ConfigMap/a=1")});
  show_all();
  EXPECT_FALSE(exists("Job/h"));
  EXPECT_FALSE(said("held back"));
  EXPECT_EQ(observer.times("complete r2"), 1U);
}

// Found by review: a hook on record stood for something that Git still wants.
TEST_F(HooksTest, D13_an_empty_set_is_held_back_also_where_a_hook_is_on_record) {
  start_staged();
  commit("r1", {hook("after", "post"), object("ConfigMap/a=1")});
  show_all();
  finish_job("Job/after-");
  ASSERT_EQ(observer.times("complete r1"), 1U);
  commit("r2", {});
  show_all();
  EXPECT_TRUE(exists("ConfigMap/a"));
  EXPECT_TRUE(said("held back a"));
}

// What another process made is looked at, although nobody asked for it when the watch showed it.
TEST_F(HooksTest, a_hook_that_ended_while_nobody_ran_is_seen_to_have_ended) {
  start_staged();
  commit("r1", release("1"));
  show_all();
  die_and_start_anew();
  api.edit(path_of("Job/before-"), "/status",
           json::object{{"conditions", json::array{json::object{{"type", "Complete"}, {"status", "True"}}}}});
  show_all();  // the watch is there before the manifests are
  commit("r1", release("1"));
  show_all();
  EXPECT_TRUE(exists("ConfigMap/a"));
  EXPECT_EQ(applies("before-"), 1U);
}

// The history of one revision with both hooks, to its end, a Job ending whenever one is there.
class HookKillTest : public HooksTest {
 protected:
  void drive() {
    for (int i = 0; i < 12; ++i) {
      commit_once();
      show_all();
      for (const std::string& job : paths_of("Job/")) {
        json::value& body = api.objects.at(job);
        if (body.as_object().contains("status")) continue;
        api.edit(job, "/status",
                 json::object{{"conditions", json::array{json::object{{"type", "Complete"}, {"status", "True"}}}}});
      }
      show_all();
      advance(6s);
      if (said("complete r2")) return;
    }
  }
  void commit_once() {
    if (std::exchange(committed, true)) return;
    commit("r2", {hook("before", "pre"), object("ConfigMap/a=2"), hook("after", "post")});
  }
  bool committed = false;
};

// Kills at the n-th request: before the server sees it, or after it has done what it was asked.
TEST_F(HookKillTest, Ask34_a_kill_at_every_request_makes_each_job_once) {
  std::size_t kills = 0;
  for (const bool done : {false, true}) {
    for (std::size_t at = 0; at < 60; ++at) {
      SCOPED_TRACE(std::to_string(at) + (done ? ", after its effect" : ", before its effect"));
      die_and_start_anew();
      api.objects.clear();
      api.sent.clear();
      observer.said.clear();
      die_and_start_anew();
      commit("r1", {object("ConfigMap/a=1"), object("ConfigMap/old=1")});
      show_all();
      ASSERT_EQ(observer.times("complete r1"), 1U);
      std::size_t left = at;
      bool killed = false;
      std::set<std::string> made;
      std::size_t made_twice = 0;
      api.sent.clear();
      committed = false;
      api.hold = [&](const ApiRequest&) { return killed || left-- == 0 ? (killed = true) : false; };
      drive();
      if (!killed) {
        EXPECT_TRUE(said("complete r2"));
        break;
      }
      ++kills;
      for (const fake::ApiServer::Call& call : api.held)
        if (done && !call.answer) api.handle(call.request);
      die_and_start_anew();
      committed = false;
      drive();
      EXPECT_TRUE(said("complete r2"));
      for (const ApiRequest& request : api.sent) {
        const std::string target = fake::ApiServer::path_of(request);
        if (request.method == Method::Patch && target.contains("/jobs/") && !made.insert(target).second) ++made_twice;
      }
      EXPECT_LE(made.size(), 2U) << "one name for each hook";
      EXPECT_LE(made_twice, done ? 0U : 1U) << "sent again only where it came to nothing";
      EXPECT_EQ(paths_of("Job/").size(), 2U);
      EXPECT_EQ(value_of("ConfigMap/a"), "2");
      EXPECT_FALSE(exists("ConfigMap/old"));
    }
  }
  EXPECT_GE(kills, 16U);
}

}  // namespace
}  // namespace holdfast
