// Whether an application has reached what somebody waits for, told from its inventory and from its objects as they were
// seen last. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "health/health.h"
#include "holdfast/model/inventory.h"
#include "holdfast/model/object.h"

namespace holdfast {

struct ObjectStanding {
  Kstatus kstatus = Kstatus::Unknown;
  std::string why;  // it is so; of one that is being deleted, what holds it up
};
ObjectStanding judge_standing(const LiveObject& live, WallTime now);

struct WaitGoal {
  std::string revision;  // as is_revision() takes it; empty: whichever was applied completely
  bool healthy = true;   // rather than applied alone
};

struct NotReady {
  std::string what;  // an object, or the application itself
  std::string why;
  bool failed = false;  // and will not become ready by itself (kstatus Failed)
  bool operator==(const NotReady&) const = default;
};

struct Standing {
  bool applied = false;
  std::vector<NotReady> open;  // what is missing; empty: the goal is reached
  // Something has failed of the very revision that is waited for: what fails while another one is in the cluster may be
  // what the new one repairs.
  [[nodiscard]] bool failed() const;
};

// `objects`: those that were looked at, an absent one as NotFound. Of a hook that has ended well nothing is expected
// any more.
// `seen`: the revision that is said of it in another record (seen_revision); empty: none.
Standing judge_application(const Inventory& inventory, const WaitGoal& goal,
                           const std::map<ObjectKey, ObjectStanding>& objects, const std::string& seen = {});

// Whether the recorded revision, "main@sha1:<40 hex>", is the one that was asked for: all of it, the commit, or the
// first 7 digits of that or more. What follows a "+" (something is tried on it, values of the cluster went into it)
// counts for neither. The name of a branch is no revision: it stands for another commit tomorrow.
bool is_revision(std::string_view recorded, std::string_view asked);

// Invalid where nothing could ever be that revision.
Result<void> check_revision(std::string_view asked);

}  // namespace holdfast
