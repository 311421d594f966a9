#include "simulator/https_session.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/status.hpp>

namespace holdfast {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::seconds kHandshakeDeadline{10};
constexpr std::chrono::milliseconds kEventLead{1};  // by which an event that comes first is ahead of its response
constexpr std::chrono::milliseconds kLongestWait{60'000};

std::string field(const http::request<http::string_body>& request, http::field name) {
  const auto found = request.find(name);
  return found == request.end() ? std::string() : std::string(found->value());
}

SimulatedRequest to_simulated(http::request<http::string_body>&& request) {
  SimulatedRequest made;
  made.method = std::string(request.method_string());
  made.target = std::string(request.target());
  made.content_type = field(request, http::field::content_type);
  made.accept = field(request, http::field::accept);
  made.user_agent = field(request, http::field::user_agent);
  made.if_none_match = field(request, http::field::if_none_match);
  made.body = std::move(request.body());
  return made;
}

// An answer without a body has no type: a client that keeps answers would take it for that of the one it has.
std::string head(int status, const std::string& content_type) {
  return fmt::format("HTTP/1.1 {} {}\r\n{}", status,
                     std::string_view(http::obsolete_reason(static_cast<http::status>(status))),
                     content_type.empty() ? "" : fmt::format("Content-Type: {}\r\n", content_type));
}

std::string response_text(const SimulatedResponse& response, bool keep_alive) {
  std::string text = head(response.status, response.content_type);
  for (const auto& [name, value] : response.headers) text += fmt::format("{}: {}\r\n", name, value);
  if (!keep_alive) text += "Connection: close\r\n";
  if (response.status != 304) text += fmt::format("Content-Length: {}\r\n", response.body.size());
  return text + "\r\n" + response.body;
}

}  // namespace

HttpsSession::HttpsSession(asio::ip::tcp::socket socket, asio::ssl::context& tls, Simulator& simulator,
                           std::function<void()> wake)
    : simulator_(simulator),
      wake_(std::move(wake)),
      stream_(std::move(socket), tls),
      changed_(stream_.get_executor()),
      readers_(stream_.get_executor()) {}

void HttpsSession::close() {
  closed_ = true;
  boost::system::error_code ignored;
  stream_.next_layer().close(ignored);
  changed_.cancel();
}

void HttpsSession::notify() { changed_.cancel(); }

asio::awaitable<void> HttpsSession::run() {
  const auto self = shared_from_this();
  asio::steady_timer deadline(stream_.get_executor(), kHandshakeDeadline);
  const std::weak_ptr<HttpsSession> weak = weak_from_this();
  deadline.async_wait([weak](const boost::system::error_code& error) {
    const auto session = weak.lock();
    if (!error && session != nullptr) session->close();
  });
  const auto [error] = co_await stream_.async_handshake(asio::ssl::stream_base::server, kNoThrow);
  deadline.cancel();
  if (error) {
    close();
    co_return;
  }
  boost::system::error_code ignored;
  stream_.next_layer().set_option(asio::ip::tcp::no_delay(true), ignored);
  while (!closed_ && co_await serve_one()) {
  }
  close();
}

asio::awaitable<bool> HttpsSession::serve_one() {
  http::request_parser<http::string_body> parser;
  parser.body_limit(ApiHandler::kMaxBodyBytes + 1);  // one more, so that the handler says what is wrong (V12)
  parser.header_limit(64 * 1024);
  const auto [error, size] = co_await http::async_read(stream_, buffer_, parser, kNoThrow);
  if (error) {
    if (error == http::error::body_limit) {
      SimulatedResponse refused;
      refused.status = 413;
      refused.content_type = "text/plain; charset=utf-8";
      refused.body = "Request entity too large\n";
      co_await respond(std::move(refused), false);
    }
    co_return false;
  }
  const bool keep_alive = parser.get().keep_alive();
  const SimulatedRequest request = to_simulated(parser.release());
  const Revision before = simulator_.store().revision();
  SimulatedAnswer answer = simulator_.handle(request);
  const bool wrote = simulator_.store().revision() != before;
  if (answer.watch != nullptr) co_return co_await stream(std::move(answer.watch), answer.response.content_type);
  if (wrote && simulator_.event_comes_first()) {
    wake_();
    changed_.expires_after(kEventLead);
    co_await changed_.async_wait(kNoThrow);
  }
  const bool alive = co_await respond(std::move(answer.response), keep_alive);
  if (wrote) wake_();
  co_return alive&& keep_alive;
}

asio::awaitable<bool> HttpsSession::respond(SimulatedResponse response, bool keep_alive) {
  std::string text = response_text(response, keep_alive);
  co_return co_await write(std::move(text));
}

asio::awaitable<bool> HttpsSession::write(std::string bytes) {
  if (closed_) co_return false;
  const asio::const_buffer buffer = asio::buffer(bytes);
  const auto [error, size] = co_await asio::async_write(stream_, buffer, kNoThrow);
  co_return !error;
}

asio::awaitable<void> HttpsSession::notice_end() {
  char byte = 0;
  const asio::mutable_buffer buffer = asio::buffer(&byte, 1);
  co_await stream_.async_read_some(buffer, kNoThrow);
  close();  // bytes in the middle of a watch end it, too: no client of ours pipelines
}

// Ends the connection: HTTP would allow another request, but no client depends on it.
asio::awaitable<bool> HttpsSession::stream(std::unique_ptr<WatchStream> watch, std::string content_type) {
  std::string start = head(200, content_type) + "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
  if (!co_await write(std::move(start))) co_return false;
  readers_.spawn(notice_end());
  while (!closed_) {
    std::string events = watch->take(simulator_.now());
    if (!events.empty()) {
      std::string chunk = fmt::format("{:x}\r\n{}\r\n", events.size(), events);
      if (!co_await write(std::move(chunk))) break;
      if (simulator_.store().changed_since(watch->position())) continue;
    }
    if (watch->ended()) {
      std::string end = "0\r\n\r\n";
      co_await write(std::move(end));
      break;
    }
    const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(watch->next_due() - simulator_.now());
    changed_.expires_after(std::clamp(wait, std::chrono::milliseconds(1), kLongestWait));
    co_await changed_.async_wait(kNoThrow);
  }
  close();
  co_await readers_.join();
  co_return false;
}

}  // namespace holdfast
