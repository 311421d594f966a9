// Times as RFC 3339 writes them, and with it Kubernetes: "2026-01-02T03:04:05Z", fractions and offsets as it allows
// them. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast {

// To the second; nothing where it is no such time.
std::optional<std::chrono::sys_seconds> parse_timestamp(std::string_view text);
// In UTC, to the second.
std::string to_timestamp(std::chrono::sys_seconds time);

}  // namespace holdfast
