// Hands hints on to whoever subscribes: `GET /events` with a bearer token, answered by server-sent events. Subscribers
// connect outwards, so nothing of theirs is exposed; what they miss they hear of as one event (relay_ring.h).
//
// One thread. Bounds: kMostSubscribers, and the ring.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <memory>
#include <set>
#include <string>

#include "net/rate_limiter.h"
#include "net/web_server.h"
#include "sources/push_hint.h"
#include "sources/relay_ring.h"
#include "sources/secret_file.h"

namespace holdfast {

class Relay final : public PushSink, public WebHandler {
 public:
  static constexpr std::size_t kMostSubscribers = 200;
  static constexpr std::chrono::seconds kSignOfLife{15};  // a comment, where there is nothing to say

  // Errors: those of SecretFile.
  static Result<std::unique_ptr<Relay>> create(boost::asio::any_io_executor executor, const std::string& token_file);

  ~Relay() override;

  void pushed(PushHint hint) override;
  std::optional<WebAnswer> refuse(const ReceivedRequest& head) override;
  WebAnswer answer(ReceivedRequest request) override;
  [[nodiscard]] static bool is_for_it(const ReceivedRequest& head);  // whether its path is meant

 private:
  class Subscriber;
  Relay(boost::asio::any_io_executor executor, SecretFile tokens);
  bool knows(std::string_view authorization);

  boost::asio::any_io_executor executor_;
  SecretFile tokens_;
  RateLimiter limiter_;
  RelayRing ring_;
  std::set<Subscriber*> subscribers_;
};

}  // namespace holdfast
