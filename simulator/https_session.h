// One connection of the HttpsServer: requests in, responses and watches out.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <functional>
#include <memory>
#include <string>

#include "holdfast/base/task_scope.h"
#include "simulator/simulator.h"

namespace holdfast {

// One thread. `wake` is called when something was written: every session looks whether its watch has events.
class HttpsSession : public std::enable_shared_from_this<HttpsSession> {
 public:
  HttpsSession(boost::asio::ip::tcp::socket socket, boost::asio::ssl::context& tls, Simulator& simulator,
               std::function<void()> wake);

  // Until the client goes, or close().
  boost::asio::awaitable<void> run();
  void close();
  // The store has changed.
  void notify();

 private:
  using Request = boost::beast::http::request<boost::beast::http::string_body>;
  boost::asio::awaitable<bool> serve_one();
  boost::asio::awaitable<bool> respond(SimulatedResponse response, bool keep_alive);
  boost::asio::awaitable<bool> stream(std::unique_ptr<WatchStream> watch, std::string content_type);
  boost::asio::awaitable<bool> write(std::string bytes);
  // Reads in vain until the client goes: a watch has nothing to read otherwise.
  boost::asio::awaitable<void> notice_end();

  Simulator& simulator_;
  std::function<void()> wake_;
  boost::asio::ssl::stream<boost::asio::ip::tcp::socket> stream_;
  boost::asio::steady_timer changed_;
  TaskScope readers_;  // of a watch's end
  boost::beast::flat_buffer buffer_;
  bool closed_ = false;
};

}  // namespace holdfast
