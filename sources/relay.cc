#include "sources/relay.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "holdfast/base/clock.h"
#include "holdfast/base/digest.h"
#include "holdfast/base/log.h"

namespace holdfast {

namespace asio = boost::asio;

namespace {

constexpr std::string_view kPath = "/events";

WebAnswer refusal(int status, std::string body) { return {status, "text/plain; charset=utf-8", std::move(body)}; }

// By chance, so that no two runs of a relay are taken for one.
std::string new_epoch() {
  std::string epoch;
  for (const std::uint8_t byte : DigestKey::random().bytes) epoch += fmt::format("{:02x}", byte);
  return epoch;
}

// "after" of a query, for clients that cannot set a header. Our ids need no decoding.
std::string_view seen_last(const ReceivedRequest& request) {
  if (const auto id = request.header("last-event-id"); !id.empty()) return id;
  constexpr std::string_view kAfter = "?after=";
  const std::size_t query = request.target.find('?');
  if (query == std::string::npos) return {};
  std::string_view rest = std::string_view(request.target).substr(query);
  if (!rest.starts_with(kAfter)) return {};
  rest.remove_prefix(kAfter.size());
  return rest.substr(0, rest.find('&'));
}

}  // namespace

class Relay::Subscriber final : public WebStream {
 public:
  Subscriber(Relay& relay, RelayRing::Position position)
      : relay_(&relay), position_(position), changed_(relay.executor_) {
    relay_->subscribers_.insert(this);
  }
  ~Subscriber() override {
    if (relay_ != nullptr) relay_->subscribers_.erase(this);
  }

  asio::awaitable<std::string> next() override {
    while (!closed_) {
      std::string text = relay_->ring_.take(position_);
      if (!text.empty()) co_return text;
      changed_.expires_at(Clock::now() + kSignOfLife);
      const auto [woken] = co_await changed_.async_wait(asio::as_tuple(asio::use_awaitable));
      if (!woken && !closed_) co_return ": still here\n\n";
    }
    co_return std::string();
  }

  void close() override {
    closed_ = true;
    changed_.cancel();
  }
  void wake() { changed_.cancel(); }
  void abandon() {
    relay_ = nullptr;
    close();
  }

 private:
  Relay* relay_;  // null once that has gone
  RelayRing::Position position_;
  Timer changed_;
  bool closed_ = false;
};

Relay::Relay(asio::any_io_executor executor, SecretFile tokens)
    : executor_(std::move(executor)), tokens_(std::move(tokens)), limiter_({5, 50, 4'096}), ring_(new_epoch()) {}

Relay::~Relay() {
  for (Subscriber* const subscriber : subscribers_) subscriber->abandon();
}

Result<std::unique_ptr<Relay>> Relay::create(asio::any_io_executor executor, const std::string& token_file) {
  SecretFile tokens(token_file);
  if (auto loaded = tokens.load(); !loaded) return std::unexpected(std::move(loaded.error()));
  for (const Secret& token : tokens.secrets())
    if (!std::ranges::all_of(token.reveal(), [](char c) { return c > 0x20 && c < 0x7f; }))
      return fail(ErrorKind::Invalid, "a token holds a blank, or what is not ASCII, and no header can carry it",
                  token_file, "make one with: openssl rand -hex 32");
  return std::unique_ptr<Relay>(new Relay(std::move(executor), std::move(tokens)));
}

void Relay::pushed(PushHint hint) {
  ring_.add(hint);
  for (Subscriber* const subscriber : subscribers_) subscriber->wake();
}

bool Relay::is_for_it(const ReceivedRequest& head) {
  return head.target == kPath || head.target.starts_with(std::string(kPath) + "?");
}

bool Relay::knows(std::string_view authorization) {
  constexpr std::string_view kBearer = "Bearer ";
  if (!authorization.starts_with(kBearer)) return false;
  const Secret given(std::string(authorization.substr(kBearer.size())));
  bool known = false;
  for (const Secret& token : tokens_.secrets()) known = given == token || known;
  return known;
}

std::optional<WebAnswer> Relay::refuse(const ReceivedRequest& head) {
  if (head.method != "GET") return refusal(404, "not found\n");
  const auto wait = limiter_.take(source_of_address(head.peer), Clock::now());
  if (wait.count() != 0) {
    WebAnswer answer = refusal(429, "too many requests\n");
    answer.retry_after = std::chrono::ceil<std::chrono::seconds>(wait);
    return answer;
  }
  if (!knows(head.header("authorization"))) return refusal(401, "not accepted\n");
  if (subscribers_.size() < kMostSubscribers) return std::nullopt;
  WebAnswer answer = refusal(503, "too many subscribers\n");
  answer.retry_after = std::chrono::seconds(30);
  return answer;
}

WebAnswer Relay::answer(ReceivedRequest request) {
  WebAnswer answer{200, "text/event-stream"};
  answer.stream = std::make_shared<Subscriber>(*this, ring_.position_after(seen_last(request)));
  log(LogLevel::Info, "relay-subscribed", "somebody subscribes to pushes",
      {{"peer", request.peer}, {"subscribers", subscribers_.size()}});
  return answer;
}

}  // namespace holdfast
