// A process that begins with what the one before has learned, and objects that may not be any more what was learned of
// them (correctness C5.4, C6, C7, C10).
#include <gtest/gtest.h>

#include "unit/engine/reconciler_fixture.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;

constexpr const char* kShard = "/api/v1/namespaces/system/configmaps/inventory.learned-0";
constexpr const char* kKey = "/api/v1/namespaces/system/secrets/inventory.key";

// Its types are known by their hash alone, so that nothing can be proven.
class Hashes final : public SchemaView {
 public:
  [[nodiscard]] TypeSchema type_of(const GroupVersionKind&) const override { return {nullptr, hash, false}; }
  void want(const GroupVersionKind&) override {}
  std::string hash = "S1";
};

class Admission final : public AdmissionView {
 public:
  [[nodiscard]] std::optional<Digest128> state_for(const std::vector<ApiResource>&) const override { return state; }
  std::optional<Digest128> state = Digest128{1, 1};
};

class ReconcilerLearnedTest : public fake::ReconcilerTest {
 protected:
  ReconcilerLearnedTest() {
    adjust = [this](ReconcilerOptions& options) {
      learned = std::make_unique<LearnedKeeper>(api, InventoryLocation{"system", "inventory", "prod"});
      options.learned = learned.get();
      options.schemas = &schemas;
      options.admission = &admission;
      options.policies = policies;
    };
    make();
  }
  // The webhook makes of each value another one, unless that has been done to it already.
  void rewrite_to(const std::string& value) {
    api.admit = [value](json::object& body) {
      if (body.contains("data") && body["data"].as_object().contains("k")) body["data"].as_object()["k"] = value;
    };
  }
  void restart() {
    reconciler->stop();
    settle();
    live.objects.clear();
    make();
    api.sent.clear();
    observer.said.clear();
    start();
  }
  // The daemon as it is after a restart, when it has read Git and the watch has shown what there is.
  void restart_with(const std::vector<std::string>& objects, const std::string& revision = "r1") {
    restart();
    const GroupKind type{"", "ConfigMap"};
    live.unsynced.insert(type);
    git(revision, objects);
    for (const std::string& text : objects) {
      const std::string name = text.substr(0, text.find('='));
      if (api.objects.contains(path(name))) watch_event(name);
    }
    live.unsynced.clear();
    reconciler->type_synced(type);
    settle();
  }
  static AdmissionReach reach(const std::string& resource) { return {{{"", resource}}, false}; }
  [[nodiscard]] std::size_t patches_of_objects() const {
    return static_cast<std::size_t>(std::ranges::count_if(api.sent, [](const ApiRequest& request) {
      return request.method == Method::Patch && request.target.contains("/namespaces/web/");
    }));
  }
  [[nodiscard]] std::size_t writes_of_records() const {
    return static_cast<std::size_t>(std::ranges::count_if(api.sent, [](const ApiRequest& request) {
      return request.method != Method::Get && request.target.contains("/namespaces/system/");
    }));
  }

  Hashes schemas;
  Admission admission;
  DriftPolicies policies;
};

TEST_F(ReconcilerLearnedTest, C7_what_cannot_be_proven_costs_no_call_after_a_restart) {
  rewrite_to("theirs");
  converged({"a=1", "b=2"});
  EXPECT_EQ(live_value("a"), "theirs");
  restart_with({"a=1", "b=2"});
  EXPECT_EQ(patches_of_objects(), 0U);
  EXPECT_EQ(observer.times("complete r1"), 1U);
  EXPECT_EQ(writes_of_records(), 0U);
}

TEST_F(ReconcilerLearnedTest, C7_what_is_only_taken_into_force_later_is_recalled_too) {
  converged({"a=1"});
  restart();
  watch_event("a");  // before it is known what is desired
  git("r2", {"a=1", "b=2"});
  EXPECT_EQ(patches("a"), 0U);
  EXPECT_EQ(patches("b"), 1U);
}

TEST_F(ReconcilerLearnedTest, C5_a_drift_of_the_time_between_is_found_and_known_as_one) {
  rewrite_to("theirs");
  converged({"a=1", "b=2"});
  reconciler->stop();
  settle();
  api.edit(path("a"), "/data/k", "somebody's");
  restart_with({"a=1", "b=2"});
  EXPECT_EQ(patches("a"), 1U);
  EXPECT_EQ(patches("b"), 0U);
  EXPECT_EQ(observer.times("repaired a"), 1U);
  EXPECT_EQ(live_value("a"), "theirs");
}

TEST_F(ReconcilerLearnedTest, C7_losing_the_key_costs_a_call_an_object_and_changes_nothing) {
  rewrite_to("theirs");
  converged({"a=1", "b=2"});
  for (const char* lost : {kKey, kShard}) {
    reconciler->stop();
    settle();
    api.objects.erase(lost);
    const auto before = api.objects.at(path("a"));
    restart_with({"a=1", "b=2"});
    EXPECT_EQ(patches("a"), 1U) << lost;
    EXPECT_EQ(patches("b"), 1U) << lost;
    EXPECT_EQ(api.objects.at(path("a")), before);
    EXPECT_EQ(observer.times("repaired a") + observer.times("configured a"), 0U);
    restart_with({"a=1", "b=2"});
    EXPECT_EQ(patches_of_objects(), 0U) << lost;
  }
}

TEST_F(ReconcilerLearnedTest, C5_what_was_learned_of_another_desired_state_does_not_count) {
  rewrite_to("theirs");
  converged({"a=1"});
  restart_with({"a=2"}, "r2");
  EXPECT_EQ(patches("a"), 1U);
}

TEST_F(ReconcilerLearnedTest, C5_what_was_learned_under_another_schema_does_not_count) {
  converged({"a=1"});
  reconciler->stop();
  settle();
  schemas.hash = "S2";
  restart_with({"a=1"});
  EXPECT_EQ(patches("a"), 1U);
  schemas.hash = "";  // and neither does it where the schema is unknown
  restart_with({"a=1"});
  EXPECT_EQ(patches("a"), 1U);
}

TEST_F(ReconcilerLearnedTest, C5_what_was_learned_of_an_object_that_was_made_anew_does_not_count) {
  converged({"a=1"});
  reconciler->stop();
  settle();
  api.put(path("a"), api.objects.at(path("a")));
  restart_with({"a=1"});
  EXPECT_EQ(patches("a"), 1U);
}

TEST_F(ReconcilerLearnedTest, saves_are_coalesced) {
  converged({"a=1", "b=2"});
  api.sent.clear();
  for (int i = 0; i < 20; ++i) {
    api.edit(path("a"), "/metadata/annotations", json::object{{"theirs", std::to_string(i)}});
    rewrite_to("v" + std::to_string(i));
    api.edit(path("a"), "/data/k", "x");
    watch_event("a");
    advance(10s);
    watch_event("a");
  }
  EXPECT_GT(patches("a"), 5U);
  EXPECT_LE(api.count(Method::Patch, kShard), 1U);
  advance(5min);
  EXPECT_LE(api.count(Method::Patch, kShard), 2U);
  api.sent.clear();
  advance(5min);
  advance(5min);
  reconciler->stop();
  settle();
  EXPECT_EQ(writes_of_records(), 0U);
}

TEST_F(ReconcilerLearnedTest, C5_another_schema_is_met_by_a_call_an_object_one_after_another) {
  converged({"a=1", "b=2", "c=3", "d=4"});
  reconciler->schemas_changed();
  advance(1min);
  EXPECT_EQ(patches_of_objects(), 0U);
  schemas.hash = "S2";
  reconciler->schemas_changed();
  settle();
  EXPECT_EQ(patches_of_objects(), 0U);
  advance(5s);
  EXPECT_LE(patches_of_objects(), 1U);
  for (int i = 0; i < 20; ++i) advance(200ms);
  EXPECT_EQ(patches_of_objects(), 4U);
  advance(10min);
  reconciler->schemas_changed();
  advance(10min);
  EXPECT_EQ(patches_of_objects(), 4U);
  EXPECT_TRUE(observer.said.empty());
  restart_with({"a=1", "b=2", "c=3", "d=4"});
  EXPECT_EQ(patches_of_objects(), 0U);
}

TEST_F(ReconcilerLearnedTest, C5_a_schema_that_is_doubted_for_a_moment_costs_nothing) {
  converged({"a=1"});
  schemas.hash = "";
  reconciler->schemas_changed();
  schemas.hash = "S1";
  reconciler->schemas_changed();
  for (int i = 0; i < 20; ++i) advance(1s);
  EXPECT_EQ(patches_of_objects(), 0U);
}

TEST_F(ReconcilerLearnedTest, C10_another_webhook_is_noticed_and_what_it_had_rewritten_follows) {
  start();
  git("r1", {"plain=1"});
  rewrite_to("theirs");
  git("r2", {"a=1", "plain=1"});
  watch_event("a");
  watch_event("plain");
  api.sent.clear();
  observer.said.clear();
  rewrite_to("newer");
  reconciler->admission_changed(reach("pods"));
  advance(1min);
  EXPECT_EQ(patches_of_objects(), 0U);
  reconciler->admission_changed(reach("configmaps"));
  settle();
  EXPECT_EQ(patches_of_objects(), 0U) << "the servers follow in a moment";
  advance(5s);
  advance(1s);
  EXPECT_EQ(patches("a"), 1U);
  EXPECT_EQ(patches("plain"), 0U);
  EXPECT_EQ(live_value("a"), "newer");
  EXPECT_EQ(observer.times("configured a"), 1U);
  watch_event("a");
  advance(1min);
  EXPECT_EQ(patches("a"), 1U);
  // The state before is not what an apply leaves any more.
  api.edit(path("a"), "/data/k", "theirs");
  watch_event("a");
  EXPECT_EQ(live_value("a"), "newer");
}

TEST_F(ReconcilerLearnedTest, C10_a_webhook_that_changed_between_two_processes_is_noticed) {
  rewrite_to("theirs");
  converged({"a=1"});
  reconciler->stop();
  settle();
  rewrite_to("newer");
  admission.state.reset();
  restart_with({"a=1"});
  EXPECT_EQ(patches("a"), 0U);
  admission.state = Digest128{2, 2};
  reconciler->admission_known();
  advance(5s);
  advance(1s);
  EXPECT_EQ(live_value("a"), "newer");
  watch_event("a");
  reconciler->stop();
  settle();
  restart_with({"a=1"});
  advance(1min);
  EXPECT_EQ(patches("a"), 0U);
}

TEST_F(ReconcilerLearnedTest, C10_what_is_not_confirmed_yet_is_so_after_a_restart) {
  rewrite_to("theirs");
  converged({"a=1", "b=2"});
  rewrite_to("newer");
  admission.state = Digest128{2, 2};
  reconciler->admission_changed(reach("configmaps"));
  restart_with({"a=1", "b=2"});
  EXPECT_EQ(patches_of_objects(), 0U);
  for (int i = 0; i < 20; ++i) advance(1s);
  EXPECT_EQ(live_value("a"), "newer");
  EXPECT_EQ(live_value("b"), "newer");
}

TEST_F(ReconcilerLearnedTest, C6_what_is_only_watched_is_confirmed_without_a_write) {
  policies = DriftPolicies::compile(DriftPolicy::Warn, 0s, {}).value();
  make();
  rewrite_to("theirs");
  converged({"a=1"});
  reconciler->admission_changed(reach("configmaps"));
  advance(5s);
  advance(1s);
  ASSERT_EQ(patches("a"), 1U);
  EXPECT_TRUE(api.sent.back().target.contains("dryRun=All"));
  rewrite_to("newer");
  reconciler->admission_changed(reach("configmaps"));
  advance(5s);
  advance(1s);
  EXPECT_EQ(live_value("a"), "theirs");
}

TEST_F(ReconcilerLearnedTest, C10_a_refused_confirmation_is_no_failure) {
  rewrite_to("theirs");
  converged({"a=1"});
  api.answers[path("a")] = {fake::denied()};
  reconciler->admission_changed(reach("configmaps"));
  advance(5s);
  advance(1s);
  advance(10min);
  EXPECT_EQ(patches("a"), 1U);
  EXPECT_TRUE(observer.said.empty());
}

TEST_F(ReconcilerLearnedTest, what_is_made_once_is_never_confirmed) {
  rewrite_to("theirs");
  start();
  auto set = std::make_shared<ManifestSet>();
  set->revision = "r1";
  set->manifests.push_back(manifest("a=1"));
  set->manifests.back().body["metadata"].as_object()["annotations"] = json::object{{"holdfast.dev/manage", "once"}};
  reconciler->set_desired(set);
  settle();
  watch_event("a");
  ASSERT_EQ(patches("a"), 1U);
  api.edit(path("a"), "/data/k", "somebody's");
  watch_event("a");
  schemas.hash = "S2";
  reconciler->schemas_changed();
  reconciler->admission_changed(reach("configmaps"));
  for (int hour = 0; hour < 24; ++hour) {
    advance(1h);
    advance(10s);
  }
  EXPECT_EQ(patches("a"), 1U);
  EXPECT_EQ(live_value("a"), "somebody's");
}

TEST_F(ReconcilerLearnedTest, C10_a_few_are_confirmed_every_day) {
  std::vector<std::string> objects;
  for (int i = 0; i < 30; ++i) objects.push_back("o" + std::to_string(i) + "=1");
  converged(objects);
  for (int hour = 0; hour < 24; ++hour) {
    advance(1h);
    for (int i = 0; i < 30; ++i) advance(1s);
  }
  EXPECT_EQ(patches_of_objects(), 10U);
  EXPECT_TRUE(observer.said.empty());
}

TEST_F(ReconcilerLearnedTest, a_repair_comes_before_what_is_in_line) {
  rewrite_to("theirs");
  converged({"a=1", "b=2"});
  reconciler->admission_changed(reach("configmaps"));
  api.edit(path("b"), "/data/k", "x");
  watch_event("b");
  EXPECT_EQ(patches("b"), 1U);
  watch_event("b");
  for (int i = 0; i < 20; ++i) advance(1s);
  EXPECT_EQ(patches("a"), 1U);
  EXPECT_EQ(patches("b"), 1U) << "the repair has told what there was to confirm";
}

TEST_F(ReconcilerLearnedTest, B8_a_server_without_time_for_records_is_left_in_peace) {
  api.answers[kShard] = {fake::not_found("x"), ApiResponse{429, "text/plain", 30s, "Too many requests"}};
  start();
  git("r1", {"a=1"});
  const std::size_t before = api.count(Method::Patch, kShard);
  advance(1min);
  EXPECT_EQ(api.count(Method::Patch, kShard), before);
  advance(5min);
  EXPECT_EQ(api.count(Method::Patch, kShard), before + 1);
}

}  // namespace
}  // namespace holdfast
