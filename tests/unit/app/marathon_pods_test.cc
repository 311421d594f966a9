// Pods of Marathon: several containers together.
#include "app/marathon_import.h"
#include "unit/app/import_text.h"

namespace holdfast {
namespace {

constexpr const char* kPod = R"({"id": "/shop/pair", "labels": {"team": "a", "note": "of a b"}, "user": "nobody",
  "environment": {"COLOR": "blue", "TOKEN": {"secret": "t"}}, "secrets": {"t": {"source": "shop/token"}},
  "scaling": {"kind": "fixed", "instances": 2},
  "scheduling": {"backoff": {"backoff": 1}, "upgrade": {"minimumHealthCapacity": 0.5, "maximumOverCapacity": 0},
                 "placement": {"constraints": [{"fieldName": "hostname", "operator": "UNIQUE"}], "acceptedResourceRoles": ["x"]}},
  "networks": [{"mode": "container", "name": "dcos"}], "executorResources": {"cpus": 0.1},
  "volumes": [{"name": "shared"}, {"name": "logs", "host": "/var/log"}, {"name": "key", "secret": "t"}],
  "containers": [
    {"name": "web", "image": {"kind": "DOCKER", "id": "web:1", "forcePull": true},
     "exec": {"command": {"shell": "serve $ENDPOINT_HTTP_API"}}, "resources": {"cpus": 0.5, "mem": 128},
     "endpoints": [{"name": "http-api", "hostPort": 0, "protocol": ["tcp"], "labels": {"VIP_0": "/web:80"}}],
     "environment": {"COLOR": "red"}, "lifecycle": {"killGracePeriodSeconds": 60},
     "healthCheck": {"http": {"endpoint": "http-api", "path": "/up", "scheme": "HTTPS"}, "intervalSeconds": 5,
                     "gracePeriodSeconds": 20, "maxConsecutiveFailures": 2, "timeoutSeconds": 3},
     "volumeMounts": [{"name": "shared", "mountPath": "scratch"}, {"name": "key", "mountPath": "/key", "readOnly": true}]},
    {"name": "side", "image": {"id": "side:2"}, "user": "0",
     "exec": {"command": {"argv": ["side", "--all"]}, "overrideEntrypoint": true},
     "resources": {"cpus": 0.1, "mem": 32}, "resourceLimits": {"cpus": 1},
     "endpoints": [{"name": "dns", "containerPort": 53, "protocol": ["udp"]}],
     "healthCheck": {"exec": {"command": {"shell": "true"}}},
     "volumeMounts": [{"name": "shared", "mountPath": "/shared"}], "artifacts": [{"uri": "u"}], "novelty": 1}]})";

Imported import(const std::string& text, const std::string& namespace_ = "") {
  const auto value = parse_json(text);
  EXPECT_TRUE(value);
  const std::vector<json::value> all{value.value_or(json::value())};
  return import_marathon(all, MarathonImportOptions{namespace_});
}

std::string of(const json::value& object, std::initializer_list<std::string_view> path) {
  const json::value* value = find(object, path);
  return value == nullptr ? "(absent)" : canonical_json(*value);
}

const json::value& container(const Imported& imported, std::size_t index) {
  return find(imported.documents.at(0).object, {"spec", "template", "spec", "containers"})->as_array().at(index);
}

TEST(MarathonPods, become_a_deployment_of_several_containers_and_a_service) {
  const Imported imported = import(kPod, "shop");
  ASSERT_EQ(imported.documents.size(), 2U);
  const json::value pair(imported.documents[0].object), service(imported.documents[1].object);
  EXPECT_EQ(of(pair, {"kind"}), "\"Deployment\"");
  EXPECT_EQ(of(pair, {"metadata", "labels"}), R"({"app.kubernetes.io/name":"shop-pair","team":"a"})");
  EXPECT_EQ(of(pair, {"spec", "replicas"}), "2");
  EXPECT_EQ(of(pair, {"spec", "strategy", "rollingUpdate"}), R"({"maxSurge":"0%","maxUnavailable":"50%"})");
  EXPECT_EQ(of(pair, {"spec", "template", "spec", "terminationGracePeriodSeconds"}), "60");
  EXPECT_TRUE(of(pair, {"spec", "template", "spec", "affinity"}).contains("kubernetes.io/hostname"));
  EXPECT_EQ(of(pair, {"spec", "template", "spec", "volumes"}),
            R"([{"emptyDir":{},"name":"shared"},{"hostPath":{"path":"/var/log"},"name":"logs"},)"
            R"({"name":"key","secret":{"secretName":"shop-token"}}])");
  EXPECT_EQ(of(service, {"spec", "ports"}),
            R"([{"name":"http-api","port":80,"protocol":"TCP","targetPort":"http-api"},)"
            R"({"name":"dns","port":53,"protocol":"UDP","targetPort":"dns"}])");
}

TEST(MarathonPods, each_container_has_what_is_said_of_it) {
  const Imported imported = import(kPod);
  const json::value &web = container(imported, 0), &side = container(imported, 1);
  EXPECT_EQ(of(web, {"imagePullPolicy"}), "\"Always\"");
  EXPECT_EQ(of(web, {"command"}), R"(["/bin/sh","-c","serve $ENDPOINT_HTTP_API"])");
  EXPECT_EQ(of(web, {"ports"}), R"([{"containerPort":8080,"name":"http-api","protocol":"TCP"}])");
  const std::string environment = of(web, {"env"});
  for (const char* part : {R"({"name":"COLOR","value":"red"})", R"({"name":"ENDPOINT_HTTP_API","value":"8080"})",
                           R"({"name":"TOKEN","valueFrom":{"secretKeyRef":{"key":"value","name":"shop-token"}}})"})
    EXPECT_TRUE(environment.contains(part)) << part << "\n" << environment;
  EXPECT_EQ(of(web, {"livenessProbe"}), R"({"failureThreshold":2,"httpGet":{"path":"/up","port":"http-api",)"
                                        R"("scheme":"HTTPS"},"periodSeconds":5,"timeoutSeconds":3})");
  EXPECT_EQ(of(web, {"startupProbe", "failureThreshold"}), "4");
  EXPECT_EQ(of(web, {"volumeMounts"}), R"([{"mountPath":"/mnt/mesos/sandbox/scratch","name":"shared"},)"
                                       R"({"mountPath":"/key","name":"key","readOnly":true}])");
  EXPECT_EQ(of(side, {"command"}), R"(["side","--all"])");
  EXPECT_EQ(of(side, {"securityContext"}), R"({"runAsUser":0})");
  EXPECT_EQ(of(side, {"resources"}),
            R"({"limits":{"cpu":"1000m","memory":"32Mi"},"requests":{"cpu":"100m","memory":"32Mi"}})");
  EXPECT_EQ(of(side, {"livenessProbe", "exec", "command"}), R"(["/bin/sh","-c","true"])");
}

TEST(MarathonPods, what_has_no_equivalent_is_told_by_its_name) {
  const Imported imported = import(kPod);
  for (const char* field :
       {"labels.note", "scheduling.placement.acceptedResourceRoles", "volumes[1].host", "volumes[2].secret",
        "containers[0].user", "containers[1].artifacts", "containers[1].novelty"})
    EXPECT_TRUE(is_noted(imported.documents[0], field)) << field << "\n" << imported_yaml(imported);
  EXPECT_FALSE(is_noted(imported.documents[0], "executorResources"));
}

TEST(MarathonPods, storage_that_stays_is_one_claim_and_an_image_that_is_missing_a_comment) {
  const Imported imported = import(R"({"id": "db", "containers": [{"name": "db", "volumeMounts": [
      {"name": "data", "mountPath": "data"}, {"name": "none", "mountPath": "/n"}]}],
    "volumes": [{"name": "data", "persistent": {"type": "root", "size": 64}}]})");
  ASSERT_EQ(imported.documents.size(), 2U);
  EXPECT_FALSE(imported.documents[0].complete);
  EXPECT_EQ(of(imported.documents[0].object, {"spec", "strategy", "type"}), "\"Recreate\"");
  EXPECT_EQ(of(imported.documents[1].object, {"spec", "resources"}), R"({"requests":{"storage":"64Mi"}})");
  for (const char* field : {"containers[0].image", "volumes[0].persistent", "containers[0].volumeMounts[1].name"})
    EXPECT_TRUE(is_noted(imported.documents[0], field)) << field << "\n" << imported_yaml(imported);
}

}  // namespace
}  // namespace holdfast
