#include "simulator/simulator_clock.h"

#include "holdfast/base/timestamp.h"

namespace holdfast {

std::string rfc3339(SimulatedTime time) { return to_timestamp(std::chrono::floor<std::chrono::seconds>(time)); }

}  // namespace holdfast
