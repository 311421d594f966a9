// What has to outlive the daemon of how an application's revisions are met: what was approved, what is held instead of
// what Git has, and what waits. It stands in the status of the Application, which nobody but the daemon may write: who
// may edit ConfigMaps of a namespace approves nothing by it. Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "engine/change_plan.h"
#include "holdfast/model/json.h"
#include "holdfast/model/manifest_set.h"

namespace holdfast {

// A revision and a digest of what it says and where that goes: another commit of the same content is the same.
struct RevisionContent {
  std::string revision, content;
  bool operator==(const RevisionContent&) const = default;
};
// `default_namespace`: of objects that name none.
RevisionContent content_in(const ManifestSet& set, const std::string& default_namespace);

// A plan that waits for approval.
struct WaitingPlan {
  static constexpr std::chrono::hours kHolds{24};
  static constexpr std::size_t kMostLines = 20, kLongestLineBytes = 160;

  static constexpr std::size_t kLeastDigits = 8;  // of a hash that is not given in full

  std::string hash;  // 32 hexadecimal digits
  std::string revision;
  std::map<ChangeVerb, std::size_t> counts;
  std::vector<std::string> lines;  // the first ones, as `holdfast plan` prints them
  std::chrono::sys_seconds planned_at, expires_at;
  bool operator==(const WaitingPlan&) const = default;
};

struct ApprovedRevision {
  RevisionContent what;
  std::string plan;  // its hash; empty: it was in force before approval was asked for
  std::chrono::sys_seconds at;
  std::string who, why;
  bool operator==(const ApprovedRevision&) const = default;
};

// Held instead of what the source has, until that is another one than `instead`.
struct PinnedRevision {
  RevisionContent what, instead;
  std::chrono::sys_seconds at;
  std::string who, why;  // without `who`: by the daemon, for the roll-out of `instead` had failed
  bool operator==(const PinnedRevision&) const = default;
};

struct RollOutRecord {
  std::optional<ApprovedRevision> approved;
  std::optional<PinnedRevision> pinned;
  std::string healthy;                             // the newest revision of which all was healthy
  std::string handled_approval, handled_rollback;  // requests that were met last
  std::string refused;                             // of these: why that was not done; empty: it was
  bool operator==(const RollOutRecord&) const = default;
};

// "2 to change, 1 to prune"; "nothing to change".
std::string summary_of(const std::map<ChangeVerb, std::size_t>& counts);

// As status has them; null where there is nothing of it. What was not written by these is passed over.
RollOutRecord read_roll_out_record(const json::object& status);
std::optional<WaitingPlan> read_waiting_plan(const json::object& status);
void write_roll_out_record(const RollOutRecord& record, json::object& status);
json::object to_json_object(const WaitingPlan& plan);

// "pinned at X instead of Y since …, by Z: …; a newer commit ends it".
std::string describe(const PinnedRevision& pinned);

}  // namespace holdfast
