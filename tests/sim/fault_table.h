// What each fault may cost: requests and successful writes of the daemons beyond those of an undisturbed history, each
// time that it strikes one request or stream. docs/simulation.md has the same table with what is expected of the
// daemon; a test compares the two.
#pragma once

#include <span>

#include "sim/faults.h"

namespace holdfast::sim {

struct FaultCost {
  FaultKind kind = FaultKind::None;
  unsigned requests = 0, writes = 0;
};

std::span<const FaultCost> fault_costs();  // of every kind, in the order of all_faults()

}  // namespace holdfast::sim
