// The time of day as status and records have it: in whole seconds.
#pragma once

#include <chrono>

namespace holdfast {

inline std::chrono::sys_seconds wall_seconds() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

}  // namespace holdfast
