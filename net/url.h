// Server addresses and the encoding of request targets. Pure.
#pragma once

#include <string>
#include <string_view>

#include "holdfast/base/result.h"

namespace holdfast {

struct ServerAddress {
  std::string host;       // without brackets
  std::string port;       // decimal
  std::string base_path;  // empty, or "/prefix" without a trailing slash, still encoded
  bool tls = true;
};

// "https://1.2.3.4:6443/prefix". Errors: Invalid, and the message repeats no user name or password.
Result<ServerAddress> parse_server_url(std::string_view url);

// "https://[::1]:6443", for people.
std::string to_string(const ServerAddress& address);
// "[::1]:6443"; the port is left out where it is the scheme's own.
std::string authority(std::string_view host, std::string_view port, bool tls);

// RFC 3986: everything but unreserved characters and ':' becomes %XX. "." and ".." stay as they are: no Kubernetes name
// is one, and no encoding would keep a proxy from resolving them.
std::string encode_path_segment(std::string_view segment);
// The same without ':'; a space becomes %20.
std::string encode_query_value(std::string_view value);

}  // namespace holdfast
