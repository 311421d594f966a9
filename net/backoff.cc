#include "net/backoff.h"

#include <algorithm>
#include <utility>

namespace holdfast {

using std::chrono::milliseconds;

Backoff::Limits Backoff::list_watch() {
  return {.initial = milliseconds{800},
          .cap = milliseconds{30'000},
          .factor = 2.0,
          .jitter_low = 1.0,
          .jitter_high = 2.0,
          .reset_after = milliseconds{120'000}};
}

Backoff::Limits Backoff::per_object() {
  return {.initial = milliseconds{1'000},
          .cap = milliseconds{300'000},
          .factor = 2.0,
          .jitter_low = 0.8,
          .jitter_high = 1.2,
          .reset_after = milliseconds{0}};
}

Backoff::Backoff(Limits limits, Random random)
    : limits_(limits), random_(std::move(random)), base_ms_(static_cast<double>(limits.initial.count())) {}

milliseconds Backoff::next(Clock::time_point now) {
  const bool quiet = limits_.reset_after.count() > 0 && now - last_failure_ >= limits_.reset_after;
  if (quiet) reset();
  last_failure_ = now;
  const double spread = limits_.jitter_low + (limits_.jitter_high - limits_.jitter_low) * random_();
  const milliseconds delay{static_cast<milliseconds::rep>(base_ms_ * spread)};
  base_ms_ = std::min(base_ms_ * limits_.factor, static_cast<double>(limits_.cap.count()));
  return delay;
}

void Backoff::reset() { base_ms_ = static_cast<double>(limits_.initial.count()); }

}  // namespace holdfast
