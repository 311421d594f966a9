// The policies by which hooks are deleted: Argo CD's and Helm's, as they are written there.
#include "unit/engine/staged_fixture.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;

class HookDeletionTest : public fake::StagedTest {
 protected:
  static constexpr const char* kArgo = "argocd.argoproj.io/hook-delete-policy";

  static Manifest argo_hook(const std::string& object_, const std::string& phase, const std::string& policy) {
    Annotations annotations{{"argocd.argoproj.io/hook", phase}};
    if (!policy.empty()) annotations.emplace_back(kArgo, policy);
    return object(object_, annotations);
  }
  [[nodiscard]] std::vector<ApiRequest> deletions() const {
    std::vector<ApiRequest> all;
    for (const ApiRequest& request : api.sent)
      if (request.method == Method::Delete) all.push_back(request);
    return all;
  }
  [[nodiscard]] std::size_t applies(const std::string& part) const {
    return static_cast<std::size_t>(std::ranges::count_if(api.sent, [&](const ApiRequest& request) {
      return request.method == Method::Patch && request.target.contains(part);
    }));
  }
  [[nodiscard]] std::string value_of_if_there(const std::string& name) const {
    return exists(name) ? value_of(name) : std::string();
  }
  // Whatever nothing in the fake cluster does for the objects that wait to be seen.
  void rest() {
    for (int i = 0; i < 4; ++i) {
      show_all();
      advance(6s);
    }
  }
};

TEST_F(HookDeletionTest, one_that_succeeded_goes_when_its_phase_has_ended) {
  start_staged();
  commit("r1", {argo_hook("Job/one", "PreSync", "HookSucceeded"), argo_hook("Job/two", "PreSync", ""),
                object("ConfigMap/a=1")});
  show_all();
  const std::string uid(string_at(api.objects.at(path_of("Job/one-")), {"metadata", "uid"}));
  finish_job("Job/one-");
  show_all();
  EXPECT_TRUE(exists("Job/one-")) << "the other one may need it";
  finish_job("Job/two-");
  rest();
  EXPECT_FALSE(exists("Job/one-"));
  EXPECT_TRUE(exists("Job/two-")) << "it stays until the next of its name";
  ASSERT_EQ(deletions().size(), 1U);
  const json::value body = live_bodies::body_of(deletions()[0].body);
  EXPECT_EQ(string_at(body, {"preconditions", "uid"}), uid);
  EXPECT_FALSE(string_at(body, {"preconditions", "resourceVersion"}).empty());
  EXPECT_EQ(observer.times("complete r1"), 1U);
  EXPECT_TRUE(said("dismissed one"));
  EXPECT_FALSE(said("refused"));

  die_and_start_anew();
  commit("r1", {argo_hook("Job/one", "PreSync", "HookSucceeded"), argo_hook("Job/two", "PreSync", ""),
                object("ConfigMap/a=1")});
  rest();
  EXPECT_EQ(applies("/jobs/one-"), 1U) << "it is on record that it has run";
  EXPECT_EQ(observer.times("complete r1"), 2U);
  commit("r2", {object("ConfigMap/a=1")});
  rest();
  EXPECT_FALSE(said("pruned one")) << "it had gone long before";
  EXPECT_EQ(observer.times("complete r2"), 1U);
}

TEST_F(HookDeletionTest, the_end_is_on_record_before_it_goes) {
  start_staged();
  commit("r1", {argo_hook("Job/one", "PostSync", "HookSucceeded")});
  show_all();
  hold(kInventory);
  finish_job("Job/one-");
  EXPECT_TRUE(deletions().empty());
  api.hold = nullptr;
  ReconcilerTest::release(kInventory);
  rest();
  EXPECT_FALSE(exists("Job/one-"));
}

TEST_F(HookDeletionTest, one_that_failed_goes_where_its_policy_says_so_and_still_stops_what_follows) {
  start_staged();
  const std::vector<Manifest> release{argo_hook("Job/one", "PreSync", "HookSucceeded,HookFailed"),
                                      object("ConfigMap/a=1")};
  commit("r1", release);
  show_all();
  finish_job("Job/one-", false);
  rest();
  EXPECT_FALSE(exists("Job/one-"));
  EXPECT_FALSE(exists("ConfigMap/a"));
  EXPECT_EQ(observer.times("incomplete r1"), 1U);
  die_and_start_anew();
  observer.said.clear();
  commit("r1", release);
  rest();
  EXPECT_EQ(applies("/jobs/one-"), 1U) << "not twice for one revision";
  EXPECT_FALSE(exists("ConfigMap/a"));
  EXPECT_TRUE(said("refused one"));
  EXPECT_EQ(observer.times("incomplete r1"), 1U);
  commit("r2", release);
  show_all();
  finish_job("Job/one-");
  rest();
  EXPECT_TRUE(exists("ConfigMap/a"));
  EXPECT_EQ(observer.times("complete r2"), 1U);
}

TEST_F(HookDeletionTest, one_that_failed_stays_where_its_policy_says_nothing_of_that) {
  start_staged();
  commit("r1", {argo_hook("Job/one", "PreSync", "HookSucceeded"), object("ConfigMap/a=1")});
  show_all();
  finish_job("Job/one-", false);
  rest();
  EXPECT_TRUE(exists("Job/one-"));
  EXPECT_TRUE(deletions().empty());
}

TEST_F(HookDeletionTest, the_one_before_goes_first_with_its_pods_where_its_author_says_so) {
  start_staged();
  commit("r1", {argo_hook("Job/one", "PreSync", "BeforeHookCreation"), object("ConfigMap/a=1")});
  show_all();
  const std::string first = path_of("Job/one-");
  hold(first, Method::Delete);
  commit("r2", {argo_hook("Job/one", "PreSync", "BeforeHookCreation"), object("ConfigMap/a=2")});
  show_all();
  ASSERT_EQ(api.held.size(), 1U);
  EXPECT_EQ(string_at(live_bodies::body_of(api.held.front().request.body), {"propagationPolicy"}), "Foreground");
  EXPECT_EQ(paths_of("Job/one-"), std::vector<std::string>{first});
  api.hold = nullptr;
  ReconcilerTest::release(first);
  EXPECT_FALSE(exists("Job/one-")) << "not before it is seen to be gone";
  show_all();
  ASSERT_TRUE(exists("Job/one-"));
  EXPECT_NE(path_of("Job/one-"), first);
  finish_job("Job/one-");
  show_all();
  EXPECT_EQ(value_of("ConfigMap/a"), "2");
}

TEST_F(HookDeletionTest, the_one_before_stays_beside_it_where_its_policy_is_another) {
  start_staged();
  commit("r1", {argo_hook("Job/one", "PreSync", "HookSucceeded"), object("ConfigMap/a=1")});
  show_all();
  finish_job("Job/one-", false);
  commit("r2", {argo_hook("Job/one", "PreSync", "HookSucceeded"), object("ConfigMap/a=2")});
  show_all();
  EXPECT_EQ(paths_of("Job/one-").size(), 2U);
}

// As the account and the configuration of a chart's Jobs are.
TEST_F(HookDeletionTest, what_a_hook_refers_to_keeps_its_name_and_goes_by_the_same_policies) {
  const auto release = [](const std::string& value) {
    return std::vector<Manifest>{
        object("ConfigMap/settings=" + value, {{"helm.sh/hook", "pre-install,pre-upgrade,post-install,post-upgrade"},
                                               {"helm.sh/hook-weight", "-1"},
                                               {"helm.sh/hook-delete-policy", "before-hook-creation,hook-succeeded"}}),
        object("Job/one", {{"helm.sh/hook", "pre-install,pre-upgrade"}}), object("ConfigMap/a=1"),
        object("Job/two", {{"helm.sh/hook", "post-install,post-upgrade"}})};
  };
  start_staged();
  for (const std::string number : {"1", "2"}) {
    SCOPED_TRACE(number);
    commit("r" + number, release(number));
    rest();
    ASSERT_TRUE(api.objects.contains(path("settings")));
    EXPECT_EQ(value_of("ConfigMap/settings"), number);
    ASSERT_TRUE(exists("Job/one-"));
    finish_job("Job/one-");
    rest();
    EXPECT_TRUE(exists("ConfigMap/settings")) << "the hook after needs it, too";
    ASSERT_TRUE(exists("Job/two-"));
    finish_job("Job/two-");
    rest();
    EXPECT_FALSE(exists("ConfigMap/settings"));
    EXPECT_EQ(observer.times("complete r" + number), 1U);
    for (int i = 0; i < 20; ++i) advance(60s);
    show_all();
    EXPECT_FALSE(exists("ConfigMap/settings")) << "nobody puts it back";
  }
  die_and_start_anew();
  commit("r2", release("2"));
  rest();
  EXPECT_FALSE(exists("ConfigMap/settings"));
  EXPECT_EQ(observer.times("complete r2"), 2U);
}

TEST_F(HookDeletionTest, what_a_hook_refers_to_and_no_policy_deletes_is_an_ordinary_object_of_its_phase) {
  start_staged();
  commit("r1", {argo_hook("ConfigMap/settings=1", "PreSync", ""), argo_hook("Job/one", "PreSync", "")});
  rest();
  finish_job("Job/one-");
  rest();
  ASSERT_EQ(observer.times("complete r1"), 1U);
  commit("r2", {argo_hook("ConfigMap/settings=2", "PreSync", "")});
  rest();
  EXPECT_EQ(value_of("ConfigMap/settings"), "2");
  api.objects.erase(path("settings"));
  rest();
  EXPECT_TRUE(exists("ConfigMap/settings")) << "it is healed";
}

// Nothing of its phase runs, so that it is over before the watch has shown it.
TEST_F(HookDeletionTest, what_is_over_before_it_is_shown_goes_once_it_is) {
  start_staged();
  commit("r1", {argo_hook("ConfigMap/settings=1", "PreSync", "HookSucceeded"), object("ConfigMap/a=1")});
  ASSERT_EQ(observer.times("complete r1"), 1U);
  EXPECT_TRUE(exists("ConfigMap/settings"));
  rest();
  EXPECT_FALSE(exists("ConfigMap/settings"));
  EXPECT_TRUE(exists("ConfigMap/a"));
}

// Found by review: its record as a hook outlived the hook.
TEST_F(HookDeletionTest, a_hook_that_becomes_an_ordinary_object_is_one_in_all_respects) {
  start_staged();
  commit("r1", {argo_hook("Widget/db=1", "PreSync", "HookSucceeded"),
                argo_hook("ConfigMap/settings=1", "PreSync", "HookSucceeded"), object("ConfigMap/a=1")});
  rest();
  ASSERT_FALSE(exists("ConfigMap/settings"));
  ASSERT_EQ(observer.times("complete r1"), 1U);
  commit("r2", {object("Widget/db=1"), object("ConfigMap/settings=1"), in_wave("ConfigMap/a=1", 1),
                in_wave("ConfigMap/after=1", 1)});
  EXPECT_FALSE(said("repaired settings")) << "its absence was its end, and no drift";
  EXPECT_TRUE(said("created settings"));
  EXPECT_TRUE(inventory->inventory().hooks.empty());
  sick("Widget/db");
  EXPECT_FALSE(reconciler->ready()) << "its health counts";
  well("Widget/db");
  EXPECT_TRUE(reconciler->ready());
  api.objects.erase(path("settings"));
  rest();
  EXPECT_TRUE(exists("ConfigMap/settings")) << "it is healed";
  EXPECT_TRUE(said("repaired settings"));
}

TEST_F(HookDeletionTest, a_hook_of_the_sync_itself_is_made_anew_for_each_revision_in_its_wave) {
  start_staged();
  for (const std::string number : {"1", "2"}) {
    SCOPED_TRACE(number);
    Manifest hook = object(
        "Job/", {{"argocd.argoproj.io/hook", "Sync"}, {kArgo, "HookSucceeded"}, {"argocd.argoproj.io/sync-wave", "1"}});
    hook.body["metadata"].as_object().erase("name");
    hook.body["metadata"].as_object()["generateName"] = "seed-";
    hold(path("first"), Method::Patch);
    commit("r" + number, {object("ConfigMap/first=" + number), hook, in_wave("ConfigMap/after=" + number, 2)});
    EXPECT_FALSE(exists("Job/seed-")) << "its wave has not come";
    api.hold = nullptr;
    ReconcilerTest::release(path("first"));
    rest();
    ASSERT_TRUE(exists("Job/seed-"));
    EXPECT_NE(value_of_if_there("ConfigMap/after"), number);
    finish_job("Job/seed-");
    rest();
    EXPECT_EQ(value_of("ConfigMap/after"), number);
    EXPECT_FALSE(exists("Job/seed-"));
    EXPECT_EQ(observer.times("complete r" + number), 1U);
  }
  EXPECT_EQ(applies("/jobs/seed-"), 2U);
}

TEST_F(HookDeletionTest, a_hook_of_the_sync_that_ended_while_nobody_ran_is_seen_to_have_ended) {
  start_staged();
  const std::vector<Manifest> release{argo_hook("Job/seed", "Sync", "HookSucceeded")};
  commit("r1", release);
  show_all();
  ASSERT_TRUE(exists("Job/seed-"));
  die_and_start_anew();
  api.edit(path_of("Job/seed-"), "/status",
           json::object{{"conditions", json::array{json::object{{"type", "Complete"}, {"status", "True"}}}}});
  show_all();
  commit("r1", release);
  rest();
  EXPECT_FALSE(exists("Job/seed-"));
  EXPECT_TRUE(reconciler->ready());
  EXPECT_EQ(applies("/jobs/seed-"), 1U);
}

TEST_F(HookDeletionTest, what_has_its_health_ignored_holds_nothing_up) {
  start_staged();
  commit("r1",
         {object("Widget/db=1", {{"argocd.argoproj.io/ignore-healthcheck", "true"}}), in_wave("ConfigMap/after=1", 1)});
  show_all();
  sick("Widget/db");
  EXPECT_TRUE(exists("ConfigMap/after"));
  EXPECT_TRUE(reconciler->ready());
}

TEST_F(HookDeletionTest, a_job_before_and_after_runs_twice) {
  start_staged();
  commit("r1", {argo_hook("Job/one", "PreSync,PostSync", "HookSucceeded"), object("ConfigMap/a=1")});
  show_all();
  const std::string first = path_of("Job/one-");
  finish_job("Job/one-");
  rest();
  EXPECT_TRUE(exists("ConfigMap/a"));
  ASSERT_TRUE(exists("Job/one-"));
  EXPECT_NE(path_of("Job/one-"), first);
  finish_job("Job/one-");
  rest();
  EXPECT_FALSE(exists("Job/one-"));
  EXPECT_EQ(applies("/jobs/one-"), 2U);
  EXPECT_EQ(observer.times("complete r1"), 1U);
}

TEST_F(HookDeletionTest, D12_what_has_lost_our_label_or_took_its_name_is_not_deleted) {
  start_staged();
  commit("r1", {argo_hook("Job/one", "PreSync", "HookSucceeded"), argo_hook("Job/two", "PreSync", "HookSucceeded"),
                argo_hook("Job/last", "PreSync", "")});
  show_all();
  finish_job("Job/one-");
  finish_job("Job/two-");
  api.edit(path_of("Job/one-"), "/metadata/labels", json::object{{"holdfast.dev/installation", "prod"}});
  const std::string name = path_of("Job/two-");
  const json::value body = api.objects.at(name);
  api.objects.erase(name);
  api.put(name, body);  // another uid
  show_all();
  finish_job("Job/last-");
  rest();
  EXPECT_TRUE(exists("Job/one-"));
  EXPECT_TRUE(exists("Job/two-"));
  EXPECT_TRUE(deletions().empty());
  EXPECT_TRUE(said("held back one"));
  EXPECT_TRUE(said("held back two"));
}

TEST_F(HookDeletionTest, D12_an_annotation_that_keeps_it_decides) {
  start_staged();
  commit("r1", {object("Job/one", {{"helm.sh/hook", "pre-install"},
                                   {"helm.sh/hook-delete-policy", "hook-succeeded"},
                                   {"helm.sh/resource-policy", "keep"}})});
  show_all();
  finish_job("Job/one-");
  rest();
  EXPECT_TRUE(exists("Job/one-"));
  EXPECT_TRUE(said("held back one"));
}

TEST_F(HookDeletionTest, a_deletion_that_is_refused_is_tried_again_and_holds_nothing_up) {
  start_staged();
  commit("r1", {argo_hook("Job/one", "PreSync", "HookSucceeded"), object("ConfigMap/a=1")});
  show_all();
  const std::string job = path_of("Job/one-");
  finish_job("Job/one-");  // its end goes on record; the DELETE follows
  ASSERT_TRUE(deletions().size() == 1U);
  EXPECT_FALSE(exists("Job/one-"));

  commit("r2", {argo_hook("Job/one", "PreSync", "HookSucceeded"), object("ConfigMap/a=2")});
  show_all();
  const std::string second = path_of("Job/one-");
  api.hold = [&](const ApiRequest& request) { return request.method == Method::Delete; };
  finish_job("Job/one-");
  ASSERT_EQ(api.held.size(), 1U);
  api.hold = nullptr;
  ReconcilerTest::release(second, fake::status_response(403, "Forbidden", "not allowed"));
  show_all();
  EXPECT_EQ(value_of("ConfigMap/a"), "2");
  EXPECT_EQ(observer.times("complete r2"), 1U);
  EXPECT_EQ(observer.times("failed " + second.substr(second.rfind('/') + 1)), 1U);
  EXPECT_TRUE(exists("Job/one-"));
  const std::size_t before = deletions().size();
  advance(2s);
  rest();
  EXPECT_FALSE(exists("Job/one-"));
  EXPECT_EQ(deletions().size(), before + 1);
}

// Found by review: it was tried every second, and at each of its events.
TEST_F(HookDeletionTest, D14_a_deletion_that_is_refused_is_tried_less_and_less_often_and_said_once) {
  start_staged();
  commit("r1", {argo_hook("Job/one", "PreSync", "HookSucceeded"), object("ConfigMap/a=1")});
  show_all();
  const std::string job = path_of("Job/one-"), name = job.substr(job.rfind('/') + 1);
  const auto refused = [] { return Result<ApiResponse>(fake::status_response(403, "Forbidden", "not allowed")); };
  api.hold = [&](const ApiRequest& request) {
    if (request.method == Method::Delete && api.answers[job].empty()) api.answers[job].push_back(refused());
    return false;
  };
  finish_job("Job/one-");
  std::vector<std::chrono::seconds> tried_after{0s};
  for (auto since = 0s; since < 30s && tried_after.size() < 4; since += 1s) {
    EXPECT_EQ(deletions().size(), tried_after.size());
    api.edit(job, "/metadata/annotations", json::object{{"seen", std::to_string(since.count())}});
    show_all();
    EXPECT_EQ(deletions().size(), tried_after.size()) << "no event shortens the wait";
    advance(1s);
    if (deletions().size() > tried_after.size()) tried_after.push_back(since + 1s);
  }
  EXPECT_EQ(tried_after, (std::vector<std::chrono::seconds>{0s, 1s, 3s, 7s}));
  EXPECT_EQ(observer.times("failed " + name), 1U);
  EXPECT_EQ(observer.times("complete r1"), 1U);
  api.hold = nullptr;
  advance(8s);
  EXPECT_FALSE(exists("Job/one-"));
  EXPECT_EQ(observer.times("dismissed " + name), 1U);
  show_all();
  EXPECT_EQ(observer.times("dismissed " + name), 1U);
}

TEST_F(HookDeletionTest, what_could_not_be_deleted_and_is_gone_is_said_no_longer) {
  start_staged();
  commit("r1", {argo_hook("Job/one", "PreSync", "HookSucceeded")});
  show_all();
  const std::string job = path_of("Job/one-"), name = job.substr(job.rfind('/') + 1);
  hold(job, Method::Delete);
  finish_job("Job/one-");
  api.hold = nullptr;
  ReconcilerTest::release(job, fake::status_response(403, "Forbidden", "not allowed"));
  ASSERT_EQ(observer.times("failed " + name), 1U);
  api.objects.erase(job);
  show_all();
  EXPECT_EQ(observer.times("dismissed " + name), 1U);
}

TEST_F(HookDeletionTest, a_policy_that_nobody_knows_is_said_and_does_nothing) {
  start_staged();
  commit("r1", {argo_hook("Job/one", "PreSync", "HookSucceded"), object("ConfigMap/a=1")});
  show_all();
  EXPECT_TRUE(
      said("problem the annotation argocd.argoproj.io/hook-delete-policy has \"HookSucceded\", which does "
           "nothing; known are BeforeHookCreation, HookSucceeded, HookFailed"));
  finish_job("Job/one-");
  rest();
  EXPECT_TRUE(exists("Job/one-"));
  EXPECT_EQ(observer.times("complete r1"), 1U);
}

// One revision with a hook before and one after, both of which go when they have succeeded.
class HookDeletionKillTest : public HookDeletionTest {
 protected:
  void drive() {
    for (int i = 0; i < 16 && !(said("complete r1") && paths_of("Job/").empty()); ++i) {
      if (!std::exchange(committed, true))
        commit("r1", {argo_hook("Job/before", "PreSync", "HookSucceeded"), object("ConfigMap/a=1"),
                      argo_hook("Job/after", "PostSync", "HookSucceeded")});
      show_all();
      for (const std::string& job : paths_of("Job/")) {
        if (api.objects.at(job).as_object().contains("status")) continue;
        api.edit(job, "/status",
                 json::object{{"conditions", json::array{json::object{{"type", "Complete"}, {"status", "True"}}}}});
      }
      show_all();
      advance(6s);
    }
  }
  bool committed = false;
};

TEST_F(HookDeletionKillTest, Ask34_a_kill_at_every_request_makes_each_job_once_and_leaves_none) {
  std::size_t kills = 0;
  for (const bool done : {false, true}) {
    for (std::size_t at = 0; at < 60; ++at) {
      SCOPED_TRACE(std::to_string(at) + (done ? ", after its effect" : ", before its effect"));
      die_and_start_anew();
      api.objects.clear();
      die_and_start_anew();
      api.sent.clear();
      observer.said.clear();
      committed = false;
      std::size_t left = at;
      bool killed = false;
      api.hold = [&](const ApiRequest&) { return killed || left-- == 0 ? (killed = true) : false; };
      drive();
      if (!killed) break;
      ++kills;
      for (const fake::ApiServer::Call& call : api.held)
        if (done && !call.answer) api.handle(call.request);
      die_and_start_anew();
      committed = false;
      drive();
      EXPECT_TRUE(said("complete r1"));
      EXPECT_TRUE(paths_of("Job/").empty());
      EXPECT_EQ(value_of("ConfigMap/a"), "1");
      std::set<std::string> made;
      std::size_t made_twice = 0;
      for (const ApiRequest& request : api.sent) {
        const std::string target = fake::ApiServer::path_of(request);
        if (request.method == Method::Patch && target.contains("/jobs/") && !made.insert(target).second) ++made_twice;
      }
      EXPECT_LE(made.size(), 2U);
      EXPECT_LE(made_twice, done ? 0U : 1U) << "sent again only where it came to nothing";
    }
  }
  EXPECT_GE(kills, 16U);
}

}  // namespace
}  // namespace holdfast
