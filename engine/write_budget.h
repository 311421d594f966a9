// How many writes to a cluster may be under way at once: grows while the API server keeps up, halves when it says that
// it does not (correctness D14). Whoever found no place is told when there is one: repairs first, then what a roll-out
// brings about and records of what was done, by turns, and nobody takes a place before those that stand in line. One
// place is kept for repairs, so that no roll-out, however large, makes them wait for its answers. Nor do as many go on
// beside them as the server would take, where this process is what is slow: their steps would stand before those of a
// repair. Pure. One thread.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>

namespace holdfast {

enum class WriteKind { Repair, RollOut, Record };

class WriteBudget {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Told = std::function<void(std::chrono::steady_clock::duration waited)>;
  using Later = std::function<void(Told)>;

  class Waiter {
   public:
    virtual ~Waiter() = default;
    virtual void place_free() = 0;  // may take it at once
  };

  // How long this process was busy with other things before it told somebody of a place: beyond the first, fewer are
  // under way from then on, below the second, more.
  static constexpr std::chrono::microseconds kBusy{500}, kAtEase{200};

  // Beyond `most`, only latency grows (V57). `later` does what it is given when there is nothing more urgent to do, and
  // says how long that took: it tells those that wait with anything but a repair. None: at once. What it still has goes
  // with the budget.
  explicit WriteBudget(std::size_t most, Later later = {})
      : most_(most), limit_(most), pace_(most), later_(std::move(later)) {}
  WriteBudget(const WriteBudget&) = delete;
  WriteBudget& operator=(const WriteBudget&) = delete;

  // False: full. The waiter is told once, and has to ask again.
  bool take(Waiter& waiter, WriteKind kind);
  void give();
  void overloaded(Time now);  // the server sent somebody away; once a second at most
  void kept_up();             // an answer came that was no refusal for want of room
  void forget(Waiter& waiter);

  [[nodiscard]] std::size_t limit() const { return limit_; }
  [[nodiscard]] std::size_t taken() const { return taken_; }

 private:
  [[nodiscard]] bool has_place(WriteKind kind) const;
  [[nodiscard]] std::deque<Waiter*>& line_of(WriteKind kind) { return lines_[static_cast<std::size_t>(kind)]; }
  void tell();
  void tell_later();
  void keep_pace(std::chrono::steady_clock::duration waited);
  void tell_next();
  bool tell_one(WriteKind kind);
  [[nodiscard]] bool others_wait() const;

  std::size_t most_, limit_;
  std::size_t pace_;  // the same of all that is no repair, by what this process keeps up with
  std::size_t taken_ = 0;
  std::size_t kept_up_ = 0;  // answers since the limit was moved last
  Time halved_at_{};
  std::array<std::deque<Waiter*>, 3> lines_;  // by kind
  Later later_;
  bool later_due_ = false;
  bool telling_ = false;      // somebody is told of a place, and may take it before others
  bool record_next_ = false;  // a roll-out had the last place
};

}  // namespace holdfast
