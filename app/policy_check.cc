#include "app/policy_check.h"

#include <boost/asio/use_awaitable.hpp>

#include "app/approval_policy.h"
#include "app/cluster_session.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

// Null where there is none.
asio::awaitable<Result<json::value>> read(ApiServer& api, std::string target) {
  ApiRequest request;
  request.target = std::move(target);
  Result<json::value> answer = co_await ask_json(api, std::move(request));
  if (!answer && answer.error().kind == ErrorKind::NotFound) co_return json::value();
  co_return answer;
}

}  // namespace

asio::awaitable<PolicyStanding> standing_of_policy(ApiServer& api) {
  const Result<json::value> policy = co_await read(api, approval_policy_path());
  const Result<json::value> binding = policy ? co_await read(api, approval_binding_path()) : policy;
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  PolicyStanding standing;
  standing.known = policy && binding;
  if (standing.known) {
    standing.objection = objection_to_policy(*policy, *binding, now);
    standing.identity = identity_of_policy(*policy, *binding);
  } else {
    standing.objection = "it cannot be seen whether the policy is in force that tells who asks: " +
                         describe(policy ? binding.error() : policy.error());
  }
  co_return standing;
}

}  // namespace holdfast
