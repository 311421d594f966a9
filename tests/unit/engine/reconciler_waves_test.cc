// Waves and dependencies: what begins when, and that healing goes on meanwhile.
#include "unit/engine/staged_fixture.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;
using fake::StagedTest;

TEST_F(StagedTest, D9_a_wave_begins_when_all_of_the_one_before_is_healthy) {
  start_staged();
  // What a server shows at first: not ready.
  commit("r1", {in_wave("Widget/a", -1), object("Widget/b"), in_wave("ConfigMap/c=1", 2)});
  ASSERT_TRUE(exists("Widget/a"));
  EXPECT_TRUE(exists("ConfigMap/c")) << "a custom resource without conditions is healthy";
}

class WavesTest : public StagedTest {
 protected:
  // "a" in the first wave is applied and not ready, "b" comes after it.
  void rolled_out_to_the_first() {
    start_staged();
    commit("r1", {object("Widget/a=1"), in_wave("ConfigMap/b=1", 1)});
    show_all();
    ASSERT_EQ(observer.times("complete r1"), 1U);
    sick("Widget/a");
    observer.said.clear();
  }
};

TEST_F(WavesTest, a_wave_waits_for_health_and_begins_with_its_event) {
  rolled_out_to_the_first();
  commit("r2", {object("Widget/a=1"), in_wave("ConfigMap/b=2", 1)});
  EXPECT_EQ(value_of("ConfigMap/b"), "1");
  for (int i = 0; i < 100; ++i) advance(1s);
  EXPECT_EQ(value_of("ConfigMap/b"), "1") << "no time makes it begin";
  EXPECT_EQ(observer.times("complete r2"), 0U);
  well("Widget/a");
  EXPECT_EQ(value_of("ConfigMap/b"), "2");
  EXPECT_EQ(observer.times("complete r2"), 1U);
}

// Found by this test: the queue was filled and nobody was told.
TEST_F(WavesTest, a_wave_begins_also_when_nothing_has_to_be_recorded) {
  start_staged();
  commit("r1", {object("ConfigMap/a=1"), in_wave("ConfigMap/b=1", 1), in_wave("ConfigMap/c=1", 2)});
  show_all();
  api.sent.clear();
  commit("r2", {object("ConfigMap/a=2"), in_wave("ConfigMap/b=2", 1), in_wave("ConfigMap/c=2", 2)});
  EXPECT_EQ(value_of("ConfigMap/c"), "2");
  std::vector<std::string> order;
  for (const ApiRequest& request : api.sent)
    if (request.method == Method::Patch && !request.target.contains("inventory"))
      order.push_back(fake::ApiServer::path_of(request));
  EXPECT_EQ(order, (std::vector<std::string>{path("a"), path("b"), path("c")}));
}

TEST_F(WavesTest, argo_cds_annotation_is_read_too) {
  start_staged();
  hold(path("a"));
  commit("r1", {object("ConfigMap/a=1"), object("ConfigMap/b=1", {{"argocd.argoproj.io/sync-wave", "1"}}),
                object("ConfigMap/c=1", {{"argocd.argoproj.io/sync-wave", "-1"}})});
  EXPECT_TRUE(exists("ConfigMap/c"));
  EXPECT_FALSE(exists("ConfigMap/b"));
  api.hold = nullptr;
  release(path("a"));
  EXPECT_TRUE(exists("ConfigMap/b"));
}

TEST_F(WavesTest, without_waiting_for_health_a_wave_begins_when_the_one_before_is_applied) {
  wait_for_health = false;
  make();
  rolled_out_to_the_first();
  commit("r2", {object("Widget/a=1"), in_wave("ConfigMap/b=2", 1)});
  EXPECT_EQ(value_of("ConfigMap/b"), "2");
  EXPECT_EQ(observer.times("complete r2"), 1U);
}

TEST_F(WavesTest, what_a_wave_waits_for_is_said_once_and_costs_nothing_after) {
  rolled_out_to_the_first();
  commit("r2", {object("Widget/a=1"), in_wave("ConfigMap/b=2", 1)});
  advance(299s);
  EXPECT_FALSE(said("is not healthy after"));
  for (int i = 0; i < 10; ++i) advance(100s);
  EXPECT_EQ(std::ranges::count_if(observer.said, [](const auto& line) { return line.contains("not healthy after"); }),
            1);
  EXPECT_TRUE(said("Widget"));
  EXPECT_EQ(observer.times("incomplete r2"), 1U);
  well("Widget/a");
  EXPECT_EQ(observer.times("complete r2"), 1U);
}

// The last wave's objects are waited for by nobody. Found here: the loop went round without end after 300 s.
TEST_F(WavesTest, the_last_wave_may_be_sick_without_a_word) {
  start_staged();
  commit("r1", {object("ConfigMap/a=1"), in_wave("Widget/b=1", 1)});
  show_all();
  sick("Widget/b");
  commit("r2", {object("ConfigMap/a=1"), in_wave("Widget/b=1", 1)});
  EXPECT_EQ(observer.times("complete r2"), 1U);
  for (int i = 0; i < 10; ++i) advance(100s);
  EXPECT_FALSE(said("is not healthy"));
}

TEST_F(WavesTest, what_is_unchanged_in_a_later_wave_is_healed_meanwhile) {
  rolled_out_to_the_first();
  commit("r2", {object("Widget/a=1"), in_wave("ConfigMap/b=1", 1), in_wave("ConfigMap/c=1", 2)});
  for (int i = 0; i < 3; ++i) {
    api.edit(path("b"), "/data/k",
             json::value(json::string("theirs " + std::to_string(i))));  // the same twice were a fight
    show_all();
    EXPECT_EQ(value_of("ConfigMap/b"), "1");
    show_all();
  }
  EXPECT_EQ(observer.times("repaired b"), 3U);
  EXPECT_FALSE(exists("ConfigMap/c"));
  EXPECT_EQ(observer.times("complete r2") + observer.times("incomplete r2"), 0U);
  well("Widget/a");
  show_all();
  EXPECT_TRUE(exists("ConfigMap/c"));
  EXPECT_EQ(observer.times("complete r2"), 1U);
}

// Found by kills on the simulator: its health had come by while nobody wanted it, and the wave waited for ever.
TEST_F(WavesTest, what_was_held_back_and_comes_back_unchanged_is_looked_at) {
  adjust = [](ReconcilerOptions& options) { options.prune.never = true; };
  make();
  start_staged();
  commit("r1", {object("ConfigMap/a=1"), object("ConfigMap/b=1")});
  show_all();
  commit("r2", {object("ConfigMap/b=1")});
  show_all();
  ASSERT_EQ(observer.times("complete r2"), 1U);
  commit("r3", {object("ConfigMap/a=1"), object("ConfigMap/b=1"), in_wave("ConfigMap/c=1", 1)});
  show_all();
  EXPECT_TRUE(exists("ConfigMap/c"));
  EXPECT_EQ(observer.times("complete r3"), 1U);
}

TEST_F(WavesTest, what_changes_in_a_later_wave_is_healed_to_its_old_form_until_its_wave_comes) {
  rolled_out_to_the_first();
  commit("r2", {object("Widget/a=1"), in_wave("ConfigMap/b=2", 1)});
  api.objects.erase(path("b"));
  show_all();
  EXPECT_EQ(value_of("ConfigMap/b"), "1");
  show_all();
  api.edit(path("b"), "/data/k", "theirs");
  show_all();
  EXPECT_EQ(value_of("ConfigMap/b"), "1");
  well("Widget/a");
  EXPECT_EQ(value_of("ConfigMap/b"), "2");
  show_all();
  EXPECT_EQ(observer.times("complete r2"), 1U);
}

TEST_F(WavesTest, a_failure_to_heal_a_later_wave_says_nothing_of_the_round) {
  rolled_out_to_the_first();
  commit("r2", {object("Widget/a=1"), in_wave("ConfigMap/b=2", 1)});
  api.answers[path("b")] = {fake::status_response(403, "Forbidden", "no")};
  api.edit(path("b"), "/data/k", "theirs");
  show_all();
  EXPECT_EQ(observer.times("failed b"), 1U);
  EXPECT_EQ(observer.times("incomplete r2"), 0U);
  advance(2s);
  EXPECT_EQ(value_of("ConfigMap/b"), "1");
  well("Widget/a");
  EXPECT_EQ(value_of("ConfigMap/b"), "2");
  show_all();
  EXPECT_EQ(observer.times("complete r2"), 1U);
}

TEST_F(WavesTest, a_refusal_in_one_wave_keeps_the_next_from_beginning_and_ends_the_round_as_failed) {
  start_staged();
  api.answers[path("a")] = {fake::denied()};
  commit("r1", {object("ConfigMap/a=1"), in_wave("ConfigMap/b=1", 1)});
  EXPECT_FALSE(exists("ConfigMap/b"));
  EXPECT_EQ(observer.times("incomplete r1"), 1U);
  advance(40s);
  EXPECT_TRUE(exists("ConfigMap/b"));
  EXPECT_EQ(observer.times("complete r1"), 1U);
}

// Found by review: the type was not served, so its wave looked empty.
TEST_F(WavesTest, a_wave_waits_also_for_what_cannot_be_prepared_yet) {
  start();
  commit("r1", {object("Widget/a=1"), in_wave("ConfigMap/b=1", 1), in_wave("ConfigMap/c=1", 0)});
  EXPECT_TRUE(exists("ConfigMap/c"));
  EXPECT_FALSE(exists("ConfigMap/b"));
  show_all();
  reconciler->set_catalog(staged_catalog());
  settle();
  EXPECT_TRUE(exists("Widget/a"));
  EXPECT_TRUE(exists("ConfigMap/b"));
}

TEST_F(WavesTest, a_catalog_that_comes_after_the_end_leaves_no_wave_closed) {
  start_staged();
  commit("r1", {object("ConfigMap/a=1"), in_wave("ConfigMap/b=1", 1)});
  show_all();
  ASSERT_EQ(observer.times("complete r1"), 1U);
  auto lost = catalog();
  lost->resources.erase({"", "v1", "Namespace"});
  reconciler->set_catalog(lost);
  settle();
  EXPECT_EQ(observer.times("complete r1"), 1U);
  api.sent.clear();
  api.edit(path("b"), "/data/k", "theirs");
  show_all();
  EXPECT_EQ(patches("b"), 1U);
  show_all();
  commit("r2", {object("ConfigMap/a=1"), in_wave("ConfigMap/b=2", 1)});
  EXPECT_EQ(value_of("ConfigMap/b"), "2");
}

TEST_F(WavesTest, a_restart_in_the_middle_goes_on_from_there) {
  rolled_out_to_the_first();
  commit("r2", {object("Widget/a=1"), in_wave("ConfigMap/b=2", 1)});
  die_and_start_anew();
  commit("r2", {object("Widget/a=1"), in_wave("ConfigMap/b=2", 1)});
  show_all();
  EXPECT_EQ(value_of("ConfigMap/b"), "1");
  well("Widget/a");
  show_all();
  EXPECT_EQ(value_of("ConfigMap/b"), "2");
}

TEST_F(WavesTest, a_namespace_of_a_later_wave_is_waited_for_by_nobody) {
  start_staged();
  Manifest home = in_wave("Namespace/web", 1);
  commit("r1", {object("ConfigMap/a=1"), home});
  EXPECT_TRUE(exists("ConfigMap/a"));
  EXPECT_TRUE(api.objects.contains("/api/v1/namespaces/web"));
}

TEST_F(WavesTest, depends_on_waits_for_the_health_of_what_is_depended_on) {
  start_staged();
  commit("r1", {object("Widget/a=1")});
  show_all();
  sick("Widget/a");
  observer.said.clear();
  commit("r2", {object("Widget/a=1"), object("ConfigMap/c=1"),
                object("ConfigMap/b=1", {{"holdfast.dev/depends-on", "acme.dev/namespaces/web/Widget/a"}}),
                object("ConfigMap/d=1", {{"config.kubernetes.io/depends-on", "/namespaces/web/ConfigMap/b"}})});
  EXPECT_TRUE(exists("ConfigMap/c"));
  EXPECT_FALSE(exists("ConfigMap/b"));
  for (int i = 0; i < 40; ++i) advance(10s);
  EXPECT_EQ(observer.times("incomplete r2"), 1U) << "said after its patience";
  well("Widget/a");
  EXPECT_TRUE(exists("ConfigMap/b"));
  EXPECT_TRUE(exists("ConfigMap/d"));
  EXPECT_EQ(observer.times("complete r2"), 1U);
}

TEST_F(WavesTest, depends_on_something_unknown_is_refused_and_the_rest_goes_on) {
  start_staged();
  commit("r1", {object("ConfigMap/a=1"),
                object("ConfigMap/b=1", {{"holdfast.dev/depends-on", "/namespaces/web/ConfigMap/x"}}),
                object("ConfigMap/c=1", {{"holdfast.dev/depends-on", "/namespaces/web/ConfigMap/b"}})});
  EXPECT_TRUE(exists("ConfigMap/a"));
  EXPECT_FALSE(exists("ConfigMap/b"));
  EXPECT_FALSE(exists("ConfigMap/c"));
  EXPECT_TRUE(said("problem"));
  for (int i = 0; i < 30; ++i) {
    advance(10s);
    reconciler->set_catalog(staged_catalog());
    settle();
  }
  EXPECT_EQ(observer.times("incomplete r1"), 1U);
}

TEST_F(WavesTest, manage_once_makes_what_is_absent_and_leaves_it_to_others) {
  start_staged();
  const Annotations once{{"holdfast.dev/manage", "once"}};
  commit("r1", {object("ConfigMap/a=1", once), in_wave("ConfigMap/z=1", 1)});
  show_all();
  EXPECT_EQ(observer.times("complete r1"), 1U);
  api.edit(path("a"), "/data/k", "theirs");
  show_all();
  commit("r2", {object("ConfigMap/a=2", once), in_wave("ConfigMap/z=1", 1)});
  show_all();
  EXPECT_EQ(value_of("ConfigMap/a"), "theirs");
  EXPECT_EQ(observer.times("complete r2"), 1U);
  api.objects.erase(path("a"));
  show_all();
  EXPECT_EQ(value_of("ConfigMap/a"), "2");
}

// Found by review: it was adopted and overwritten, or refused for ever.
TEST_F(WavesTest, manage_once_takes_what_somebody_else_made_as_it_is) {
  start_staged();
  api.put(path("a"), live_bodies::body_of(
                         R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"web"},
                             "data":{"k":"theirs"}})"));
  commit("r1",
         {object("ConfigMap/a=1", {{"kustomize.toolkit.fluxcd.io/ssa", "IfNotPresent"}}), in_wave("ConfigMap/b=1", 1)});
  EXPECT_EQ(patches("a"), 0U);
  EXPECT_EQ(value_of("ConfigMap/b"), "1");
  EXPECT_EQ(observer.times("complete r1"), 1U);
}

TEST_F(WavesTest, manage_none_is_neither_applied_nor_healed_nor_pruned) {
  start_staged();
  commit("r1", {object("ConfigMap/a=1"), object("ConfigMap/b=1")});
  show_all();
  const Annotations none{{"holdfast.dev/manage", "none"}};
  commit("r2", {object("ConfigMap/a=2", none), object("ConfigMap/b=1")});
  api.edit(path("a"), "/data/k", "theirs");
  show_all();
  EXPECT_EQ(value_of("ConfigMap/a"), "theirs");
  EXPECT_EQ(observer.times("complete r2"), 1U);
  EXPECT_EQ(api.count(Method::Delete, path("a")), 0U);
  commit("r3", {object("ConfigMap/b=1")});
  EXPECT_EQ(api.count(Method::Delete, path("a")), 1U) << "it left Git, and is still on record";
}

}  // namespace
}  // namespace holdfast
