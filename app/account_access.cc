#include "app/account_access.h"

#include <utility>

#include "holdfast/model/api_status.h"
#include "holdfast/model/json.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

// A right that is given is noticed soon.
constexpr std::chrono::seconds kRefusalTrust{5};

// It is the daemon itself that may not speak for the account.
bool is_about_impersonation(const ApiStatus& status) { return status.message.contains("cannot impersonate"); }

Error refusal(const ServiceAccount& who, const ApiStatus& status, const std::string& where) {
  Error error{ErrorKind::Forbidden, status.message, where};
  if (is_about_impersonation(status))
    error.hint = "let the daemon act as it: holdfast install --tenancy --tenant " + to_string(who) + " ...";
  return error;
}

ApiRequest review_request(const ApiResource& resource, const std::string& namespace_) {
  json::object asked{{"verb", "get"}, {"group", resource.gvk.group}, {"resource", resource.plural}};
  if (!namespace_.empty()) asked["namespace"] = namespace_;
  ApiRequest request;
  request.method = Method::Post;
  request.target = kAccessReviews;
  request.content_type = "application/json";
  request.body = to_json(json::object{{"apiVersion", "authorization.k8s.io/v1"},
                                      {"kind", "SelfSubjectAccessReview"},
                                      {"spec", {{"resourceAttributes", std::move(asked)}}}});
  return request;
}

}  // namespace

const AccountAccess::Answer* AccountAccess::find(const ServiceAccount& who, const ApiResource& resource,
                                                 const ObjectKey& key, const std::string& name) const {
  const auto found = answers_.find({who, resource.gvk.group, resource.plural, key.namespace_, name});
  return found == answers_.end() ? nullptr : &found->second;
}

void AccountAccess::keep(const ServiceAccount& who, const ApiResource& resource, const ObjectKey& key,
                         const std::string& name, Result<void> allowed) {
  const auto now = Clock::now();
  if (answers_.size() >= kMostAnswers)
    std::erase_if(answers_, [&](const auto& entry) { return now - entry.second.at > kAccessTrust; });
  Place place{who, resource.gvk.group, resource.plural, key.namespace_, name};
  answers_.insert_or_assign(std::move(place), Answer{std::move(allowed), now});
}

bool AccountAccess::was_seen(const ServiceAccount& who, const ApiResource& resource, const ObjectKey& key) const {
  const Answer* const all = find(who, resource, key, {});
  if (all != nullptr && all->allowed) return true;
  const Answer* const one = find(who, resource, key, key.name);
  return one != nullptr && one->allowed;
}

asio::awaitable<Result<void>> AccountAccess::may_see(ServiceAccount who, ApiResource resource, ObjectKey key) {
  const auto fresh = [](const Answer* answer) {
    return answer != nullptr && Clock::now() - answer->at <= kAccessTrust;
  };
  const Answer* all = find(who, resource, key, {});
  if (fresh(all) && all->allowed) co_return Result<void>{};
  if (!fresh(all)) {
    const Result<bool> allowed = co_await review(who, resource, key.namespace_);
    if (!allowed) co_return std::unexpected(allowed.error());
    keep(who, resource, key, {}, *allowed ? Result<void>{} : fail(ErrorKind::Forbidden, "not all of them"));
    if (*allowed) co_return Result<void>{};
  }
  const Answer* const one = find(who, resource, key, key.name);
  if (fresh(one) && (one->allowed || Clock::now() - one->at <= kRefusalTrust)) co_return one->allowed;
  Result<void> seen = co_await look(who, resource, key);
  if (seen || seen.error().kind == ErrorKind::Forbidden) keep(who, resource, key, key.name, seen);
  co_return seen;
}

// Whether it may get all of them. An account that may not ask that is told by what it may get.
asio::awaitable<Result<bool>> AccountAccess::review(ServiceAccount who, ApiResource resource, std::string namespace_) {
  ApiRequest request = review_request(resource, namespace_);
  request.impersonate = who;
  const Result<ApiResponse> answer = co_await api_.send(std::move(request));
  if (!answer) co_return std::unexpected(answer.error());
  if (answer->status == 201 || answer->status == 200) {
    const Result<json::value> body = parse_json(answer->body);
    const json::value* allowed = body ? holdfast::find(*body, {"status", "allowed"}) : nullptr;
    co_return allowed != nullptr && allowed->is_bool() && allowed->get_bool();
  }
  const ApiStatus status = parse_api_status(answer->status, answer->content_type, answer->body);
  if (answer->status == 403 && is_about_impersonation(status)) co_return std::unexpected(refusal(who, status, {}));
  if (answer->status != 429 && answer->status / 100 == 4) co_return false;
  Error error = to_error(status, kAccessReviews);
  error.retry_after = answer->retry_after.value_or(std::chrono::seconds{0});
  co_return std::unexpected(std::move(error));
}

asio::awaitable<Result<void>> AccountAccess::look(ServiceAccount who, ApiResource resource, ObjectKey key) {
  ApiRequest request;
  request.target = resource_path(resource, key.namespace_, key.name);
  request.impersonate = who;
  const Result<ApiResponse> answer = co_await api_.send(std::move(request));
  if (!answer) co_return std::unexpected(answer.error());
  if (answer->status == 200 || answer->status == 404) co_return Result<void>{};
  const ApiStatus status = parse_api_status(answer->status, answer->content_type, answer->body);
  if (answer->status == 403) co_return std::unexpected(refusal(who, status, {}));
  Error error = to_error(status, {});
  error.retry_after = answer->retry_after.value_or(std::chrono::seconds{0});
  co_return std::unexpected(std::move(error));
}

}  // namespace holdfast
