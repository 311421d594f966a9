// How the parts of ReflectorMachine read what a server says. Pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <compare>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "holdfast/model/api_status.h"
#include "watchers/reflector_machine.h"

namespace holdfast {

inline constexpr std::string_view kIdentityTarget = "/api/v1/namespaces/kube-system";

inline bool older(const ResourceVersion& a, const ResourceVersion& b) { return std::is_lt(compare(a, b)); }

// History is gone: HTTP 410, or what says the same in a stream (correctness A9).
inline bool is_gone(const ApiStatus& status) {
  return status.code == 410 || status.reason == "Expired" || status.reason == "Gone";
}

// This server has not seen yet what another one has shown us (correctness A4).
inline bool is_too_large_version(const ApiStatus& status) {
  return status.code == 504 && (status.has_cause("ResourceVersionTooLarge") ||
                                status.message.find("Too large resource version") != std::string::npos);
}

inline std::chrono::nanoseconds server_wait(const ApiStatus& status,
                                            const std::optional<std::chrono::seconds>& header) {
  constexpr std::chrono::seconds kNone{0};
  return std::max(header.value_or(kNone), status.details.retry_after.value_or(kNone));
}

inline Error another_cluster() {
  return {ErrorKind::Conflict, "another cluster answers at this address (kube-system has another uid)",
          std::string(kIdentityTarget), "check where the kubeconfig points; restart to hold the other cluster"};
}

inline void append(ReflectorActions& actions, ReflectorActions more) {
  std::ranges::move(more, std::back_inserter(actions));
}

}  // namespace holdfast
