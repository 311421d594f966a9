#include "sim/api_services.h"

namespace holdfast::sim {
namespace {

const std::string kPath = "/apis/apiregistration.k8s.io/v1/apiservices";

void request(SimulatedCluster& cluster, const std::string& method, const std::string& target, std::string body) {
  SimulatedRequest request;
  request.method = method;
  request.target = target;
  request.content_type = request.accept = "application/json";
  request.user_agent = "kube-apiserver/1";
  request.body = std::move(body);
  cluster.handle(request);
}

void add(SimulatedCluster& cluster, const std::string& group) {
  request(
      cluster, "POST", kPath + "?fieldManager=kube-apiserver",
      R"({"apiVersion":"apiregistration.k8s.io/v1","kind":"APIService","metadata":{"name":"v1.)" + group + R"("}})");
}

}  // namespace

void add_api_services(SimulatedCluster& cluster, std::span<const std::string> groups) {
  for (const std::string& group : groups) add(cluster, group);
}

void follow_custom_group(SimulatedCluster& cluster) {
  if (!cluster.types().has_group("ex.io"))
    request(cluster, "DELETE", kPath + "/v1.ex.io", "");
  else if (cluster.store().find("apiservices.apiregistration.k8s.io", "", "v1.ex.io") == nullptr)
    add(cluster, "ex.io");
}

}  // namespace holdfast::sim
