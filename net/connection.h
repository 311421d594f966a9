// One TCP or TLS connection to the server of a ClientConfig: bytes, a deadline, and a way to stop. No HTTP here.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "holdfast/base/result.h"
#include "holdfast/ports/write_fence.h"
#include "net/client_config.h"
#include "net/tls_context.h"

namespace holdfast {

// One thread. Held by shared_ptr, because a deadline that already fired may still be queued when the owner lets go.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Clock = std::chrono::steady_clock;
  using Transferred = std::tuple<boost::system::error_code, std::size_t>;
  enum class Stop {
    None,
    TimedOut,
    Cancelled,
    Replaced,  // credentials changed: whoever used it may open another one (correctness B2)
    Fenced,    // what was under way may not be written any more
  };

  Connection(boost::asio::any_io_executor executor, std::shared_ptr<const ClientConfig> config,
             std::shared_ptr<TlsContext> tls);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Resolves, connects, through the proxy where there is one, shakes hands. Errors: Unreachable (with the reason of a
  // refused certificate), Timeout, Cancelled.
  boost::asio::awaitable<Result<void>> connect();
  // All of the bytes; they stay valid until then.
  boost::asio::awaitable<Transferred> write(std::string_view bytes);
  boost::asio::awaitable<Transferred> read_some(std::span<char> into);

  // Stops what is under way at that time. Replaces an earlier deadline.
  void set_deadline(Clock::time_point when);
  void clear_deadline();
  // Of a connected one, for as long as a write is under way; null: none is. It stops when the fence ends. However it
  // is closed meanwhile, also with the process, what the peer has not acknowledged is thrown away; and that is so where
  // the peer acknowledges nothing for the fence's grace, also while the process stands still.
  void hold_behind(std::shared_ptr<const WriteFence> fence);
  [[nodiscard]] bool is_fenced() const { return fence_ != nullptr; }
  // Closes; what is under way fails at once. The first reason stays.
  void stop(Stop reason);
  [[nodiscard]] Stop stopped() const { return stopped_; }
  // What to say about an operation that stop() or a cancelled caller ended.
  [[nodiscard]] Error stop_error() const;

  // True where a connection without a request under way has bytes or an end to read: the server gave it up.
  [[nodiscard]] bool stale();

 private:
  struct Lookup;
  using Endpoints = std::vector<boost::asio::ip::tcp::endpoint>;

  boost::asio::awaitable<Result<Endpoints>> resolve();
  boost::asio::awaitable<Result<void>> open_tunnel();
  void set_socket_options();
  void arm();
  void due();
  [[nodiscard]] Error connect_error(const boost::system::error_code& error) const;
  [[nodiscard]] Error handshake_error(const boost::system::error_code& error);
  boost::asio::ip::tcp::socket& socket() { return stream_.next_layer(); }

  std::shared_ptr<const ClientConfig> config_;
  std::shared_ptr<TlsContext> tls_;
  boost::asio::ssl::stream<boost::asio::ip::tcp::socket> stream_;  // without TLS only its lower layer is used
  boost::asio::steady_timer deadline_;                             // or the end of the fence
  Clock::time_point when_ = Clock::time_point::max();
  std::shared_ptr<const WriteFence> fence_;  // null: nothing is written
  std::uint64_t deadline_epoch_ = 0;         // tells a queued expiry of an earlier deadline from one of this
  std::weak_ptr<Lookup> lookup_;
  Stop stopped_ = Stop::None;
};

// "https://host:port", for messages.
std::string server_name(const ClientConfig& config);

}  // namespace holdfast
