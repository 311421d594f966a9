// What Argo CD says of an object of a kind that it knows by itself: correctness E3. Internal to health/, pure.
#pragma once

#include <optional>
#include <string>

#include "health/health.h"
#include "holdfast/model/gvk.h"

namespace holdfast {

struct ArgoVerdict {
  HealthStatus status = HealthStatus::Unknown;
  std::string message;  // may be empty
};

// Deletion, which comes before everything else; nothing where it does not decide. An object that Argo CD's own
// finalizer for hooks keeps is judged as if it lived: that is how it sees a hook's outcome.
std::optional<ArgoVerdict> argo_deletion(const json::value& object);
// Nothing: a kind without a rule. Unknown: a version without a rule, or a field of the wrong type.
std::optional<ArgoVerdict> argo_builtin(const json::value& object, const GroupVersionKind& gvk);

}  // namespace holdfast
