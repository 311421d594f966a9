// Serves requests that strangers send: HTTP/1.1 with keep-alive, over TLS by certificate files or in the clear. What is
// answered is a WebHandler's decision; what a stranger may cost is bounded here.
//
// One thread: that of the executor. The handler outlives the server. Bounds: WebLimits.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "holdfast/base/result.h"
#include "net/tls_files.h"

namespace holdfast {

struct ReceivedRequest {
  std::string method;  // "POST"
  std::string target;  // path and query, as on the wire
  std::string peer;    // the address that it came from, without a port
  // Names in lower case. Of a name that came several times all values, ", " between them: no one of them passes for it.
  std::map<std::string, std::string, std::less<>> headers = {};
  std::string body = {};

  [[nodiscard]] std::string_view header(std::string_view lower_case_name) const;  // empty where absent
};

// An answer that goes on for as long as there is something to say, piece by piece.
class WebStream {
 public:
  virtual ~WebStream() = default;
  // The next piece; empty: the end. One call at a time.
  virtual boost::asio::awaitable<std::string> next() = 0;
  // The client has gone, or the server stops: next() ends soon.
  virtual void close() = 0;
};

struct WebAnswer {
  int status = 200;
  std::string content_type = {};
  std::string body = {};
  std::chrono::seconds retry_after{};      // zero: not said
  std::shared_ptr<WebStream> stream = {};  // instead of a body
};

class WebHandler {
 public:
  virtual ~WebHandler() = default;
  // By the head alone, before a byte of the body is read; an answer here is sent, and the connection ends.
  virtual std::optional<WebAnswer> refuse(const ReceivedRequest& head) = 0;
  // Decides at once: it blocks nothing and waits for nobody.
  virtual WebAnswer answer(ReceivedRequest request) = 0;
};

struct WebLimits {
  std::size_t head_bytes = 16UL * 1024;
  std::size_t body_bytes = 1024UL * 1024;
  std::size_t all_bodies_bytes = 64UL * 1024 * 1024;  // of requests under way; beyond: 503
  std::size_t connections = 1'000;                    // beyond: the one that has waited longest for a request is closed
  std::chrono::milliseconds handshake{10'000};
  std::chrono::milliseconds head{10'000};   // from the first request's beginning on
  std::chrono::milliseconds idle{60'000};   // between two requests
  std::chrono::milliseconds body{20'000};   // from the head to the last byte
  std::chrono::milliseconds write{10'000};  // of one answer, or one piece
};

struct WebServerOptions {
  std::string address = "127.0.0.1";                 // an IP address
  std::uint16_t port = 0;                            // 0: one that is free
  std::string certificate_file = {}, key_file = {};  // PEM; both empty: no TLS. Read again when they change
  WebLimits limits = {};
  TlsFiles::Now now = Clock::now;  // tells when to look at the files again
};

class WebServer {
 public:
  // Errors: Invalid (address, certificates), Unreachable (the port is taken).
  static Result<std::unique_ptr<WebServer>> listen(boost::asio::any_io_executor executor, WebHandler& handler,
                                                   WebServerOptions options);
  ~WebServer();
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  [[nodiscard]] unsigned port() const;
  // Serves until stop(); returns when every connection is closed.
  boost::asio::awaitable<void> run();
  void stop();

 private:
  class Core;
  explicit WebServer(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace holdfast
