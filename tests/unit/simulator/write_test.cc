// Writes and their refusals, against what a real API server answered (verified.md).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/fmt/fmt.h>

#include <tuple>

#include "unit/simulator/simulated_cluster.h"

namespace holdfast::testing_simulator {
namespace {

using testing::HasSubstr;

const std::string kOne = std::string(kConfigMaps) + "/a";

TEST(SimulatedWrite, V1_preconditions_in_an_apply_body_are_honoured_and_owned_by_nobody) {
  SimulatedCluster cluster;
  const Answered made = cluster.apply(kOne, config_map("a", R"({"k":"1"})"));
  ASSERT_EQ(made.status, 201) << made.text;
  json::object body = parse_json(config_map("a", R"({"k":"1"})"))->get_object();
  body["metadata"].as_object()["uid"] = string_at(made.body, {"metadata", "uid"});
  body["metadata"].as_object()["resourceVersion"] = string_at(made.body, {"metadata", "resourceVersion"});
  const Answered again = cluster.apply(kOne, to_json(body));
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.text, made.text) << "a no-op is no write";
  EXPECT_THAT(made.text, HasSubstr(R"("fieldsV1":{"f:data":{"f:k":{}}})"));
}

TEST(SimulatedWrite, V2_a_stale_version_is_a_conflict_without_causes) {
  SimulatedCluster cluster;
  cluster.apply(kOne, config_map("a", R"({"k":"1"})"));
  json::object body = parse_json(config_map("a", R"({"k":"1"})"))->get_object();
  body["metadata"].as_object()["resourceVersion"] = "1";
  const Answered refused = cluster.apply(kOne, to_json(body));
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(
      string_at(refused.body, {"message"}),
      "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; please apply your changes "
      "to the latest version and try again");
  EXPECT_EQ(string_at(refused.body, {"details", "kind"}), "configmaps");
  EXPECT_EQ(find(refused.body, {"details", "causes"}), nullptr);
  body["metadata"].as_object()["resourceVersion"] = "abc";
  EXPECT_EQ(cluster.apply(kOne, to_json(body)).status, 500);
}

TEST(SimulatedWrite, V3_a_uid_of_what_is_gone_creates_nothing) {
  SimulatedCluster cluster;
  json::object body = parse_json(config_map("a", R"({"k":"1"})"))->get_object();
  body["metadata"].as_object()["uid"] = "u";
  const Answered refused = cluster.apply(kOne, to_json(body));
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(refused.text,
              HasSubstr("uid mismatch: the provided object specified uid u, and no existing object was found"));
  EXPECT_EQ(cluster.get(kOne).status, 404);
}

TEST(SimulatedWrite, V3_the_uid_of_another_object_is_invalid_twice_and_the_version_is_looked_at_first) {
  SimulatedCluster cluster;
  cluster.apply(kOne, config_map("a", R"({"k":"1"})"));
  json::object body = parse_json(config_map("a", R"({"k":"1"})"))->get_object();
  body["metadata"].as_object()["uid"] = "other";
  const Answered refused = cluster.apply(kOne, to_json(body));
  EXPECT_EQ(refused.status, 422);
  ASSERT_EQ(refused.body.at("details").at("causes").get_array().size(), 2U);
  EXPECT_EQ(string_at(refused.body.at("details").at("causes").get_array()[1], {"field"}), "metadata.uid");
  body["metadata"].as_object()["resourceVersion"] = "1";
  EXPECT_EQ(cluster.apply(kOne, to_json(body)).status, 409);
}

TEST(SimulatedWrite, V3_a_version_alone_does_not_prevent_creation) {
  SimulatedCluster cluster;
  json::object body = parse_json(config_map("a", R"({"k":"1"})"))->get_object();
  body["metadata"].as_object()["resourceVersion"] = "5";
  EXPECT_EQ(cluster.apply(kOne, to_json(body)).status, 201);
}

TEST(SimulatedWrite, V4_delete_preconditions_name_the_kind) {
  SimulatedCluster cluster;
  cluster.post(kConfigMaps, config_map("a", "{}"));
  const Answered refused = cluster.send("DELETE", kOne, R"({"preconditions":{"uid":"x"}})");
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(refused.text, HasSubstr("the UID in the precondition (x) does not match the UID in record ("));
  EXPECT_EQ(string_at(refused.body, {"details", "kind"}), "ConfigMap");
  EXPECT_EQ(cluster.send("DELETE", kOne, R"({"preconditions":{"resourceVersion":"1"}})").status, 409);
  const Answered done = cluster.send("DELETE", kOne);
  EXPECT_EQ(done.status, 200);
  EXPECT_EQ(string_at(done.body, {"status"}), "Success");
  EXPECT_EQ(cluster.send("DELETE", kOne).status, 404);
}

TEST(SimulatedWrite, V4_V6a_a_finalizer_holds_the_object_and_none_may_come) {
  SimulatedCluster cluster;
  cluster.post(kConfigMaps, R"({"metadata":{"name":"a","finalizers":["x.y/z"]}})");
  const Answered marked = cluster.send("DELETE", kOne);
  EXPECT_FALSE(string_at(marked.body, {"metadata", "deletionTimestamp"}).empty()) << marked.text;
  const Answered refused = cluster.merge(kOne, R"({"metadata":{"finalizers":["x.y/z","n.e/w"]}})");
  EXPECT_EQ(refused.status, 422);
  EXPECT_THAT(refused.text, HasSubstr("no new finalizers can be added if the object is being deleted"));
  auto watch = cluster.watch(std::string(kConfigMaps) +
                             "?watch=true&resourceVersion=" + std::to_string(cluster.simulator.store().revision()));
  EXPECT_EQ(cluster.merge(kOne, R"({"metadata":{"finalizers":null}})").status, 200);
  EXPECT_EQ(cluster.get(kOne).status, 404);
  const std::string events = watch->take(cluster.clock.now());
  EXPECT_THAT(events, HasSubstr("DELETED"));
  EXPECT_EQ(events.find("MODIFIED"), std::string::npos);
}

TEST(SimulatedWrite, V7_what_has_not_the_type_is_a_500_without_reason) {
  SimulatedCluster cluster;
  const Answered refused =
      cluster.apply(kOne, R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"dta":{}})");
  EXPECT_EQ(refused.status, 500);
  EXPECT_EQ(find(refused.body, {"reason"}), nullptr);
  EXPECT_EQ(string_at(refused.body, {"message"}),
            "failed to create typed patch object (/a; /v1, Kind=ConfigMap): .dta: field not declared in schema");
}

TEST(SimulatedWrite, V8_the_body_must_be_of_the_path) {
  SimulatedCluster cluster;
  const Answered type = cluster.apply(kOne, R"({"apiVersion":"v2","kind":"ConfigMap","metadata":{"name":"a"}})");
  EXPECT_EQ(type.status, 400);
  EXPECT_EQ(string_at(type.body, {"message"}), "invalid object type: /v2, Kind=ConfigMap");
  EXPECT_EQ(string_at(cluster.apply(kOne, config_map("zz", "{}")).body, {"message"}),
            "the name of the object (zz) does not match the name on the URL (a)");
  EXPECT_EQ(cluster.apply(kOne, R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"managedFields":[]}})").status,
            400);
  EXPECT_EQ(cluster.apply(kOne, config_map("a", "{}"), "&force=true&timeout=30").status, 400);
}

TEST(SimulatedWrite, V9_a_manager_is_needed_and_force_is_for_applies_only) {
  SimulatedCluster cluster;
  EXPECT_EQ(cluster.send("PATCH", kOne, config_map("a", "{}"), "application/apply-patch+yaml").status, 422);
  cluster.post(kConfigMaps, config_map("a", "{}"));
  EXPECT_EQ(cluster.merge(kOne + "?force=true", "{}").status, 422);
  EXPECT_EQ(cluster.send("PATCH", kOne, "{}", "application/apply-patch+json").status, 415);
}

TEST(SimulatedWrite, V10_missing_and_terminating_namespaces) {
  SimulatedCluster cluster;
  const Answered missing = cluster.apply("/api/v1/namespaces/nons/configmaps/a", config_map("a", "{}"));
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(string_at(missing.body, {"details", "kind"}), "namespaces");
  EXPECT_EQ(cluster.get("/api/v1/namespaces/nons/configmaps").status, 200);
  cluster.post("/api/v1/namespaces", R"({"metadata":{"name":"t"}})");
  cluster.post("/api/v1/namespaces/t/configmaps", R"({"metadata":{"name":"a","finalizers":["x.y/z"]}})");
  cluster.send("DELETE", "/api/v1/namespaces/t");
  const Answered refused = cluster.post("/api/v1/namespaces/t/configmaps", config_map("b", "{}"));
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(string_at(refused.body.at("details").at("causes").get_array()[0], {"reason"}), "NamespaceTerminating");
  EXPECT_EQ(cluster.merge("/api/v1/namespaces/t/configmaps/a", R"({"data":{"k":"v"}})").status, 200);
  cluster.merge("/api/v1/namespaces/t/configmaps/a", R"({"metadata":{"finalizers":null}})");
  cluster.pass(std::chrono::seconds(1));
  EXPECT_EQ(cluster.get("/api/v1/namespaces/t").status, 404);
}

TEST(SimulatedWrite, V10_unknown_paths) {
  SimulatedCluster cluster;
  EXPECT_EQ(cluster.get("/apis/no.such/v1/things").content_type, "text/plain; charset=utf-8");
  const Answered resource = cluster.get("/apis/apps/v1/things");
  EXPECT_EQ(resource.status, 404);
  EXPECT_EQ(resource.content_type, "application/json");
  EXPECT_TRUE(resource.body.at("details").get_object().empty());
}

TEST(SimulatedWrite, V11_a_selector_is_immutable) {
  SimulatedCluster cluster;
  const std::string path = "/apis/apps/v1/namespaces/default/deployments";
  const auto deployment = [](const std::string& app) {
    return R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"selector":{"matchLabels":{"app":")" +
           app +
           R"("}},"template":{"metadata":{"labels":{"app":"a"}},"spec":{"containers":[{"name":"c","image":"i:1"}]}}}})";
  };
  ASSERT_EQ(cluster.apply(path + "/d", deployment("a")).status, 201);
  const Answered refused = cluster.apply(path + "/d", deployment("b"));
  EXPECT_EQ(refused.status, 422);
  EXPECT_THAT(refused.text, HasSubstr("field is immutable"));
}

TEST(SimulatedWrite, V12_bodies_have_a_limit) {
  SimulatedCluster cluster;
  EXPECT_EQ(cluster.post(kConfigMaps, std::string(3'145'729, ' ')).status, 413);
}

TEST(SimulatedWrite, V14_conflicts_name_manager_and_field_and_nothing_else) {
  SimulatedCluster cluster;
  cluster.apply(kOne, config_map("a", R"({"k":"1"})"));
  cluster.merge(kOne + "?fieldManager=u", R"({"data":{"l":"1"}})");
  const Answered refused = cluster.apply(kOne, config_map("a", R"({"k":"2","l":"2"})"), "&fieldManager=other");
  EXPECT_EQ(refused.status, 409);
  const json::object& details = refused.body.at("details").get_object();
  EXPECT_EQ(details.size(), 1U);
  ASSERT_EQ(details.at("causes").get_array().size(), 2U);
  EXPECT_THAT(refused.text, HasSubstr(R"("message":"conflict with \"m\"","field":".data.k")"));
  EXPECT_THAT(refused.text, HasSubstr(R"("message":"conflict with \"u\" using v1","field":".data.l")"));
}

TEST(SimulatedWrite, V15_who_owns_nothing_has_no_entry) {
  SimulatedCluster cluster;
  const Answered made = cluster.apply("/api/v1/namespaces/default/serviceaccounts/s",
                                      R"({"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"s"}})");
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(find(made.body, {"metadata", "managedFields"}), nullptr);
}

TEST(SimulatedWrite, V18_a_foreign_write_takes_the_field_and_force_brings_it_back) {
  SimulatedCluster cluster;
  const Answered made = cluster.apply(kOne, config_map("a", R"({"k":"1","l":"1"})"));
  const Answered same = cluster.merge(kOne + "?fieldManager=u", R"({"data":{"k":"1"}})");
  EXPECT_EQ(same.text, made.text) << "the same value is no write";
  const Answered taken = cluster.merge(kOne + "?fieldManager=u", R"({"data":{"k":"2"}})");
  EXPECT_THAT(taken.text, HasSubstr(R"("fieldsV1":{"f:data":{"f:l":{}}})"));
  const Answered back = cluster.apply(kOne, config_map("a", R"({"k":"1","l":"1"})"));
  EXPECT_THAT(back.text, HasSubstr(R"("fieldsV1":{"f:data":{"f:k":{},"f:l":{}}})"));
  EXPECT_EQ(back.text.find(R"("manager":"u")"), std::string::npos) << "emptied entries vanish";
  const Answered pruned = cluster.apply(kOne, config_map("a", R"({"l":"1"})"));
  EXPECT_EQ(find(pruned.body, {"data", "k"}), nullptr);
}

TEST(SimulatedWrite, V24_string_data_is_folded_and_stays_owned_as_such) {
  SimulatedCluster cluster;
  const Answered made =
      cluster.apply("/api/v1/namespaces/default/secrets/s",
                    R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"stringData":{"a":"b"}})");
  EXPECT_EQ(string_at(made.body, {"data", "a"}), "Yg==");
  EXPECT_EQ(find(made.body, {"stringData"}), nullptr);
  EXPECT_THAT(made.text, HasSubstr(R"("f:stringData":{"f:a":{}})"));
}

TEST(SimulatedWrite, V25_quantities_are_canonical_and_either_spelling_is_no_write) {
  SimulatedCluster cluster;
  const auto pod = [](const std::string& cpu) {
    return R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i:1",)"
           R"("resources":{"requests":{"cpu":")" +
           cpu + R"(","memory":"1024Mi"}}}]}})";
  };
  const std::string path = "/api/v1/namespaces/default/pods/p";
  const Answered made = cluster.apply(path, pod("0.5"));
  EXPECT_THAT(made.text, HasSubstr(R"("requests":{"cpu":"500m","memory":"1Gi"})"));
  EXPECT_EQ(cluster.apply(path, pod("500m")).text, made.text);
}

TEST(SimulatedWrite, what_is_limited_is_requested_in_a_pod_and_not_in_a_template_for_pods) {
  SimulatedCluster cluster;
  constexpr const char* kSpec = R"({"containers":[{"name":"c","image":"i:1","resources":{"limits":{"cpu":"1"}}}]})";
  const Answered pod =
      cluster.apply("/api/v1/namespaces/default/pods/p",
                    R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":)" + std::string(kSpec) + "}");
  EXPECT_THAT(pod.text, HasSubstr(R"("requests":{"cpu":"1"})"));
  const Answered deployment = cluster.apply(
      "/apis/apps/v1/namespaces/default/deployments/d",
      R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"selector":{"matchLabels":{"a":"b"}},)"
      R"("template":{"metadata":{"labels":{"a":"b"}},"spec":)" +
          std::string(kSpec) + "}}}");
  EXPECT_THAT(deployment.text, HasSubstr(R"("resources":{"limits":{"cpu":"1"}})"));
}

TEST(SimulatedWrite, V28_a_dry_run_writes_nothing) {
  SimulatedCluster cluster;
  const Answered made = cluster.apply(kOne, config_map("a", "{}"), "&dryRun=All");
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(find(made.body, {"metadata", "resourceVersion"}), nullptr);
  EXPECT_EQ(cluster.get(kOne).status, 404);
}

TEST(SimulatedWrite, V29_a_reset_is_followed_by_before_first_apply) {
  SimulatedCluster cluster;
  cluster.post(kConfigMaps, config_map("a", R"({"k":"1"})"));
  const Answered reset = cluster.merge(kOne, R"({"metadata":{"managedFields":[{}]}})");
  EXPECT_EQ(find(reset.body, {"metadata", "managedFields"}), nullptr);
  const Answered applied = cluster.apply(kOne, config_map("a", R"({"l":"1"})"));
  EXPECT_THAT(applied.text, HasSubstr("before-first-apply"));
}

TEST(SimulatedWrite, V30_json_patch_tests_and_replaces) {
  SimulatedCluster cluster;
  cluster.post(kConfigMaps, config_map("a", R"({"k":"1"})"));
  const auto patch = [&](const std::string& text) {
    return cluster.send("PATCH", kOne, text, "application/json-patch+json");
  };
  EXPECT_EQ(patch(R"([{"op":"test","path":"/data/k","value":"2"}])").status, 422);
  EXPECT_EQ(patch(R"([{"op":"test","path":"/data/k","value":"1"},{"op":"add","path":"/metadata/labels","value":{}},)"
                  R"({"op":"add","path":"/metadata/labels/a.b~1c","value":"x"}])")
                .status,
            200);
  EXPECT_EQ(string_at(cluster.get(kOne).body, {"metadata", "labels", "a.b/c"}), "x");
  EXPECT_EQ(patch(R"([{"op":"add","path":"/data/a~1b","value":"x"}])").status, 422) << "not a key of a ConfigMap";
  EXPECT_EQ(patch(R"([{"op":"replace","path":"/metadata/resourceVersion","value":"1"}])").status, 409);
}

TEST(SimulatedWrite, V32_scale_and_status_are_ways_in_of_their_own) {
  SimulatedCluster cluster;
  const std::string path = "/apis/apps/v1/namespaces/default/deployments/d";
  cluster.apply(
      path,
      R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"replicas":2,"selector":{"matchLabels":{"a":"b"}},)"
      R"("template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i:1"}]}}},"status":{"replicas":9}})");
  EXPECT_EQ(find(cluster.get(path).body, {"status", "replicas"}), nullptr);
  const Answered scaled = cluster.merge(path + "/scale?fieldManager=s", R"({"spec":{"replicas":5}})");
  EXPECT_EQ(string_at(scaled.body, {"kind"}), "Scale");
  const Answered after = cluster.get(path);
  EXPECT_EQ(after.body.at("spec").at("replicas").get_int64(), 5);
  EXPECT_EQ(after.body.at("metadata").at("generation").get_int64(), 2);
  EXPECT_THAT(after.text, HasSubstr(R"("subresource":"scale")"));
  cluster.pass(std::chrono::seconds(2));
  const Answered ready = cluster.get(path);
  EXPECT_EQ(ready.body.at("status").at("readyReplicas").get_int64(), 5);
  EXPECT_EQ(ready.body.at("metadata").at("generation").get_int64(), 2);
}

TEST(SimulatedWrite, annotations_of_a_deployment_count_as_a_generation_and_of_nothing_else) {
  SimulatedCluster cluster;
  for (const auto& [kind, plural, counted] :
       {std::tuple{"Deployment", "deployments", true}, std::tuple{"StatefulSet", "statefulsets", false}}) {
    SCOPED_TRACE(kind);
    const std::string path = fmt::format("/apis/apps/v1/namespaces/default/{}/w", plural);
    cluster.apply(
        path,
        fmt::format(R"({{"apiVersion":"apps/v1","kind":"{}","metadata":{{"name":"w"}},"spec":{{)"
                    R"("selector":{{"matchLabels":{{"a":"b"}}}},"template":{{"metadata":{{"labels":{{"a":"b"}}}},)"
                    R"("spec":{{"containers":[{{"name":"c","image":"i:1"}}]}}}}}}}})",
                    kind));
    const auto generation = [&] { return cluster.get(path).body.at("metadata").at("generation").get_int64(); };
    cluster.merge(path, R"({"metadata":{"labels":{"team":"a"}}})");
    EXPECT_EQ(generation(), 1) << "labels are not counted";
    cluster.merge(path, R"({"metadata":{"annotations":{"note":"1"}}})");
    EXPECT_EQ(generation(), counted ? 2 : 1);
    cluster.merge(path, R"({"metadata":{"annotations":{"note":"1"}}})");
    EXPECT_EQ(generation(), counted ? 2 : 1) << "nothing has changed";
    cluster.merge(path, R"({"metadata":{"annotations":{"note":null}},"spec":{"replicas":3}})");
    EXPECT_EQ(generation(), counted ? 3 : 2) << "once for both";
  }
}

}  // namespace
}  // namespace holdfast::testing_simulator
