// One connection of a WebServer. Internal to net/web_server.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "holdfast/base/task_scope.h"
#include "net/web_server.h"

namespace holdfast {

// What all sessions of a server share.
struct WebShared {
  WebHandler& handler;
  WebLimits limits;
  std::size_t bodies_bytes = 0;  // promised to requests under way
};

class WebSession : public std::enable_shared_from_this<WebSession> {
 public:
  // `tls` null: in the clear.
  WebSession(boost::asio::ip::tcp::socket socket, std::shared_ptr<boost::asio::ssl::context> tls,
             std::shared_ptr<WebShared> shared);

  // Until the client goes, a bound is reached, or close().
  boost::asio::awaitable<void> run();
  void close();
  // Since when it waits for the head of a request; time_point::max() while it has one.
  [[nodiscard]] std::chrono::steady_clock::time_point waiting_since() const { return waiting_since_; }

 private:
  struct Incoming;
  template <class Stream>
  boost::asio::awaitable<void> serve(Stream& stream);
  template <class Stream>
  boost::asio::awaitable<bool> serve_one(Stream& stream);
  template <class Stream>
  boost::asio::awaitable<int> read_head(Stream& stream, Incoming& incoming);
  template <class Stream>
  boost::asio::awaitable<int> read_body(Stream& stream, Incoming& incoming);
  template <class Stream>
  boost::asio::awaitable<boost::system::error_code> read_to_end(Stream& stream, Incoming& incoming);
  template <class Stream>
  boost::asio::awaitable<bool> send(Stream& stream, WebAnswer answer, bool keep_alive);
  template <class Stream>
  boost::asio::awaitable<void> send_pieces(Stream& stream, std::shared_ptr<WebStream> pieces);
  template <class Stream>
  boost::asio::awaitable<bool> write(Stream& stream, std::string bytes);
  template <class Stream>
  boost::asio::awaitable<void> notice_end(Stream& stream);
  boost::asio::awaitable<void> let_read();
  void set_deadline(std::chrono::milliseconds from_now);
  boost::asio::ip::tcp::socket& socket() { return tls_ ? tls_->next_layer() : plain_; }

  std::shared_ptr<WebShared> shared_;
  std::shared_ptr<boost::asio::ssl::context> context_;
  boost::asio::ip::tcp::socket plain_;
  std::unique_ptr<boost::asio::ssl::stream<boost::asio::ip::tcp::socket>> tls_;
  boost::asio::steady_timer deadline_;
  TaskScope readers_;  // of a stream's end
  boost::beast::flat_buffer buffer_;
  std::shared_ptr<WebStream> pieces_;  // under way
  std::string peer_;
  std::chrono::steady_clock::time_point waiting_since_;
  bool first_ = true;
  bool closed_ = false;
};

}  // namespace holdfast
