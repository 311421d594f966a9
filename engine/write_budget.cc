#include "engine/write_budget.h"

#include <algorithm>
#include <utility>

namespace holdfast {
namespace {

constexpr std::size_t kSlowestPace = 2;

}  // namespace

// Where there is but one place, it is everybody's.
bool WriteBudget::has_place(WriteKind kind) const {
  if (kind == WriteKind::Repair || limit_ == 1) return taken_ < limit_;
  return taken_ < std::min(limit_ - 1, pace_);
}

bool WriteBudget::others_wait() const { return !lines_[1].empty() || !lines_[2].empty(); }

// Without a `later`, those in line were told of every free place already.
bool WriteBudget::take(Waiter& waiter, WriteKind kind) {
  const bool in_turn = kind == WriteKind::Repair || !later_ || telling_ || !others_wait();
  if (in_turn && has_place(kind)) {
    ++taken_;
    telling_ = false;  // one place, not all that are free
    return true;
  }
  std::deque<Waiter*>& line = line_of(kind);
  if (std::ranges::find(line, &waiter) == line.end()) line.push_back(&waiter);
  if (later_) tell_later();
  return false;
}

void WriteBudget::give() {
  --taken_;
  tell();
}

// Each that is told may find nothing to do any more, so all of those are asked that wait by now, before a place stays
// free.
void WriteBudget::tell() {
  for (std::size_t asked = line_of(WriteKind::Repair).size(); asked > 0; --asked)
    if (!tell_one(WriteKind::Repair)) break;
  if (later_) return tell_later();
  for (const WriteKind kind : {WriteKind::RollOut, WriteKind::Record})
    for (std::size_t asked = line_of(kind).size(); asked > 0; --asked)
      if (!tell_one(kind)) break;
}

// One at a time, for what it is told may take a while.
void WriteBudget::tell_later() {
  if (!others_wait() || !has_place(WriteKind::RollOut) || std::exchange(later_due_, true)) return;
  later_([this](std::chrono::steady_clock::duration waited) {
    later_due_ = false;
    keep_pace(waited);
    tell_next();
    tell_later();
  });
}

// A round cannot begin before that is on record, and what is under way already goes on: neither may wait for all of the
// other.
void WriteBudget::tell_next() {
  record_next_ = !record_next_;
  const WriteKind first = record_next_ ? WriteKind::RollOut : WriteKind::Record;
  if (!tell_one(first)) tell_one(record_next_ ? WriteKind::Record : WriteKind::RollOut);
}

// The server's answers are what is waited for, or this process is.
void WriteBudget::keep_pace(std::chrono::steady_clock::duration waited) {
  if (waited > kBusy) pace_ = std::max(kSlowestPace, pace_ - 1);
  if (waited < kAtEase) pace_ = std::min(most_, pace_ + 1);
}

// False: nobody waits, or there is no place.
bool WriteBudget::tell_one(WriteKind kind) {
  std::deque<Waiter*>& line = line_of(kind);
  if (line.empty() || !has_place(kind)) return false;
  Waiter* const next = line.front();
  line.pop_front();
  telling_ = true;
  next->place_free();
  telling_ = false;
  return true;
}

void WriteBudget::overloaded(Time now) {
  kept_up_ = 0;
  if (now - halved_at_ < std::chrono::seconds{1}) return;  // they were sent before we knew
  halved_at_ = now;
  limit_ = std::max<std::size_t>(1, limit_ / 2);
}

void WriteBudget::kept_up() {
  if (limit_ == most_ || ++kept_up_ < limit_ * 4) return;
  kept_up_ = 0;
  ++limit_;
  tell();
}

void WriteBudget::forget(Waiter& waiter) {
  for (std::deque<Waiter*>& line : lines_) std::erase(line, &waiter);
}

}  // namespace holdfast
