// How to reach one API server and as whom: what a kubeconfig or the in-cluster files come down to.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/exec_plugin.h"
#include "net/proxy.h"
#include "net/tls_files.h"
#include "net/token_source.h"

namespace holdfast {

// Who we say that we are, where our own identity may do so (correctness B6). A user is needed for any of the others.
struct Impersonation {
  std::string user, uid;
  std::vector<std::string> groups;
  std::vector<std::pair<std::string, std::string>> extra;  // a key may come several times
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
  TlsFilePaths tls_files;                // those of the above that are files, which may be renewed (correctness B1, B2)
  std::shared_ptr<TokenSource> token;    // may be null
  std::optional<ExecPlugin> exec;        // only where there is neither a token nor an identity (correctness B5)
  std::vector<std::string> environment;  // "NAME=value", for the plugin
  Impersonation impersonation;
  std::string proxy_url;              // as configured: what an exec plugin is told
  std::optional<ProxyAddress> proxy;  // in use (correctness B4)
  bool disable_compression = false;   // never ask for gzip (correctness A16)
  std::string user_agent;
  std::size_t max_idle_connections = 16;
  std::size_t max_handshakes = 8;  // at once (correctness A17)
  std::size_t max_response_bytes = 512UL * 1024 * 1024;
};

}  // namespace holdfast
