// Making an object anew where a field may not change (D8), what must not be deleted (D12), and deletions that do not
// come to an end (ask 33).
#include "unit/engine/staged_fixture.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;

ApiResponse immutable() {
  return fake::status_response(
      422, "Invalid", "data.k: Invalid value: field is immutable",
      {{"causes", json::array{json::object{{"reason", "FieldValueInvalid"},
                                           {"message", "Invalid value: \"2\": field is immutable"},
                                           {"field", "data.k"}}}}});
}

class ReplaceTest : public fake::StagedTest {
 protected:
  // "a" exists as 1; the server refuses to make it 2.
  void refused(const Annotations& annotations = {{"holdfast.dev/replace", "enabled"}}) {
    start_staged();
    commit("r1", {object("ConfigMap/a=1", annotations)});
    show_all();
    first_uid = uid();
    api.sent.clear();
    observer.said.clear();
    api.answers[path("a")] = {immutable()};
    commit("r2", {object("ConfigMap/a=2", annotations)});
  }
  [[nodiscard]] std::string uid() const {
    return std::string(string_at(api.objects.at(path("a")), {"metadata", "uid"}));
  }
  [[nodiscard]] std::size_t deletes() const { return api.count(Method::Delete, path("a")); }
  [[nodiscard]] std::size_t dry_runs() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        api.sent, [](const ApiRequest& request) { return request.target.contains("dryRun=All"); }));
  }
  std::string first_uid;
};

TEST_F(ReplaceTest, D8_tried_under_another_name_then_deleted_with_preconditions_then_made_anew) {
  refused();
  ASSERT_EQ(dry_runs(), 1U);
  ASSERT_EQ(deletes(), 1U);
  const auto trial =
      std::ranges::find_if(api.sent, [](const ApiRequest& request) { return request.target.contains("dryRun=All"); });
  const auto removal = std::ranges::find(api.sent, Method::Delete, &ApiRequest::method);
  EXPECT_LT(trial, removal);
  EXPECT_NE(fake::ApiServer::path_of(*trial), path("a"));
  EXPECT_TRUE(fake::ApiServer::path_of(*trial).starts_with(path("a") + "-"));
  EXPECT_TRUE(trial->body.contains(R"("k":"2")"));
  EXPECT_EQ(string_at(live_bodies::body_of(removal->body), {"preconditions", "uid"}), first_uid);
  EXPECT_FALSE(string_at(live_bodies::body_of(removal->body), {"preconditions", "resourceVersion"}).empty());
  EXPECT_FALSE(exists("ConfigMap/a")) << "not before its end is seen";
  show_all();
  EXPECT_EQ(value_of("ConfigMap/a"), "2");
  EXPECT_NE(uid(), first_uid);
  show_all();
  EXPECT_EQ(observer.times("complete r2"), 1U);
  EXPECT_EQ(observer.times("created a"), 1U);
  EXPECT_EQ(observer.times("repaired a"), 0U);
}

TEST_F(ReplaceTest, D8_not_without_being_asked_for) {
  refused({});
  EXPECT_EQ(dry_runs() + deletes(), 0U);
  EXPECT_EQ(observer.times("failed a"), 1U);
  EXPECT_EQ(value_of("ConfigMap/a"), "1");
}

TEST_F(ReplaceTest, D8_the_annotations_of_argo_cd_and_flux_ask_for_it_too) {
  refused({{"kustomize.toolkit.fluxcd.io/force", "enabled"}});
  EXPECT_EQ(deletes(), 1U);
}

TEST_F(ReplaceTest, D8_an_ordinary_refusal_replaces_nothing) {
  start_staged();
  const Annotations annotations{{"holdfast.dev/replace", "enabled"}};
  commit("r1", {object("ConfigMap/a=1", annotations)});
  show_all();
  api.answers[path("a")] = {fake::denied()};
  commit("r2", {object("ConfigMap/a=2", annotations)});
  EXPECT_EQ(dry_runs() + deletes(), 0U);
}

TEST_F(ReplaceTest, D8_what_must_not_be_deleted_is_not_replaced) {
  refused({{"holdfast.dev/replace", "enabled"}, {"holdfast.dev/prune", "disabled"}});
  EXPECT_EQ(dry_runs() + deletes(), 0U);
  EXPECT_EQ(value_of("ConfigMap/a"), "1");
}

TEST_F(ReplaceTest, D8_never_a_namespace) {
  start_staged();
  const Annotations annotations{{"holdfast.dev/replace", "enabled"}};
  commit("r1", {object("Namespace/n=1", annotations)});
  const std::string home = "/api/v1/namespaces/n";
  live.objects[{"", "Namespace", "", "n"}] = take_in(to_json(api.objects.at(home)));
  reconciler->live_changed({"", "Namespace", "", "n"}, now);
  settle();
  api.answers[home] = {immutable()};
  commit("r2", {object("Namespace/n=2", annotations)});
  EXPECT_EQ(api.count(Method::Delete, home), 0U);
  EXPECT_EQ(dry_runs(), 0U);
  EXPECT_EQ(observer.times("failed n"), 1U);
}

class ReplaceFailureTest : public ReplaceTest {
 protected:
  // The n-th request that follows the refusal is answered so.
  void answered(const std::function<bool(const ApiRequest&)>& which, const Result<ApiResponse>& answer) {
    api.hold = which;
    refused();
    ASSERT_EQ(api.held.size(), 1U);
    api.hold = nullptr;
    release(fake::ApiServer::path_of(api.held.front().request), answer);
  }
  void expect_left_alone() {
    show_all();
    EXPECT_EQ(value_of("ConfigMap/a"), "1");
    EXPECT_EQ(uid(), first_uid);
    EXPECT_EQ(observer.times("failed a"), 1U);
    api.edit(path("a"), "/data/k", "theirs");
    show_all();
    EXPECT_EQ(value_of("ConfigMap/a"), "1") << "healed to the last good form";
  }
  static bool dry_run(const ApiRequest& request) { return request.target.contains("dryRun=All"); }
  static bool removal(const ApiRequest& request) { return request.method == Method::Delete; }
};

TEST_F(ReplaceFailureTest, D8_a_trial_that_is_refused_leaves_it_alone) {
  answered(dry_run, fake::denied());
  expect_left_alone();
  EXPECT_EQ(deletes(), 0U);
}

TEST_F(ReplaceFailureTest, D8_a_trial_without_an_answer_leaves_it_alone) {
  answered(dry_run, fail(ErrorKind::Timeout, "no answer"));
  expect_left_alone();
  EXPECT_EQ(deletes(), 0U);
}

TEST_F(ReplaceFailureTest, D8_a_deletion_that_is_forbidden_leaves_it_alone) {
  answered(removal, fake::status_response(403, "Forbidden", "no"));
  expect_left_alone();
}

TEST_F(ReplaceFailureTest, D8_a_revision_that_comes_during_the_trial_is_heeded) {
  api.hold = dry_run;
  refused();
  ASSERT_EQ(api.held.size(), 1U);
  commit("r3", {object("ConfigMap/a=1", {{"holdfast.dev/replace", "enabled"}})});
  api.hold = nullptr;
  release(fake::ApiServer::path_of(api.held.front().request));
  show_all();
  EXPECT_EQ(deletes(), 0U);
  EXPECT_EQ(uid(), first_uid);
}

TEST_F(ReplaceFailureTest, D8_whoever_changed_it_meanwhile_is_looked_at_first) {
  api.hold = removal;
  refused();
  ASSERT_EQ(api.held.size(), 1U);
  api.edit(path("a"), "/data/k", "theirs");
  api.hold = nullptr;
  release(path("a"));
  EXPECT_EQ(uid(), first_uid);
  show_all();
  advance(2s);
  EXPECT_EQ(uid(), first_uid) << "the server took the new form by now";
  EXPECT_EQ(value_of("ConfigMap/a"), "2");
}

TEST_F(ReplaceFailureTest, D7_a_deletion_without_an_answer_that_happened_ends_in_the_new_form) {
  api.hold = removal;
  refused();
  api.handle(api.held.front().request);
  api.hold = nullptr;
  release(path("a"), fail(ErrorKind::Timeout, "no answer"));
  show_all();
  advance(2s);
  EXPECT_EQ(value_of("ConfigMap/a"), "2");
  EXPECT_EQ(deletes(), 1U);
}

// What was deleted and then refused comes back as it was, and is not deleted a second time for the same form.
TEST_F(ReplaceFailureTest, D8_a_creation_that_is_refused_after_all_brings_the_last_good_form_back) {
  refused();
  api.answers[path("a")] = {fake::not_found("a"), fake::denied()};
  show_all();
  show_all();
  ASSERT_TRUE(exists("ConfigMap/a"));
  EXPECT_EQ(value_of("ConfigMap/a"), "1");
  show_all();
  for (int i = 0; i < 20; ++i) {
    api.answers[path("a")] = {immutable()};
    advance(60s);
  }
  EXPECT_EQ(deletes(), 1U);
  EXPECT_EQ(value_of("ConfigMap/a"), "1");
}

TEST_F(ReplaceFailureTest, a_process_that_dies_between_the_two_makes_it_anew) {
  refused();
  ASSERT_FALSE(exists("ConfigMap/a"));
  die_and_start_anew();
  commit("r2", {object("ConfigMap/a=2", {{"holdfast.dev/replace", "enabled"}})});
  show_all();
  EXPECT_EQ(value_of("ConfigMap/a"), "2");
}

class KeptTest : public fake::StagedTest, public testing::WithParamInterface<std::pair<const char*, const char*>> {};

TEST_P(KeptTest, D12_an_annotation_of_the_live_object_forbids_to_prune_it) {
  start_staged();
  commit("r1", {object("ConfigMap/a=1"), object("ConfigMap/b=1")});
  show_all();
  api.edit(path("b"), "/metadata/annotations", json::object{{GetParam().first, GetParam().second}});
  show_all();
  commit("r2", {object("ConfigMap/a=1")});
  EXPECT_TRUE(exists("ConfigMap/b"));
  EXPECT_EQ(api.count(Method::Delete, path("b")), 0U);
  EXPECT_EQ(observer.times("held back b"), 1U);
  EXPECT_EQ(inventory->uid(key("b")), nullptr);
  EXPECT_EQ(observer.times("complete r2"), 1U);
  api.edit(path("b"), "/data/k", "theirs");
  show_all();
  commit("r3", {object("ConfigMap/a=2")});
  EXPECT_EQ(value_of("ConfigMap/b"), "theirs");
  EXPECT_EQ(observer.times("held back b"), 1U);
}

INSTANTIATE_TEST_SUITE_P(All, KeptTest,
                         testing::Values(std::pair{"holdfast.dev/prune", "disabled"},
                                         std::pair{"kustomize.toolkit.fluxcd.io/prune", "disabled"},
                                         std::pair{"argocd.argoproj.io/sync-options", "Validate=false, Prune=false"},
                                         std::pair{"argocd.argoproj.io/sync-options", "Delete=false"},
                                         std::pair{"helm.sh/resource-policy", "keep"},
                                         std::pair{"client.lifecycle.config.k8s.io/deletion", "detach"}));

class DeletionTest : public fake::StagedTest {
 protected:
  void being_deleted(const std::string& name) {
    api.edit(path(name), "/metadata/finalizers", json::array{"acme.dev/one", "acme.dev/two"});
    api.edit(path(name), "/metadata/deletionTimestamp", "2026-01-01T00:00:00Z");
    show_all();
  }
  [[nodiscard]] std::ptrdiff_t told() const {
    return std::ranges::count_if(observer.said,
                                 [](const std::string& line) { return line.contains("acme.dev/one, acme.dev/two"); });
  }
};

TEST_F(DeletionTest, Ask33_a_deletion_that_hangs_is_named_with_its_finalizers_within_10_s_and_once) {
  start_staged();
  commit("r1", {object("ConfigMap/a=1")});
  show_all();
  being_deleted("a");
  advance(7s);
  EXPECT_EQ(told(), 0);
  advance(2s);
  EXPECT_EQ(told(), 1);
  for (int i = 0; i < 20; ++i) {
    api.edit(path("a"), "/data/k", json::string(std::to_string(i)));
    show_all();
    advance(30s);
  }
  EXPECT_EQ(told(), 1);
  EXPECT_LE(api.count(Method::Get, path("a")), 2U);
  api.objects.erase(path("a"));
  show_all();
  EXPECT_EQ(value_of("ConfigMap/a"), "1");
}

TEST_F(DeletionTest, Ask33_what_is_pruned_and_does_not_go_ends_the_round_as_failed) {
  start_staged();
  commit("r1", {object("ConfigMap/a=1"), object("ConfigMap/b=1")});
  show_all();
  hold(path("b"), Method::Delete);
  commit("r2", {object("ConfigMap/a=1")});
  api.hold = nullptr;
  being_deleted("b");
  release(path("b"), ApiResponse{200, "application/json", {}, to_json(api.objects.at(path("b")))});
  show_all();
  advance(11s);
  advance(1s);
  EXPECT_EQ(told(), 1);
  EXPECT_EQ(observer.times("incomplete r2"), 1U);
  api.objects.erase(path("b"));
  show_all();
  EXPECT_EQ(observer.times("complete r2"), 1U);
}

TEST_F(DeletionTest, a_deletion_that_takes_its_time_without_finalizers_is_not_called_stuck) {
  start_staged();
  commit("r1", {object("ConfigMap/a=1")});
  show_all();
  api.edit(path("a"), "/metadata/deletionTimestamp", "2026-01-01T00:00:00Z");
  show_all();
  for (int i = 0; i < 10; ++i) advance(10s);
  EXPECT_FALSE(said("problem"));
}

}  // namespace
}  // namespace holdfast
