// /healthz and /readyz of a daemon, on a thread of its own, so that they answer when the one that decides does not; and
// then say so.
//
//   /healthz  200 while the deciding thread has answered within kPatience
//   /readyz   200 while it does what it is there for, or stands by; otherwise 503. The body says what is so.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "holdfast/base/clock.h"
#include "net/web_server.h"

namespace holdfast {

struct Fitness {
  bool ready = false;
  std::string words;  // lines, for people
  bool operator==(const Fitness&) const = default;
};

// Decides what is answered. Pure.
WebAnswer probe_answer(std::string_view target, const Fitness& fitness, std::chrono::milliseconds since_heard,
                       std::chrono::milliseconds patience);

class ProbeService final : public WebHandler {
 public:
  static constexpr std::chrono::seconds kBeat{1}, kPatience{15};

  // Listens at "ADDRESS:PORT". `fitness` is asked on the deciding thread, that of `executor`, every kBeat. Errors:
  // Invalid, Unreachable.
  static Result<std::unique_ptr<ProbeService>> create(boost::asio::any_io_executor executor, const std::string& listen,
                                                      std::function<Fitness()> fitness);
  ~ProbeService() override;

  [[nodiscard]] unsigned port() const { return server_->port(); }
  // On the deciding thread, until stop().
  boost::asio::awaitable<void> run();
  void stop();

  // On its own thread.
  std::optional<WebAnswer> refuse(const ReceivedRequest& head) override;
  WebAnswer answer(ReceivedRequest request) override;

 private:
  ProbeService(boost::asio::any_io_executor executor, std::function<Fitness()> fitness);
  void hear();

  std::function<Fitness()> ask_;
  Timer pause_;
  bool stopping_ = false;
  std::mutex mutex_;  // guards the two
  Fitness fitness_{false, "it has just been started\n"};
  Clock::time_point heard_at_;
  boost::asio::io_context serving_{1};
  std::unique_ptr<WebServer> server_;
  std::jthread thread_;  // joined before what it uses goes
};

}  // namespace holdfast
