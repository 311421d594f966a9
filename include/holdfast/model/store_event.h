// What changed in the live view, in the order in which it changed.
#pragma once

#include <vector>

#include "holdfast/model/object.h"

namespace holdfast {

enum class StoreEventKind {
  Upserted,  // `after` is what is live now; `before` is null where the store knew none
  Deleted,   // `before` is the last body known; `after` is null. With a selected watch also: it left the selection
  Synced,    // a complete list of the type was stored; `key` holds only group and kind
};

struct StoreEvent {
  StoreEventKind kind = StoreEventKind::Upserted;
  ObjectKey key;
  LivePtr before;
  LivePtr after;
};

}  // namespace holdfast
