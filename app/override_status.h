// How one Override stands, and what its status says of that. Pure: time is an argument, and nothing is sent from here.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "holdfast/model/json.h"
#include "holdfast/model/override.h"

namespace holdfast {

enum class OverridePhase {
  Pending,     // not in force yet; `reason` says what it waits for
  Active,      // in force
  Expired,     // its time is over, or somebody ended it
  Rejected,    // it never comes into force
  Superseded,  // Git itself says the same by now
};
const char* to_string(OverridePhase phase);

// A field that Git does not declare, as it was before the Override first wrote to it.
struct FormerValue {
  OverrideTarget target;
  std::string path;
  std::optional<json::value> value;  // nothing: it was not there
};

struct OverrideStatus {
  OverridePhase phase = OverridePhase::Pending;
  std::string reason, message;
  std::int64_t generation = 0;
  std::string tries, revision;
  std::string checked;  // content_of() what the policy has let come into force; empty: none has
  std::optional<std::chrono::sys_seconds> ends_at, applied_at, ended_at;
  std::vector<FormerValue> former;
  std::string transition;  // of the condition Ready, as it was written last

  // Nothing it asks for will be in the cluster any more.
  [[nodiscard]] bool is_over() const { return phase != OverridePhase::Pending && phase != OverridePhase::Active; }
  [[nodiscard]] bool has_to_restore() const;  // fields as they were
  // Whether this is another one than before.
  bool set(OverridePhase next, std::string next_reason, std::string next_message, std::chrono::sys_seconds now);
  [[nodiscard]] bool is_ready() const { return phase == OverridePhase::Active && applied_at.has_value(); }
};

// A digest of what it tries, and on what: that stays as it was made.
std::string content_of(const Override& one);

// As an earlier process wrote it. What cannot be read is passed over; of `former` nothing counts that `one` does not
// ask for, for a status is no order.
OverrideStatus recall_status(const json::value& status, const Override& one);

// `status`, for a server-side apply that owns all of it.
json::object status_document(const OverrideStatus& status);

// The fields to set so that all is as it was.
std::vector<OverridePatch> patches_to_restore(const OverrideStatus& status);

}  // namespace holdfast
