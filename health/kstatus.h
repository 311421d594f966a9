// What kstatus says of an object: correctness E1 and E2. Internal to health/, pure.
#pragma once

#include <string>

#include "health/health.h"
#include "holdfast/model/gvk.h"

namespace holdfast {

struct KstatusVerdict {
  Kstatus status = Kstatus::Unknown;
  std::string message;
};

// Unknown where a field that decides has the wrong type.
KstatusVerdict judge_kstatus(const json::value& object, const GroupKind& kind, WallTime now);

}  // namespace holdfast
