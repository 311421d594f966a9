// What a Reconciler is told of its application, and whom it tells what.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/approvals.h"
#include "engine/drift_policy.h"
#include "engine/fingerprinter.h"
#include "engine/health_judge.h"
#include "engine/learned_keeper.h"
#include "engine/observer.h"
#include "engine/prepare.h"
#include "engine/prune_guard.h"
#include "engine/refused_fields.h"
#include "engine/yielding.h"
#include "holdfast/base/clock.h"
#include "holdfast/model/object_key.h"
#include "holdfast/ports/admission_view.h"
#include "holdfast/ports/object_access.h"
#include "holdfast/ports/schema_view.h"

namespace holdfast {

// A roll-out that is not healthy in time: a wave that others wait for, or all of it.
struct OverdueRollOut {
  static constexpr std::size_t kMostObjects = 10;
  std::string revision;
  std::vector<ObjectKey> objects;  // the first of those that are not healthy
  std::string what;                // the same in words, with what is said of their health
};

struct ReconcilerOptions {
  std::string application;  // its name, for words
  PrepareOptions prepare;
  PruneLimits prune;
  ObjectKey approvals;           // the ConfigMap that holds what people approve; without a name: nobody does
  bool watch_approvals = false;  // whatever else there is to approve
  bool adopt = false;            // take objects that exist already and that nobody else owns
  DigestKey digest_key = DigestKey::random();
  YieldRules yield_rules;
  DriftPolicies policies;
  std::vector<std::string> former_managers;  // whose fields become ours where an object is taken over
  const SchemaView* schemas = nullptr;       // null: nothing is proven; outlives the reconciler
  LearnedKeeper* learned = nullptr;          // loaded before run(), gives the digest key; null: nothing is kept
  const AdmissionView* admission = nullptr;  // null: not known; outlives the reconciler
  bool wait_for_health = true;               // a wave begins when all of the one before is healthy; false: applied
  std::chrono::seconds wave_patience{300};   // then it is said what it waits for, and it goes on waiting
  HealthJudge* health_judge = nullptr;  // of kinds with custom rules; null: there are none; outlives the reconciler
  ObjectAccess* access = nullptr;  // of the account that it acts as; null: it may see what the watches do; outlives it
  std::string account;             // names that account; empty: the daemon's own
  std::function<WallTime()> wall_now = [] { return std::chrono::system_clock::now(); };
  std::function<double()> chance;  // in [0, 1)
  std::function<Clock::time_point()> now = Clock::now;
  std::function<void(const RoundSummary&)> on_round = {};  // after the observer has heard of it; may stop()
  std::function<void()> on_desired = [] {};                // a set has become what is desired
  std::function<void()> on_ready = [] {};                  // ready() or unready_for_long() is another than before
  // What people have approved is another than before; those that hold now.
  std::function<void(const std::vector<Approval>&)> on_approvals = [](const std::vector<Approval>&) {};
  // Once for each wave and each time that all of it has waited for `wave_patience`.
  std::function<void(const OverdueRollOut&)> on_overdue = [](const OverdueRollOut&) {};
  // The server refuses fields of an object; once for each form of it, after the observer has heard of it.
  std::function<void(ObjectRefusal)> on_refused_fields = [](const ObjectRefusal&) {};
  // Of a set that was read and that is to be desired later: whether it has the object. Nothing: none was read.
  std::function<std::optional<bool>(const ObjectKey&)> will_want = [](const ObjectKey&) {
    return std::optional<bool>();
  };
  // Why nothing may be pruned yet; empty: nothing stands against it. Asked again after reconsider_pruning().
  std::function<std::string()> pruning_waits_for = [] { return std::string(); };
  // Whether what is desired was read twice; false: it is being read, and reconsider_pruning() follows.
  std::function<bool()> desired_is_sure = [] { return true; };
};

}  // namespace holdfast
