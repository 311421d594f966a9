// The port through which whoever sends requests asks, for each one that is no GET, until when it may: right before its
// bytes leave, and for as long as it is under way.
#pragma once

#include <chrono>

namespace holdfast {

class WriteFence {
 public:
  virtual ~WriteFence() = default;
  // From then on nothing may be written, and what is under way has to be cut. It may be put off, and come early.
  [[nodiscard]] virtual std::chrono::steady_clock::time_point ends() const = 0;
  // For how long after ends(), as it was when a byte left, nobody else writes.
  [[nodiscard]] virtual std::chrono::milliseconds grace() const = 0;
  [[nodiscard]] bool may_write(std::chrono::steady_clock::time_point now) const { return now < ends(); }
};

}  // namespace holdfast
