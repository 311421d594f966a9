// A coordination.k8s.io/v1 Lease as far as it is read and written here. Pure.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "holdfast/base/result.h"
#include "holdfast/model/json.h"
#include "holdfast/model/resource_version.h"

namespace holdfast {

struct LeaseRecord {
  std::string holder;  // empty: nobody
  std::chrono::seconds duration{15};
  int transitions = 0;  // how often it went from one holder to another
  // Of the clock of whoever wrote them, and never compared with one of ours (correctness F1).
  std::string acquired_at, renewed_at;
  Uid uid;
  ResourceVersion version;

  bool operator==(const LeaseRecord&) const = default;
};

// Errors: Protocol.
Result<LeaseRecord> read_lease(std::string_view body);

// For a POST where the record has no version yet, otherwise for a PUT that fails where the Lease has changed since.
json::object write_lease(const LeaseRecord& record, std::string_view namespace_, std::string_view name);

// "2026-01-02T03:04:05.000006Z", as the server keeps it.
std::string lease_time(std::chrono::system_clock::time_point at);

}  // namespace holdfast
