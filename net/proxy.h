// Reaching a server through an HTTP proxy: whether, which one, and the words of CONNECT (correctness B4). Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "holdfast/base/result.h"
#include "holdfast/base/secret.h"

namespace holdfast {

struct ProxyAddress {
  std::string host;  // without brackets
  std::string port;
  Secret credentials;  // "user:password", decoded; may be empty
};

// "http://[user:password@]proxy:3128"; without a scheme, http is meant. Errors: Invalid, also for proxies that are
// spoken to over TLS or SOCKS, and the message repeats no credentials.
Result<ProxyAddress> parse_proxy_url(std::string_view url);

// Whether NO_PROXY (comma-separated) names the server: "*", a name with all below it, ".name" for those below it only,
// an IP address, a CIDR range; each but the range may carry ":port". Loopback is never sent to a proxy.
bool bypasses_proxy(std::string_view no_proxy, std::string_view host, std::string_view port);

// As kubectl: the proxy of the kubeconfig, whatever NO_PROXY says; otherwise HTTPS_PROXY unless NO_PROXY has the
// server.
struct ProxyEnvironment {
  std::string https_proxy, no_proxy;
};
Result<std::optional<ProxyAddress>> choose_proxy(std::string_view proxy_url, const ProxyEnvironment& environment,
                                                 std::string_view host, std::string_view port);

inline constexpr std::size_t kMaxProxyReplyBytes = 16UL * 1024;
Secret connect_request(const ProxyAddress& proxy, std::string_view host, std::string_view port);
// What the proxy has said so far: nothing while the head is incomplete. Errors: Unreachable, where it refuses;
// Protocol, where that is no HTTP, or too long.
std::optional<Result<void>> read_connect_reply(std::string_view bytes);

}  // namespace holdfast
