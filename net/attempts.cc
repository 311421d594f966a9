#include "net/attempts.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace holdfast {

namespace asio = boost::asio;

asio::awaitable<Result<ApiResponse>> with_patience(asio::any_io_executor executor, FlowBackoffs& flows, Method method,
                                                   unsigned max_retries, Clock::time_point deadline,
                                                   std::function<asio::awaitable<Result<FlowAnswer>>()> attempt) {
  for (unsigned retries = 0;; ++retries) {
    auto answer = co_await attempt();
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    const ApiResponse& response = answer->response;
    if (!asks_to_come_back(response.status, response.retry_after)) {
      flows.served(answer->flow);
      co_return std::move(answer->response);
    }
    const Clock::time_point now = Clock::now();
    const auto wait = flows.turned_away(answer->flow, response.retry_after, now);
    if (method != Method::Get || retries >= max_retries || now + wait >= deadline)
      co_return std::move(answer->response);
    Timer timer(executor, now + wait);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

}  // namespace holdfast
