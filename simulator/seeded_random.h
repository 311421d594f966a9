// Chance as the simulator sees it: all of it comes from one seed, so that a history replays.
#pragma once

#include <cstdint>
#include <string>

namespace holdfast {

// SplitMix64: small, fast, the same on every platform (the standard's distributions are not).
class SeededRandom {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t mixed = (state_ += 0x9e3779b97f4a7c15U);
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31);
  }
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  bool coin() { return (next() >> 63) != 0; }

  // A version 4 UUID.
  std::string uuid();
  // So many characters, as generateName appends them.
  std::string suffix(std::size_t length);

 private:
  std::uint64_t state_;
};

}  // namespace holdfast
