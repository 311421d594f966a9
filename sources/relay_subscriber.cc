#include "sources/relay_subscriber.h"

#include <spdlog/fmt/fmt.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <span>
#include <utility>

#include "holdfast/base/log.h"
#include "net/url.h"
#include "sources/event_stream.h"
#include "sources/relay_ring.h"

namespace holdfast {

namespace asio = boost::asio;

namespace {

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::hours kLongestStream{1};  // then anew, from where it was: a proxy in between may have frozen

Error refused(int status, const std::string& relay) {
  if (status == 401 || status == 403)
    return {ErrorKind::Unauthorized, fmt::format("the relay answers {}", status), relay,
            "the token of --relay-token-file has to be one of the relay's tokenFile"};
  if (status == 404)
    return {ErrorKind::NotFound, "the relay answers 404", relay,
            "is that the URL of a `holdfast receiver` with a relay.tokenFile?"};
  return {ErrorKind::Protocol, fmt::format("the relay answers {}", status), relay};
}

}  // namespace

RelaySubscriber::RelaySubscriber(asio::any_io_executor executor, WatchTransport& transport, std::string relay,
                                 PushSink& sink, std::function<double()> chance)
    : transport_(transport),
      relay_(std::move(relay)),
      sink_(sink),
      backoff_(Backoff::list_watch(), std::move(chance)),
      pause_(executor),
      silence_(executor),
      tasks_(executor) {}

asio::awaitable<void> RelaySubscriber::run() {
  while (!stopping_) {
    const Error error = co_await follow_once();
    if (stopping_) break;
    if (error.kind == ErrorKind::Timeout && told_.empty()) continue;  // kLongestStream has passed
    tell(error);
    const auto wait = std::max<std::chrono::milliseconds>(backoff_.next(Clock::now()), error.retry_after);
    pause_.expires_at(Clock::now() + wait);
    co_await pause_.async_wait(kNoThrow);
  }
  co_await tasks_.join();
}

void RelaySubscriber::stop() {
  stopping_ = true;
  pause_.cancel();
  silence_.cancel();
  if (stream_) stream_->close();
}

void RelaySubscriber::tell(const Error& error) {
  std::string text = describe(error);
  if (text == told_) return;
  told_ = std::move(text);
  log(LogLevel::Warning, "relay-lost",
      told_ + "; it is tried again, and repositories are looked at after their interval", {{"relay", relay_}});
}

asio::awaitable<Error> RelaySubscriber::follow_once() {
  ApiRequest request;
  request.target = "/events";
  if (!last_id_.empty()) request.target += "?after=" + encode_query_value(last_id_);
  request.accept = "text/event-stream";
  auto opened = co_await transport_.open(std::move(request), kLongestStream);
  if (!opened) co_return std::move(opened.error());
  if ((*opened)->status() != 200) {
    Error error = refused((*opened)->status(), relay_);
    if (const auto wait = (*opened)->retry_after()) error.retry_after = *wait;
    co_return error;
  }
  if (!(*opened)->content_type().starts_with("text/event-stream"))
    co_return Error{ErrorKind::Protocol, "the answer is no stream of events", relay_, "check --relay"};
  stream_ = std::move(*opened);
  log(LogLevel::Info, "relay-connected", "pushes are heard of through " + relay_);
  told_.clear();
  silent_from_ = Clock::now();
  tasks_.spawn(end_when_silent(stream_));
  Error error = co_await read(stream_);
  stream_.reset();
  silence_.cancel();
  co_return error;
}

asio::awaitable<Error> RelaySubscriber::read(std::shared_ptr<ResponseStream> stream) {
  EventStreamReader reader;
  std::array<char, 16UL * 1024> bytes;
  while (!stopping_) {
    const std::span<char> into(bytes);
    const Result<std::size_t> got = co_await stream->read_some(into);
    if (!got) co_return got.error();
    if (*got == 0) co_return Error{ErrorKind::Unreachable, "the relay has ended the stream", relay_};
    silent_from_ = Clock::now();
    if (const auto taken = take({bytes.data(), *got}, reader); !taken) {
      last_id_.clear();  // where it was is not certain any more
      co_return taken.error();
    }
  }
  co_return Error{ErrorKind::Cancelled, "stopped", relay_};
}

Result<void> RelaySubscriber::take(std::string_view bytes, EventStreamReader& reader) {
  auto events = reader.feed(bytes);
  if (!events) return std::unexpected(std::move(events.error()));
  for (const StreamEvent& event : *events) {
    last_id_ = event.last_id;
    backoff_.reset();
    auto hint = event.type == kEventPush ? parse_push_hint(event.data) : Result<PushHint>(PushHint{});
    if (!hint) log(LogLevel::Warning, "relay-unreadable", describe(hint.error()) + "; all repositories are looked at");
    sink_.pushed(hint ? std::move(*hint) : PushHint{});
  }
  return {};
}

asio::awaitable<void> RelaySubscriber::end_when_silent(std::shared_ptr<ResponseStream> stream) {
  while (stream_ == stream && !stopping_) {
    if (Clock::now() >= silent_from_ + kSilence) {
      stream->close();
      co_return;
    }
    silence_.expires_at(silent_from_ + kSilence);
    co_await silence_.async_wait(kNoThrow);
  }
}

}  // namespace holdfast
