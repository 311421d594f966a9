// When a hook has ended: by the status of its own kind, by its health rule, or for all that can be told with its phase.
#include "engine/hook.h"

#include "unit/engine/fake_health_judge.h"
#include "unit/engine/live_bodies.h"
#include "unit/engine/staged_fixture.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;
using holdfast::live_bodies::body_of;

struct EndCase {
  const char* name;
  GroupKind type;
  const char* body;
  HookEnd::Kind end;
};

const GroupKind kJob{"batch", "Job"}, kPod{"", "Pod"}, kWorkflow{"argoproj.io", "Workflow"},
    kTask{"tekton.dev", "TaskRun"}, kPipeline{"tekton.dev", "PipelineRun"};

class EndOfHook : public testing::TestWithParam<EndCase> {};

TEST_P(EndOfHook, is_told_by_its_status) {
  EXPECT_EQ(end_of_hook(body_of(GetParam().body), GetParam().type).kind, GetParam().end);
}

using enum HookEnd::Kind;
INSTANTIATE_TEST_SUITE_P(
    Kinds, EndOfHook,
    testing::Values(
        EndCase{"job_new", kJob, R"({})", Runs},
        EndCase{"job_active", kJob, R"({"status":{"active":1,"startTime":"2026-01-01T00:00:00Z"}})", Runs},
        EndCase{"job_complete", kJob, R"({"status":{"conditions":[{"type":"Complete","status":"True"}]}})", Succeeded},
        EndCase{"job_complete_false", kJob, R"({"status":{"conditions":[{"type":"Complete","status":"False"}]}})",
                Runs},
        EndCase{"job_failed", kJob, R"({"status":{"conditions":[{"type":"Failed","status":"True"}]}})", Failed},
        EndCase{"job_resumed", kJob, R"({"status":{"conditions":[{"type":"Suspended","status":"False"}]}})", Runs},
        EndCase{"job_suspended", kJob, R"({"status":{"conditions":[{"type":"Suspended","status":"True"}]}})", Runs},
        EndCase{"job_about_to_fail", kJob, R"({"status":{"conditions":[{"type":"FailureTarget","status":"True"}]}})",
                Runs},
        EndCase{"job_resumed_and_complete", kJob,
                R"({"status":{"conditions":[{"type":"Suspended","status":"False"},
                                            {"type":"Complete","status":"True"}]}})",
                Succeeded},
        EndCase{"job_odd", kJob, R"({"status":{"conditions":{"type":"Complete"}}})", Runs},
        EndCase{"pod_new", kPod, R"({})", Runs},
        EndCase{"pod_ready", kPod,
                R"({"spec":{"restartPolicy":"Always"},
                    "status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}})",
                Runs},
        EndCase{"pod_without_image", kPod,
                R"({"spec":{"restartPolicy":"Always"},"status":{"phase":"Pending","containerStatuses":[
                    {"name":"a","state":{"waiting":{"reason":"ImagePullBackOff"}}}]}})",
                Runs},
        EndCase{"pod_succeeded", kPod, R"({"status":{"phase":"Succeeded"}})", Succeeded},
        EndCase{"pod_failed", kPod, R"({"status":{"phase":"Failed"}})", Failed},
        EndCase{"workflow_new", kWorkflow, R"({})", Runs},
        EndCase{"workflow_running", kWorkflow, R"({"status":{"phase":"Running"}})", Runs},
        EndCase{"workflow_succeeded", kWorkflow, R"({"status":{"phase":"Succeeded"}})", Succeeded},
        EndCase{"workflow_failed", kWorkflow, R"({"status":{"phase":"Failed"}})", Failed},
        EndCase{"workflow_error", kWorkflow, R"({"status":{"phase":"Error"}})", Failed},
        EndCase{"task_new", kTask, R"({})", Runs},
        EndCase{"task_running", kTask, R"({"status":{"conditions":[{"type":"Succeeded","status":"Unknown"}]}})", Runs},
        EndCase{"task_succeeded", kTask, R"({"status":{"conditions":[{"type":"Succeeded","status":"True"}]}})",
                Succeeded},
        EndCase{"pipeline_failed", kPipeline, R"({"status":{"conditions":[{"type":"Succeeded","status":"False"}]}})",
                Failed},
        EndCase{"config_map", {"", "ConfigMap"}, R"({})", Untold},
        EndCase{"of_another_group",
                {"acme.dev", "Job"},
                R"({"status":{"conditions":[{"type":"Complete","status":"True"}]}})",
                Untold}),
    [](const auto& tested) { return tested.param.name; });

TEST(HookEnd, says_why_it_failed) {
  const HookEnd job = end_of_hook(
      body_of(R"({"status":{"conditions":[{"type":"Failed","status":"True","message":"no luck"}]}})"), kJob);
  EXPECT_EQ(job.message, "no luck");
  const HookEnd task = end_of_hook(
      body_of(R"({"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Cancelled"}]}})"), kTask);
  EXPECT_EQ(task.message, "Cancelled");
  const HookEnd workflow = end_of_hook(body_of(R"({"status":{"phase":"Error","message":"no pod"}})"), kWorkflow);
  EXPECT_EQ(workflow.message, "no pod");
  const HookEnd pod = end_of_hook(body_of(R"({"status":{"phase":"Failed"}})"), kPod);
  EXPECT_EQ(pod.message, "its phase is Failed");
  EXPECT_TRUE(end_of_hook(body_of(R"({"spec":{"restartPolicy":"Always"},"status":{"phase":"Running"}})"), kPod)
                  .message.contains("restartPolicy"));
}

class HookEndTest : public fake::StagedTest {
 protected:
  static constexpr const char* kArgo = "argocd.argoproj.io/hook-delete-policy";

  void start_all() {
    start();
    auto made = staged_catalog();
    for (const auto& [gvk, plural] : {std::pair(GroupVersionKind{"", "v1", "Pod"}, "pods"),
                                      std::pair(GroupVersionKind{"tekton.dev", "v1", "TaskRun"}, "taskruns")}) {
      made->preferred[gvk.group_kind()] = gvk.version;
      made->resources[gvk] = {gvk, plural, true, {"patch"}};
    }
    reconciler->set_catalog(std::move(made));
    settle();
  }
  // "Job/a", "TaskRun/a-" with a generateName.
  static Manifest argo_hook(const std::string& text, const std::string& policy) {
    Manifest made = object(text, {{"argocd.argoproj.io/hook", "PreSync"}, {kArgo, policy}});
    if (made.gvk.kind == "TaskRun") made.gvk = {"tekton.dev", "v1", "TaskRun"};
    made.body["apiVersion"] = made.gvk.api_version();
    if (!made.name.ends_with('-')) return made;
    made.body["metadata"].as_object().erase("name");
    made.body["metadata"].as_object()["generateName"] = std::exchange(made.name, {});
    return made;
  }
  void rest() {
    for (int i = 0; i < 4; ++i) {
      show_all();
      advance(6s);
    }
  }
  void state_is(const std::string& object, const json::value& state) {
    api.edit(path_of(object), "/status", state);
    rest();
  }
};

TEST_F(HookEndTest, a_task_ends_by_its_condition_and_not_with_its_creation) {
  start_all();
  commit("r1", {argo_hook("TaskRun/seed-", "HookSucceeded"), object("ConfigMap/a=1")});
  rest();
  EXPECT_TRUE(exists("TaskRun/seed-")) << "its pod has not begun";
  EXPECT_FALSE(exists("ConfigMap/a"));
  status("TaskRun/seed-", "Succeeded", "Unknown");
  rest();
  EXPECT_TRUE(exists("TaskRun/seed-"));
  EXPECT_FALSE(exists("ConfigMap/a"));
  status("TaskRun/seed-", "Succeeded", "True");
  rest();
  EXPECT_FALSE(exists("TaskRun/seed-"));
  EXPECT_EQ(value_of("ConfigMap/a"), "1");
  EXPECT_EQ(observer.times("complete r1"), 1U);
}

TEST_F(HookEndTest, a_task_that_failed_goes_where_its_policy_says_so) {
  start_all();
  commit("r1", {argo_hook("TaskRun/seed-", "HookFailed"), object("ConfigMap/a=1")});
  status("TaskRun/seed-", "Succeeded", "False");
  rest();
  EXPECT_FALSE(exists("TaskRun/seed-"));
  EXPECT_FALSE(exists("ConfigMap/a"));
  EXPECT_TRUE(said("refused seed-"));
}

TEST_F(HookEndTest, a_job_that_is_resumed_runs_on) {
  start_all();
  commit("r1", {argo_hook("Job/one", "HookSucceeded"), object("ConfigMap/a=1")});
  status("Job/one-", "Suspended", "False");
  rest();
  EXPECT_TRUE(exists("Job/one-"));
  EXPECT_FALSE(exists("ConfigMap/a"));
  finish_job("Job/one-");
  rest();
  EXPECT_FALSE(exists("Job/one-"));
  EXPECT_EQ(value_of("ConfigMap/a"), "1");
}

TEST_F(HookEndTest, a_pod_ends_by_its_phase_whatever_happens_to_its_containers) {
  start_all();
  commit("r1", {argo_hook("Pod/one", "HookSucceeded,HookFailed"), object("ConfigMap/a=1")});
  const auto waits_for = [](const char* reason) {
    return json::array{json::object{
        {"name", "main"}, {"state", json::object{{"waiting", json::object{{"reason", reason}, {"message", "no"}}}}}}};
  };
  api.edit(path_of("Pod/one-"), "/spec", json::object{{"restartPolicy", "Always"}});
  state_is("Pod/one-", json::object{{"phase", "Pending"}, {"containerStatuses", waits_for("ImagePullBackOff")}});
  EXPECT_TRUE(exists("Pod/one-"));
  EXPECT_FALSE(said("refused one"));
  state_is("Pod/one-", json::object{{"phase", "Running"},
                                    {"conditions", json::array{json::object{{"type", "Ready"}, {"status", "True"}}}}});
  EXPECT_TRUE(exists("Pod/one-"));
  EXPECT_FALSE(exists("ConfigMap/a"));
  state_is("Pod/one-", json::object{{"phase", "Succeeded"}});
  EXPECT_FALSE(exists("Pod/one-"));
  EXPECT_EQ(value_of("ConfigMap/a"), "1");
}

TEST_F(HookEndTest, of_a_kind_whose_end_nobody_can_tell_none_is_deleted_as_ended) {
  start_all();
  commit("r1", {argo_hook("Widget/run-", "HookSucceeded,HookFailed"), argo_hook("Widget/named=1", "HookSucceeded"),
                object("ConfigMap/a=1")});
  rest();
  EXPECT_EQ(value_of("ConfigMap/a"), "1") << "it counts as applied";
  EXPECT_EQ(observer.times("complete r1"), 1U);
  EXPECT_TRUE(exists("Widget/run-"));
  EXPECT_TRUE(exists("Widget/named"));
  EXPECT_TRUE(said("held back run-"));
  EXPECT_TRUE(said("held back named"));
  commit("r2", {argo_hook("Widget/run-", "HookSucceeded,HookFailed"), object("ConfigMap/a=2")});
  sick("Widget/run-");
  rest();
  EXPECT_TRUE(exists("Widget/run-"));
  EXPECT_FALSE(said("dismissed"));
}

class RuledHookTest : public HookEndTest {
 protected:
  RuledHookTest() {
    adjust = [this](ReconcilerOptions& options) { options.health_judge = &judge; };
    make();
    start_all();
  }
  ~RuledHookTest() override {
    reconciler->stop();  // says nothing to the judge any more, which goes before it
    settle();
    adjust = nullptr;
    make();
  }
  void answer(HealthStatus status) {
    ASSERT_FALSE(judge.asked.empty());
    const auto [key, task] = judge.asked.back();
    judge.who->judged(key, task.uid, task.resource_version, {status, Kstatus::Unknown, "as the rule says"});
    settle();
    rest();
  }
  fake::Judge judge;
};

TEST_F(RuledHookTest, a_rule_tells_when_a_hook_of_its_kind_has_ended) {
  commit("r1", {argo_hook("Widget/run-", "HookSucceeded"), object("ConfigMap/a=1")});
  rest();
  EXPECT_TRUE(exists("Widget/run-"));
  EXPECT_FALSE(exists("ConfigMap/a"));
  answer(HealthStatus::Progressing);
  EXPECT_TRUE(exists("Widget/run-"));
  answer(HealthStatus::Healthy);
  EXPECT_FALSE(exists("Widget/run-"));
  EXPECT_EQ(value_of("ConfigMap/a"), "1");
  EXPECT_FALSE(said("held back"));
}

TEST_F(RuledHookTest, and_that_it_has_failed) {
  commit("r1", {argo_hook("Widget/run-", "HookFailed"), object("ConfigMap/a=1")});
  rest();
  answer(HealthStatus::Degraded);
  EXPECT_FALSE(exists("Widget/run-"));
  EXPECT_FALSE(exists("ConfigMap/a"));
}

}  // namespace
}  // namespace holdfast
