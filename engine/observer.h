// What the reconciler tells whoever watches it: the log, the progress display, tests. Called on the reconciler's
// thread, between two of its steps; must not block and must not call back.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "engine/approvals.h"
#include "engine/explanation.h"
#include "engine/fight_watch.h"
#include "engine/yielding.h"
#include "health/health.h"
#include "holdfast/base/result.h"
#include "holdfast/model/application.h"
#include "holdfast/model/drift.h"

namespace holdfast {

struct Repair {
  Drift drift;
  bool event_driven = false;                    // false: found while starting or retrying, no event to measure from
  std::chrono::nanoseconds event_to_verdict{};  // from the bytes received
  std::chrono::nanoseconds verdict_to_response{};
};

struct RoundSummary {
  std::string revision;
  std::size_t objects = 0, failed = 0;
  bool complete = false;  // every object of the revision is applied and what had to be pruned is gone
};

class ReconcileObserver {
 public:
  virtual ~ReconcileObserver() = default;
  virtual void round_started(const std::string& /*revision*/, std::size_t /*objects*/) {}
  virtual void applied(const ObjectKey& key, bool created, const std::string& revision) = 0;
  virtual void repaired(const Repair& repair) = 0;
  virtual void pruned(const ObjectKey& key) = 0;
  virtual void moved(const ObjectKey& /*key*/, const std::string& /*to_application*/) {}
  // A field may not change, so the object is deleted and made anew, as its manifest asks for.
  virtual void replacing(const ObjectKey& /*key*/, const std::string& /*reason*/) {}
  // Deleted, as its policy says, since that is what has become of it ("it has ended well").
  virtual void hook_dismissed(const ObjectKey& /*key*/, const std::string& /*reason*/) {}
  // A hook is not made yet, for the one before it still runs; over when it is applied.
  virtual void held_up(const ObjectKey& /*key*/, const Error& /*reason*/) {}
  virtual void held_back(const ObjectKey& key, const std::string& reason) = 0;
  virtual void refused(const ObjectKey& key, const Error& error) = 0;
  virtual void failed(const ObjectKey& key, const Error& error, std::chrono::milliseconds retry_in) = 0;
  virtual void set_problem(const Error& error) = 0;  // about the set as a whole, or a manifest that cannot be prepared
  virtual void waiting(
      const Error& reason) = 0;  // for a type that the set itself brings, or that cannot be asked about
  virtual void round(const RoundSummary& summary) = 0;
  // Not as Git says, and not put back now: by policy, or not before `retry_in`. Said once for the same drift.
  virtual void drifted(const Drift& /*drift*/, DriftPolicy /*policy*/,
                       std::optional<std::chrono::milliseconds> /*retry_in*/) {}
  // What people have approved is another than before; those that hold now.
  virtual void approved(const std::vector<Approval>& /*approvals*/) {}
  virtual void yielded(const ObjectKey& /*key*/, const std::vector<Yielded>& /*fields*/) {}
  virtual void fight(const ObjectKey& /*key*/, const Fight& /*fight*/, bool /*over*/) {}
  // Whether explained() is of use: explanations are made only where somebody reads them.
  [[nodiscard]] virtual bool wants_explanations() const { return false; }
  // `subject`: an object, or a wave.
  virtual void explained(const std::string& /*subject*/, const Explanation& /*explanation*/) {}
  virtual void health_changed(const ObjectKey& /*key*/, const Health& /*before*/, const Health& /*now*/) {}
  // A custom rule did not tell how the object fares; said once for the same reason.
  virtual void health_unknown(const ObjectKey& /*key*/, const std::string& /*reason*/) {}
  // All of the revision is applied and healthy, for the first time or again; and no longer, since this object is not.
  virtual void became_ready(const std::string& /*revision*/, std::size_t /*objects*/) {}
  virtual void no_longer_ready(const std::string& /*revision*/, const ObjectKey& /*key*/, const Health& /*now*/) {}
};

}  // namespace holdfast
