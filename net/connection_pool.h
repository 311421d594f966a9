// The connections of one client: idle ones to reuse, and those with a request under way.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <deque>
#include <memory>
#include <unordered_set>

#include "net/connection.h"
#include "net/gate.h"

namespace holdfast {

// One thread. Last in, first out, so that what is not needed grows old and is closed.
class ConnectionPool : public std::enable_shared_from_this<ConnectionPool> {
 public:
  // A kube-apiserver gives up an idle connection after 90 s; we do before it, because a write on a connection that is
  // being closed has an unknown outcome (correctness D7).
  static constexpr std::chrono::seconds kMaxIdle{60};

  // The right to use a connection. Letting go of it closes the connection, unless give_back() was called.
  class Lease {
   public:
    Lease(std::shared_ptr<ConnectionPool> pool, std::shared_ptr<Connection> connection, bool reused, bool stream);
    ~Lease();
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;

    Connection& operator*() const { return *connection_; }
    Connection* operator->() const { return connection_.get(); }
    [[nodiscard]] bool reused() const { return reused_; }
    [[nodiscard]] Gate& handshakes() const { return *pool_->handshakes_; }
    void give_back();

   private:
    std::shared_ptr<ConnectionPool> pool_;
    std::shared_ptr<Connection> connection_;  // null after give_back() or a move
    bool reused_;
  };

  // `handshakes`: who may connect now, shared with the pools before and after this one.
  ConnectionPool(boost::asio::any_io_executor executor, std::shared_ptr<const ClientConfig> config,
                 std::shared_ptr<TlsContext> tls, std::shared_ptr<Gate> handshakes);

  // An idle connection that the server has not given up, or else one that is not connected yet.
  Lease take();
  Lease take_fresh();
  // For a stream that stays open.
  Lease take_for_stream();
  // Those with a write under way are closed.
  void cut_writes();
  // Idle connections are closed; what is under way fails with Cancelled. The pool stays usable.
  void close_all();
  // Other credentials are in use: idle connections and streams are closed, requests under way come to their end (a
  // write that is cut off has an unknown outcome) and their connections are not used again (correctness B2).
  void retire();

 private:
  struct Idle {
    std::shared_ptr<Connection> connection;
    Connection::Clock::time_point since;
  };
  void drop_old(Connection::Clock::time_point now);

  boost::asio::any_io_executor executor_;
  std::shared_ptr<const ClientConfig> config_;
  std::shared_ptr<TlsContext> tls_;
  std::deque<Idle> idle_;  // the oldest in front
  std::unordered_set<Connection*> leased_;
  std::unordered_set<Connection*> streams_;  // those of them that stay open
  std::shared_ptr<Gate> handshakes_;
  bool retired_ = false;
};

}  // namespace holdfast
