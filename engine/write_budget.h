// How many objects of a cluster may be worked on at once: grows while the API server keeps up, halves when it says that
// it does not (correctness D14). Whoever found no place is told, in turn and repairs first, when there is one. Pure.
// One thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>

namespace holdfast {

class WriteBudget {
 public:
  using Time = std::chrono::steady_clock::time_point;

  class Waiter {
   public:
    virtual ~Waiter() = default;
    virtual void place_free() = 0;  // may take it at once
  };

  // Beyond `most`, only latency grows (V57).
  explicit WriteBudget(std::size_t most) : most_(most), limit_(most) {}
  WriteBudget(const WriteBudget&) = delete;
  WriteBudget& operator=(const WriteBudget&) = delete;

  // False: full. The waiter is told once, and has to ask again.
  bool take(Waiter& waiter, bool repair);
  void give();
  void overloaded(Time now);  // the server sent somebody away; once a second at most
  void kept_up();             // an answer came that was no refusal for want of room
  void forget(Waiter& waiter);

  [[nodiscard]] std::size_t limit() const { return limit_; }
  [[nodiscard]] std::size_t taken() const { return taken_; }

 private:
  void tell();

  std::size_t most_, limit_;
  std::size_t taken_ = 0;
  std::size_t kept_up_ = 0;  // answers since the limit was moved last
  Time halved_at_{};
  std::deque<Waiter*> repairs_, others_;
};

}  // namespace holdfast
