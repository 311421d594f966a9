// APIServices of a simulated cluster: a group that has one and is not in discovery is unknown, and not gone.
#pragma once

#include <span>
#include <string>

#include "sim/simulated_cluster.h"

namespace holdfast::sim {

// For groups that are always there.
void add_api_services(SimulatedCluster& cluster, std::span<const std::string> groups);
// The custom group ex.io has one for as long as it is served.
void follow_custom_group(SimulatedCluster& cluster);

}  // namespace holdfast::sim
