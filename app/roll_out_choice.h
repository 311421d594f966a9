// Which revision of an application is to be in force: what its source has, or what is held instead of it, since that
// waits for approval or was rolled back. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "app/roll_out_record.h"
#include "holdfast/model/application.h"

namespace holdfast {

struct RollOutSituation {
  RevisionPolicy policy = RevisionPolicy::Apply;
  RevisionContent newest;   // what was read last
  bool from_source = true;  // false: the source cannot be read yet, and `newest` is what is on record
  std::string begun;        // the revision that was begun last; empty: none
};

struct RollOutChoice {
  enum class What {
    Newest,   // bring about what was read
    Earlier,  // hold `earlier`
    Nothing,  // nothing was in force before
  };
  What what = What::Newest;
  RevisionContent earlier = {};     // without content: whatever that revision has
  bool waits = false;               // `newest` needs approval
  bool ends_pin = false;            // another revision has come
  bool counts_as_approved = false;  // what is in force was so before approval was asked for
};
RollOutChoice choose_revision(const RollOutSituation& situation, const RollOutRecord& record);

// What a person asks for, as their annotations say it (app/person_requests.h).
struct ApprovalRequest {
  std::string id;    // the same for the same request
  std::string plan;  // its hash
  // As it was shown: the same plan that is made anew is another question. Nothing: it was not shown.
  std::optional<std::chrono::sys_seconds> planned_at;
  std::chrono::sys_seconds at;
  std::string who, why;
};
struct RollbackRequest {
  std::string id;
  std::string revision;  // empty: no longer
  std::chrono::sys_seconds at;
  std::string who, why;
};

// Why the approval of a plan does not count; empty: it does. `waiting`: as it was shown; `now`: made anew.
std::string objection_to_approval(const ApprovalRequest& request, const WaitingPlan& waiting, const WaitingPlan& now,
                                  std::chrono::sys_seconds time);

}  // namespace holdfast
