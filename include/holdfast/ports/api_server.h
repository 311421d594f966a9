// The port through which the engine and the watchers reach an API server. The real one is net::HttpClient; tests bring
// their own.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <optional>
#include <string>

#include "holdfast/base/result.h"
#include "holdfast/model/service_account.h"

namespace holdfast {

enum class Method { Get, Post, Put, Patch, Delete };
const char* to_string(Method method);

struct ApiRequest {
  Method method = Method::Get;
  std::string target;        // origin-form: path and query, already encoded
  std::string content_type;  // empty: no body
  std::string accept = "application/json";
  std::string body;
  std::chrono::milliseconds deadline{40'000};      // from the call to the last byte of the answer
  std::string if_none_match = {};                  // an ETag seen before; the answer may then be 304, without a body
  bool accept_gzip = false;                        // the answer may come compressed; whoever sends it inflates it
  unsigned max_retries = 10;                       // of a GET that is told to come back later (correctness B8)
  std::optional<ServiceAccount> impersonate = {};  // as whom, where our own identity may do so (correctness B6)
};

struct ApiResponse {
  int status = 0;
  std::string content_type;
  std::optional<std::chrono::seconds> retry_after;
  std::string body;
  std::string etag = {};
  std::string date = {};  // the clock of the server, as RFC 9110 writes it; empty: not told
};

class ApiServer {
 public:
  virtual ~ApiServer() = default;
  // Any HTTP status is a value. Errors: Unreachable (nothing was sent, or a GET that could not be repeated; or
  // a write that a fence held back),
  // UnknownOutcome (a write was sent, no complete answer came), Timeout, Unauthorized (no credential), TooLarge,
  // Cancelled. Runs on, and resumes on, the caller's executor. Safe to call again while others are under way.
  virtual boost::asio::awaitable<Result<ApiResponse>> send(ApiRequest request) = 0;
};

}  // namespace holdfast
