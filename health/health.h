// How an object fares, told from its own body, in the words of both worlds: Argo CD's health and kstatus (correctness
// E1-E3). A pure function of the body, the time of day and the custom rules; any thread; never fails: what cannot be
// judged is Unknown and says why.
//
// kstatus decides in this order: deletion, observedGeneration, the conditions Reconciling and Stalled, the rule of the
// kind, the condition Ready; else Current. Argo CD: deletion, a custom rule, the rule of the kind. A kind that it has
// no rule for has no health there and is left out of its aggregate, where Healthy is neutral: we say Healthy. A custom
// rule changes `status` alone; kstatus knows none.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "holdfast/model/json.h"

namespace holdfast {

class LuaRules;

using WallTime = std::chrono::system_clock::time_point;

// From best to worst, as Argo CD takes the worst of several.
enum class HealthStatus { Healthy, Suspended, Progressing, Missing, Degraded, Unknown };
enum class Kstatus { Current, InProgress, Failed, Terminating, NotFound, Unknown };

struct Health {
  HealthStatus status = HealthStatus::Unknown;
  Kstatus kstatus = Kstatus::Unknown;
  std::string message;  // what `status` is about; where it has nothing to say, what `kstatus` is about
  bool operator==(const Health&) const = default;
};

struct HealthQuestion {
  WallTime now;                         // of the pods that nobody schedules, and of scripts
  const LuaRules* rules = nullptr;      // custom rules, if there are any
  std::int64_t written_generation = 0;  // of our last write's response: an older body is not judged yet (E1)
};

Health judge_health(const json::value& object, const HealthQuestion& question);

const char* to_string(HealthStatus status);
const char* to_string(Kstatus status);

}  // namespace holdfast
