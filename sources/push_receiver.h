// Decides about deliveries: who may speak, whether it is them, and what is handed on. All of it in memory, at once,
// whatever the number of applications; nothing here looks at a repository.
//
// To whoever cannot prove that they are a sender, every receiver looks as one that is not there: the same answers, at
// the same time, for names that exist and names that do not. What was wrong is in the log, as seldom as an attacker
// cannot fill it. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "holdfast/base/digest.h"
#include "net/rate_limiter.h"
#include "net/web_server.h"
#include "sources/push_hint.h"
#include "sources/push_payload.h"
#include "sources/receiver_config.h"
#include "sources/secret_file.h"

namespace holdfast {

class PushReceiver final : public WebHandler {
 public:
  static constexpr std::chrono::seconds kDoubledWithin{10};  // the same delivery once more is passed over
  static constexpr std::size_t kMostRemembered = 4'096;      // deliveries, for that
  static constexpr std::chrono::seconds kRefusalsEvery{60};  // a line of the log about each receiver
  using Now = std::function<Clock::time_point()>;

  // Reads the secrets. Errors: those of SecretFile. The sink outlives it.
  static Result<std::unique_ptr<PushReceiver>> create(const ReceiverConfig& config, PushSink& sink,
                                                      Now now = Clock::now);

  std::optional<WebAnswer> refuse(const ReceivedRequest& head) override;
  WebAnswer answer(ReceivedRequest request) override;

 private:
  struct Receiver {
    ReceiverSpec spec;
    SecretFile secret;
  };
  struct Route {
    Receiver* receiver = nullptr;  // null: there is none
    std::string_view token;
  };
  struct Refusals {
    Clock::time_point said{};
    std::uint64_t unsaid = 0;
    bool any = false;
  };

  PushReceiver(const ReceiverConfig& config, PushSink& sink, Now now);
  [[nodiscard]] Route route(std::string_view path);
  [[nodiscard]] std::string peer_of(const ReceivedRequest& request) const;
  WebAnswer take(Receiver& receiver, const ReceivedRequest& request);
  bool doubled(const Receiver& receiver, const std::string& id, std::string_view body);
  void hand_on(const Receiver& receiver, const ReceivedRequest& request, const DecodedPush& push);
  void tell_refusal(const std::string& receiver, const std::string& peer, const Error& error);

  PushSink& sink_;
  Now now_;
  std::vector<std::string> trusted_proxies_;
  std::map<std::string, std::unique_ptr<Receiver>, std::less<>> by_path_;
  RateLimiter limiter_;
  DigestKey key_ = DigestKey::random();
  std::set<Digest128> seen_;
  std::deque<std::pair<Clock::time_point, Digest128>> seen_in_order_;
  std::map<std::string, Refusals> refusals_;  // by receiver; all that do not exist are ""
};

}  // namespace holdfast
