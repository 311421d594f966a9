// What was found different, who did it, and when.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "holdfast/model/object_key.h"

namespace holdfast {

// The managedFields entry that holds a field now. Times are to the second, as the API server records them.
struct FieldOwner {
  std::string manager;
  std::string operation;    // "Apply" or "Update"
  std::string subresource;  // "", "scale", "status"
  std::string time;         // RFC 3339 as recorded; may be empty (V16)
  bool operator==(const FieldOwner&) const = default;
};

struct FieldDrift {
  std::string path;                 // ".spec.template.spec.containers[name=\"web\"].image"
  std::string desired, live;        // JSON text; "(absent)" where there is none; "(secret)" where masked
  std::optional<FieldOwner> owner;  // none: removed, and nobody owns it now
};

enum class DriftKind { Changed, Deleted, LabelLost };

struct Drift {
  ObjectKey key;
  DriftKind kind = DriftKind::Changed;
  std::vector<FieldDrift> fields;
  // From the bytes of its event to the verdict; none: found while starting or retrying, with no event to measure from.
  std::optional<std::chrono::nanoseconds> detected_after = std::nullopt;
};

}  // namespace holdfast
