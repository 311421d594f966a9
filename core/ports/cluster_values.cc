#include "holdfast/ports/cluster_values.h"

namespace holdfast {

std::string to_string(const ValueReference& reference) {
  const char* const kind = reference.kind == ValueReference::Kind::Secret ? "Secret" : "ConfigMap";
  return std::string(kind) + " " + reference.namespace_ + "/" + reference.name;
}

}  // namespace holdfast
