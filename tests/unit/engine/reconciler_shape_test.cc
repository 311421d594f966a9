// What is sent of a desired state while others hold parts of it, and what is said of that.
#include "engine/reconciler.h"

#include "unit/engine/reconciler_fixture.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

class ShapeTest : public fake::ReconcilerTest {
 protected:
  void make_with(std::function<void(ReconcilerOptions&)> change) {
    adjust = std::move(change);
    make();
  }
  void warn_of_data() {
    make_with([](ReconcilerOptions& options) {
      options.policies = *DriftPolicies::compile(DriftPolicy::Enforce, 0s, {{{}, {"/data"}, DriftPolicy::Warn, 0s}});
    });
  }
  // data.k has another value, and somebody else holds it.
  void taken_by(const std::string& manager, const char* value = "wrong") {
    json::value& body = api.objects.at(path("a"));
    json::array& entries = body.at("metadata").at("managedFields").as_array();
    json::object& ours = entries[0].at("fieldsV1").as_object();
    ours.erase("f:data");  // it is all that there is
    entries.push_back({{"manager", manager},
                       {"operation", "Update"},
                       {"apiVersion", "v1"},
                       {"time", "2026-01-01T00:00:00Z"},
                       {"fieldsType", "FieldsV1"},
                       {"fieldsV1", {{"f:data", {{"f:k", json::object{}}}}}}});
    api.edit(path("a"), "/data", json::object{{"k", value}});
  }
  void lose_label(const char* label) {
    json::object labels = api.objects.at(path("a")).at("metadata").at("labels").as_object();
    labels.erase(label);
    api.edit(path("a"), "/metadata/labels", labels);
  }
  [[nodiscard]] std::vector<std::string> repaired_fields() const {
    std::vector<std::string> paths;
    for (const Repair& repair : observer.repairs)
      for (const FieldDrift& field : repair.drift.fields) paths.push_back(field.path);
    return paths;
  }
};

TEST_F(ShapeTest, D2_a_newer_state_that_a_list_has_read_ahead_is_waited_for) {
  converged({"a=1"});
  api.edit(path("a"), "/data/k", "wrong");
  live.objects[key("a")] = take_in(to_json(api.objects.at(path("a"))));
  api.edit(path("a"), "/data/k", "worse");
  const LivePtr newer = take_in(to_json(api.objects.at(path("a"))));
  reconciler->live_changed(key("a"), now);
  settle();
  EXPECT_TRUE(api.sent.empty()) << "the store is about to take a newer one";
  live.objects[key("a")] = newer;
  reconciler->live_changed(key("a"), now);
  settle();
  EXPECT_EQ(patches("a"), 1U);
  ASSERT_EQ(observer.repairs.size(), 1U);
  EXPECT_EQ(observer.repairs[0].drift.fields.at(0).live, "\"worse\"");
}

TEST_F(ShapeTest, a_field_that_is_only_watched_is_not_written_with_the_next_event) {
  warn_of_data();
  converged({"a=1"});
  taken_by("someone");
  lose_label("applyset.kubernetes.io/part-of");
  watch_event("a");
  EXPECT_EQ(patches("a"), 1U);
  for (int i = 0; i < 3; ++i) watch_event("a");
  EXPECT_EQ(patches("a"), 1U);
  EXPECT_EQ(repaired_fields(), Lines{".metadata.labels.applyset.kubernetes.io/part-of"});
}

TEST_F(ShapeTest, a_drift_is_told_as_one_where_the_same_event_brought_a_field_that_is_left_to_others) {
  make_with([](ReconcilerOptions& options) { options.yield_rules = *YieldRules::compile({}, {"injector"}); });
  converged({"a=1"});
  taken_by("injector");
  lose_label("applyset.kubernetes.io/part-of");
  watch_event("a");
  EXPECT_EQ(patches("a"), 1U);
  EXPECT_EQ(observer.said, Lines{"repaired a"});
  EXPECT_EQ(repaired_fields(), Lines{".metadata.labels.applyset.kubernetes.io/part-of"});
}

TEST_F(ShapeTest, D2_what_somebody_took_in_a_newer_state_that_was_read_ahead_is_not_taken_back) {
  make_with([](ReconcilerOptions& options) { options.yield_rules = *YieldRules::compile({}, {"injector"}); });
  converged({"a=1"});
  lose_label("applyset.kubernetes.io/part-of");
  live.objects[key("a")] = take_in(to_json(api.objects.at(path("a"))));
  taken_by("injector");
  const LivePtr newer = take_in(to_json(api.objects.at(path("a"))));
  reconciler->live_changed(key("a"), now);
  settle();
  live.objects[key("a")] = newer;
  reconciler->live_changed(key("a"), now);
  settle();
  EXPECT_EQ(patches("a"), 1U);
  EXPECT_EQ(api.sent.back().body.find("\"k\""), std::string::npos) << api.sent.back().body;
}

TEST_F(ShapeTest, a_field_that_goes_from_one_who_is_trusted_to_one_who_is_not_is_drift) {
  make_with([](ReconcilerOptions& options) { options.yield_rules = *YieldRules::compile({}, {"injector"}); });
  converged({"a=1"});
  taken_by("injector");
  watch_event("a");
  observer.said.clear();
  taken_by("someone", "theirs");
  watch_event("a");
  EXPECT_EQ(observer.said, Lines{"repaired a"});
  EXPECT_EQ(repaired_fields(), Lines{".data.k"});
}

TEST_F(ShapeTest, what_is_left_by_policy_after_a_restart_does_not_keep_the_round_open) {
  warn_of_data();
  converged({"a=1"});
  advance(1s);
  taken_by("someone");
  reconciler->stop();
  settle();
  warn_of_data();
  live.objects[key("a")] = take_in(to_json(api.objects.at(path("a"))));
  start();
  git("r1", {"a=1"});
  EXPECT_EQ(patches("a"), 0U);
  EXPECT_EQ(observer.times("complete r1"), 1U);
}

TEST_F(ShapeTest, a_replacement_by_hand_is_told_with_the_fields_that_it_changed) {
  converged({"a=1"});
  api.edit(path("a"), "/data/k", "wrong");
  lose_label("holdfast.dev/installation");
  watch_event("a");
  ASSERT_EQ(observer.repairs.size(), 1U);
  EXPECT_EQ(observer.repairs[0].drift.kind, DriftKind::Changed);
  EXPECT_EQ(repaired_fields().at(0), ".data.k");
}

TEST_F(ShapeTest, what_is_only_watched_stays_so_across_a_restart_and_a_commit) {
  warn_of_data();
  converged({"a=1", "b=1"});
  advance(1s);
  taken_by("someone");
  reconciler->stop();
  settle();
  warn_of_data();
  for (const char* name : {"a", "b"}) live.objects[key(name)] = take_in(to_json(api.objects.at(path(name))));
  start();
  git("r2", {"a=1", "b=2"});
  EXPECT_EQ(patches("a"), 0U);
  EXPECT_EQ(live_value("a"), "wrong");
  EXPECT_EQ(live_value("b"), "2") << "a commit is no drift";
}

}  // namespace
}  // namespace holdfast
