// What a set has no longer goes only when two readings say so: one that came out short, from a server that lags or is
// being restored, deletes nothing. Pure; one thread.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "holdfast/base/clock.h"

namespace holdfast {

class AbsenceGuard {
 public:
  // Between the judgement that something is absent and the beginning of the reading that confirms it.
  static constexpr std::chrono::seconds kBetween{5};

  // What is absent by a complete reading that began at `begun`. Returns what may go: absent since a reading before, and
  // nothing has said otherwise meanwhile. What is not named here is not absent, and begins anew.
  std::set<std::string> judge(const std::set<std::string>& absent, Clock::time_point begun, Clock::time_point now);

  // When a reading is to begin that may confirm something; nothing waits for one otherwise.
  [[nodiscard]] std::optional<Clock::time_point> reading_due() const;

 private:
  std::map<std::string, Clock::time_point> since_;  // when it was judged absent first
  Clock::time_point newest_{};                      // of the readings, when it began
};

}  // namespace holdfast
