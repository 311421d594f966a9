// The schema cache and the proof beside a simulated API server: what it stores of an apply is proven, whatever it made
// of the spelling; what somebody changed is not.
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>

#include "engine/normalize.h"
#include "engine/proof.h"
#include "unit/simulator/simulated_cluster.h"
#include "watchers/schema_cache.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
using testing_simulator::SimulatedCluster;

class InProcess final : public ApiServer {
 public:
  explicit InProcess(SimulatedCluster& cluster) : cluster_(cluster) {}
  asio::awaitable<Result<ApiResponse>> send(ApiRequest request) override {
    const auto answer = cluster_.get(request.target);
    co_return ApiResponse{answer.status, answer.content_type, {}, answer.text, {}};
  }

 private:
  SimulatedCluster& cluster_;
};

class Failures final : public SchemaSink {
 public:
  void schemas_changed() override {}
  void schema_failed(const Error& error) override { ADD_FAILURE() << describe(error); }
};

constexpr std::string_view kDeployment = R"({"apiVersion":"apps/v1","kind":"Deployment",
  "metadata":{"name":"web","namespace":"default","labels":{"app":"web"}},
  "spec":{"replicas":2,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},
   "spec":{"containers":[
    {"name":"web","image":"nginx:1","env":[],"ports":[{"containerPort":80}],"securityContext":{},
     "resources":{"limits":{"cpu":"1000m","memory":"1024Mi"},"requests":{"cpu":0.5}}},
    {"name":"side","image":"side:1","args":["-x"]}]}}}})";
constexpr std::string_view kDeploymentTarget = "/apis/apps/v1/namespaces/default/deployments/web";

class SchemaProof : public testing::Test {
 protected:
  SchemaProof() {
    asio::co_spawn(io_, cache_.run(), [](std::exception_ptr failure) {
      if (failure) std::rethrow_exception(failure);
    });
    io_.poll();
  }
  ~SchemaProof() override {
    cache_.stop();
    settle();
  }
  void settle() {
    io_.restart();
    io_.poll();
  }

  Desired desired(std::string_view text) {
    Desired made;
    made.body = parse_json(text)->as_object();
    made.resource.gvk = make_gvk(string_at(made.body, {"apiVersion"}), string_at(made.body, {"kind"}));
    EXPECT_TRUE(normalize(made.body, made.resource.gvk.group_kind()));
    seal(made);
    cache_.want(made.resource.gvk);
    settle();
    return made;
  }
  std::string why_not(const Desired& wanted, std::string_view target) {
    const auto type = cache_.type_of(wanted.resource.gvk).type;
    return prove(wanted, cluster_.get(std::string(target)).body, FieldManager{"m"}, type.get()).why_not;
  }
  Desired apply(std::string_view text, std::string_view target) {
    Desired wanted = desired(text);
    EXPECT_LT(cluster_.apply(std::string(target), wanted.apply_body).status, 300);
    return wanted;
  }

  SimulatedCluster cluster_;
  InProcess api_{cluster_};
  Failures sink_;
  asio::io_context io_;
  SchemaCache cache_{io_.get_executor(), io_.get_executor(), api_, sink_, [] { return 0.0; }};
};

TEST_F(SchemaProof, C5_V25_a_deployment_is_proven_however_the_server_spelt_it) {
  const Desired web = apply(kDeployment, kDeploymentTarget);
  EXPECT_EQ(why_not(web, kDeploymentTarget), "");
  cluster_.merge(std::string(kDeploymentTarget), R"({"metadata":{"annotations":{"theirs":"1"}}})");
  cluster_.merge(std::string(kDeploymentTarget) + "/status", R"({"status":{"replicas":2}})");
  EXPECT_EQ(why_not(web, kDeploymentTarget), "");
}

TEST_F(SchemaProof, C9_what_somebody_changed_is_not) {
  for (const char* edit : {R"({"spec":{"replicas":3}})", R"({"metadata":{"labels":{"app":null}}})",
                           R"({"metadata":{"managedFields":[{}]}})"}) {
    const Desired web = apply(kDeployment, kDeploymentTarget);
    ASSERT_EQ(why_not(web, kDeploymentTarget), "");
    cluster_.merge(std::string(kDeploymentTarget), edit);
    EXPECT_NE(why_not(web, kDeploymentTarget), "") << edit;
  }
}

TEST_F(SchemaProof, C5_also_config_maps_secrets_and_services) {
  const Desired config = apply(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","namespace":"default"},
                                   "data":{"k":"v","n":"1"}})",
                               "/api/v1/namespaces/default/configmaps/c");
  EXPECT_EQ(why_not(config, "/api/v1/namespaces/default/configmaps/c"), "");
  const Desired secret = apply(R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"s","namespace":"default"},
                                   "stringData":{"k":"v"},"data":{"l":"Zm9v"}})",
                               "/api/v1/namespaces/default/secrets/s");
  EXPECT_EQ(why_not(secret, "/api/v1/namespaces/default/secrets/s"), "");
  const Desired service = apply(R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"web","namespace":"default"},
                                    "spec":{"selector":{"app":"web"},"ports":[{"port":80,"targetPort":"http"}]}})",
                                "/api/v1/namespaces/default/services/web");
  EXPECT_EQ(why_not(service, "/api/v1/namespaces/default/services/web"), "");
}

TEST_F(SchemaProof, C11_a_custom_type_is_known_once_it_is_served) {
  const GroupVersionKind boat{"ex.io", "v1", "Boat"};
  cache_.want(boat);
  settle();
  EXPECT_EQ(cache_.type_of(boat).type, nullptr);
  EXPECT_FALSE(cache_.type_of(boat).coming);
  cluster_.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", R"({
    "apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"boats.ex.io"},
    "spec":{"group":"ex.io","scope":"Namespaced","names":{"plural":"boats","singular":"boat","kind":"Boat"},
     "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{
      "spec":{"type":"object","properties":{"crew":{"type":"array","x-kubernetes-list-type":"set",
       "items":{"type":"string"}},"limit":{"type":"string"},"size":{"type":"integer","default":3}}}}}}}]}})");
  cluster_.pass(std::chrono::seconds(1));
  cache_.refresh();
  settle();
  ASSERT_NE(cache_.type_of(boat).type, nullptr);
  constexpr std::string_view kTarget = "/apis/ex.io/v1/namespaces/default/boats/b";
  const Desired wanted = apply(R"({"apiVersion":"ex.io/v1","kind":"Boat","metadata":{"name":"b","namespace":"default"},
                                   "spec":{"crew":["a","b"],"limit":"1000m"}})",
                               kTarget);
  EXPECT_EQ(why_not(wanted, kTarget), "");
  cluster_.merge(std::string(kTarget), R"({"spec":{"crew":["b","a"]}})");
  EXPECT_NE(why_not(wanted, kTarget), "");
}

}  // namespace
}  // namespace holdfast
