// What an application tells whoever watches it, besides what its reconciler does: how it fares with its source, and
// what it waits for. Called on the daemon's thread; must not block and must not call back.
#pragma once

#include <string>

#include "app/application_history.h"
#include "app/roll_out_record.h"
#include "engine/observer.h"
#include "holdfast/model/manifest_set.h"

namespace holdfast {

class ApplicationObserver : public ReconcileObserver {
 public:
  virtual void source_read(const ManifestSet& /*read*/) {}
  // `held`: the revision that stays in force; empty: there is none yet. Said once for the same error.
  virtual void source_failed(const Error& /*error*/, const std::string& /*held*/) {}
  // The revision waits until these applications are ready; said once for each revision.
  virtual void waits_for(const std::string& /*revision*/, const std::string& /*names*/) {}
  // It has been read: the application is this installation's to hold.
  virtual void inventory_known() {}
  // Nothing is written until it is known.
  virtual void inventory_unknown(const Error& /*error*/, std::chrono::milliseconds /*retry_in*/) {}

  // Of its roll-outs (roll_out_control.h): what has to outlive the process; the plan that waits for approval, if any;
  // that none can be made.
  virtual void record_changed(const RollOutRecord& /*record*/) {}
  virtual void plan_waits(const std::optional<WaitingPlan>& /*plan*/) {}
  virtual void plan_unknown(const std::string& /*revision*/, const std::string& /*why*/) {}
  // Something was asked for or has begun; what somebody asked for is not done.
  virtual void did(const HistoryEntry& /*entry*/) {}
  virtual void request_refused(const std::string& /*action*/, const std::string& /*why*/) {}
  virtual void roll_out_failed(const std::string& /*revision*/, const std::string& /*why*/) {}
};

}  // namespace holdfast
