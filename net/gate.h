// Lets a bounded number of coroutines do the same expensive thing at once; the others wait in the order in which they
// came (handshakes: correctness A17, lists: correctness A22). One thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstddef>
#include <list>
#include <memory>
#include <utility>

#include "holdfast/base/clock.h"
#include "holdfast/base/result.h"

namespace holdfast {

class Gate : public std::enable_shared_from_this<Gate> {
 public:
  // A place inside, given back when it goes. Empty after a move.
  class Pass {
   public:
    Pass() = default;
    explicit Pass(std::shared_ptr<Gate> gate) : gate_(std::move(gate)) {}
    Pass(Pass&&) noexcept = default;
    Pass& operator=(Pass&& other) noexcept {
      leave();
      gate_ = std::move(other.gate_);
      return *this;
    }
    ~Pass() { leave(); }

   private:
    void leave() {
      if (const auto gate = std::exchange(gate_, nullptr)) gate->leave();
    }
    std::shared_ptr<Gate> gate_;
  };

  Gate(boost::asio::any_io_executor executor, std::size_t places) : executor_(std::move(executor)), free_(places) {}

  // Errors: Timeout, where the deadline came first; Cancelled, with the caller.
  boost::asio::awaitable<Result<Pass>> enter(Clock::time_point deadline) {
    const auto self = shared_from_this();
    if (free_ > 0) {
      --free_;
      co_return Pass(self);
    }
    const auto waiter = std::make_shared<Waiter>(executor_, deadline);
    const auto place = waiting_.insert(waiting_.end(), waiter);
    const auto [interrupted] = co_await waiter->timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    if (waiter->admitted) co_return Pass(self);
    waiting_.erase(place);
    if (interrupted) co_return fail(ErrorKind::Cancelled, "it was no longer wanted before its turn came");
    co_return fail(ErrorKind::Timeout, "too much was under way at once, and its turn did not come in time");
  }

  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

 private:
  struct Waiter {
    Waiter(const boost::asio::any_io_executor& executor, Clock::time_point deadline) : timer(executor, deadline) {}
    Timer timer;
    bool admitted = false;
  };

  void leave() {
    if (waiting_.empty()) {
      ++free_;
      return;
    }
    const auto next = waiting_.front();
    waiting_.pop_front();
    next->admitted = true;
    next->timer.cancel();
  }

  boost::asio::any_io_executor executor_;
  std::size_t free_;
  std::list<std::shared_ptr<Waiter>> waiting_;
};

}  // namespace holdfast
