// One request and its response on one connection, and what a failure of it means (correctness D7).
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "holdfast/base/result.h"
#include "holdfast/base/secret.h"
#include "holdfast/ports/write_fence.h"
#include "net/connection_pool.h"
#include "net/response_reader.h"

namespace holdfast {

// Stays where it is while one of its coroutines runs.
class Exchange {
 public:
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // `where` names the request in messages. A request that is `safe` (a GET) may be sent again whatever happened.
  Exchange(ConnectionPool::Lease lease, bool safe, std::string where);
  ~Exchange();

  // Before start(): the request is a HEAD.
  void expect_no_body() { reader_.expect_no_body(); }
  // Before start(): the body is taken as it comes, whatever encoding its head names.
  void keep_encoding() { keep_encoding_ = true; }
  // Before start(): no byte leaves where it does not let it, and when it ends, what is under way is cut off.
  void hold_behind(std::shared_ptr<const WriteFence> fence) { fence_ = std::move(fence); }
  // Connects if need be, writes `text`, reads the head of the response.
  boost::asio::awaitable<Result<void>> start(std::shared_ptr<const Secret> text,
                                             Connection::Clock::time_point deadline);
  // After start() failed: true if an idle connection turned out to be closed and nothing can have been processed, or it
  // would not matter; the caller may send the same again on a fresh connection, once.
  [[nodiscard]] bool repeatable() const { return repeatable_; }

  // At least one byte of the body, inflated where it comes compressed (correctness A16), or 0 at its end.
  boost::asio::awaitable<Result<std::size_t>> read_body(std::span<char> into);
  // The whole body. Errors: TooLarge.
  boost::asio::awaitable<Result<std::string>> read_whole_body(std::size_t max_bytes);
  // After the body's end: the connection goes back to the pool if it may carry another request.
  void finish();

  [[nodiscard]] const ResponseReader& head() const { return reader_; }
  Connection& connection() { return *lease_; }

 private:
  boost::asio::awaitable<Result<void>> connect(Connection::Clock::time_point deadline);
  boost::asio::awaitable<Connection::Transferred> write(std::string_view text);
  boost::asio::awaitable<Result<void>> read_head();
  Result<void> expect_encoding();
  boost::asio::awaitable<Result<std::size_t>> read_raw(std::span<char> into);
  Error lost_before_sent(const boost::system::error_code& error);
  // What to return for a failed read; nothing where it is the clean end of the body.
  std::optional<Error> lost_while_reading(const boost::system::error_code& error);
  [[nodiscard]] Error unanswered(Error cause) const;
  [[nodiscard]] bool given_up_by_server(const boost::system::error_code& error) const;

  ConnectionPool::Lease lease_;
  std::shared_ptr<const WriteFence> fence_;  // null: none
  ResponseReader reader_;
  struct Compressed;
  std::unique_ptr<Compressed> compressed_;  // null where the body comes as it is
  bool safe_;
  bool keep_encoding_ = false;
  bool repeatable_ = false;
  std::string where_;
};

}  // namespace holdfast
