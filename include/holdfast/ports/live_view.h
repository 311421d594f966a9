// The port through which the engine reads live state. Only a watch event changes what is behind it.
#pragma once

#include "holdfast/model/object.h"

namespace holdfast {

class LiveView {
 public:
  virtual ~LiveView() = default;
  // Null where the store holds none: absent only if synced() is true for its type, otherwise unknown.
  [[nodiscard]] virtual LivePtr find(const ObjectKey& key) const = 0;
  // True once a complete list of the type was stored and the watch that continues it has not been given up since.
  [[nodiscard]] virtual bool synced(const GroupKind& type) const = 0;
};

}  // namespace holdfast
