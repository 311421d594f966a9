// How often a request is sent, whatever sends it: again with another credential after a 401 (correctness B9), and again
// where it was told to come back later (correctness B8). HttpClient sends over TLS; simulations send to a simulator.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "holdfast/base/clock.h"
#include "holdfast/base/secret.h"
#include "holdfast/ports/api_server.h"
#include "net/retry_policy.h"

namespace holdfast {

class CredentialSource {
 public:
  virtual ~CredentialSource() = default;
  // Empty where there is none to send. Errors: Unauthorized.
  virtual boost::asio::awaitable<Result<Secret>> token() = 0;
  // What token() was taken from, where that is more than a token: another one is another credential.
  [[nodiscard]] virtual std::shared_ptr<const void> in_use() const = 0;
  // There may be another one than this, once rejected() was called.
  [[nodiscard]] virtual bool renewable(const Secret& token) const = 0;
  virtual void rejected() = 0;
};

// `attempt`: Secret -> awaitable<Result<Answer>>; `status_of`: const Answer& -> int. At most one further attempt, after
// a 401, if there is another credential by then. `credentials` outlives it.
template <class Attempt, class StatusOf>
std::invoke_result_t<Attempt&, Secret> with_credential(CredentialSource& credentials, Attempt attempt,
                                                       StatusOf status_of) {
  auto token = co_await credentials.token();
  for (bool again = false;; again = true) {
    if (!token) co_return std::unexpected(std::move(token.error()));
    const auto credential = credentials.in_use();
    auto answer = co_await attempt(*token);
    if (!answer || status_of(*answer) != 401 || !credentials.renewable(*token) || again) co_return answer;
    if (credential == credentials.in_use()) credentials.rejected();  // unless it was replaced meanwhile
    auto fresh = co_await credentials.token();
    if (!fresh || (*fresh == *token && credential == credentials.in_use())) co_return answer;
    token = std::move(fresh);
  }
}

// An answer, and the flow as which the server dealt with it.
struct FlowAnswer {
  ApiResponse response;
  std::string flow;
};

// Only a GET is repeated, within its deadline, and not more often than it allows. `flows` outlives it.
boost::asio::awaitable<Result<ApiResponse>> with_patience(
    boost::asio::any_io_executor executor, FlowBackoffs& flows, Method method, unsigned max_retries,
    Clock::time_point deadline, std::function<boost::asio::awaitable<Result<FlowAnswer>>()> attempt);

}  // namespace holdfast
