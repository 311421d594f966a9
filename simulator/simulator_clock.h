// Time as the simulator sees it: given from outside, so that a history replays (style rule 8).
#pragma once

#include <chrono>
#include <string>

namespace holdfast {

using SimulatedTime = std::chrono::sys_time<std::chrono::milliseconds>;

class SimulatorClock {
 public:
  virtual ~SimulatorClock() = default;
  [[nodiscard]] virtual SimulatedTime now() const = 0;
};

// Moves when it is told to.
class ManualClock final : public SimulatorClock {
 public:
  explicit ManualClock(SimulatedTime start) : now_(start) {}
  [[nodiscard]] SimulatedTime now() const override { return now_; }
  void advance(std::chrono::milliseconds by) { now_ += by; }

 private:
  SimulatedTime now_;
};

class WallClock final : public SimulatorClock {
 public:
  [[nodiscard]] SimulatedTime now() const override {
    return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  }
};

// "2026-11-25T08:00:00Z", as the API server writes times.
std::string rfc3339(SimulatedTime time);

}  // namespace holdfast
