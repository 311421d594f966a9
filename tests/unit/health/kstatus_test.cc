// Correctness E1 and E2, kind by kind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/health/judged.h"

namespace holdfast {
namespace {

using testing::HasSubstr;

class KstatusRule : public testing::TestWithParam<HealthCase> {};

TEST_P(KstatusRule, judges) {
  const HealthCase& one = GetParam();
  const Health health = judge_health(object_of(one.type, one.rest), {test_now()});
  EXPECT_STREQ(to_string(health.kstatus), one.expected) << one.type << " {" << one.rest << "}: " << health.message;
}

std::string name_of(const testing::TestParamInfo<HealthCase>& info) { return info.param.name; }

// NOLINTBEGIN(bugprone-throwing-static-initialization)
INSTANTIATE_TEST_SUITE_P(
    E1, KstatusRule,
    testing::Values(
        HealthCase{"deletion_comes_first", "v1 ConfigMap",
                   R"("metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z", "generation": 2},
                      "status": {"observedGeneration": 1})",
                   "Terminating"},
        HealthCase{"generation_not_observed", "example.org/v1 Boat",
                   R"("metadata": {"generation": 2}, "status": {"observedGeneration": 1,
                      "conditions": [{"type": "Stalled", "status": "True"}]})",
                   "InProgress"},
        HealthCase{"generation_from_the_future_neither", "example.org/v1 Boat",
                   R"("metadata": {"generation": 1}, "status": {"observedGeneration": 2})", "InProgress"},
        HealthCase{"no_observed_generation_is_no_sign", "example.org/v1 Boat", R"("metadata": {"generation": 2})",
                   "Current"},
        HealthCase{"reconciling", "example.org/v1 Boat",
                   R"("status": {"conditions": [{"type": "Ready", "status": "True"},
                                                {"type": "Reconciling", "status": "True"}]})",
                   "InProgress"},
        HealthCase{"not_reconciling", "example.org/v1 Boat",
                   R"("status": {"conditions": [{"type": "Reconciling", "status": "False"}]})", "Current"},
        HealthCase{"stalled", "example.org/v1 Boat",
                   R"("status": {"conditions": [{"type": "Stalled", "status": "True", "message": "aground"}]})",
                   "Failed"},
        HealthCase{"the_first_of_the_two_decides", "example.org/v1 Boat",
                   R"("status": {"conditions": [{"type": "Stalled", "status": "True"},
                                                {"type": "Reconciling", "status": "True"}]})",
                   "Failed"},
        HealthCase{"stalled_before_the_rule_of_the_kind", "v1 ConfigMap",
                   R"("status": {"conditions": [{"type": "Stalled", "status": "True"}]})", "Failed"},
        HealthCase{"ready", "example.org/v1 Boat", R"("status": {"conditions": [{"type": "Ready", "status": "True"}]})",
                   "Current"},
        HealthCase{"not_ready", "example.org/v1 Boat",
                   R"("status": {"conditions": [{"type": "Ready", "status": "False"}]})", "InProgress"},
        HealthCase{"ready_unknown", "example.org/v1 Boat",
                   R"("status": {"conditions": [{"type": "Ready", "status": "Unknown"}]})", "InProgress"},
        HealthCase{"ready_something_else", "example.org/v1 Boat",
                   R"("status": {"conditions": [{"type": "Ready", "status": "Maybe"}]})", "Current"},
        HealthCase{"nothing_said", "example.org/v1 Boat", "", "Current"},
        HealthCase{"conditions_of_another_shape", "example.org/v1 Boat", R"("status": {"conditions": "fine"})",
                   "Unknown"},
        HealthCase{"a_condition_of_another_shape", "example.org/v1 Boat", R"("status": {"conditions": [{"type": 1}]})",
                   "Unknown"},
        HealthCase{"status_of_another_shape", "example.org/v1 Boat", R"("status": "fine")", "Unknown"},
        HealthCase{"generation_of_another_shape", "example.org/v1 Boat", R"("metadata": {"generation": "2"})",
                   "Unknown"},
        HealthCase{"nulls_are_absent", "example.org/v1 Boat",
                   R"("metadata": {"generation": null, "deletionTimestamp": null}, "status": {"conditions": null})",
                   "Current"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    E2_deployment, KstatusRule,
    testing::Values(
        HealthCase{"done", "apps/v1 Deployment",
                   R"("spec": {"replicas": 2, "progressDeadlineSeconds": 600}, "status": {"replicas": 2,
                      "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2, "conditions": [
                      {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
                      {"type": "Available", "status": "True"}]})",
                   "Current"},
        HealthCase{"done_in_the_old_group", "extensions/v1beta1 Deployment",
                   R"("spec": {"replicas": 1}, "status": {"replicas": 1, "updatedReplicas": 1, "readyReplicas": 1,
                      "availableReplicas": 1, "conditions": [{"type": "Available", "status": "True"}]})",
                   "Current"},
        HealthCase{"deadline_passed", "apps/v1 Deployment",
                   R"("status": {"conditions": [{"type": "Progressing", "status": "False",
                      "reason": "ProgressDeadlineExceeded"}]})",
                   "Failed"},
        HealthCase{"too_few", "apps/v1 Deployment", R"("spec": {"replicas": 2}, "status": {"replicas": 1})",
                   "InProgress"},
        HealthCase{"one_replica_is_the_default", "apps/v1 Deployment", R"("status": {})", "InProgress"},
        HealthCase{"not_updated", "apps/v1 Deployment", R"("status": {"replicas": 1, "updatedReplicas": 0,
                      "availableReplicas": 1, "readyReplicas": 1,
                      "conditions": [{"type": "Available", "status": "True"}]})",
                   "InProgress"},
        HealthCase{"old_ones_run", "apps/v1 Deployment", R"("status": {"replicas": 2, "updatedReplicas": 1,
                      "availableReplicas": 1, "readyReplicas": 1,
                      "conditions": [{"type": "Available", "status": "True"}]})",
                   "InProgress"},
        HealthCase{"not_available", "apps/v1 Deployment", R"("status": {"replicas": 1, "updatedReplicas": 1,
                      "availableReplicas": 0, "readyReplicas": 1,
                      "conditions": [{"type": "Available", "status": "True"}]})",
                   "InProgress"},
        HealthCase{"not_ready", "apps/v1 Deployment", R"("status": {"replicas": 1, "updatedReplicas": 1,
                      "availableReplicas": 1, "readyReplicas": 0,
                      "conditions": [{"type": "Available", "status": "True"}]})",
                   "InProgress"},
        HealthCase{"new_replica_set_not_available", "apps/v1 Deployment",
                   R"("spec": {"progressDeadlineSeconds": 600}, "status": {"replicas": 1, "updatedReplicas": 1,
                      "availableReplicas": 1, "readyReplicas": 1, "conditions": [{"type": "Available",
                      "status": "True"}, {"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated"}]})",
                   "InProgress"},
        HealthCase{"the_largest_deadline_is_none", "apps/v1 Deployment",
                   R"("spec": {"progressDeadlineSeconds": 2147483647}, "status": {"replicas": 1, "updatedReplicas": 1,
                      "availableReplicas": 1, "readyReplicas": 1,
                      "conditions": [{"type": "Available", "status": "True"}]})",
                   "Current"},
        HealthCase{"condition_available_missing", "apps/v1 Deployment",
                   R"("status": {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "readyReplicas": 1})",
                   "InProgress"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    E2_stateful_set, KstatusRule,
    testing::Values(HealthCase{"on_delete", "apps/v1 StatefulSet",
                               R"("spec": {"updateStrategy": {"type": "OnDelete"}})", "Current"},
                    HealthCase{"done", "apps/v1 StatefulSet", R"("status": {"replicas": 1, "readyReplicas": 1,
                      "currentReplicas": 1, "currentRevision": "a", "updateRevision": "a"})",
                               "Current"},
                    HealthCase{"too_few", "apps/v1 StatefulSet",
                               R"("spec": {"replicas": 2}, "status": {"replicas": 1})", "InProgress"},
                    HealthCase{"not_ready", "apps/v1 StatefulSet", R"("status": {"replicas": 1, "currentReplicas": 1})",
                               "InProgress"},
                    HealthCase{"too_many", "apps/v1 StatefulSet",
                               R"("status": {"replicas": 2, "readyReplicas": 2, "currentReplicas": 2})", "InProgress"},
                    HealthCase{"partition_going_on", "apps/v1 StatefulSet",
                               R"("spec": {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 1}}},
                      "status": {"replicas": 3, "readyReplicas": 3, "updatedReplicas": 1})",
                               "InProgress"},
                    HealthCase{"partition_done", "apps/v1 StatefulSet",
                               R"("spec": {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 1}}},
                      "status": {"replicas": 3, "readyReplicas": 3, "updatedReplicas": 2, "currentRevision": "a",
                      "updateRevision": "b"})",
                               "Current"},
                    HealthCase{"too_few_current", "apps/v1 StatefulSet",
                               R"("status": {"replicas": 1, "readyReplicas": 1, "currentReplicas": 0})", "InProgress"},
                    HealthCase{"another_revision", "apps/v1 StatefulSet",
                               R"("status": {"replicas": 1, "readyReplicas": 1,
                      "currentReplicas": 1, "currentRevision": "a", "updateRevision": "b"})",
                               "InProgress"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    E2_other_workloads, KstatusRule,
    testing::Values(
        HealthCase{"daemon_set_done", "apps/v1 DaemonSet",
                   R"("metadata": {"generation": 1}, "status": {"observedGeneration": 1, "desiredNumberScheduled": 2,
                      "currentNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2,
                      "numberReady": 2})",
                   "Current"},
        HealthCase{"daemon_set_without_nodes", "apps/v1 DaemonSet",
                   R"("metadata": {"generation": 1}, "status": {"observedGeneration": 1, "desiredNumberScheduled": 0})",
                   "Current"},
        HealthCase{"daemon_set_without_generation", "apps/v1 DaemonSet",
                   R"("status": {"observedGeneration": 1, "desiredNumberScheduled": 0})", "InProgress"},
        HealthCase{"daemon_set_without_observed_generation", "apps/v1 DaemonSet",
                   R"("metadata": {"generation": 1}, "status": {"desiredNumberScheduled": 0})", "InProgress"},
        HealthCase{"daemon_set_without_desired_number", "apps/v1 DaemonSet",
                   R"("metadata": {"generation": 1}, "status": {"observedGeneration": 1})", "InProgress"},
        HealthCase{"daemon_set_not_scheduled", "apps/v1 DaemonSet",
                   R"("metadata": {"generation": 1}, "status": {"observedGeneration": 1, "desiredNumberScheduled": 2,
                      "currentNumberScheduled": 1, "updatedNumberScheduled": 2, "numberAvailable": 2,
                      "numberReady": 2})",
                   "InProgress"},
        HealthCase{"daemon_set_not_updated", "apps/v1 DaemonSet",
                   R"("metadata": {"generation": 1}, "status": {"observedGeneration": 1, "desiredNumberScheduled": 2,
                      "currentNumberScheduled": 2, "updatedNumberScheduled": 1, "numberAvailable": 2,
                      "numberReady": 2})",
                   "InProgress"},
        HealthCase{"daemon_set_not_available", "extensions/v1beta1 DaemonSet",
                   R"("metadata": {"generation": 1}, "status": {"observedGeneration": 1, "desiredNumberScheduled": 2,
                      "currentNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 1,
                      "numberReady": 2})",
                   "InProgress"},
        HealthCase{"daemon_set_not_ready", "apps/v1 DaemonSet",
                   R"("metadata": {"generation": 1}, "status": {"observedGeneration": 1, "desiredNumberScheduled": 2,
                      "currentNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2,
                      "numberReady": 1})",
                   "InProgress"},
        HealthCase{"replica_set_done", "apps/v1 ReplicaSet", R"("status": {"replicas": 1, "fullyLabeledReplicas": 1,
                      "availableReplicas": 1, "readyReplicas": 1})",
                   "Current"},
        HealthCase{"replica_set_failure", "apps/v1 ReplicaSet", R"("status": {"replicas": 1, "fullyLabeledReplicas": 1,
                      "availableReplicas": 1, "readyReplicas": 1,
                      "conditions": [{"type": "ReplicaFailure", "status": "True"}]})",
                   "InProgress"},
        HealthCase{"replica_set_not_labeled", "apps/v1 ReplicaSet",
                   R"("status": {"replicas": 1, "availableReplicas": 1, "readyReplicas": 1})", "InProgress"},
        HealthCase{"replica_set_not_available", "apps/v1 ReplicaSet",
                   R"("status": {"replicas": 1, "fullyLabeledReplicas": 1, "readyReplicas": 1})", "InProgress"},
        HealthCase{"replica_set_not_ready", "apps/v1 ReplicaSet",
                   R"("status": {"replicas": 1, "fullyLabeledReplicas": 1, "availableReplicas": 1})", "InProgress"},
        HealthCase{"replica_set_too_many", "extensions/v1beta1 ReplicaSet",
                   R"("status": {"replicas": 2, "fullyLabeledReplicas": 2, "availableReplicas": 2,
                      "readyReplicas": 2})",
                   "InProgress"},
        HealthCase{"job_complete", "batch/v1 Job",
                   R"("status": {"conditions": [{"type": "Complete", "status": "True"}]})", "Current"},
        HealthCase{"job_failed", "batch/v1 Job", R"("status": {"startTime": "2026-01-01T00:00:00Z",
                      "conditions": [{"type": "Failed", "status": "True"}]})",
                   "Failed"},
        HealthCase{"job_suspended", "batch/v1 Job", R"("spec": {"suspend": true},
                      "status": {"conditions": [{"type": "Suspended", "status": "True"}]})",
                   "Current"},
        HealthCase{"job_no_longer_to_be_suspended", "batch/v1 Job", R"("spec": {"suspend": false},
                      "status": {"conditions": [{"type": "Suspended", "status": "True"}]})",
                   "InProgress"},
        HealthCase{"job_not_started", "batch/v1 Job", R"("status": {})", "InProgress"},
        HealthCase{"job_running", "batch/v1 Job", R"("status": {"startTime": "2026-01-01T00:00:00Z", "active": 1})",
                   "Current"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    E2_pod, KstatusRule,
    testing::Values(
        HealthCase{"succeeded", "v1 Pod", R"("status": {"phase": "Succeeded"})", "Current"},
        HealthCase{"failed", "v1 Pod", R"("status": {"phase": "Failed"})", "Current"},
        HealthCase{"ready", "v1 Pod",
                   R"("status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]})", "Current"},
        HealthCase{"not_ready", "v1 Pod",
                   R"("status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}]})",
                   "InProgress"},
        HealthCase{"crash_loop", "v1 Pod", R"("status": {"phase": "Running", "containerStatuses": [{"name": "a",
                      "state": {"running": {}}}, {"name": "b", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]})",
                   "Failed"},
        HealthCase{"waiting_for_another_reason", "v1 Pod", R"("status": {"phase": "Running",
                      "containerStatuses": [{"name": "b", "state": {"waiting": {"reason": "ErrImagePull"}}}]})",
                   "InProgress"},
        HealthCase{"unschedulable_for_15_seconds", "v1 Pod",
                   R"("metadata": {"creationTimestamp": "2026-01-01T00:00:45Z"}, "status": {"phase": "Pending",
                      "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]})",
                   "Failed"},
        HealthCase{"unschedulable_for_14_seconds", "v1 Pod",
                   R"("metadata": {"creationTimestamp": "2026-01-01T01:00:46+01:00"}, "status": {"phase": "Pending",
                      "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]})",
                   "InProgress"},
        HealthCase{"unschedulable_since_nobody_knows_when", "v1 Pod", R"("status": {"phase": "Pending",
                      "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]})",
                   "Failed"},
        HealthCase{"pending", "v1 Pod", R"("status": {"phase": "Pending"})", "InProgress"},
        HealthCase{"gated", "v1 Pod", R"("status": {"phase": "Pending",
                      "conditions": [{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}]})",
                   "InProgress"},
        HealthCase{"no_phase", "v1 Pod", "", "InProgress"},
        HealthCase{"another_phase", "v1 Pod", R"("status": {"phase": "Sailing"})", "Unknown"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    E2_other_kinds, KstatusRule,
    testing::Values(
        HealthCase{"claim_bound", "v1 PersistentVolumeClaim", R"("status": {"phase": "Bound"})", "Current"},
        HealthCase{"claim_pending", "v1 PersistentVolumeClaim", R"("status": {"phase": "Pending"})", "InProgress"},
        HealthCase{"claim_new", "v1 PersistentVolumeClaim", "", "InProgress"},
        HealthCase{"load_balancer_without_ip", "v1 Service", R"("spec": {"type": "LoadBalancer"})", "InProgress"},
        HealthCase{"load_balancer", "v1 Service", R"("spec": {"type": "LoadBalancer", "clusterIP": "10.0.0.1"})",
                   "Current"},
        HealthCase{"service", "v1 Service", R"("spec": {})", "Current"},
        HealthCase{"crd_names_refused", "apiextensions.k8s.io/v1 CustomResourceDefinition",
                   R"("status": {"conditions": [{"type": "NamesAccepted", "status": "False"},
                                                {"type": "Established", "status": "True"}]})",
                   "Failed"},
        HealthCase{"crd_not_established", "apiextensions.k8s.io/v1 CustomResourceDefinition",
                   R"("status": {"conditions": [{"type": "Established", "status": "False", "reason": "Other"}]})",
                   "Failed"},
        HealthCase{"crd_installing", "apiextensions.k8s.io/v1 CustomResourceDefinition",
                   R"("status": {"conditions": [{"type": "Established", "status": "False", "reason": "Installing"}]})",
                   "InProgress"},
        HealthCase{"crd_established", "apiextensions.k8s.io/v1 CustomResourceDefinition",
                   R"("status": {"conditions": [{"type": "Established", "status": "True"}]})", "Current"},
        HealthCase{"crd_new", "apiextensions.k8s.io/v1 CustomResourceDefinition", "", "InProgress"},
        HealthCase{"secret_whatever_ready_says", "v1 Secret",
                   R"("status": {"conditions": [{"type": "Ready", "status": "False"}]})", "Current"},
        HealthCase{"config_map", "v1 ConfigMap", "", "Current"},
        HealthCase{"cron_job", "batch/v1 CronJob", "", "Current"},
        HealthCase{"disruption_budget", "policy/v1 PodDisruptionBudget", "", "Current"},
        HealthCase{"the_group_counts", "example.org/v1 Pod", "", "Current"}),
    name_of);
// NOLINTEND(bugprone-throwing-static-initialization)

TEST(Kstatus, E1_an_older_body_than_our_last_write_is_not_judged) {
  const json::value done = object_of("example.org/v1 Boat", R"("metadata": {"generation": 3})");
  const Health before = judge_health(done, {test_now(), nullptr, 4});
  EXPECT_EQ(before.kstatus, Kstatus::InProgress);
  EXPECT_EQ(before.status, HealthStatus::Progressing);
  EXPECT_EQ(judge_health(done, {test_now(), nullptr, 3}).kstatus, Kstatus::Current);
}

TEST(Kstatus, an_object_that_does_not_say_what_it_is_is_unknown) {
  const Health health = judge_health(json_of(R"({"kind": "Pod"})"), {test_now()});
  EXPECT_EQ(health.kstatus, Kstatus::Unknown);
  EXPECT_EQ(health.status, HealthStatus::Unknown);
  EXPECT_THAT(health.message, HasSubstr("apiVersion"));
  EXPECT_EQ(judge_health(json_of("[]"), {test_now()}).kstatus, Kstatus::Unknown);
}

}  // namespace
}  // namespace holdfast
