// The table that a soak prints, and the bounds that it holds the daemon to.
//
// Growth is measured between quiet moments, when the cluster is as Git says and no fault lasts: against the most that
// was in use at those of the warm-up. A daemon that holds what it has may differ by what is stated here.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "soak/usage.h"

namespace holdfast::soak {

// With a connection for each watch. At a quiet moment of the warm-up some may wait to be made again (A10).
inline constexpr std::size_t kDescriptorsConnected = 28;
// Idle connections that the client may keep; at one quiet moment there are some, at another one none.
inline constexpr std::size_t kMostDescriptorsMore = 16;

class TableOfUsage {
 public:
  // `most_growth_kib`: by how much own memory may grow after the warm-up.
  explicit TableOfUsage(std::size_t most_growth_kib);
  // For a run whose warm-up is too short to have met what comes later: memory is printed and not judged.
  void judge_no_memory() { judges_memory_ = false; }
  // Prints a row. What goes beyond the bounds is empty until the warm-up is over, and then for what is within them.
  std::string add(std::size_t connections, const Usage& usage, bool warming_up);
  void print_summary() const;

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::size_t most_growth_kib_;
  bool judges_memory_ = true;
  Usage warm_, last_, most_;
};

}  // namespace holdfast::soak
