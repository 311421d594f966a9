// Healing: one object and its events, answers and failures.
#include "engine/reconciler.h"

#include "unit/engine/reconciler_fixture.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;
using fake::ReconcilerTest;
using Lines = std::vector<std::string>;

TEST_F(ReconcilerTest, C5_a_new_object_is_looked_up_then_made_by_one_write) {
  start();
  git("r1", {"a=1"});
  EXPECT_EQ(api.count(Method::Get, path("a")), 1U);
  EXPECT_EQ(patches("a"), 1U);
  EXPECT_EQ(observer.said, (Lines{"created a", "complete r1"}));
}

TEST_F(ReconcilerTest, an_edit_is_put_back_by_one_write_and_its_echo_costs_nothing) {
  converged({"a=1"});
  api.edit(path("a"), "/data/k", "wrong");
  watch_event("a");
  watch_event("a");
  EXPECT_EQ(patches("a"), 1U);
  EXPECT_EQ(api.sent.size(), 1U);
  EXPECT_EQ(live_value("a"), "1");
  EXPECT_EQ(observer.said, Lines{"repaired a"});
}

TEST_F(ReconcilerTest, the_echo_before_the_answer_costs_nothing) {
  converged({"a=1"});
  api.edit(path("a"), "/data/k", "wrong");
  hold(path("a"));
  watch_event("a");
  const ApiResponse answer = api.handle(api.held.front().request);
  watch_event("a");
  release(path("a"), answer);
  EXPECT_EQ(api.sent.size(), 1U);
  EXPECT_EQ(observer.said, Lines{"repaired a"});
}

TEST_F(ReconcilerTest, the_echo_of_a_create_before_its_answer_costs_nothing) {
  start();
  hold(path("a"));
  git("r1", {"a=1"});
  const ApiResponse answer = api.handle(api.held.front().request);
  watch_event("a");
  release(path("a"), answer);
  EXPECT_EQ(patches("a"), 1U);
  EXPECT_EQ(observer.said, (Lines{"created a", "complete r1"}));
}

TEST_F(ReconcilerTest, what_is_no_drift_sends_nothing) {
  converged({"a=1"});
  for (int i = 0; i < 100; ++i) {
    api.edit(path("a"), "/metadata/annotations", json::object{{"theirs", i}});
    watch_event("a");
  }
  EXPECT_TRUE(api.sent.empty());
}

TEST_F(ReconcilerTest, a_body_is_kept_only_of_what_has_drifted) {
  converged({"a=1"});
  EXPECT_EQ(live.objects.at(key("a"))->body, "");
  hold(path("a"));
  api.edit(path("a"), "/data/k", "wrong");
  watch_event("a");
  EXPECT_NE(live.objects.at(key("a"))->body, "");
  release(path("a"));
  ASSERT_EQ(observer.repairs.size(), 1U);
  EXPECT_FALSE(observer.repairs.front().drift.fields.empty());
  watch_event("a");
  EXPECT_EQ(live.objects.at(key("a"))->body, "");
}

TEST_F(ReconcilerTest, what_was_read_before_a_new_desired_state_costs_no_call_beyond_its_apply) {
  converged({"a=1"});
  git("r2", {"a=1", "b=2"});
  watch_event("b");
  api.sent.clear();
  git("r3", {"a=1", "b=2", "c=3"});
  EXPECT_EQ(patches("a") + patches("b"), 0U);
  EXPECT_EQ(patches("c"), 1U);
}

TEST_F(ReconcilerTest, A13_bytes_older_than_those_seen_do_not_spoil_the_fingerprint) {
  converged({"a=1"});
  const std::string old = to_json(api.objects.at(path("a")));
  api.edit(path("a"), "/metadata/annotations", json::object{{"theirs", "1"}});
  watch_event("a");
  take_in(old);  // a list from a server that lags behind; the store does not take it
  reconciler->live_changed(key("a"), now);
  settle();
  EXPECT_EQ(api.sent.size(), 0U);
}

TEST_F(ReconcilerTest, D14_while_a_write_is_under_way_the_newest_desired_state_waits_and_wins) {
  start();
  hold(path("a"));
  git("r1", {"a=1"});
  git("r2", {"a=2"});
  git("r3", {"a=3"});
  EXPECT_EQ(patches("a"), 1U);
  api.hold = nullptr;
  release(path("a"));
  watch_event("a");
  EXPECT_EQ(patches("a"), 2U);
  EXPECT_EQ(live_value("a"), "3");
  EXPECT_EQ(observer.times("complete r3"), 1U);
}

TEST_F(ReconcilerTest, D14_what_left_the_set_during_its_look_up_is_not_applied) {
  api.put(path("a"), manifest("a=old").body);
  api.objects[path("a")].at("metadata").as_object()["labels"] =
      json::object{{"applyset.kubernetes.io/part-of", kSet}, {"holdfast.dev/installation", "prod"}};
  start();
  hold(path("a"), Method::Get);
  git("r1", {"a=1", "b=1"});
  git("r2", {"b=1"});
  release(path("a"));
  EXPECT_EQ(patches("a"), 0U);
}

TEST_F(ReconcilerTest, D14_a_look_up_is_followed_by_the_newest_body) {
  api.put(path("a"), manifest("a=old").body);
  api.objects[path("a")].at("metadata").as_object()["labels"] = json::object{{"applyset.kubernetes.io/part-of", kSet}};
  start();
  hold(path("a"), Method::Get);
  git("r1", {"a=1"});
  git("r2", {"a=2"});
  release(path("a"));
  ASSERT_GE(patches("a"), 1U);
  for (const ApiRequest& request : api.sent)
    if (request.method == Method::Patch && fake::ApiServer::path_of(request) == path("a"))
      EXPECT_TRUE(request.body.contains(R"("k":"2")")) << request.body;
}

TEST_F(ReconcilerTest, D7_an_unknown_outcome_is_decided_anew_and_deletes_nothing) {
  converged({"a=1"});
  api.edit(path("a"), "/data/k", "wrong");
  hold(path("a"));
  watch_event("a");
  api.hold = nullptr;
  (void)api.handle(api.held.front().request);  // it happened, its answer was lost
  release(path("a"), fail(ErrorKind::UnknownOutcome, "connection reset"));
  watch_event("a");
  advance(2s);
  EXPECT_LE(patches("a"), 2U);
  EXPECT_EQ(api.count(Method::Delete, path("a")), 0U);
  EXPECT_EQ(live_value("a"), "1");
  api.sent.clear();
  advance(1h);
  EXPECT_TRUE(api.sent.empty());
}

TEST_F(ReconcilerTest, D5_a_deleted_object_is_made_again) {
  converged({"a=1"});
  api.objects.erase(path("a"));
  watch_event("a");
  watch_event("a");
  EXPECT_EQ(api.count(Method::Get, path("a")), 1U);  // deleted, or without our label: only the server knows
  EXPECT_EQ(patches("a"), 1U);
  ASSERT_EQ(observer.repairs.size(), 1U);
  EXPECT_EQ(observer.repairs[0].drift.kind, DriftKind::Deleted);
}

TEST_F(ReconcilerTest, G23_deleted_between_decision_and_apply_is_made_again_at_once) {
  converged({"a=1"});
  api.edit(path("a"), "/data/k", "wrong");
  hold(path("a"));
  watch_event("a");
  api.hold = nullptr;
  api.objects.erase(path("a"));  // its event is still on the way
  release(path("a"));
  EXPECT_EQ(patches("a"), 2U);
  EXPECT_TRUE(api.objects.contains(path("a")));
  watch_event("a");
  EXPECT_EQ(patches("a"), 2U);
  EXPECT_EQ(observer.said, Lines{"repaired a"});
}

TEST_F(ReconcilerTest, D15_an_object_of_ours_made_anew_by_hand_is_held_again) {
  converged({"a=1"});
  api.objects.erase(path("a"));
  api.put(path("a"), manifest("a=by hand").body);
  watch_event("a");
  EXPECT_EQ(patches("a"), 1U);
  EXPECT_EQ(api.count(Method::Get, path("a")), 1U);
  EXPECT_EQ(live_value("a"), "1");
}

TEST_F(ReconcilerTest, D15_an_object_that_another_installation_has_taken_is_refused) {
  converged({"a=1"});
  api.edit(path("a"), "/metadata/labels/holdfast.dev~1installation", "theirs");
  watch_event("a");
  EXPECT_EQ(patches("a"), 0U);
  EXPECT_EQ(observer.said, Lines{"refused a"});
}

TEST_F(ReconcilerTest, D15_what_another_set_owns_is_refused_once) {
  converged({"a=1"});
  api.edit(path("a"), "/metadata/labels/applyset.kubernetes.io~1part-of", "applyset-theirs-v1");
  watch_event("a");
  api.edit(path("a"), "/data/k", "wrong");
  watch_event("a");
  advance(10min);
  EXPECT_TRUE(api.sent.empty());
  EXPECT_EQ(observer.said, Lines{"refused a"});
}

TEST_F(ReconcilerTest, a_lost_label_is_put_back_by_one_write) {
  converged({"a=1"});
  api.edit(path("a"), "/metadata/labels", json::object{});
  watch_event("a");
  watch_event("a");
  EXPECT_EQ(patches("a"), 1U);
  ASSERT_EQ(observer.repairs.size(), 1U);
  EXPECT_EQ(observer.repairs[0].drift.kind, DriftKind::LabelLost);
}

TEST_F(ReconcilerTest, what_was_edited_before_the_watch_has_shown_it_is_not_said_to_have_lost_its_label) {
  converged({"a=1"});
  api.objects.erase(path("a"));
  watch_event("a");
  api.edit(path("a"), "/data/k", "wrong");  // and the watch, which broke off, shows neither this nor our write
  reconciler->live_changed(key("a"), now);
  advance(11s);
  EXPECT_EQ(live_value("a"), "1");
  ASSERT_EQ(observer.repairs.size(), 2U);
  EXPECT_EQ(observer.repairs[1].drift.kind, DriftKind::Changed);
  ASSERT_FALSE(observer.repairs[1].drift.fields.empty());
  EXPECT_EQ(observer.repairs[1].drift.fields[0].path, ".data.k");
}

TEST_F(ReconcilerTest, D4_events_do_not_shorten_the_wait_after_a_refusal) {
  converged({"a=1"});
  api.answers[path("a")] = {fake::denied()};
  for (int i = 0; i < 50; ++i) {
    api.edit(path("a"), "/data/k", json::string("wrong" + std::to_string(i)));
    watch_event("a");
  }
  EXPECT_EQ(patches("a"), 1U);
  EXPECT_EQ(observer.said, Lines{"failed a"});
  advance(31s);
  EXPECT_EQ(patches("a"), 2U);
  EXPECT_EQ(live_value("a"), "1");
}

TEST_F(ReconcilerTest, D14_a_new_desired_state_ends_the_wait) {
  start();
  api.answers[path("a")] = {fake::not_found("a"), fake::denied()};
  git("r1", {"a=1"});
  EXPECT_EQ(observer.said, (Lines{"failed a", "incomplete r1"}));
  git("r2", {"a=2"});
  EXPECT_EQ(live_value("a"), "2");
  EXPECT_EQ(observer.times("complete r2"), 1U);
}

TEST_F(ReconcilerTest, B8_a_new_desired_state_does_not_shorten_what_the_server_asked_for) {
  start();
  ApiResponse busy{429, "text/plain", std::chrono::seconds(5), "Too many requests"};
  api.answers[path("a")] = {fake::not_found("a"), busy};
  git("r1", {"a=1"});
  git("r2", {"a=2"});
  EXPECT_EQ(patches("a"), 1U);
  advance(5s);
  EXPECT_EQ(live_value("a"), "2");
}

TEST_F(ReconcilerTest, B8_what_the_server_asked_for_holds_where_the_object_is_to_be_pruned_by_then) {
  converged({"a=1", "b=1"});
  const auto looks = [&] { return api.count(Method::Get, path("a")); };
  const auto before = looks();
  api.objects.erase(path("a"));
  hold(path("a"), Method::Get);
  watch_event("a");
  git("r2", {"b=1"});
  release(path("a"), ApiResponse{429, "text/plain", std::chrono::seconds(5), "Too many requests"});
  EXPECT_EQ(looks(), before + 1);
  api.hold = nullptr;
  advance(5s);
  EXPECT_EQ(looks(), before + 2);
}

// Found by the simulation (seed 416): it looked for work again and again, and nobody else got a turn.
TEST_F(ReconcilerTest, D14_a_retry_that_is_due_while_nothing_more_may_be_sent_is_waited_for_in_silence) {
  start();
  api.answers[path("a")] = {fake::not_found("a"), fake::denied()};
  api.hold = [](const ApiRequest& request) {
    return request.method == Method::Patch && fake::ApiServer::path_of(request).find("/web/") != std::string::npos &&
           fake::ApiServer::path_of(request) != path("a");
  };
  git("r1", {"a=1", "b=1", "c=1", "d=1", "e=1", "f=1", "g=1", "h=1", "i=1", "j=1", "k=1"});
  EXPECT_EQ(api.held.size(), ReconcilerGroup::kWritesAtOnce - 1);
  struct Repair final : WriteBudget::Waiter {
    void place_free() override {}
  } repair;
  ASSERT_TRUE(group.budget().take(repair, WriteKind::Repair)) << "the place that is kept for one";
  advance(10min);
  EXPECT_EQ(patches("a"), 1U);
  group.budget().give();
}

TEST_F(ReconcilerTest, C9_a_confirmed_state_is_confirmed_once_and_the_older_one_stays_known) {
  converged({"a=1"});
  const json::value first = api.objects[path("a")];
  const auto confirm = [&](const json::value& shown) {  // the server answers that nothing had to be written
    api.objects[path("a")] = shown;
    api.answers[path("a")] = {ApiResponse{200, "application/json", {}, to_json(shown)}};
    watch_event("a");
  };
  json::value second = first;
  second.at_pointer("/data/k") = "as a webhook writes it";
  second.at_pointer("/metadata/resourceVersion") = "900";
  confirm(second);
  EXPECT_EQ(patches("a"), 1U);
  json::value third = first;
  third.at_pointer("/metadata/resourceVersion") = "901";
  confirm(third);
  EXPECT_EQ(patches("a"), 1U);
  EXPECT_TRUE(observer.said.empty());
}

TEST_F(ReconcilerTest, a_repair_is_timed_from_its_own_event) {
  converged({"a=1"});
  api.objects.erase(path("a"));
  hold(path("a"));
  watch_event("a");
  now += 5s;
  watch_event("a");
  api.hold = nullptr;
  release(path("a"));
  ASSERT_EQ(observer.repairs.size(), 1U);
  EXPECT_EQ(observer.repairs[0].event_to_verdict, 0ns);
  EXPECT_EQ(observer.repairs[0].verdict_to_response, 5s);
}

TEST_F(ReconcilerTest, an_answer_that_cannot_be_read_is_tried_again) {
  start();
  api.answers[path("a")] = {fake::not_found("a"), ApiResponse{200, "text/html", {}, "<html>"}};
  git("r1", {"a=1"});
  EXPECT_EQ(observer.said, (Lines{"failed a", "incomplete r1"}));
  advance(2s);
  EXPECT_EQ(observer.times("complete r1"), 1U);
}

TEST_F(ReconcilerTest, stop_waits_for_the_write_under_way_and_starts_nothing_more) {
  start();
  hold(path("a"), Method::Get);
  git("r1", {"a=1"});
  reconciler->stop();
  settle();
  EXPECT_FALSE(ended);
  release(path("a"));
  EXPECT_TRUE(ended);
  EXPECT_EQ(patches("a"), 0U);
}

TEST_F(ReconcilerTest, a_write_cancelled_by_stop_is_no_failure) {
  converged({"a=1"});
  api.edit(path("a"), "/data/k", "wrong");
  hold(path("a"));
  watch_event("a");
  reconciler->stop();
  release(path("a"), fail(ErrorKind::Cancelled, "closing"));
  EXPECT_TRUE(ended);
  EXPECT_TRUE(observer.said.empty());
}

}  // namespace
}  // namespace holdfast
