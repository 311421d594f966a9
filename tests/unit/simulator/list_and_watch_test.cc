// Lists and watches, against what a real API server answered (verified.md).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/simulator/simulated_cluster.h"

namespace holdfast::testing_simulator {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using namespace std::chrono_literals;

const std::string kOne = std::string(kConfigMaps) + "/a";

std::string now_of(SimulatedCluster& cluster) { return std::to_string(cluster.simulator.store().revision()); }
std::string watch_from(const std::string& revision, const std::string& more = "") {
  return std::string(kConfigMaps) + "?watch=true&resourceVersion=" + revision + more;
}
std::size_t lines_of(const std::string& text) { return static_cast<std::size_t>(std::ranges::count(text, '\n')); }

TEST(SimulatedWatch, V34_an_event_is_byte_equal_to_the_response_of_its_write) {
  SimulatedCluster cluster;
  auto watch = cluster.watch(watch_from(now_of(cluster)));
  std::string response = cluster.apply(kOne, config_map("a", R"({"k":"1"})")).text;
  response.pop_back();
  EXPECT_EQ(watch->take(cluster.clock.now()), "{\"type\":\"ADDED\",\"object\":" + response + "}\n");
  cluster.apply(kOne, config_map("a", R"({"k":"1"})"));
  EXPECT_EQ(watch->take(cluster.clock.now()), "") << "a no-op write is no event";
}

TEST(SimulatedWatch, V35_initial_events_end_with_an_annotated_bookmark) {
  SimulatedCluster cluster;
  cluster.post(kConfigMaps, config_map("b", "{}"));
  cluster.post(kConfigMaps, config_map("a", "{}"));
  auto watch =
      cluster.watch(std::string(kConfigMaps) +
                    "?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true");
  const std::string events = watch->take(cluster.clock.now());
  EXPECT_EQ(lines_of(events), 3U);
  EXPECT_LT(events.find(R"("name":"a")"), events.find(R"("name":"b")"));
  EXPECT_THAT(
      events,
      HasSubstr(R"({"type":"BOOKMARK","object":{"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":")" +
                now_of(cluster) + R"(","annotations":{"k8s.io/initial-events-end":"true"}}}})"));
}

TEST(SimulatedWatch, V35_send_initial_events_needs_its_match) {
  SimulatedCluster cluster;
  EXPECT_EQ(cluster.get(std::string(kConfigMaps) + "?watch=true&sendInitialEvents=true").status, 422);
  EXPECT_EQ(cluster.get(watch_from("1", "&resourceVersionMatch=NotOlderThan")).status, 422);
}

TEST(SimulatedWatch, V36_a_plain_watch_from_nothing_has_the_mark_too) {
  SimulatedCluster cluster;
  EXPECT_THAT(cluster.watch(watch_from("0", "&allowWatchBookmarks=true"))->take(cluster.clock.now()),
              HasSubstr("initial-events-end"));
  EXPECT_EQ(cluster.watch(watch_from("0"))->take(cluster.clock.now()), "");
}

TEST(SimulatedWatch, V37_A9_a_compacted_revision_ends_the_stream_with_410_inside) {
  SimulatedCluster cluster;
  const std::string old = now_of(cluster);
  cluster.post(kConfigMaps, config_map("a", "{}"));
  cluster.simulator.store().compact(cluster.simulator.store().revision());
  auto watch = cluster.watch(watch_from(old));
  ASSERT_NE(watch, nullptr) << "HTTP 200";
  const std::string events = watch->take(cluster.clock.now());
  EXPECT_THAT(events, StartsWith(R"({"type":"ERROR","object":{"kind":"Status")"));
  EXPECT_THAT(events, HasSubstr(R"("reason":"Expired","code":410)"));
  EXPECT_TRUE(watch->ended());
}

TEST(SimulatedWatch, V37_a_watch_that_fell_behind_a_compaction_is_told_so) {
  SimulatedCluster cluster;
  auto watch = cluster.watch(watch_from(now_of(cluster)));
  watch->take(cluster.clock.now());
  cluster.post(kConfigMaps, config_map("a", "{}"));
  cluster.simulator.store().compact(cluster.simulator.store().revision());
  EXPECT_THAT(watch->take(cluster.clock.now()), HasSubstr("too old resource version"));
}

TEST(SimulatedWatch, V37_a_revision_of_the_future_is_silent_to_the_deadline) {
  SimulatedCluster cluster;
  auto watch = cluster.watch(watch_from("9999999", "&allowWatchBookmarks=true&timeoutSeconds=300"));
  cluster.post(kConfigMaps, config_map("a", "{}"));
  cluster.pass(200s);
  EXPECT_EQ(watch->take(cluster.clock.now()), "");
  EXPECT_FALSE(watch->ended());
  cluster.pass(101s);
  EXPECT_EQ(watch->take(cluster.clock.now()), "");
  EXPECT_TRUE(watch->ended());
}

TEST(SimulatedWatch, V40_A11_bookmarks_every_minute_and_before_the_deadline) {
  SimulatedCluster cluster;
  auto watch = cluster.watch(watch_from(now_of(cluster), "&allowWatchBookmarks=true&timeoutSeconds=100"));
  EXPECT_EQ(watch->take(cluster.clock.now()), "");
  cluster.pass(59s);
  EXPECT_EQ(watch->take(cluster.clock.now()), "");
  cluster.post("/api/v1/namespaces/default/secrets", R"({"metadata":{"name":"s"}})");
  cluster.pass(1s);
  EXPECT_THAT(watch->take(cluster.clock.now()), HasSubstr("\"resourceVersion\":\"" + now_of(cluster)));
  cluster.pass(38s);
  EXPECT_THAT(watch->take(cluster.clock.now()), HasSubstr("BOOKMARK"));
  cluster.pass(2s);
  watch->take(cluster.clock.now());
  EXPECT_TRUE(watch->ended());
  auto short_watch = cluster.watch(watch_from(now_of(cluster), "&allowWatchBookmarks=true&timeoutSeconds=30"));
  cluster.pass(31s);
  EXPECT_EQ(short_watch->take(cluster.clock.now()), "");
}

TEST(SimulatedWatch, V42_leaving_and_entering_a_selection) {
  SimulatedCluster cluster;
  cluster.post(kConfigMaps, R"({"metadata":{"name":"a","labels":{"on":"1"}},"data":{"k":"1"}})");
  auto watch = cluster.watch(watch_from(now_of(cluster), "&labelSelector=on%3D1"));
  cluster.merge(kOne, R"({"metadata":{"labels":null},"data":{"k":"2"}})");
  const std::string left = watch->take(cluster.clock.now());
  EXPECT_THAT(left, StartsWith(R"({"type":"DELETED")"));
  EXPECT_THAT(left, HasSubstr(R"("k":"1")")) << "the last body that matched";
  EXPECT_THAT(left, HasSubstr("\"resourceVersion\":\"" + now_of(cluster))) << "with the revision of the write";
  cluster.merge(kOne, R"({"data":{"k":"3"}})");
  EXPECT_EQ(watch->take(cluster.clock.now()), "");
  cluster.merge(kOne, R"({"metadata":{"labels":{"on":"1"}}})");
  EXPECT_THAT(watch->take(cluster.clock.now()), StartsWith(R"({"type":"ADDED")"));
}

TEST(SimulatedWatch, V45_A21_a_type_that_goes_ends_its_watch_cleanly_after_its_objects) {
  SimulatedCluster cluster;
  cluster.post(
      "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
      R"({"metadata":{"name":"boats.ex.io"},"spec":{"group":"ex.io","scope":"Namespaced","names":{"kind":"Boat","plural":"boats"},)"
      R"("versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{)"
      R"("spec":{"type":"object","properties":{"size":{"type":"integer","default":3}}}}}}}]}})");
  const std::string boats = "/apis/ex.io/v1/namespaces/default/boats";
  EXPECT_EQ(cluster.get(boats).status, 404) << "not yet";
  cluster.pass(100ms);
  const Answered made =
      cluster.post(boats, R"({"apiVersion":"ex.io/v1","kind":"Boat","metadata":{"name":"b"},"spec":{"colour":"red"}})");
  EXPECT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(to_json(made.body.at("spec")), R"({"size":3})") << "pruned and defaulted";
  EXPECT_EQ(cluster.post(boats, R"({"metadata":{"name":"c"}})").status, 400) << "a custom object says its kind";
  const std::string wrong = R"({"apiVersion":"ex.io/v1","kind":"Boat","metadata":{"name":"c"},"spec":{"size":"x"}})";
  EXPECT_EQ(cluster.post(boats, wrong).status, 422);
  auto watch = cluster.watch(boats + "?watch=true&resourceVersion=" + now_of(cluster));
  const std::string definition = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/boats.ex.io";
  EXPECT_EQ(string_at(cluster.send("DELETE", definition).body, {"kind"}), "CustomResourceDefinition");
  EXPECT_EQ(cluster.get(definition).status, 200) << "it waits for its objects";
  cluster.pass(100ms);
  EXPECT_EQ(cluster.get(definition).status, 404);
  const std::string events = watch->take(cluster.clock.now());
  EXPECT_THAT(events, StartsWith(R"({"type":"DELETED")"));
  EXPECT_EQ(events.find("ERROR"), std::string::npos);
  EXPECT_TRUE(watch->ended());
  EXPECT_EQ(cluster.get(boats).content_type, "text/plain; charset=utf-8");
}

TEST(SimulatedList, V38_versions_of_the_future_and_of_the_past) {
  SimulatedCluster cluster;
  const std::string old = now_of(cluster);
  cluster.post(kConfigMaps, config_map("a", "{}"));
  const Answered future =
      cluster.get(std::string(kConfigMaps) + "?resourceVersion=99999999&resourceVersionMatch=NotOlderThan");
  EXPECT_EQ(future.status, 504);
  EXPECT_EQ(string_at(future.body.at("details").at("causes").get_array()[0], {"reason"}), "ResourceVersionTooLarge");
  const std::string exact = std::string(kConfigMaps) + "?resourceVersionMatch=Exact&resourceVersion=" + old;
  EXPECT_EQ(cluster.get(exact).body.at("items").get_array().size(), 0U);
  cluster.simulator.store().compact(cluster.simulator.store().revision());
  const Answered past = cluster.get(exact);
  EXPECT_EQ(past.status, 410);
  EXPECT_EQ(string_at(past.body, {"message"}), "The resourceVersion for the provided list is too old.");
}

TEST(SimulatedList, V39_A2_pages_are_of_one_revision) {
  SimulatedCluster cluster;
  for (const char* name : {"a", "b", "c"}) cluster.post(kConfigMaps, config_map(name, "{}"));
  const std::string revision = now_of(cluster);
  const Answered first = cluster.get(std::string(kConfigMaps) + "?limit=2");
  EXPECT_EQ(first.body.at("metadata").at("remainingItemCount").to_number<int>(), 1);
  const std::string token(string_at(first.body, {"metadata", "continue"}));
  cluster.send("DELETE", std::string(kConfigMaps) + "/c");
  const Answered second = cluster.get(std::string(kConfigMaps) + "?limit=2&continue=" + token);
  EXPECT_EQ(string_at(second.body, {"metadata", "resourceVersion"}), revision);
  ASSERT_EQ(second.body.at("items").get_array().size(), 1U) << "c was there then";
  EXPECT_EQ(find(second.body.at("items").get_array()[0], {"kind"}), nullptr) << "V44";
  EXPECT_EQ(cluster.get(std::string(kConfigMaps) + "?continue=" + token + "&resourceVersion=5").status, 400);
  EXPECT_EQ(cluster.get(std::string(kConfigMaps) + "?continue=garbage").status, 400);
  cluster.simulator.store().compact(cluster.simulator.store().revision());
  const Answered expired = cluster.get(std::string(kConfigMaps) + "?limit=2&continue=" + token);
  EXPECT_EQ(expired.status, 410);
  EXPECT_FALSE(string_at(expired.body, {"metadata", "continue"}).empty()) << "the inconsistent token";
}

TEST(SimulatedList, selectors_select) {
  SimulatedCluster cluster;
  cluster.post(kConfigMaps, R"({"metadata":{"name":"a","labels":{"x":"1"}}})");
  cluster.post(kConfigMaps, R"({"metadata":{"name":"b","labels":{"x":"2","y":"1"}}})");
  const auto count = [&](const std::string& query) {
    return cluster.get(std::string(kConfigMaps) + "?" + query).body.at("items").get_array().size();
  };
  EXPECT_EQ(count("labelSelector=x%3D1"), 1U);
  EXPECT_EQ(count("labelSelector=x!%3D1"), 1U);
  EXPECT_EQ(count("labelSelector=x+in+(1,2),y"), 1U);
  EXPECT_EQ(count("labelSelector=!y"), 1U);
  EXPECT_EQ(count("fieldSelector=metadata.name%3Db"), 1U);
  EXPECT_EQ(cluster.get(std::string(kConfigMaps) + "?fieldSelector=data.k%3D1").status, 400);
  EXPECT_EQ(cluster.get(std::string(kConfigMaps) + "?labelSelector=%3D").status, 400);
}

TEST(SimulatedDiscovery, V43_A19_the_aggregated_form_and_its_tag) {
  SimulatedCluster cluster;
  SimulatedRequest request;
  request.method = "GET";
  request.target = "/apis";
  request.accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
  const SimulatedAnswer answer = cluster.simulator.handle(request);
  EXPECT_EQ(answer.response.content_type, "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
  EXPECT_THAT(answer.response.body, HasSubstr(R"("responseKind":{"group":"","version":"","kind":"Deployment"})"));
  request.if_none_match = answer.response.headers.at(0).second;
  EXPECT_EQ(cluster.simulator.handle(request).response.status, 304);
}

TEST(Simulator, a_seed_replays_the_same_history_and_another_seed_does_not) {
  const auto history = [](std::uint64_t seed) {
    SimulatedCluster cluster(seed);
    cluster.post(kConfigMaps, R"({"metadata":{"generateName":"x-"}})");
    return cluster.get("/api/v1/configmaps").text;
  };
  EXPECT_EQ(history(7), history(7));
  EXPECT_NE(history(7), history(8));
}

TEST(GarbageCollector, what_belonged_to_the_deleted_goes_unless_orphaned) {
  SimulatedCluster cluster;
  const auto own = [&](const std::string& name, const std::string& owner) {
    const std::string uid(string_at(cluster.get(std::string(kConfigMaps) + "/" + owner).body, {"metadata", "uid"}));
    cluster.post(kConfigMaps, R"({"metadata":{"name":")" + name +
                                  R"(","ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":")" + owner +
                                  R"(","uid":")" + uid + R"("}]}})");
  };
  for (const char* policy : {"Background", "Foreground", "Orphan"}) {
    cluster.post(kConfigMaps, config_map("owner", "{}"));
    own("owned", "owner");
    cluster.send("DELETE", std::string(kConfigMaps) + "/owner?propagationPolicy=" + policy);
    cluster.pass(1s);
    EXPECT_EQ(cluster.get(std::string(kConfigMaps) + "/owner").status, 404) << policy;
    const Answered owned = cluster.get(std::string(kConfigMaps) + "/owned");
    EXPECT_EQ(owned.status, std::string_view(policy) == "Orphan" ? 200 : 404) << policy;
    EXPECT_EQ(find(owned.body, {"metadata", "ownerReferences"}), nullptr);
  }
}

TEST(WorkloadController, fails_when_told_to) {
  SimulatedCluster cluster;
  cluster.post(
      "/apis/batch/v1/namespaces/default/jobs",
      R"({"metadata":{"name":"j","annotations":{"simulator.holdfast.dev/fail":"no luck"}},"spec":{"template":{"spec":)"
      R"({"restartPolicy":"Never","containers":[{"name":"c","image":"i:1"}]}}}})");
  cluster.pass(2s);
  EXPECT_THAT(cluster.get("/apis/batch/v1/namespaces/default/jobs/j").text, HasSubstr(R"("message":"no luck")"));
}

}  // namespace
}  // namespace holdfast::testing_simulator
