#include "app/override_requests.h"

#include <utility>

#include "app/cluster_session.h"
#include "app/installations.h"
#include "app/override_policy.h"
#include "app/own_definitions.h"
#include "app/own_object.h"
#include "engine/handover.h"
#include "holdfast/base/log.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::seconds kDeadline{10};
constexpr const char* kStatusManager = "holdfast-status";
const FieldManager kFormerManager{"holdfast-former"};

ApiRequest get(std::string target) {
  ApiRequest request;
  request.target = std::move(target);
  request.deadline = kDeadline;
  return request;
}

ApiRequest patch(std::string target, const char* type, std::string body) {
  ApiRequest request = get(std::move(target));
  request.method = Method::Patch;
  request.content_type = type;
  request.body = std::move(body);
  return request;
}

// Null: there is none.
asio::awaitable<Result<json::value>> get_or_null(ApiServer& api, ApiRequest request) {
  Result<json::value> read = co_await ask_json(api, std::move(request));
  if (!read && read.error().kind == ErrorKind::NotFound) co_return json::value();
  co_return read;
}

}  // namespace

OverrideRequests::OverrideRequests(ApiServer& api, const std::string& installation)
    : api_(api), status_manager_(manager_of(kStatusManager, installation)) {}

asio::awaitable<Result<std::optional<std::string>>> OverrideRequests::policy_problem_of(
    std::chrono::sys_seconds created) {
  const std::string folder = "/apis/admissionregistration.k8s.io/v1/";
  ApiRequest of_policy = get(folder + "validatingadmissionpolicies/" + std::string(kOverridePolicy));
  ApiRequest of_binding = get(folder + "validatingadmissionpolicybindings/" + std::string(kOverridePolicy));
  const Result<json::value> policy = co_await get_or_null(api_, std::move(of_policy));
  if (!policy) co_return std::unexpected(policy.error());
  const Result<json::value> binding = co_await get_or_null(api_, std::move(of_binding));
  if (!binding) co_return std::unexpected(binding.error());
  co_return policy_problem(*policy, *binding, created);
}

asio::awaitable<Result<OverrideRequests::Found>> OverrideRequests::look_at(OverriddenObject object, YieldRules rules,
                                                                           std::optional<ServiceAccount> as) {
  const ObjectKey& key = object.desired.key;
  ApiRequest of_object = get(resource_path(object.desired.resource, key.namespace_, key.name));
  of_object.impersonate = as;
  const Result<json::value> live = co_await get_or_null(api_, std::move(of_object));
  if (!live) co_return std::unexpected(live.error());
  Found found;
  found.former = former_values(object, *live);
  if (!live->is_null()) found.refused = left_to_others(object, *live, rules);
  if (!object.scales || found.refused) co_return found;
  ApiRequest of_autoscalers = get("/apis/autoscaling/v2/namespaces/" + key.namespace_ + "/horizontalpodautoscalers");
  of_autoscalers.impersonate = as;
  const Result<json::value> autoscalers = co_await get_or_null(api_, std::move(of_autoscalers));
  const bool hidden = !autoscalers && autoscalers.error().kind == ErrorKind::Forbidden;
  if (!autoscalers && !hidden) co_return std::unexpected(autoscalers.error());
  if (!hidden) found.refused = autoscaler_of(object, *autoscalers);
  co_return found;
}

asio::awaitable<Result<void>> OverrideRequests::write_status(ApplicationName name, Uid uid, json::object status) {
  const std::string target = resource_path(override_resource(), name.first, name.second) +
                             "/status?fieldManager=" + status_manager_ + "&force=true";
  const json::object body{{"apiVersion", "holdfast.dev/v1alpha1"},
                          {"kind", "Override"},
                          {"metadata", {{"namespace", name.first}, {"name", name.second}, {"uid", uid.value}}},
                          {"status", std::move(status)}};
  ApiRequest request = patch(target, "application/apply-patch+yaml", to_json(body));
  const Result<json::value> answer = co_await ask_json(api_, std::move(request));
  if (!answer) co_return std::unexpected(answer.error());
  co_return Result<void>();
}

asio::awaitable<Result<void>> OverrideRequests::set_finalizer(json::object object, bool wanted) {
  ApiRequest request = finalizer_patch(override_resource(), object, kOverrideFinalizer, wanted, "holdfast");
  request.deadline = kDeadline;
  const Result<json::value> answer = co_await ask_json(api_, std::move(request));
  if (!answer && answer.error().kind != ErrorKind::NotFound) co_return std::unexpected(answer.error());
  co_return Result<void>();
}

asio::awaitable<Result<void>> OverrideRequests::leave_fields(Desired desired, std::vector<std::string> paths,
                                                             std::optional<ServiceAccount> as) {
  const std::string target = resource_path(desired.resource, desired.key.namespace_, desired.key.name);
  ApiRequest of_object = get(target);
  of_object.impersonate = as;
  const Result<json::value> live = co_await get_or_null(api_, std::move(of_object));
  if (!live) co_return std::unexpected(live.error());
  if (live->is_null()) co_return Result<void>();
  FieldSet fields;
  for (const std::string& path : paths)
    if (const auto field = field_path(path)) fields.insert(*field);
  Result<std::string> body = handover_body(desired, *live, fields, kFormerManager);
  if (!body) co_return std::unexpected(body.error());
  ApiRequest request = patch(target + "?fieldManager=" + handover_manager(kFormerManager).value,
                             "application/apply-patch+yaml", std::move(*body));
  request.impersonate = as;
  const Result<json::value> answer = co_await ask_json(api_, std::move(request));
  if (!answer) co_return std::unexpected(answer.error());
  co_return Result<void>();
}

}  // namespace holdfast
