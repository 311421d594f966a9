// An HTTP/1.1 response as a state machine without I/O: bytes in, status and body out. Wraps Beast's parser.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "holdfast/base/result.h"

namespace holdfast {

// Usage: while a read function says NeedInput, fill some of prepare() and commit() it, or say end_of_input().
class ResponseReader {
 public:
  enum class Step { NeedInput, Ready, Done };
  static constexpr std::size_t kBufferBytes = 64UL * 1024;

  ResponseReader();
  ~ResponseReader();
  ResponseReader(ResponseReader&&) noexcept;
  ResponseReader& operator=(ResponseReader&&) noexcept;

  // Before anything is read: the request was a HEAD, whose answer has no body whatever its head says.
  void expect_no_body();

  // Where the next bytes from the peer go; never empty after NeedInput.
  std::span<char> prepare();
  void commit(std::size_t received_bytes);
  // The peer will send nothing more. Errors: Protocol, where the response is not complete.
  Result<void> end_of_input();

  // Ready once the head is read; informational responses (1xx) before it are skipped. Errors: Protocol.
  Result<Step> read_head();
  // Ready: some body bytes are in `into`, `copied_bytes` many (> 0). Done: the body is complete. Errors: Protocol.
  Result<Step> read_body(std::span<char> into, std::size_t& copied_bytes);

  [[nodiscard]] bool started() const;   // a byte was received
  [[nodiscard]] bool reusable() const;  // after Done: the connection may carry another request
  // After the head:
  [[nodiscard]] int status() const;
  [[nodiscard]] std::string content_type() const;
  [[nodiscard]] std::string header(std::string_view name) const;                   // the first of that name, or empty
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> headers() const;  // all, as they came
  [[nodiscard]] std::optional<std::chrono::seconds> retry_after() const;  // only the form in seconds; a day at most
  [[nodiscard]] std::optional<std::uint64_t> content_length() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace holdfast
