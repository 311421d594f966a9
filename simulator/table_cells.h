// The cells of one row of a Table, as `kubectl get` shows them.
#pragma once

#include <string>

#include "simulator/resource_type.h"
#include "simulator/simulator_clock.h"

namespace holdfast {

// One cell for each of the type's columns; a column that we do not know how to compute is "<none>".
json::array table_cells(const ResourceType& type, const json::object& object, SimulatedTime now);

// "12s", "3m20s", "5h", "9d": as kubectl shows ages.
std::string human_duration(std::chrono::milliseconds age);

}  // namespace holdfast
