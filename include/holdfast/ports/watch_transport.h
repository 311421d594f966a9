// The port through which the watchers open a stream that stays open. The real one is net::HttpClient; tests bring their
// own.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "holdfast/base/result.h"
#include "holdfast/ports/api_server.h"

namespace holdfast {

// One response whose body is read as it comes. One reader at a time. Destroying it closes the connection.
class ResponseStream {
 public:
  virtual ~ResponseStream() = default;
  [[nodiscard]] virtual int status() const = 0;
  [[nodiscard]] virtual const std::string& content_type() const = 0;
  [[nodiscard]] virtual std::optional<std::chrono::seconds> retry_after() const = 0;
  // At least one byte as soon as one is there, 0 at the clean end (correctness A5). `into` stays valid until then.
  // Errors: Unreachable (reset, or cut off in the middle), Timeout (the stream's deadline), Protocol, Cancelled. After
  // an error or the end, the stream is of no further use.
  virtual boost::asio::awaitable<Result<std::size_t>> read_some(std::span<char> into) = 0;
  // Idempotent; a read under way fails with Cancelled.
  virtual void close() = 0;
};

class WatchTransport {
 public:
  virtual ~WatchTransport() = default;
  // Opens a connection of its own (correctness A17). Any HTTP status is a value, and its body is read from the stream.
  // `request.deadline` bounds the time up to the head of the response; `stream_deadline`, from the same start, the
  // whole stream (correctness A12). Errors as ApiServer::send, of a GET.
  virtual boost::asio::awaitable<Result<std::unique_ptr<ResponseStream>>> open(
      ApiRequest request, std::chrono::milliseconds stream_deadline) = 0;
};

}  // namespace holdfast
