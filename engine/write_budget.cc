#include "engine/write_budget.h"

#include <algorithm>

namespace holdfast {

bool WriteBudget::take(Waiter& waiter, bool repair) {
  if (taken_ < limit_) {
    ++taken_;
    return true;
  }
  std::deque<Waiter*>& line = repair ? repairs_ : others_;
  if (std::ranges::find(line, &waiter) == line.end()) line.push_back(&waiter);
  return false;
}

void WriteBudget::give() {
  --taken_;
  tell();
}

// As many as there are places; each may find nothing to do any more, so all of them are asked before a place stays
// free.
void WriteBudget::tell() {
  for (std::size_t asked = repairs_.size() + others_.size(); asked > 0 && taken_ < limit_; --asked) {
    std::deque<Waiter*>& line = repairs_.empty() ? others_ : repairs_;
    if (line.empty()) return;
    Waiter* const next = line.front();
    line.pop_front();
    next->place_free();
  }
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
  std::erase(repairs_, &waiter);
  std::erase(others_, &waiter);
}

}  // namespace holdfast
