// A mutating admission webhook of the test's own: it sets data.image of every ConfigMap it is asked about.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <string>
#include <thread>

#include "simulator/certificates.h"

namespace holdfast::cluster {

// A thread of its own serves https on a free port of loopback until the end of the object.
class WebhookServer {
 public:
  static constexpr const char* kImage = "registry.test/web";

  WebhookServer();
  ~WebhookServer();
  WebhookServer(const WebhookServer&) = delete;
  WebhookServer& operator=(const WebhookServer&) = delete;

  // A MutatingWebhookConfiguration for ConfigMaps with the label `rewritten: "yes"`.
  [[nodiscard]] std::string configuration() const;

 private:
  boost::asio::awaitable<void> accept();
  boost::asio::awaitable<void> serve(boost::asio::ip::tcp::socket socket);

  SimulatorCertificates certificates_;
  boost::asio::io_context io_;
  boost::asio::ssl::context tls_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::jthread thread_;
};

}  // namespace holdfast::cluster
