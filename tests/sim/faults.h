// What can go wrong between the daemon and its API server, drawn from a seed.
#pragma once

#include <chrono>

#include "simulator/seeded_random.h"

namespace holdfast::sim {

enum class RequestFault {
  None,
  Refused,      // nothing reaches the server
  RequestLost,  // sent, never arrives, never answered
  AnswerLost,   // carried out, and the answer never arrives (correctness D7)
  Throttled,    // 429 with Retry-After (B8)
  ServerError,  // 500 without a reason
  Unavailable,  // 503
  TimedOut,     // 504 after it was carried out
  Forbidden,    // 403, as a starting server answers (A23)
};

enum class StreamFault {
  None,
  Refused,
  Throttled,
  Forbidden,
  CutLater,   // in the middle of an event
  EndLater,   // cleanly, before its time
  Blackhole,  // open, and silent (A12)
};

// While active, a tenth of everything goes wrong; while inactive, nothing.
class FaultPlan {
 public:
  explicit FaultPlan(std::uint64_t seed) : random_(seed) {}
  void set_active(bool active) { active_ = active; }
  RequestFault next_request(bool is_write);
  StreamFault next_stream();
  SeededRandom& random() { return random_; }

 private:
  SeededRandom random_;
  bool active_ = false;
};

}  // namespace holdfast::sim
