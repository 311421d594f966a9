// Waiting in cluster tests: for a state of the world, with a bound, never for an amount of time to pass.
#pragma once

#include <chrono>
#include <thread>

namespace holdfast::cluster {

// True as soon as the predicate holds, false when it did not before the deadline. The predicate is asked at least once,
// and once more after the deadline, so that a slow machine is not mistaken for a wrong answer.
template <class Predicate>
bool eventually(Predicate predicate, std::chrono::milliseconds deadline) {
  constexpr std::chrono::milliseconds interval{10};
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!predicate()) {
    if (std::chrono::steady_clock::now() >= end) return predicate();
    std::this_thread::sleep_for(interval);
  }
  return true;
}

}  // namespace holdfast::cluster
