#include "app/failing_pods.h"

#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <set>
#include <utility>

#include "app/pod_failure.h"
#include "holdfast/model/api_resource.h"
#include "holdfast/model/json.h"
#include "net/url.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::seconds kDeadline{10};

const ApiResource kPods{{"", "v1", "Pod"}, "pods", true, {}};
const ApiResource kReplicaSets{{"apps", "v1", "ReplicaSet"}, "replicasets", true, {}};

const ApiResource* workload_type(const ObjectKey& key) {
  static const std::vector<ApiResource> kTypes{{{"apps", "v1", "Deployment"}, "deployments", true, {}},
                                               {{"apps", "v1", "StatefulSet"}, "statefulsets", true, {}},
                                               {{"apps", "v1", "DaemonSet"}, "daemonsets", true, {}},
                                               {{"apps", "v1", "ReplicaSet"}, "replicasets", true, {}},
                                               {{"batch", "v1", "Job"}, "jobs", true, {}}};
  for (const ApiResource& type : kTypes)
    if (type.gvk.group_kind() == key.group_kind()) return &type;
  return nullptr;
}

asio::awaitable<json::value> get(ApiServer& api, std::string target) {
  ApiRequest request;
  request.target = std::move(target);
  request.deadline = kDeadline;
  const Result<ApiResponse> answer = co_await api.send(std::move(request));
  if (!answer || answer->status != 200) co_return json::value();
  co_return parse_json(answer->body).value_or(json::value());
}

asio::awaitable<std::vector<json::value>> list(ApiServer& api, const ApiResource* type, std::string namespace_,
                                               std::string selector) {
  std::string target = resource_path(*type, namespace_, "");
  target += "?limit=" + std::to_string(kMostPodsLookedAt) + "&labelSelector=" + encode_query_value(selector);
  json::value found = co_await get(api, std::move(target));
  std::vector<json::value> items;
  json::value* const all = found.is_object() ? found.get_object().if_contains("items") : nullptr;
  if (all != nullptr && all->is_array())
    for (json::value& one : all->get_array()) items.push_back(std::move(one));
  co_return items;
}

asio::awaitable<std::string> what_ails(ApiServer& api, const ApiResource* type, ObjectKey key) {
  std::string target = resource_path(*type, key.namespace_, key.name);
  const json::value workload = co_await get(api, std::move(target));
  const json::value* const selector = find(workload, {"spec", "selector"});
  const std::string labels = selector == nullptr ? std::string() : selector_text(*selector);
  if (labels.empty()) co_return std::string();
  std::set<std::string> owners{std::string(string_at(workload, {"metadata", "uid"}))};
  if (key.kind == "Deployment") {
    const std::vector<json::value> sets = co_await list(api, &kReplicaSets, key.namespace_, labels);
    const std::string newest = newest_replica_set(sets, *owners.begin());
    owners = {newest};
  }
  const std::vector<json::value> pods = co_await list(api, &kPods, key.namespace_, labels);
  std::string failure = worst_failure(pods, owners);
  co_return failure.empty() ? replica_failure(workload) : std::move(failure);
}

}  // namespace

asio::awaitable<std::string> what_ails_pods_of(ApiServer& api, std::vector<ObjectKey> objects) {
  std::string text;
  std::size_t looked_at = 0;
  for (const ObjectKey& key : objects) {
    const ApiResource* const type = workload_type(key);
    if (type == nullptr) continue;
    if (looked_at++ == kMostWorkloadsLookedAt) break;
    const std::string failure = co_await what_ails(api, type, key);
    if (!failure.empty()) text += (text.empty() ? "" : "; ") + to_string(key) + ": " + failure;
  }
  co_return text;
}

}  // namespace holdfast
