// How often each of many sources may ask: a token bucket for each, in bounded memory. Pure: time is given.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

namespace holdfast {

class RateLimiter {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  struct Limits {
    double per_second = 20;
    double burst = 200;
    std::size_t sources = 16'384;  // beyond: the one that was silent longest is forgotten
  };

  explicit RateLimiter(Limits limits) : limits_(limits) {}

  // Zero: it may, and has used one up. Otherwise for how long it may not.
  std::chrono::milliseconds take(std::string_view source, TimePoint now);
  [[nodiscard]] std::size_t sources() const { return buckets_.size(); }

 private:
  struct Bucket {
    std::string source;
    double left;
    TimePoint at;
  };
  using Buckets = std::list<Bucket>;  // whoever asked last is the first

  Limits limits_;
  Buckets buckets_;
  std::unordered_map<std::string_view, Buckets::iterator> by_source_;  // views into buckets_
};

// What counts as one source: an IPv4 address, or an IPv6 network of 64 bits, which one customer has of their own.
std::string source_of_address(std::string_view address);

}  // namespace holdfast
