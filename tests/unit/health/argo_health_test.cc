// Correctness E3, kind by kind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/health/judged.h"

namespace holdfast {
namespace {

using testing::HasSubstr;

class ArgoRule : public testing::TestWithParam<HealthCase> {};

TEST_P(ArgoRule, judges) {
  const HealthCase& one = GetParam();
  const Health health = judge_health(object_of(one.type, one.rest), {test_now()});
  EXPECT_STREQ(to_string(health.status), one.expected) << one.type << " {" << one.rest << "}: " << health.message;
}

std::string name_of(const testing::TestParamInfo<HealthCase>& info) { return info.param.name; }

// NOLINTBEGIN(bugprone-throwing-static-initialization)
INSTANTIATE_TEST_SUITE_P(
    E3_any_kind, ArgoRule,
    testing::Values(
        HealthCase{"deletion", "v1 Pod",
                   R"("metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}, "status": {"phase": "Failed"})",
                   "Progressing"},
        HealthCase{"deletion_of_a_hook", "v1 Pod", R"("metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z",
                      "finalizers": ["argocd.argoproj.io/hook-finalizer"]}, "status": {"phase": "Failed"})",
                   "Degraded"},
        HealthCase{"no_rule_is_neutral", "example.org/v1 Boat",
                   R"("status": {"conditions": [{"type": "Ready", "status": "False"}]})", "Healthy"},
        HealthCase{"another_version_is_not_guessed_at", "apps/v1beta1 Deployment", "", "Unknown"},
        HealthCase{"a_field_of_another_type", "apps/v1 Deployment", R"("spec": {"replicas": "3"})", "Unknown"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    E3_deployment, ArgoRule,
    testing::Values(
        HealthCase{"paused", "apps/v1 Deployment", R"("metadata": {"generation": 2}, "spec": {"paused": true})",
                   "Suspended"},
        HealthCase{"not_observed", "apps/v1 Deployment",
                   R"("metadata": {"generation": 2}, "status": {"observedGeneration": 1})", "Progressing"},
        HealthCase{"deadline_passed", "apps/v1 Deployment",
                   R"("status": {"conditions": [{"type": "Progressing", "reason": "ProgressDeadlineExceeded"}]})",
                   "Degraded"},
        HealthCase{"not_updated", "apps/v1 Deployment", R"("spec": {"replicas": 2}, "status": {"updatedReplicas": 1})",
                   "Progressing"},
        HealthCase{"old_ones_run", "apps/v1 Deployment",
                   R"("status": {"replicas": 3, "updatedReplicas": 2, "availableReplicas": 2})", "Progressing"},
        HealthCase{"not_available", "apps/v1 Deployment",
                   R"("status": {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 1})", "Progressing"},
        HealthCase{"available_and_ready_conditions_do_not_count", "apps/v1 Deployment",
                   R"("spec": {"replicas": 2}, "status": {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2,
                      "readyReplicas": 0, "conditions": [{"type": "Available", "status": "False"}]})",
                   "Healthy"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    E3_stateful_set, ArgoRule,
    testing::Values(HealthCase{"never_observed", "apps/v1 StatefulSet", "", "Progressing"},
                    HealthCase{"not_observed", "apps/v1 StatefulSet",
                               R"("metadata": {"generation": 2}, "status": {"observedGeneration": 1})", "Progressing"},
                    HealthCase{"on_delete_still_needs_ready", "apps/v1 StatefulSet",
                               R"("spec": {"replicas": 2, "updateStrategy": {"type": "OnDelete"}},
                      "status": {"observedGeneration": 1, "readyReplicas": 1})",
                               "Progressing"},
                    HealthCase{"on_delete", "apps/v1 StatefulSet",
                               R"("spec": {"replicas": 2, "updateStrategy": {"type": "OnDelete"}},
                      "status": {"observedGeneration": 1, "readyReplicas": 2, "currentRevision": "a",
                      "updateRevision": "b"})",
                               "Healthy"},
                    HealthCase{"partition_going_on", "apps/v1 StatefulSet",
                               R"("spec": {"replicas": 3, "updateStrategy": {"type": "RollingUpdate",
                      "rollingUpdate": {"partition": 1}}}, "status": {"observedGeneration": 1, "readyReplicas": 3,
                      "updatedReplicas": 1})",
                               "Progressing"},
                    HealthCase{"partition_met", "apps/v1 StatefulSet",
                               R"("spec": {"replicas": 3, "updateStrategy": {"type": "RollingUpdate",
                      "rollingUpdate": {"partition": 1}}}, "status": {"observedGeneration": 1, "readyReplicas": 3,
                      "updatedReplicas": 2, "currentRevision": "a", "updateRevision": "b"})",
                               "Healthy"},
                    HealthCase{"rolling_update_without_details", "apps/v1 StatefulSet",
                               R"("spec": {"replicas": 3, "updateStrategy": {"type": "RollingUpdate"}},
                      "status": {"observedGeneration": 1, "readyReplicas": 3, "currentRevision": "a",
                      "updateRevision": "b"})",
                               "Progressing"},
                    HealthCase{"at_its_revision", "apps/v1 StatefulSet",
                               R"("spec": {"replicas": 3}, "status": {"observedGeneration": 1, "readyReplicas": 3,
                      "currentRevision": "a", "updateRevision": "a"})",
                               "Healthy"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    E3_other_workloads, ArgoRule,
    testing::Values(
        HealthCase{"daemon_set_not_observed", "apps/v1 DaemonSet", R"("metadata": {"generation": 1})", "Progressing"},
        HealthCase{"daemon_set_on_delete", "apps/v1 DaemonSet",
                   R"("spec": {"updateStrategy": {"type": "OnDelete"}}, "status": {"desiredNumberScheduled": 2})",
                   "Healthy"},
        HealthCase{"daemon_set_not_updated", "apps/v1 DaemonSet",
                   R"("status": {"desiredNumberScheduled": 2, "updatedNumberScheduled": 1, "numberAvailable": 2})",
                   "Progressing"},
        HealthCase{"daemon_set_not_available", "apps/v1 DaemonSet",
                   R"("status": {"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 1})",
                   "Progressing"},
        HealthCase{"daemon_set_done", "apps/v1 DaemonSet",
                   R"("status": {"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2})",
                   "Healthy"},
        HealthCase{"replica_set_not_observed", "apps/v1 ReplicaSet", R"("metadata": {"generation": 1})", "Progressing"},
        HealthCase{"replica_set_failure", "apps/v1 ReplicaSet",
                   R"("status": {"conditions": [{"type": "ReplicaFailure", "status": "True"}]})", "Degraded"},
        HealthCase{"replica_set_not_available", "apps/v1 ReplicaSet",
                   R"("spec": {"replicas": 2}, "status": {"availableReplicas": 1})", "Progressing"},
        HealthCase{"replica_set_done", "apps/v1 ReplicaSet",
                   R"("spec": {"replicas": 2}, "status": {"availableReplicas": 2})", "Healthy"},
        HealthCase{"job_running", "batch/v1 Job", R"("status": {"active": 1})", "Progressing"},
        HealthCase{"job_complete", "batch/v1 Job", R"("status": {"conditions": [{"type": "Complete"}]})", "Healthy"},
        HealthCase{"job_failed_wins", "batch/v1 Job",
                   R"("status": {"conditions": [{"type": "Failed"}, {"type": "Suspended", "status": "True"}]})",
                   "Degraded"},
        HealthCase{"job_suspended", "batch/v1 Job",
                   R"("status": {"conditions": [{"type": "Suspended", "status": "True"}]})", "Suspended"},
        HealthCase{"job_resumed", "batch/v1 Job",
                   R"("status": {"conditions": [{"type": "Suspended", "status": "False"}]})", "Healthy"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    E3_pod, ArgoRule,
    testing::Values(HealthCase{"pending", "v1 Pod", R"("status": {"phase": "Pending"})", "Progressing"},
                    HealthCase{"succeeded", "v1 Pod", R"("status": {"phase": "Succeeded"})", "Healthy"},
                    HealthCase{"failed", "v1 Pod", R"("status": {"phase": "Failed"})", "Degraded"},
                    HealthCase{"no_phase", "v1 Pod", R"("spec": {"restartPolicy": "Always"})", "Unknown"},
                    HealthCase{"waits_after_an_error", "v1 Pod", R"("spec": {"restartPolicy": "Always"}, "status": {
                      "phase": "Pending", "containerStatuses": [{"state": {"waiting": {"reason": "ErrImagePull"}}}]})",
                               "Degraded"},
                    HealthCase{"waits_after_a_config_error", "v1 Pod",
                               R"("spec": {"restartPolicy": "Always"}, "status": {
                      "phase": "Pending",
                      "containerStatuses": [{"state": {"waiting": {"reason": "CreateContainerConfigError"}}}]})",
                               "Degraded"},
                    HealthCase{"backs_off", "v1 Pod", R"("spec": {"restartPolicy": "Always"}, "status": {
                      "phase": "Running", "conditions": [{"type": "Ready", "status": "True"}],
                      "containerStatuses": [{"state": {"waiting": {"reason": "CrashLoopBackOff"}}}]})",
                               "Degraded"},
                    HealthCase{"waits_for_its_start", "v1 Pod", R"("spec": {"restartPolicy": "Always"}, "status": {
                      "phase": "Pending",
                      "containerStatuses": [{"state": {"waiting": {"reason": "ContainerCreating"}}}]})",
                               "Progressing"},
                    HealthCase{"backs_off_and_is_to_end", "v1 Pod", R"("spec": {"restartPolicy": "Never"}, "status": {
                      "phase": "Pending",
                      "containerStatuses": [{"state": {"waiting": {"reason": "ImagePullBackOff"}}}]})",
                               "Progressing"},
                    HealthCase{"ready", "v1 Pod", R"("spec": {"restartPolicy": "Always"}, "status": {"phase": "Running",
                      "conditions": [{"type": "Ready", "status": "True"}]})",
                               "Healthy"},
                    HealthCase{"not_ready", "v1 Pod",
                               R"("spec": {"restartPolicy": "Always"}, "status": {"phase": "Running"})", "Progressing"},
                    HealthCase{"not_ready_after_an_end", "v1 Pod", R"("spec": {"restartPolicy": "Always"}, "status": {
                      "phase": "Running", "containerStatuses": [{"lastState": {"terminated": {"exitCode": 1}}}]})",
                               "Degraded"},
                    HealthCase{"runs_to_its_end", "v1 Pod", R"("spec": {"restartPolicy": "OnFailure"}, "status": {
                      "phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]})",
                               "Progressing"},
                    HealthCase{"policy_ignored", "v1 Pod",
                               R"("metadata": {"annotations": {"argocd.argoproj.io/ignore-restart-policy": "true"}},
                      "spec": {"restartPolicy": "Never"}, "status": {
                      "phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]})",
                               "Healthy"},
                    HealthCase{"policy_not_ignored_for_a_hook", "v1 Pod",
                               R"("metadata": {"annotations": {"argocd.argoproj.io/ignore-restart-policy": "true",
                      "argocd.argoproj.io/hook": "PreSync"}}, "spec": {"restartPolicy": "Never"}, "status": {
                      "phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]})",
                               "Progressing"},
                    HealthCase{"policy_not_ignored_for_a_helm_hook", "v1 Pod",
                               R"("metadata": {"annotations": {"argocd.argoproj.io/ignore-restart-policy": "true",
                      "helm.sh/hook": "pre-install"}}, "spec": {"restartPolicy": "Never"}, "status": {
                      "phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]})",
                               "Progressing"},
                    HealthCase{"skip_is_no_hook", "v1 Pod",
                               R"("metadata": {"annotations": {"argocd.argoproj.io/ignore-restart-policy": "true",
                      "argocd.argoproj.io/hook": " Skip ,"}}, "spec": {"restartPolicy": "Never"}, "status": {
                      "phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]})",
                               "Healthy"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    E3_other_kinds, ArgoRule,
    testing::Values(
        HealthCase{"claim_lost", "v1 PersistentVolumeClaim", R"("status": {"phase": "Lost"})", "Degraded"},
        HealthCase{"claim_pending", "v1 PersistentVolumeClaim", R"("status": {"phase": "Pending"})", "Progressing"},
        HealthCase{"claim_bound", "v1 PersistentVolumeClaim", R"("status": {"phase": "Bound"})", "Healthy"},
        HealthCase{"claim_new", "v1 PersistentVolumeClaim", "", "Unknown"},
        HealthCase{"service", "v1 Service", R"("spec": {"type": "ClusterIP"})", "Healthy"},
        HealthCase{"load_balancer_without_address", "v1 Service",
                   R"("spec": {"type": "LoadBalancer", "clusterIP": "10.0.0.1"})", "Progressing"},
        HealthCase{"load_balancer", "v1 Service", R"("spec": {"type": "LoadBalancer"},
                      "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}})",
                   "Healthy"},
        HealthCase{"ingress_without_address", "networking.k8s.io/v1 Ingress", "", "Progressing"},
        HealthCase{"ingress", "networking.k8s.io/v1 Ingress",
                   R"("status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}})", "Healthy"},
        HealthCase{"ingress_of_old", "extensions/v1beta1 Ingress", "", "Progressing"},
        HealthCase{"api_service_new", "apiregistration.k8s.io/v1 APIService", "", "Progressing"},
        HealthCase{"api_service_unavailable", "apiregistration.k8s.io/v1 APIService",
                   R"("status": {"conditions": [{"type": "Available", "status": "False"}]})", "Progressing"},
        HealthCase{"api_service_available", "apiregistration.k8s.io/v1beta1 APIService",
                   R"("status": {"conditions": [{"type": "Available", "status": "True"}]})", "Healthy"},
        HealthCase{"workflow_new", "argoproj.io/v1alpha1 Workflow", "", "Progressing"},
        HealthCase{"workflow_running", "argoproj.io/v1alpha1 Workflow", R"("status": {"phase": "Running"})",
                   "Progressing"},
        HealthCase{"workflow_succeeded", "argoproj.io/v1alpha1 Workflow", R"("status": {"phase": "Succeeded"})",
                   "Healthy"},
        HealthCase{"workflow_error", "argoproj.io/v1alpha1 Workflow", R"("status": {"phase": "Error"})", "Degraded"},
        HealthCase{"workflow_other", "argoproj.io/v1alpha1 Workflow", R"("status": {"phase": "Lost"})", "Unknown"},
        HealthCase{"autoscaler_new", "autoscaling/v2 HorizontalPodAutoscaler", "", "Progressing"},
        HealthCase{"autoscaler_without_metric", "autoscaling/v2 HorizontalPodAutoscaler",
                   R"("status": {"conditions": [{"type": "AbleToScale", "status": "True"},
                      {"type": "ScalingActive", "status": "False", "reason": "FailedGetResourceMetric"}]})",
                   "Degraded"},
        HealthCase{"autoscaler_reason_of_another_condition", "autoscaling/v2 HorizontalPodAutoscaler",
                   R"("status": {"conditions": [{"type": "ScalingActive", "status": "False",
                      "reason": "FailedGetScale"}]})",
                   "Progressing"},
        HealthCase{"autoscaler_able", "autoscaling/v2 HorizontalPodAutoscaler",
                   R"("status": {"conditions": [{"type": "AbleToScale", "status": "True"}]})", "Healthy"},
        HealthCase{"autoscaler_limited", "autoscaling/v2 HorizontalPodAutoscaler",
                   R"("status": {"conditions": [{"type": "ScalingLimited", "status": "True"}]})", "Healthy"},
        HealthCase{"autoscaler_v1", "autoscaling/v1 HorizontalPodAutoscaler",
                   R"("metadata": {"annotations": {"autoscaling.alpha.kubernetes.io/conditions":
                      "[{\"type\":\"AbleToScale\",\"status\":\"True\"}]"}})",
                   "Healthy"},
        HealthCase{"autoscaler_v1_unable", "autoscaling/v1 HorizontalPodAutoscaler",
                   R"("metadata": {"annotations": {"autoscaling.alpha.kubernetes.io/conditions":
                      "[{\"type\":\"AbleToScale\",\"status\":\"False\",\"reason\":\"FailedUpdateScale\"}]"}})",
                   "Degraded"},
        HealthCase{"autoscaler_v1_new", "autoscaling/v1 HorizontalPodAutoscaler", "", "Progressing"},
        HealthCase{"autoscaler_v1_garbled", "autoscaling/v1 HorizontalPodAutoscaler",
                   R"("metadata": {"annotations": {"autoscaling.alpha.kubernetes.io/conditions": "[{"}})", "Unknown"},
        HealthCase{"autoscaler_v2beta2", "autoscaling/v2beta2 HorizontalPodAutoscaler", "", "Unknown"},
        HealthCase{"cron_job_has_no_rule", "batch/v1 CronJob", "", "Healthy"}),
    name_of);
// NOLINTEND(bugprone-throwing-static-initialization)

std::string message_of(const char* type, const char* rest) {
  return judge_health(object_of(type, rest), {test_now()}).message;
}

TEST(ArgoHealth, E3_a_failed_pod_says_why) {
  EXPECT_EQ(message_of("v1 Pod", R"("status": {"phase": "Failed", "message": "evicted", "containerStatuses": [
      {"state": {"terminated": {"message": "no"}}}]})"),
            "evicted");
  EXPECT_EQ(message_of("v1 Pod", R"("status": {"phase": "Failed", "initContainerStatuses": [
      {"name": "first", "state": {"terminated": {"exitCode": 0}}}], "containerStatuses": [
      {"name": "second", "state": {"terminated": {"exitCode": 3}}}]})"),
            "container second ended with exit code 3");
  EXPECT_EQ(message_of("v1 Pod", R"("status": {"phase": "Failed", "containerStatuses": [
      {"name": "a", "state": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}]})"),
            "OOMKilled");
}

TEST(ArgoHealth, a_message_says_which_field_is_wrong_and_how_far_a_roll_out_is) {
  EXPECT_EQ(message_of("apps/v1 Deployment", R"("spec": {"replicas": "3"})"), ".spec.replicas is not a whole number");
  EXPECT_EQ(message_of("apps/v1 Deployment", R"("spec": {"replicas": 3}, "status": {"updatedReplicas": 1})"),
            "1 of 3 replicas are updated");
  EXPECT_THAT(message_of("apps/v1beta1 Deployment", ""), HasSubstr("apps/v1beta1 Deployment"));
}

TEST(ArgoHealth, where_argo_has_nothing_to_say_the_message_is_kstatus_own) {
  EXPECT_EQ(message_of("example.org/v1 Boat",
                       R"("status": {"conditions": [{"type": "Ready", "status": "False", "message": "leaking"}]})"),
            "leaking");
}

}  // namespace
}  // namespace holdfast
