#include "app/marathon_import.h"

#include "unit/app/import_text.h"

namespace holdfast {
namespace {

Imported import(const std::string& text, const std::string& namespace_ = "") {
  const auto value = parse_json(text);
  EXPECT_TRUE(value);
  std::vector<json::value> all;
  if (value) all.push_back(*value);
  const MarathonImportOptions options{namespace_};
  return import_marathon(all, options);
}

const json::object& container_of(const ImportedDocument& document) {
  const json::value* list = find(document.object, {"spec", "template", "spec", "containers"});
  return list->as_array().at(0).as_object();
}

std::string of(const json::object& object, std::initializer_list<std::string_view> path) {
  const json::value* value = find(object, path);
  return value == nullptr ? "(absent)" : canonical_json(*value);
}

TEST(MarathonImport, an_app_with_an_image_becomes_a_deployment_and_a_service) {
  const Imported imported = import(R"({"id": "/shop/web", "instances": 3, "cpus": 0.5, "mem": 256,
    "cmd": "serve --port $PORT0", "env": {"COLOR": "blue", "TOKEN": {"secret": "t"}}, "secrets": {"t": {"source": "shop/token"}},
    "labels": {"tier": "front", "HAPROXY_GROUP": "external"},
    "container": {"type": "DOCKER", "docker": {"image": "web:1", "forcePullImage": true, "privileged": true},
      "portMappings": [{"containerPort": 8081, "servicePort": 10001, "name": "http", "labels": {"VIP_0": "/web:80"}}]},
    "healthChecks": [{"protocol": "MESOS_HTTP", "path": "/up", "portIndex": 0, "intervalSeconds": 10,
                      "gracePeriodSeconds": 60, "maxConsecutiveFailures": 2}],
    "constraints": [["hostname", "UNIQUE"]],
    "upgradeStrategy": {"minimumHealthCapacity": 0.5, "maximumOverCapacity": 0}})");
  ASSERT_EQ(imported.documents.size(), 2U);
  const ImportedDocument &web = imported.documents[0], &service = imported.documents[1];
  const json::object& container = container_of(web);
  EXPECT_EQ(of(web.object, {"metadata", "name"}), "\"shop-web\"");
  EXPECT_EQ(of(web.object, {"metadata", "labels"}), R"({"app.kubernetes.io/name":"shop-web","tier":"front"})");
  EXPECT_EQ(of(web.object, {"spec", "replicas"}), "3");
  EXPECT_EQ(of(container, {"command"}), R"(["/bin/sh","-c","serve --port $PORT0"])");
  EXPECT_EQ(of(container, {"resources"}),
            R"({"limits":{"memory":"256Mi"},"requests":{"cpu":"500m","memory":"256Mi"}})");
  EXPECT_EQ(
      of(container, {"env"}),
      R"([{"name":"COLOR","value":"blue"},{"name":"TOKEN","valueFrom":{"secretKeyRef":{"key":"value","name":"shop-token"}}}])");
  EXPECT_EQ(of(container, {"livenessProbe"}),
            R"({"failureThreshold":2,"httpGet":{"path":"/up","port":"http"},"periodSeconds":10,"timeoutSeconds":20})");
  EXPECT_EQ(of(container, {"startupProbe", "failureThreshold"}), "6");
  EXPECT_EQ(of(web.object, {"spec", "strategy", "rollingUpdate"}), R"({"maxSurge":"0%","maxUnavailable":"50%"})");
  EXPECT_TRUE(of(web.object, {"spec", "template", "spec", "affinity"}).contains("kubernetes.io/hostname"));
  EXPECT_EQ(of(service.object, {"spec", "ports"}),
            R"([{"name":"http","port":80,"protocol":"TCP","targetPort":"http"}])");
  for (const char* field : {"labels.HAPROXY_GROUP", "secrets", "container.docker.privileged"})
    EXPECT_TRUE(is_noted(web, field)) << field;
}

TEST(MarathonImport, ports_that_marathon_chose_are_told_to_the_process) {
  const Imported imported = import(R"({"id": "a", "container": {"docker": {"image": "a"}}, "ports": [0, 9000]})");
  EXPECT_EQ(of(container_of(imported.documents[0]), {"env"}),
            R"([{"name":"PORT","value":"8080"},{"name":"PORT0","value":"8080"}])");
  EXPECT_EQ(
      of(container_of(imported.documents[0]), {"ports"}),
      R"([{"containerPort":8080,"name":"port-0","protocol":"TCP"},{"containerPort":9000,"name":"port-1","protocol":"TCP"}])");
}

TEST(MarathonImport, storage_of_one_is_a_claim_and_of_several_a_template) {
  const std::string volumes =
      R"("container": {"docker": {"image": "db"}, "volumes": [{"containerPath": "data", "mode": "RW", "persistent": {"size": 512}},)"
      R"({"containerPath": "/etc/x", "hostPath": "/etc/x", "mode": "RO"}]})";
  const Imported one = import(R"({"id": "db", "residency": {}, )" + volumes + "}", "shop");
  ASSERT_EQ(one.documents.size(), 2U);
  EXPECT_EQ(of(one.documents[0].object, {"spec", "strategy", "type"}), "\"Recreate\"");
  EXPECT_EQ(of(one.documents[1].object, {"kind"}), "\"PersistentVolumeClaim\"");
  EXPECT_EQ(of(one.documents[1].object, {"metadata", "namespace"}), "\"shop\"");
  EXPECT_EQ(of(one.documents[1].object, {"spec", "resources"}), R"({"requests":{"storage":"512Mi"}})");
  const Imported several = import(R"({"id": "db", "instances": 3, )" + volumes + "}");
  ASSERT_EQ(several.documents.size(), 1U);
  EXPECT_EQ(of(several.documents[0].object, {"kind"}), "\"StatefulSet\"");
  EXPECT_TRUE(of(several.documents[0].object, {"spec", "volumeClaimTemplates"}).contains("512Mi"));
  EXPECT_TRUE(is_noted(several.documents[0], "container.volumes[1].hostPath"));
}

TEST(MarathonImport, groups_lists_and_what_is_unknown) {
  const Imported imported = import(
      R"({"id": "/shop", "pods": [{"id": "p", "containers": [{"name": "c", "image": {"id": "c:1"}}]}], "dependencies": ["/other"], "groups": [{"id": "inner", "apps": [
    {"id": "db", "container": {"docker": {"image": "d"}}},
    {"id": "web", "container": {"docker": {"image": "w"}}, "dependencies": ["/shop/inner/db", "/gone"], "fetch": [{"uri": "u"}], "novelty": 1}]}]})",
      "shop");
  const ImportedDocument& web = document_named(imported, "shop-inner-web");
  EXPECT_EQ(of(web.object, {"metadata", "annotations"}),
            R"({"holdfast.dev/depends-on":"apps/namespaces/shop/Deployment/shop-inner-db"})");
  EXPECT_EQ(of(document_named(imported, "shop-p").object, {"kind"}), "\"Deployment\"");
  for (const char* field : {"fetch", "novelty", "dependencies"}) EXPECT_TRUE(is_noted(web, field)) << field;
  ASSERT_EQ(imported.notes.size(), 1U);
  EXPECT_EQ(imported.notes[0].field, "the Marathon group /shop.dependencies");
}

TEST(MarathonImport, dependencies_name_apps_groups_and_their_neighbours) {
  const Imported imported = import(R"({"id": "/", "groups": [
    {"id": "data", "apps": [
      {"id": "db", "instances": 3, "container": {"docker": {"image": "d"}, "volumes": [
        {"containerPath": "data", "mode": "RW", "persistent": {"size": 5}}]}},
      {"id": "cache", "container": {"docker": {"image": "c"}}}]},
    {"id": "web", "apps": [
      {"id": "front", "container": {"docker": {"image": "f"}}, "dependencies": ["../data"]},
      {"id": "back", "container": {"docker": {"image": "b"}}, "dependencies": ["front", "../data/db"]}]}]})",
                                   "shop");
  const auto depends = [&](const char* name) {
    return of(document_named(imported, name).object, {"metadata", "annotations", "holdfast.dev/depends-on"});
  };
  EXPECT_EQ(depends("web-front"),
            "\"apps/namespaces/shop/Deployment/data-cache,apps/namespaces/shop/StatefulSet/data-db\"");
  EXPECT_EQ(depends("web-back"),
            "\"apps/namespaces/shop/Deployment/web-front,apps/namespaces/shop/StatefulSet/data-db\"");
}

// Found with a published example: all but the first were told of as unknown, and lost.
TEST(MarathonImport, every_port_of_the_older_place_is_taken) {
  const Imported imported = import(R"({"id": "a", "container": {"docker": {"image": "a", "network": "BRIDGE",
    "portMappings": [{"containerPort": 80, "hostPort": 0, "protocol": "tcp"},
                     {"containerPort": 53, "hostPort": 0, "protocol": "udp"}]}}})");
  EXPECT_TRUE(imported.documents[0].notes.empty()) << imported_yaml(imported);
  EXPECT_EQ(
      of(container_of(imported.documents[0]), {"ports"}),
      R"([{"containerPort":80,"name":"port-0","protocol":"TCP"},{"containerPort":53,"name":"port-1","protocol":"UDP"}])");
}

TEST(MarathonImport, a_job_of_metronome_is_told_and_passed_over) {
  const Imported imported = import(R"({"id": "nightly", "run": {"cmd": "report", "cpus": 0.1}})");
  EXPECT_TRUE(imported.documents.empty());
  ASSERT_EQ(imported.notes.size(), 1U);
  EXPECT_TRUE(imported.notes[0].what.contains("Metronome"));
}

TEST(MarathonImport, limits_are_limits) {
  const Imported imported = import(R"({"id": "a", "container": {"docker": {"image": "a"}}, "cpus": 0.1, "mem": 64,
    "resourceLimits": {"cpus": 2, "mem": "unlimited"}})");
  EXPECT_EQ(of(container_of(imported.documents[0]), {"resources"}),
            R"({"limits":{"cpu":"2000m"},"requests":{"cpu":"100m","memory":"64Mi"}})");
}

TEST(MarathonImport, without_an_image_it_is_a_comment) {
  const Imported imported = import(R"({"id": "sleeper", "cmd": "sleep 100"})");
  EXPECT_FALSE(imported.documents.at(0).complete);
  EXPECT_TRUE(is_noted(imported.documents.at(0), "container.docker.image"));
}

}  // namespace
}  // namespace holdfast
