// What makes things happen in the simulated cluster besides requests: the controllers of a control plane. Pure.
#pragma once

#include <chrono>

#include "simulator/object_store.h"
#include "simulator/simulator_clock.h"

namespace holdfast {

class SimulatedController {
 public:
  static constexpr SimulatedTime kNever = SimulatedTime::max();
  virtual ~SimulatedController() = default;
  // Each change of the store, in order, soon after it happened.
  virtual void observe(const StoreChange& change, SimulatedTime now) = 0;
  // Does what is due.
  virtual void step(SimulatedTime now) = 0;
  // When step() has something to do next; kNever: nothing until a change.
  [[nodiscard]] virtual SimulatedTime next_due() const = 0;
};

}  // namespace holdfast
