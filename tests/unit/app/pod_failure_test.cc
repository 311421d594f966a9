#include "app/pod_failure.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

json::value parse(const char* text) { return *parse_json(text); }

json::value pod(const std::string& name, const std::string& owner, const std::string& status) {
  return *parse_json(R"({"metadata":{"namespace":"shop","name":")" + name + R"(","ownerReferences":[{"uid":")" + owner +
                     R"("}]},"status":)" + status + "}");
}

TEST(PodFailure, names_the_container_and_what_it_waits_for) {
  const auto failure = failure_of_pod(parse(
      R"({"status":{"phase":"Pending","conditions":[{"type":"Ready","status":"False","reason":"ContainersNotReady"}],
          "containerStatuses":[{"name":"side","state":{"running":{}}},
            {"name":"web","state":{"waiting":{"reason":"ImagePullBackOff","message":"Back-off pulling image web:2"}}}]}})"));
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->text, "container web: ImagePullBackOff: Back-off pulling image web:2");
}

TEST(PodFailure, says_how_what_crashes_has_ended) {
  const auto failure = failure_of_pod(parse(
      R"({"status":{"containerStatuses":[{"name":"web","state":{"waiting":{"reason":"CrashLoopBackOff"}},
          "lastState":{"terminated":{"reason":"OOMKilled","exitCode":137}}}]}})"));
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->text, "container web: CrashLoopBackOff (OOMKilled, exit code 137)");
}

TEST(PodFailure, a_pod_that_is_begun_or_well_does_not_fail) {
  EXPECT_FALSE(failure_of_pod(parse(R"({"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}],
                                       "containerStatuses":[{"name":"web","state":{"running":{}}}]}})")));
  EXPECT_FALSE(failure_of_pod(parse(
      R"({"status":{"containerStatuses":[{"name":"web","state":{"waiting":{"reason":"ContainerCreating"}}}]}})")));
  EXPECT_FALSE(failure_of_pod(parse("{}")));
}

TEST(PodFailure, tells_of_what_cannot_be_scheduled_and_of_what_was_evicted) {
  EXPECT_EQ(failure_of_pod(parse(R"({"status":{"conditions":[{"type":"PodScheduled","status":"False",
                                     "reason":"Unschedulable","message":"0/3 nodes are available"}]}})"))
                ->text,
            "Unschedulable: 0/3 nodes are available");
  EXPECT_EQ(
      failure_of_pod(parse(R"({"status":{"phase":"Failed","reason":"Evicted","message":"disk pressure"}})"))->text,
      "Evicted: disk pressure");
}

TEST(PodFailure, the_worst_pod_of_the_owner_explains_most) {
  const std::string waits = R"({"containerStatuses":[{"name":"web","state":{"waiting":{"reason":"ErrImagePull"}}}]})";
  const std::vector<json::value> pods{pod("old", "other", waits),
                                      pod("a", "set", R"({"conditions":[{"type":"Ready","status":"False"}]})"),
                                      pod("b", "set", waits)};
  EXPECT_EQ(worst_failure(pods, {"set"}), "Pod shop/b: container web: ErrImagePull");
  EXPECT_EQ(worst_failure(pods, {"nobody"}), "");
}

TEST(PodFailure, takes_the_newest_replica_set) {
  const auto set = [](const char* uid, const char* revision) {
    return *parse_json(std::string(R"({"metadata":{"uid":")") + uid + R"(","ownerReferences":[{"uid":"d"}],
        "annotations":{"deployment.kubernetes.io/revision":")" +
                       revision + R"("}}})");
  };
  EXPECT_EQ(newest_replica_set({set("one", "9"), set("two", "10")}, "d"), "two");
  EXPECT_EQ(newest_replica_set({set("one", "9")}, "another"), "");
}

TEST(PodFailure, selectors_are_written_as_a_query_takes_them) {
  EXPECT_EQ(selector_text(parse(R"({"matchLabels":{"app":"web"},"matchExpressions":[
               {"key":"tier","operator":"In","values":["a","b"]},{"key":"old","operator":"DoesNotExist"},
               {"key":"set","operator":"Exists"}]})")),
            "app=web,tier in (a,b),!old,set");
  EXPECT_EQ(replica_failure(parse(R"({"status":{"conditions":[{"type":"ReplicaFailure","status":"True",
               "reason":"FailedCreate","message":"exceeded quota"}]}})")),
            "FailedCreate: exceeded quota");
}

}  // namespace
}  // namespace holdfast
