// Lets the requests of people through that count (request_trust.h). Asks the API server for the policy at the start,
// again until it is in force (after 5 s, then after growing waits of up to a minute), and for each request.
//
// Lives on one executor, one thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <string>

#include "app/policy_check.h"
#include "app/request_trust.h"
#include "holdfast/base/clock.h"
#include "holdfast/ports/api_server.h"

namespace holdfast {

class RequestGate {
 public:
  // `api` outlives it and its calls. `under_another`: the status of this application is to say so.
  RequestGate(boost::asio::any_io_executor executor, ApiServer& api, std::function<double()> chance,
              std::function<void(const ApplicationName&)> under_another)
      : api_(api), chance_(std::move(chance)), under_another_(std::move(under_another)), pause_(executor) {}

  boost::asio::awaitable<void> run();  // until stop()
  void stop();

  // As RequestTrust has them.
  void begin(const ApplicationName& name, std::string under) { trust_.begin(name, std::move(under)); }
  void seen(const ApplicationName& name, bool asks) { trust_.seen(name, asks); }
  void refused(const ApplicationName& name) { trust_.refused(name); }
  void forget(const ApplicationName& name) { trust_.forget(name); }
  [[nodiscard]] std::string under(const ApplicationName& name) const { return trust_.under(name); }

  // Why what is asked of it now cannot be met; empty: nothing stands against it.
  boost::asio::awaitable<std::string> objection(ApplicationName name);

 private:
  boost::asio::awaitable<std::string> look();

  ApiServer& api_;
  std::function<double()> chance_;
  std::function<void(const ApplicationName&)> under_another_;
  RequestTrust trust_;
  Timer pause_;
  bool stopping_ = false;
};

}  // namespace holdfast
