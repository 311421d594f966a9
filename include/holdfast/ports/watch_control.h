// The port through which the engine says what it needs to see.
#pragma once

#include "holdfast/model/api_resource.h"

namespace holdfast {

class WatchControl {
 public:
  virtual ~WatchControl() = default;
  // Asks for a watch of this type, selected by our label; a no-op where there is one. Its list arrives as store events,
  // then LiveView::synced() turns true.
  virtual void watch(const ApiResource& resource) = 0;
  // Asks for the catalog to be read again; it arrives through Reconciler::set_catalog. Requests made while one is under
  // way are served by one more afterwards.
  virtual void rediscover() = 0;
};

}  // namespace holdfast
