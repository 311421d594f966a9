// What all TLS connections to one server share: trust, identity, the expected name, and the last session.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "holdfast/base/result.h"
#include "net/client_config.h"

namespace holdfast {

class TlsContext {
 public:
  // Errors: Invalid, naming the part of the configuration that OpenSSL refuses, and where the client certificate
  // expired.
  static Result<std::shared_ptr<TlsContext>> create(const ClientConfig& config);

  explicit TlsContext(const ClientConfig& config);
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ~TlsContext();

  boost::asio::ssl::context& native() { return context_; }
  // Before the handshake: the name to verify, server name indication, the session to resume.
  void prepare(SSL* ssl) const;
  // A session that a handshake failed with is not offered again.
  void forget_session();

 private:
  Result<void> load(const ClientConfig& config);
  static int keep_session(SSL* ssl, SSL_SESSION* session);

  boost::asio::ssl::context context_;
  std::string server_name_;
  bool server_name_is_address_ = false;
  bool own_trust_ = false;
  SSL_SESSION* session_ = nullptr;
};

}  // namespace holdfast
