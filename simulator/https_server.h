// Serves a Simulator on a loopback port over TLS, for clients that know nothing of simulators: HTTP/1.1, keep-alive,
// chunked watches. Whoever connects must show a certificate of the same authority.
//
// One thread: that of the executor. The simulator must outlive the server.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>

#include "holdfast/base/result.h"
#include "simulator/certificates.h"
#include "simulator/simulator.h"

namespace holdfast {

class HttpsServer {
 public:
  static constexpr std::size_t kMaxConnections = 1'000;

  // Listens on 127.0.0.1; port 0: one that is free. Errors: Invalid (certificates), Unreachable (port taken).
  static Result<std::unique_ptr<HttpsServer>> listen(boost::asio::any_io_executor executor, Simulator& simulator,
                                                     const SimulatorCertificates& certificates, unsigned port);
  ~HttpsServer();
  HttpsServer(const HttpsServer&) = delete;
  HttpsServer& operator=(const HttpsServer&) = delete;

  [[nodiscard]] unsigned port() const;
  // Serves until stop(); returns when every connection is closed.
  boost::asio::awaitable<void> run();
  void stop();
  // After a request to the simulator that did not come through the server: lets controllers and watches see it.
  void notify();
  // As if the cable were pulled: every connection breaks, and new ones are closed at once, until restore().
  void cut();
  void restore();

 private:
  class Core;
  explicit HttpsServer(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace holdfast
