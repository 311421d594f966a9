// Health by custom rules, which are applied elsewhere and answer late; and whether all of a revision is well.
#include "unit/engine/fake_health_judge.h"
#include "unit/engine/staged_fixture.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;
using fake::StagedTest;

class RuleTest : public StagedTest {
 protected:
  RuleTest() {
    adjust = [this](ReconcilerOptions& options) { options.health_judge = &judge; };
    make();
    start_staged();
  }
  ~RuleTest() override {
    reconciler->stop();  // says nothing to the judge any more, which goes before it
    settle();
    adjust = nullptr;
    make();
  }
  // Of the question that was asked last, or of that number.
  void answer(HealthStatus status, std::size_t index = std::string::npos) {
    ASSERT_FALSE(judge.asked.empty());
    const auto& [key, task] = index == std::string::npos ? judge.asked.back() : judge.asked.at(index);
    judge.who->judged(key, task.uid, task.resource_version, {status, Kstatus::Unknown, "as the rule says"});
    settle();
  }
  void touch(const std::string& object) {
    api.edit(path_of(object), "/status", json::object{{"step", std::to_string(++steps)}});
    show_all();
  }

  fake::Judge judge;
  int steps = 0;
};

TEST_F(RuleTest, a_wave_waits_for_the_rules_word_and_begins_with_it) {
  commit("r1", {object("Widget/a"), in_wave("ConfigMap/b=1", 1)});
  show_all();
  EXPECT_FALSE(exists("ConfigMap/b")) << "never Healthy by default";
  for (int i = 0; i < 10; ++i) advance(1s);
  EXPECT_FALSE(exists("ConfigMap/b"));
  answer(HealthStatus::Progressing);
  EXPECT_FALSE(exists("ConfigMap/b"));
  touch("Widget/a");
  answer(HealthStatus::Healthy);
  EXPECT_TRUE(exists("ConfigMap/b")) << "whatever kstatus makes of it";
  EXPECT_EQ(observer.times("complete r1"), 1U);
}

TEST_F(RuleTest, the_answer_to_a_write_and_its_event_are_one_question) {
  commit("r1", {object("Widget/a")});
  EXPECT_EQ(judge.asked.size(), 1U);
  show_all();
  EXPECT_EQ(judge.asked.size(), 1U);
  touch("Widget/a");
  EXPECT_EQ(judge.asked.size(), 2U);
  EXPECT_TRUE(judge.asked[1].second.body.contains("\"step\""));
}

TEST_F(RuleTest, a_word_about_what_was_before_our_write_opens_no_wave) {
  commit("r1", {object("Widget/a=1"), in_wave("ConfigMap/b=1", 1)});
  show_all();
  answer(HealthStatus::Healthy);
  ASSERT_EQ(value_of("ConfigMap/b"), "1");
  show_all();
  touch("Widget/a");
  const std::size_t before_write = judge.asked.size() - 1;
  commit("r2", {object("Widget/a=2"), in_wave("ConfigMap/b=2", 1)});
  show_all();
  answer(HealthStatus::Healthy, before_write);
  EXPECT_EQ(value_of("ConfigMap/b"), "1") << "the script was still busy with the old state";
  answer(HealthStatus::Healthy);
  EXPECT_EQ(value_of("ConfigMap/b"), "2");
}

TEST_F(RuleTest, a_word_that_a_newer_state_has_overtaken_is_still_news) {
  commit("r1", {object("Widget/a"), in_wave("ConfigMap/b=1", 1)});
  show_all();
  touch("Widget/a");
  const std::size_t first = judge.asked.size() - 1;
  touch("Widget/a");
  answer(HealthStatus::Healthy, first);
  EXPECT_TRUE(exists("ConfigMap/b")) << "an object that never rests would hold it back for ever";
}

TEST_F(RuleTest, a_word_about_another_object_of_that_name_is_not_heeded) {
  commit("r1", {object("Widget/a"), in_wave("ConfigMap/b=1", 1)});
  show_all();
  const auto [key, task] = judge.asked.back();
  judge.who->judged(key, Uid{"another"}, {"999999"}, {HealthStatus::Healthy, Kstatus::Current, ""});
  settle();
  EXPECT_FALSE(exists("ConfigMap/b"));
}

TEST_F(RuleTest, what_has_no_rule_is_judged_at_once) {
  commit("r1", {object("ConfigMap/a=1"), in_wave("ConfigMap/b=1", 1)});
  EXPECT_TRUE(exists("ConfigMap/b"));
  EXPECT_TRUE(judge.asked.empty());
}

TEST_F(RuleTest, a_question_that_was_let_go_of_costs_one_look_and_is_asked_again) {
  commit("r1", {object("Widget/a"), in_wave("ConfigMap/b=1", 1)});
  show_all();
  api.sent.clear();
  judge.who->ask_again(judge.asked.back().first);
  settle();
  EXPECT_EQ(api.sent.size(), 1U);
  EXPECT_EQ(api.count(Method::Get, path_of("Widget/a")), 1U);
  ASSERT_EQ(judge.asked.size(), 2U);
  answer(HealthStatus::Healthy);
  EXPECT_TRUE(exists("ConfigMap/b"));
}

TEST_F(RuleTest, an_event_of_its_own_saves_that_look) {
  commit("r1", {object("Widget/a")});
  show_all();
  api.sent.clear();
  hold(path_of("Widget/a"), Method::Get);
  judge.who->ask_again(judge.asked.back().first);
  settle();
  touch("Widget/a");
  const std::size_t asked = judge.asked.size();
  api.hold = nullptr;
  release(path_of("Widget/a"));
  EXPECT_EQ(judge.asked.size(), asked);
}

TEST_F(RuleTest, a_rule_that_fails_everywhere_is_said_once) {
  commit("r1", {object("Widget/a"), object("Widget/b")});
  show_all();
  for (std::size_t i = 0; i < 2; ++i) answer(HealthStatus::Unknown, i);
  touch("Widget/a");
  answer(HealthStatus::Unknown);
  EXPECT_EQ(observer.fared, std::vector<std::string>{"unknown a"});
  EXPECT_FALSE(reconciler->ready());
}

using Lines = std::vector<std::string>;

class ReadyTest : public StagedTest {
 protected:
  void listen() {
    adjust = [this](ReconcilerOptions& options) {
      options.wait_for_health = wait_for_health;
      options.on_ready = [this] { ++flips; };
    };
    make();
    start_staged();
  }
  // Applied and healthy: a Widget and a ConfigMap.
  void ready() {
    listen();
    commit("r1", {object("Widget/a=1"), object("ConfigMap/b=1")});
    show_all();
    ASSERT_TRUE(reconciler->ready());
    ASSERT_EQ(observer.fared, Lines{"ready r1 2"});
    observer.fared.clear();
    flips = 0;
  }

  int flips = 0;
};

TEST_F(ReadyTest, ready_means_applied_and_healthy_the_last_wave_too) {
  ready();
  sick("Widget/a");
  commit("r2", {object("ConfigMap/b=2"), in_wave("Widget/a=1", 1)});
  EXPECT_EQ(observer.times("complete r2"), 1U) << "a round ends when all is applied";
  EXPECT_FALSE(reconciler->ready());
  EXPECT_EQ(observer.fared, Lines{});
  flips = 0;
  well("Widget/a");
  EXPECT_TRUE(reconciler->ready());
  EXPECT_EQ(observer.fared, Lines{"ready r2 2"});
  EXPECT_EQ(flips, 1) << "with the event, and once";
}

TEST_F(ReadyTest, what_is_lost_again_is_said_once_and_costs_no_request) {
  ready();
  api.sent.clear();
  sick("Widget/a");
  EXPECT_FALSE(reconciler->ready());
  EXPECT_EQ(observer.fared, Lines{}) << "it may be on its way";
  status("Widget/a", "Stalled", "True");
  status("Widget/a", "Stalled", "True");
  EXPECT_EQ(observer.fared, Lines{"degraded r1 a"});
  well("Widget/a");
  EXPECT_TRUE(reconciler->ready());
  EXPECT_EQ(observer.fared, (Lines{"degraded r1 a", "ready r1 2"}));
  EXPECT_TRUE(api.sent.empty());
}

TEST_F(ReadyTest, a_repair_does_not_shake_it) {
  ready();
  api.edit(path("b"), "/data/k", "theirs");
  show_all();
  show_all();
  EXPECT_EQ(observer.times("repaired b"), 1U);
  EXPECT_EQ(flips, 0);
  EXPECT_TRUE(reconciler->ready());
}

TEST_F(ReadyTest, what_was_deleted_and_is_left_so_is_missing) {
  adjust = [](ReconcilerOptions& options) { options.policies = *DriftPolicies::compile(DriftPolicy::Warn, 0s, {}); };
  make();
  start_staged();
  commit("r1", {object("ConfigMap/a=1")});
  show_all();
  ASSERT_TRUE(reconciler->ready());
  api.objects.erase(path("a"));
  show_all();
  EXPECT_FALSE(reconciler->ready());
  EXPECT_EQ(observer.fared, (Lines{"ready r1 1", "degraded r1 a"}));
}

TEST_F(ReadyTest, where_health_is_not_waited_for_applied_is_enough) {
  wait_for_health = false;
  listen();
  commit("r1", {object("Widget/a=1")});
  show_all();
  sick("Widget/a");
  commit("r2", {object("Widget/a=1")});
  EXPECT_TRUE(reconciler->ready());
  EXPECT_EQ(observer.fared, Lines{}) << "nobody has looked whether it is healthy";
}

TEST_F(ReadyTest, a_process_that_starts_finds_it_ready) {
  ready();
  die_and_start_anew();
  commit("r1", {object("Widget/a=1"), object("ConfigMap/b=1")});
  show_all();
  EXPECT_TRUE(reconciler->ready());
}

TEST_F(ReadyTest, who_waits_for_it_is_told_once_that_it_takes_long) {
  ready();
  sick("Widget/a");
  advance(299s);
  EXPECT_FALSE(reconciler->unready_for_long());
  flips = 0;
  for (int i = 0; i < 5; ++i) advance(100s);
  EXPECT_TRUE(reconciler->unready_for_long());
  EXPECT_EQ(flips, 1);
  EXPECT_TRUE(reconciler->what_is_not_healthy().contains("a: so it is")) << reconciler->what_is_not_healthy();
}

TEST_F(StagedTest, ask_35_a_wave_waits_until_the_generation_that_was_applied_is_observed) {
  start_staged();
  commit("r1", {object("Widget/a=1")});
  show_all();
  const std::string widget = path_of("Widget/a");
  const auto observed = [this, &widget](int generation) {
    api.edit(widget, "/status",
             json::object{{"observedGeneration", generation},
                          {"conditions", json::array{json::object{{"type", "Ready"}, {"status", "True"}}}}});
    show_all();
  };
  api.edit(widget, "/metadata/generation", 1);
  observed(1);
  hold(widget);
  commit("r2", {object("Widget/a=2"), in_wave("ConfigMap/b=2", 1)});
  ASSERT_EQ(api.held.size(), 1U);
  api.hold = nullptr;
  (void)api.handle(api.held.front().request);
  api.edit(widget, "/metadata/generation", 2);  // as a server counts
  release(widget, ApiResponse{200, "application/json", {}, to_json(api.objects.at(widget))});
  show_all();
  EXPECT_FALSE(exists("ConfigMap/b")) << "Ready is said of the generation before";
  observed(1);
  EXPECT_FALSE(exists("ConfigMap/b"));
  observed(2);
  EXPECT_TRUE(exists("ConfigMap/b")) << "with the event itself";
}

TEST_F(StagedTest, what_comes_in_a_list_without_its_type_is_judged_all_the_same) {
  start_staged();
  commit("r1", {object("Widget/a=1"), in_wave("ConfigMap/b=1", 1)});
  show_all();
  sick("Widget/a");
  commit("r2", {object("Widget/a=1"), in_wave("ConfigMap/b=2", 1)});
  ASSERT_EQ(value_of("ConfigMap/b"), "1");
  const std::string widget = path_of("Widget/a");
  api.edit(widget, "/status",
           json::object{{"conditions", json::array{json::object{{"type", "Ready"}, {"status", "True"}}}}});
  json::value item = api.objects.at(widget);
  item.as_object().erase("apiVersion");
  item.as_object().erase("kind");
  const ObjectKey key = key_at(widget, api.objects.at(widget));
  JsonIndexer indexer;
  const std::string text = to_json(item);
  const Result<JsonView> view = indexer.view(text);
  const auto read = read_live_object(*view, {"acme.dev", "v1", "Widget"});
  ASSERT_TRUE(read.has_value());
  (void)reconciler->read(**read, *view);
  live.objects[key] = *read;
  reconciler->live_changed(key, now);
  settle();
  EXPECT_EQ(value_of("ConfigMap/b"), "2");
}

}  // namespace
}  // namespace holdfast
