#include "app/absence_guard.h"

#include <algorithm>

namespace holdfast {

std::set<std::string> AbsenceGuard::judge(const std::set<std::string>& absent, Clock::time_point begun,
                                          Clock::time_point now) {
  newest_ = begun;
  std::erase_if(since_, [&](const auto& entry) { return !absent.contains(entry.first); });
  std::set<std::string> gone;
  for (const std::string& name : absent) {
    const auto [since, is_new] = since_.try_emplace(name, now);
    if (!is_new && begun >= since->second + kBetween) gone.insert(name);
  }
  return gone;
}

std::optional<Clock::time_point> AbsenceGuard::reading_due() const {
  std::optional<Clock::time_point> due;
  for (const auto& [name, since] : since_)
    if (newest_ < since + kBetween) due = std::min(due.value_or(Clock::time_point::max()), since + kBetween);
  return due;
}

}  // namespace holdfast
