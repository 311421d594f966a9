// What an application tells whoever watches it, besides what its reconciler does: how it fares with its source, and
// what it waits for. Called on the daemon's thread; must not block and must not call back.
#pragma once

#include <string>

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
};

}  // namespace holdfast
