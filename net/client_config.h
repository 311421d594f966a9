// How to reach one API server and as whom: what a kubeconfig or the in-cluster files come down to.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "holdfast/base/secret.h"
#include "net/token_source.h"

namespace holdfast {

// A client certificate (with its chain) and its private key.
struct TlsIdentity {
  std::string certificate_pem;
  Secret key_pem;
};

struct ClientConfig {
  std::string host;             // a name or an IP address, without brackets
  std::string port;             // decimal
  std::string base_path;        // empty, or "/prefix" without a trailing slash
  bool tls = true;              // without it, no credential is ever sent (correctness B3)
  std::string tls_server_name;  // the name that the certificate must carry; empty: host
  std::string ca_pem;           // empty: the certificates that the system trusts
  bool insecure_skip_verify = false;
  std::optional<TlsIdentity> identity;
  std::shared_ptr<TokenSource> token;  // may be null
  std::string user_agent;
  std::size_t max_idle_connections = 16;
  std::size_t max_response_bytes = 512UL * 1024 * 1024;
};

}  // namespace holdfast
