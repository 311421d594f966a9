// How `holdfast run` hears of pushes: a receiver in this process, on a thread of its own so that its answers wait for
// nothing that the daemon does, or a relay that it subscribes to, or both. Neither is needed: without them repositories
// are looked at after their interval.
//
// Lives on the executor's thread, on which the sink hears.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <thread>

#include "app/options.h"
#include "app/push_inbox.h"
#include "app/receiver_service.h"
#include "holdfast/base/task_scope.h"
#include "net/http_client.h"
#include "sources/relay_subscriber.h"

namespace holdfast {

class PushIntake {
 public:
  // Listens and subscribes to nothing yet where there is nothing to. The sink outlives it. Errors: Invalid,
  // Unreachable.
  static Result<std::unique_ptr<PushIntake>> create(boost::asio::any_io_executor executor, const PushOptions& options,
                                                    PushSink& sink);
  ~PushIntake();

  // Of the receiver in this process; 0: none.
  [[nodiscard]] unsigned port() const { return service_ ? service_->port() : 0; }
  // Until stop().
  boost::asio::awaitable<void> run();
  void stop();

 private:
  PushIntake(boost::asio::any_io_executor executor, PushSink& sink);
  Result<void> receive(const PushOptions& options);
  Result<void> subscribe(const PushOptions& options);

  boost::asio::any_io_executor executor_;
  PushSink& sink_;
  boost::asio::io_context receiving_{1};
  std::unique_ptr<PushInbox> inbox_;
  std::unique_ptr<ReceiverService> service_;  // of the thread, once that runs; null: none
  std::unique_ptr<HttpClient> client_;
  std::unique_ptr<RelaySubscriber> subscriber_;  // null: none
  std::jthread thread_;
  bool stopped_ = false;
};

}  // namespace holdfast
