// The port through which whoever sends requests asks, for each one that is no GET, and right before its bytes leave,
// whether it still may.
#pragma once

#include <chrono>

namespace holdfast {

class WriteFence {
 public:
  virtual ~WriteFence() = default;
  [[nodiscard]] virtual bool may_write(std::chrono::steady_clock::time_point now) const = 0;
};

}  // namespace holdfast
