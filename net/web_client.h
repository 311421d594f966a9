// Reads from servers of the web that are not the API server: registries, chart repositories, whoever they redirect to.
// Only GET and HEAD. https, and http to this machine only.
//
// A redirect is followed, five times at most and never from https to http; the Authorization goes along only to the
// same scheme, host and port. What is read is bounded, as is the time for all of it and between two pieces of it.
//
// Blocks: one thread at a time, on a worker. Connections are kept between calls.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "holdfast/base/result.h"
#include "holdfast/base/secret.h"
#include "net/proxy.h"

namespace holdfast {

struct WebClientOptions {
  std::string user_agent;
  std::string ca_pem;                         // empty: the certificates that the system trusts
  ProxyEnvironment proxy;                     // for https
  std::string hint;                           // what to do next where no connection can be made or trusted
  std::stop_token stop;                       // makes a call end with Cancelled
  std::chrono::milliseconds silence{30'000};  // before the head of an answer, and between two pieces of its body
};

using WebHeaders = std::vector<std::pair<std::string, std::string>>;

struct WebRequest {
  std::string url;
  bool head_only = false;
  bool accept_gzip =
      false;  // on the way; otherwise bytes are taken as they come, whatever their encoding is said to be
  WebHeaders headers = {};
  Secret authorization = {};                   // the value of that header; empty: none
  std::size_t body_limit_bytes = 4UL << 20;    // beyond: TooLarge
  std::chrono::milliseconds deadline{30'000};  // from the call to the last byte
  // Gets the body of an answer of status 200 piece by piece instead of WebResponse::body. Its error ends the call.
  std::function<Result<void>(std::string_view)> sink = {};
};

struct WebResponse {
  int status = 0;
  std::string url;  // of the last redirect
  WebHeaders headers;
  std::string body;
  std::optional<std::chrono::seconds> retry_after;

  [[nodiscard]] std::string header(std::string_view name) const;  // the first of that name, or empty
  [[nodiscard]] std::vector<std::string> all_headers(std::string_view name) const;
};

bool is_loopback(std::string_view host);

struct WebUrl {
  std::string host, port;  // without brackets; decimal
  std::string target;      // path and query, still encoded, without fragment
  bool tls = true;
  [[nodiscard]] bool same_origin(const WebUrl& other) const {
    return tls == other.tls && host == other.host && port == other.port;
  }
};

// Errors: Invalid, also for http to another machine and for user names; the message repeats no user name or password.
Result<WebUrl> parse_web_url(std::string_view url);
// What a Location or Link header means, seen from `base`; absolute.
Result<std::string> resolve_web_url(std::string_view base, std::string_view reference);

class WebClient {
 public:
  explicit WebClient(WebClientOptions options);
  ~WebClient();
  WebClient(WebClient&&) noexcept;
  WebClient& operator=(WebClient&&) noexcept;

  // Any status is a value. Errors: Invalid (URL, header), Unreachable, Timeout, TooLarge, Protocol, Cancelled, and
  // those of the sink.
  Result<WebResponse> send(WebRequest request);

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace holdfast
