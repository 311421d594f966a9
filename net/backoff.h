// How long to wait before the next attempt. Pure: time and chance are given (style rule 8).
#pragma once

#include <chrono>
#include <functional>

namespace holdfast {

class Backoff {
 public:
  using Clock = std::chrono::steady_clock;
  using Random = std::function<double()>;  // uniform in [0,1)

  // The n-th delay is min(initial * factor^n, cap), times a number drawn from [jitter_low, jitter_high).
  struct Limits {
    std::chrono::milliseconds initial;
    std::chrono::milliseconds cap;
    double factor;
    double jitter_low;
    double jitter_high;
    std::chrono::milliseconds reset_after;  // without a failure; zero: only reset() starts anew
  };

  // List and watch (correctness A10): 0.8 s, doubling, 30 s; delay in [d,2d); anew after 2 min without a failure.
  static Limits list_watch();
  // One object (correctness D14): 1 s, doubling, 5 min; +-20 %; anew on a new desired state or convergence.
  static Limits per_object();

  Backoff(Limits limits, Random random);

  // To be called at each failure; the delay before the next attempt.
  std::chrono::milliseconds next(Clock::time_point now);
  // To be called at a success that shows the cause to be gone.
  void reset();

 private:
  Limits limits_;
  Random random_;
  double base_ms_;  // of the next delay
  Clock::time_point last_failure_;
};

}  // namespace holdfast
