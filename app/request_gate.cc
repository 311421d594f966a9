#include "app/request_gate.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "app/admission_guard.h"
#include "app/approval_policy.h"
#include "net/backoff.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr auto kLongestPause = 60s;

}  // namespace

// Whoever asks while it is not in force is told so; whoever asks after that is to be believed.
asio::awaitable<void> RequestGate::run() {
  Backoff backoff({kTakesEffect, kLongestPause, 2, 1, 1.2, 0ms}, chance_);
  while (!stopping_) {
    if (trust_.policy().empty()) std::ignore = co_await look();
    const bool in_force = !trust_.policy().empty();
    if (in_force) backoff.reset();
    pause_.expires_at(in_force ? Clock::time_point::max() : Clock::now() + backoff.next(Clock::now()));
    if (!stopping_) co_await pause_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

void RequestGate::stop() {
  stopping_ = true;
  pause_.cancel();
}

asio::awaitable<std::string> RequestGate::look() {
  const PolicyStanding standing = co_await standing_of_policy(api_);
  if (standing.known)
    for (const ApplicationName& name : trust_.policy_is(standing.objection.empty() ? standing.identity : std::string()))
      under_another_(name);
  co_return standing.objection;
}

asio::awaitable<std::string> RequestGate::objection(ApplicationName name) {
  const std::string objection = co_await look();
  if (!objection.empty()) {
    pause_.cancel();
    co_return objection;
  }
  if (trust_.counts(name)) co_return std::string();
  co_return "it is not known that it was written while the policy " + std::string(kApprovalPolicy) +
      " held it to who asks, as it is in force now; write it again";
}

}  // namespace holdfast
