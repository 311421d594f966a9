// Lets a World come to rest, and judges it.
#pragma once

#include <string>

#include "sim/world.h"

namespace holdfast::sim {

// What is wrong when the faults have ended, an hour of calm included; empty: nothing.
std::string end_of(World& world);

}  // namespace holdfast::sim
