// What a soak leaves to chance, from one seed: the same seed makes the same faults in the same order. When each of them
// hits the daemon is the machine's doing.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>

namespace holdfast::soak {

class Chance {
 public:
  explicit Chance(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t bound) { return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_); }
  std::chrono::milliseconds between(std::chrono::milliseconds least, std::chrono::milliseconds most) {
    return std::chrono::milliseconds(
        std::uniform_int_distribution<std::chrono::milliseconds::rep>(least.count(), most.count())(random_));
  }

 private:
  std::mt19937_64 random_;
};

}  // namespace holdfast::soak
