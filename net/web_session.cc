#include "net/web_session.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cctype>
#include <limits>
#include <utility>

namespace holdfast {

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace {

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
// After an answer that came before the body was read: how much of it is read in vain, so that the client gets to see
// the answer rather than a reset.
constexpr std::size_t kReadInVainBytes = 4UL * 1024 * 1024;
constexpr std::chrono::milliseconds kReadInVainFor{2'000};
constexpr int kClosed = -1, kGoOn = 0;  // otherwise a status to answer with

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

ReceivedRequest to_request(const http::request<http::string_body>& head, const std::string& peer) {
  ReceivedRequest made;
  made.method = std::string(head.method_string());
  made.target = std::string(head.target());
  made.peer = peer;
  for (const auto& field : head) {
    auto [at, first] = made.headers.try_emplace(lower_case(field.name_string()), field.value());
    if (!first) at->second.append(", ").append(field.value());
  }
  return made;
}

std::string head_text(const WebAnswer& answer, bool keep_alive) {
  std::string text = fmt::format("HTTP/1.1 {} {}\r\n", answer.status,
                                 std::string_view(http::obsolete_reason(static_cast<http::status>(answer.status))));
  if (!answer.content_type.empty()) text += fmt::format("Content-Type: {}\r\n", answer.content_type);
  if (answer.retry_after.count() > 0) text += fmt::format("Retry-After: {}\r\n", answer.retry_after.count());
  if (!keep_alive) text += "Connection: close\r\n";
  if (answer.stream)
    text += "Cache-Control: no-store\r\nTransfer-Encoding: chunked\r\n";
  else
    text += fmt::format("Content-Length: {}\r\n", answer.body.size());
  return text + "\r\n";
}

WebAnswer plain_answer(int status) {
  WebAnswer answer{status};
  if (status == 503) answer.retry_after = std::chrono::seconds(1);
  return answer;
}

}  // namespace

std::string_view ReceivedRequest::header(std::string_view lower_case_name) const {
  const auto found = headers.find(lower_case_name);
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

// A request as it arrives, and what it has been promised of the room for bodies.
struct WebSession::Incoming {
  http::request_parser<http::string_body> parser;
  ReceivedRequest request;
  std::shared_ptr<WebShared> shared;
  std::size_t promised_bytes = 0;

  explicit Incoming(std::shared_ptr<WebShared> of) : shared(std::move(of)) {
    parser.header_limit(static_cast<std::uint32_t>(shared->limits.head_bytes));
    parser.body_limit(std::numeric_limits<std::uint64_t>::max());  // looked at after the head
  }
  ~Incoming() { shared->bodies_bytes -= promised_bytes; }
  Incoming(const Incoming&) = delete;
  Incoming& operator=(const Incoming&) = delete;

  // The status to refuse it with, or kGoOn.
  int promise() {
    const auto length = parser.content_length();
    const std::size_t most = shared->limits.body_bytes;
    if (length && *length > most) return 413;
    const std::size_t bytes = length ? static_cast<std::size_t>(*length) : parser.chunked() ? most : 0;
    if (shared->bodies_bytes + bytes > shared->limits.all_bodies_bytes) return 503;
    shared->bodies_bytes += bytes;
    promised_bytes = bytes;
    parser.body_limit(most);
    return kGoOn;
  }
};

WebSession::WebSession(asio::ip::tcp::socket socket, std::shared_ptr<asio::ssl::context> tls,
                       std::shared_ptr<WebShared> shared)
    : shared_(std::move(shared)),
      context_(std::move(tls)),
      plain_(socket.get_executor()),
      deadline_(socket.get_executor()),
      readers_(socket.get_executor()),
      buffer_(shared_->limits.head_bytes + shared_->limits.body_bytes),
      waiting_since_(std::chrono::steady_clock::now()) {
  boost::system::error_code failed;
  const auto peer = socket.remote_endpoint(failed);
  if (!failed) peer_ = peer.address().to_string();
  if (context_)
    tls_ = std::make_unique<asio::ssl::stream<asio::ip::tcp::socket>>(std::move(socket), *context_);
  else
    plain_ = std::move(socket);
}

void WebSession::close() {
  closed_ = true;
  if (pieces_) pieces_->close();
  deadline_.cancel();
  boost::system::error_code ignored;
  socket().close(ignored);
}

void WebSession::set_deadline(std::chrono::milliseconds from_now) {
  deadline_.expires_after(from_now);
  const std::weak_ptr<WebSession> weak = weak_from_this();
  deadline_.async_wait([weak](const boost::system::error_code& error) {
    const auto session = weak.lock();
    // One that was queued before the deadline moved on is none.
    if (error || session == nullptr || session->deadline_.expiry() > std::chrono::steady_clock::now()) return;
    session->close();
  });
}

asio::awaitable<void> WebSession::run() {
  const auto self = shared_from_this();
  boost::system::error_code ignored;
  socket().set_option(asio::ip::tcp::no_delay(true), ignored);
  if (tls_) {
    set_deadline(shared_->limits.handshake);
    const auto [error] = co_await tls_->async_handshake(asio::ssl::stream_base::server, kNoThrow);
    if (!error) co_await serve(*tls_);
  } else {
    co_await serve(plain_);
  }
  close();
  co_await readers_.join();
}

template <class Stream>
asio::awaitable<void> WebSession::serve(Stream& stream) {
  while (!closed_ && co_await serve_one(stream)) {
  }
}

template <class Stream>
asio::awaitable<bool> WebSession::serve_one(Stream& stream) {
  Incoming incoming(shared_);
  int status = co_await read_head(stream, incoming);
  if (status == kGoOn) {
    incoming.request = to_request(incoming.parser.get(), peer_);
    if (auto refused = shared_->handler.refuse(incoming.request)) {
      if (co_await send(stream, std::move(*refused), false)) co_await let_read();
      co_return false;
    }
    status = incoming.promise();
  }
  if (status == kGoOn) status = co_await read_body(stream, incoming);
  if (status == kClosed) co_return false;
  if (status != kGoOn) {
    if (co_await send(stream, plain_answer(status), false)) co_await let_read();
    co_return false;
  }
  const bool keep_alive = incoming.parser.get().keep_alive();
  incoming.request.body = std::move(incoming.parser.get().body());
  WebAnswer answer = shared_->handler.answer(std::move(incoming.request));
  if (auto pieces = answer.stream) {
    if (co_await send(stream, std::move(answer), false)) co_await send_pieces(stream, std::move(pieces));
    co_return false;
  }
  co_return co_await send(stream, std::move(answer), keep_alive) && keep_alive;
}

template <class Stream>
asio::awaitable<int> WebSession::read_head(Stream& stream, Incoming& incoming) {
  waiting_since_ = std::chrono::steady_clock::now();
  set_deadline(std::exchange(first_, false) ? shared_->limits.head : shared_->limits.idle);
  const auto [error, size] = co_await http::async_read_header(stream, buffer_, incoming.parser, kNoThrow);
  waiting_since_ = std::chrono::steady_clock::time_point::max();
  if (!error) co_return kGoOn;
  if (error == http::error::header_limit || error == http::error::buffer_overflow) co_return 431;
  const bool ours = error.category() == http::make_error_code(http::error::bad_method).category();
  co_return ours&& error != http::error::end_of_stream&& error != http::error::partial_message ? 400 : kClosed;
}

template <class Stream>
asio::awaitable<int> WebSession::read_body(Stream& stream, Incoming& incoming) {
  set_deadline(shared_->limits.body);
  if (incoming.request.header("expect") == "100-continue") {
    std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    if (!co_await write(stream, std::move(go_on))) co_return kClosed;
    set_deadline(shared_->limits.body);
  }
  const boost::system::error_code error = co_await read_to_end(stream, incoming);
  if (!error) co_return kGoOn;
  if (error == http::error::body_limit) co_return 413;
  const bool ours = error.category() == http::make_error_code(http::error::bad_method).category();
  co_return ours&& error != http::error::end_of_stream&& error != http::error::partial_message ? 400 : kClosed;
}

// As http::async_read, but for one thing: Beast asserts that it has "0\r\n\r\n" whole where it goes on after a part of
// it, so that whoever sends it in pieces would end the program. Nothing shorter ends a body of chunks.
template <class Stream>
asio::awaitable<boost::system::error_code> WebSession::read_to_end(Stream& stream, Incoming& incoming) {
  constexpr std::size_t kLastChunkBytes = 5, kPieceBytes = 16UL * 1024;
  auto& parser = incoming.parser;
  parser.eager(true);
  std::size_t wanted_bytes = 1;
  while (!parser.is_done()) {
    if (buffer_.size() >= wanted_bytes) {
      boost::system::error_code error;
      const std::size_t used = parser.put(buffer_.data(), error);
      buffer_.consume(used);
      const bool partial = error == http::error::need_more;
      if (error && !partial) co_return error;
      const std::size_t least_bytes = parser.chunked() ? kLastChunkBytes : 1;
      wanted_bytes = partial ? std::max(least_bytes, buffer_.size() + 1) : 1;
      if (!partial && used > 0) continue;
    }
    const std::size_t room = std::min(kPieceBytes, buffer_.max_size() - buffer_.size());
    if (room == 0) co_return http::make_error_code(http::error::buffer_overflow);
    const auto [error, size] = co_await stream.async_read_some(buffer_.prepare(room), kNoThrow);
    if (error == asio::error::eof) co_return http::make_error_code(http::error::partial_message);
    if (error) co_return error;
    buffer_.commit(size);
  }
  co_return boost::system::error_code();
}

template <class Stream>
asio::awaitable<bool> WebSession::send(Stream& stream, WebAnswer answer, bool keep_alive) {
  std::string text = head_text(answer, keep_alive);
  if (!answer.stream) text += answer.body;
  co_return co_await write(stream, std::move(text));
}

template <class Stream>
asio::awaitable<bool> WebSession::write(Stream& stream, std::string bytes) {
  if (closed_) co_return false;
  set_deadline(shared_->limits.write);
  const asio::const_buffer buffer = asio::buffer(bytes);
  const auto [error, size] = co_await asio::async_write(stream, buffer, kNoThrow);
  co_return !error && !closed_;
}

// Says that nothing more comes, and reads in vain for a while. In the clear, below TLS too: nobody decodes it.
asio::awaitable<void> WebSession::let_read() {
  if (closed_) co_return;
  boost::system::error_code ignored;
  socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  set_deadline(kReadInVainFor);
  std::string piece(16UL * 1024, '\0');
  for (std::size_t all = 0; all < kReadInVainBytes;) {
    const asio::mutable_buffer buffer = asio::buffer(piece);
    const auto [error, size] = co_await socket().async_read_some(buffer, kNoThrow);
    if (error) break;
    all += size;
  }
}

// Reads in vain until the client goes: a stream has nothing to read otherwise.
template <class Stream>
asio::awaitable<void> WebSession::notice_end(Stream& stream) {
  char byte = 0;
  const asio::mutable_buffer buffer = asio::buffer(&byte, 1);
  co_await stream.async_read_some(buffer, kNoThrow);
  close();  // bytes in the middle of it end it, too: no client of ours sends any
}

template <class Stream>
asio::awaitable<void> WebSession::send_pieces(Stream& stream, std::shared_ptr<WebStream> pieces) {
  pieces_ = pieces;
  readers_.spawn(notice_end(stream));
  while (!closed_) {
    deadline_.expires_at(std::chrono::steady_clock::time_point::max());  // a stream may say nothing for long
    const std::string piece = co_await pieces->next();
    if (closed_) break;
    std::string chunk = fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
    if (!co_await write(stream, std::move(chunk)) || piece.empty()) break;
  }
  pieces_.reset();
  close();
}

}  // namespace holdfast
