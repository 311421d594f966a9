// Ask 42: while the server refuses the newest form of an object, it is healed to the last one that it took.
#include "unit/engine/staged_fixture.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;

class LastGoodTest : public fake::ReconcilerTest {
 protected:
  void theirs() {
    api.edit(path("a"), "/data/k", "theirs");
    watch_event("a");
  }
};

TEST_F(LastGoodTest, Ask42_a_refused_form_leaves_the_last_good_one_in_force) {
  converged({"a=1"});
  api.answers[path("a")] = {fake::denied()};
  git("r2", {"a=2"});
  EXPECT_EQ(observer.said, (std::vector<std::string>{"failed a", "incomplete r2"}));
  theirs();
  EXPECT_EQ(live_value("a"), "1");
  watch_event("a");
  api.objects.erase(path("a"));
  watch_event("a");
  EXPECT_EQ(live_value("a"), "1");
  EXPECT_EQ(observer.times("repaired a"), 2U);
  watch_event("a");
  git("r3", {"a=3"});
  EXPECT_EQ(live_value("a"), "3");
  EXPECT_EQ(observer.times("complete r3"), 1U);
}

TEST_F(LastGoodTest, Ask42_the_refused_form_is_tried_again_after_its_backoff_and_not_before) {
  converged({"a=1"});
  api.answers[path("a")] = {fake::denied(), fake::denied()};
  git("r2", {"a=2"});
  const std::size_t tried = patches("a");
  theirs();  // healing takes one, and is itself refused here
  advance(25s);
  watch_event("a");
  EXPECT_NE(live_value("a"), "2");
  advance(200s);
  EXPECT_GT(patches("a"), tried);
  watch_event("a");
  EXPECT_EQ(live_value("a"), "2");
  EXPECT_EQ(observer.times("failed a"), 1U) << "said once";
  EXPECT_EQ(observer.times("complete r2"), 1U);
}

TEST_F(LastGoodTest, Ask42_each_refusal_waits_longer) {
  converged({"a=1"});
  api.answers[path("a")] = std::vector<Result<ApiResponse>>(100, Result<ApiResponse>(fake::denied()));
  git("r2", {"a=2"});
  for (int i = 0; i < 600; ++i) advance(1s);
  EXPECT_LE(patches("a"), 6U);
  EXPECT_GE(patches("a"), 3U);
  EXPECT_EQ(observer.times("failed a"), 1U);
  EXPECT_EQ(live_value("a"), "1");
}

TEST_F(LastGoodTest, D4_refused_fields_are_handed_on_once_for_each_form) {
  std::vector<ObjectRefusal> told;
  adjust = [&](ReconcilerOptions& options) {
    options.on_refused_fields = [&](ObjectRefusal refusal) { told.push_back(std::move(refusal)); };
  };
  make();
  converged({"a=1"});
  const Result<ApiResponse> untyped = fake::status_response(
      500, "", "failed to create typed patch object (prod/a; /v1, Kind=ConfigMap): .data.k: expected string, got 2");
  api.answers[path("a")] = {untyped, untyped, untyped};
  git("r2", {"a=2"});
  advance(25s);
  advance(200s);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(to_string(told[0].key), "ConfigMap web/a");
  EXPECT_EQ(told[0].revision, "r2");
  ASSERT_EQ(told[0].fields.size(), 1U);
  EXPECT_EQ(to_string(told[0].fields[0].path), ".data.k");
  EXPECT_EQ(observer.times("failed a"), 1U);
  api.answers[path("a")] = {untyped};
  git("r3", {"a=3"});
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[1].revision, "r3");
}

TEST_F(LastGoodTest, D7_an_unknown_outcome_never_goes_back_to_the_old_form) {
  converged({"a=1"});
  hold(path("a"));
  git("r2", {"a=2"});
  const ApiResponse lost = api.handle(api.held.front().request);
  ASSERT_EQ(lost.status, 200);
  api.hold = nullptr;
  release(path("a"), fail(ErrorKind::Timeout, "no answer"));
  api.answers[path("a")] = {fake::status_response(504, "Timeout", "late"), fail(ErrorKind::Unreachable, "gone")};
  watch_event("a");
  for (int i = 0; i < 60; ++i) {
    advance(1s);
    EXPECT_EQ(live_value("a"), "2");
  }
  for (const ApiRequest& request : api.sent)
    if (request.method == Method::Patch && fake::ApiServer::path_of(request) == path("a")) {
      EXPECT_TRUE(request.body.contains(R"("k":"2")")) << request.body;
    }
  EXPECT_EQ(observer.times("complete r2"), 1U);
}

// Found by review: the refusal of r2 took r3's place.
TEST_F(LastGoodTest, D14_a_refusal_that_comes_after_the_next_revision_does_not_hold_that_up) {
  converged({"a=1"});
  hold(path("a"));
  git("r2", {"a=2"});
  git("r3", {"a=3"});
  api.hold = nullptr;
  release(path("a"), fake::denied());
  EXPECT_EQ(live_value("a"), "3");
  watch_event("a");
  EXPECT_EQ(observer.times("complete r3"), 1U);
  EXPECT_EQ(observer.times("incomplete r3"), 0U);
}

TEST_F(LastGoodTest, D14_a_new_object_that_was_refused_is_tried_at_once_in_its_next_form) {
  start();
  hold(path("a"));
  git("r1", {"a=1"});
  git("r2", {"a=2"});
  api.hold = nullptr;
  release(path("a"), fake::denied());
  EXPECT_EQ(live_value("a"), "2");
  EXPECT_EQ(observer.times("complete r2"), 1U);
}

TEST_F(LastGoodTest, Ask42_going_back_to_the_good_form_ends_the_matter) {
  converged({"a=1"});
  api.answers[path("a")] = {fake::denied()};
  git("r2", {"a=2"});
  git("r3", {"a=1"});
  EXPECT_EQ(observer.times("complete r3"), 1U);
  api.sent.clear();
  for (int i = 0; i < 100; ++i) advance(10s);
  EXPECT_EQ(patches("a"), 0U);
}

TEST_F(LastGoodTest, Ask42_the_same_refused_form_in_another_revision_is_tried_and_said_again) {
  converged({"a=1", "b=1"});
  api.answers[path("a")] = {fake::denied(), fake::denied()};
  git("r2", {"a=2", "b=1"});
  git("r3", {"a=2", "b=2"});
  EXPECT_EQ(observer.times("failed a"), 2U);
  EXPECT_EQ(live_value("b"), "2");
  theirs();
  EXPECT_EQ(live_value("a"), "1");
}

TEST_F(LastGoodTest, Ask42_what_leaves_git_while_it_is_refused_is_pruned) {
  converged({"a=1", "b=1"});
  api.answers[path("a")] = {fake::denied()};
  git("r2", {"a=2", "b=1"});
  git("r3", {"b=1"});
  watch_event("a");
  EXPECT_FALSE(api.objects.contains(path("a")));
  EXPECT_EQ(observer.times("complete r3"), 1U);
}

}  // namespace
}  // namespace holdfast
