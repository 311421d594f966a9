// Follows a relay: an outbound connection by which a daemon hears of pushes, and nothing reaches it. Whatever may have
// been missed (a first connection, a relay that was restarted, an event that cannot be read) is one hint without a
// repository: look at all of them. Failures are logged once each and tried again, 0.8 s to 60 s later (correctness
// A10); meanwhile sources look after their interval.
//
// One thread. The transport and the sink outlive it.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "holdfast/base/clock.h"
#include "holdfast/base/task_scope.h"
#include "holdfast/ports/watch_transport.h"
#include "net/backoff.h"
#include "sources/push_hint.h"

namespace holdfast {

class RelaySubscriber {
 public:
  static constexpr std::chrono::seconds kSilence{45};  // three of the relay's signs of life are missing: it is gone

  RelaySubscriber(boost::asio::any_io_executor executor, WatchTransport& transport, std::string relay, PushSink& sink,
                  std::function<double()> chance);

  // Until stop().
  boost::asio::awaitable<void> run();
  void stop();

 private:
  // What ended it; never a success.
  boost::asio::awaitable<Error> follow_once();
  boost::asio::awaitable<Error> read(std::shared_ptr<ResponseStream> stream);
  boost::asio::awaitable<void> end_when_silent(std::shared_ptr<ResponseStream> stream);
  Result<void> take(std::string_view bytes, class EventStreamReader& reader);
  void tell(const Error& error);

  WatchTransport& transport_;
  std::string relay_;  // its address, for people
  PushSink& sink_;
  Backoff backoff_;
  Timer pause_, silence_;
  Clock::time_point silent_from_;
  TaskScope tasks_;
  std::shared_ptr<ResponseStream> stream_;
  std::string last_id_;
  std::string told_;  // the failure that was logged last
  bool stopping_ = false;
};

}  // namespace holdfast
