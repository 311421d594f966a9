#include "holdfast/model/application.h"

namespace holdfast {

const char* to_string(DriftPolicy policy) {
  switch (policy) {
    case DriftPolicy::Enforce:
      return "Enforce";
    case DriftPolicy::Warn:
      return "Warn";
    case DriftPolicy::Approve:
      return "Approve";
  }
  return "?";
}

}  // namespace holdfast
