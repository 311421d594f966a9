// Durations as Go writes them, which is how Kubernetes' objects have them: "1m", "1h30m", "1.5s", "300ms".
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "holdfast/base/result.h"

namespace holdfast {

// Not below zero. Invalid for what Go's time.ParseDuration refuses, for a sign, and beyond 290 years.
Result<std::chrono::nanoseconds> parse_duration(std::string_view text);

// What is wrong with it, for an option of the command line; empty: nothing.
std::string duration_problem(const std::string& text);

// The shortest such text: 90 s is "1m30s".
std::string to_duration_text(std::chrono::seconds duration);

}  // namespace holdfast
