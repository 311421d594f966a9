// Time as everything of ours reads it: that of the machine, or, in a simulation, what the simulation says (style rule
// 8).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <compare>
#include <concepts>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace holdfast {

// A steady clock. Its time points are std::chrono::steady_clock's, so that values need not know which one made them.
struct Clock {
  using duration = std::chrono::steady_clock::duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::steady_clock::time_point;
  static constexpr bool is_steady = true;
  static time_point now() noexcept;
};

class Timer;

// While one lives, Clock::now() of its thread is what it says, and moves only by advance_to(). One at a time and
// thread. A Timer made meanwhile waits here and not in the reactor: it completes in the poll() or run() that follows
// the advance_to() which made it due, those of one advance in the order of their times. The machine is asked nothing.
class VirtualTime {
 public:
  explicit VirtualTime(Clock::time_point start = Clock::time_point(std::chrono::hours(1)));
  ~VirtualTime();
  VirtualTime(const VirtualTime&) = delete;
  VirtualTime& operator=(const VirtualTime&) = delete;

  // Null where time is the machine's.
  static VirtualTime* current() noexcept;
  [[nodiscard]] Clock::time_point now() const { return now_; }
  void advance_to(Clock::time_point time);  // never back
  // When the earliest wait is due; max() where nothing waits, or for nothing but to be cancelled.
  [[nodiscard]] Clock::time_point next_due() const;

 private:
  friend class Timer;
  friend struct Clock;
  // Waits in the order in which they end.
  struct Place {
    Clock::time_point due;
    std::uint64_t number = 0;
    auto operator<=>(const Place&) const = default;
  };
  class Wait {
   public:
    Wait(Timer& timer, boost::asio::execution_context& of) : owner(&timer), context(&of) {}
    virtual ~Wait() = default;
    virtual void complete(boost::system::error_code error) = 0;  // by a post to the executor of its handler
    Timer* owner;
    boost::asio::execution_context* context;
  };
  template <class Handler>
  class WaitOf;
  class Forgetting;  // drops the waits of a context that goes

  Place add(Clock::time_point due, std::unique_ptr<Wait> wait);
  void end(const Place& place, boost::system::error_code error);
  void drop(const boost::asio::execution_context* of);  // null: all of them

  Clock::time_point now_;
  std::uint64_t added_ = 0;
  std::map<Place, std::unique_ptr<Wait>> waits_;
};

// Asio's own timer; in a simulation, a wait for its VirtualTime, which outlives it then.
class Timer {
 public:
  using executor_type = boost::asio::any_io_executor;

  explicit Timer(executor_type executor, Clock::time_point due = {});
  template <std::derived_from<boost::asio::execution_context> Context>
  explicit Timer(Context& context, Clock::time_point due = {}) : Timer(context.get_executor(), due) {}
  ~Timer() { cancel(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  [[nodiscard]] executor_type get_executor() const { return executor_; }
  // Waits under way end with operation_aborted.
  void expires_at(Clock::time_point due);
  void cancel();
  // void(error_code): without error when it is due.
  template <boost::asio::completion_token_for<void(boost::system::error_code)> Token>
  auto async_wait(Token&& token) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code)>(
        [this](auto handler) {
          if (real_)
            real_->async_wait(std::move(handler));
          else
            wait_virtually(std::move(handler));
        },
        token);
  }

 private:
  friend class VirtualTime;
  template <class Handler>
  void wait_virtually(Handler handler);

  executor_type executor_;
  std::optional<boost::asio::basic_waitable_timer<Clock>> real_;  // none in a simulation
  Clock::time_point due_;
  std::vector<std::uint64_t> waits_;  // numbers of places, in a simulation
};

template <class Handler>
class VirtualTime::WaitOf final : public VirtualTime::Wait {
 public:
  WaitOf(Timer& timer, boost::asio::execution_context& of, Handler handler)
      : Wait(timer, of),
        executor_(boost::asio::get_associated_executor(handler, timer.get_executor())),
        handler_(std::move(handler)) {}
  void complete(boost::system::error_code error) override {
    boost::asio::post(executor_, [handler = std::move(handler_), error]() mutable { std::move(handler)(error); });
  }

 private:
  boost::asio::associated_executor_t<Handler, Timer::executor_type> executor_;
  Handler handler_;
};

template <class Handler>
void Timer::wait_virtually(Handler handler) {
  VirtualTime& time = *VirtualTime::current();
  auto slot = boost::asio::get_associated_cancellation_slot(handler);
  auto& context = boost::asio::query(executor_, boost::asio::execution::context);
  auto wait = std::make_unique<VirtualTime::WaitOf<Handler>>(*this, context, std::move(handler));
  if (due_ <= time.now()) return wait->complete({});
  const VirtualTime::Place place = time.add(due_, std::move(wait));
  waits_.push_back(place.number);
  if (slot.is_connected())
    slot.assign(
        [&time, place](boost::asio::cancellation_type) { time.end(place, boost::asio::error::operation_aborted); });
}

}  // namespace holdfast
