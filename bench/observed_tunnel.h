// A tunnel between a client and an API server that sees what passes: plain HTTP at the client's end, TLS at the
// server's, every byte handed on unchanged.
//
// Runs on one executor, one thread; so does the observer.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "net/client_config.h"
#include "net/tls_context.h"

namespace holdfast::bench {

class TunnelObserver {
 public:
  virtual ~TunnelObserver() = default;
  using Time = std::chrono::steady_clock::time_point;
  // `connection` numbers them. About to be handed to the client, or read from it: `came` is when the kernel had it, so
  // that the tunnel's own business is in nobody's time.
  virtual void to_client(std::size_t connection, std::string_view bytes) = 0;
  virtual void from_client(std::size_t connection, std::string_view bytes, Time came) = 0;
  virtual void ended(std::size_t connection) = 0;
};

class ObservedTunnel {
 public:
  // On a free port of loopback, to the server of `config`. Throws where that is not possible.
  ObservedTunnel(boost::asio::any_io_executor executor, const ClientConfig& config, TunnelObserver& observer);

  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  // Returns after stop().
  boost::asio::awaitable<void> run();
  void stop() { acceptor_.close(); }
  // A kubeconfig that leads through it.
  [[nodiscard]] std::string kubeconfig_text() const;

 private:
  struct Pair;
  boost::asio::awaitable<void> serve(std::shared_ptr<Pair> pair);
  boost::asio::awaitable<void> upward(std::shared_ptr<Pair> pair);
  boost::asio::awaitable<void> downward(std::shared_ptr<Pair> pair);

  boost::asio::any_io_executor executor_;
  boost::asio::ip::tcp::endpoint server_;
  std::shared_ptr<TlsContext> tls_;
  TunnelObserver& observer_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::size_t connections_ = 0;
};

}  // namespace holdfast::bench
