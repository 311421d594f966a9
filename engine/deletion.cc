#include "engine/deletion.h"

namespace holdfast {

std::string what_holds_up(const json::value& body) {
  std::string names;
  if (const json::value* finalizers = find(body, {"metadata", "finalizers"}); finalizers && finalizers->is_array()) {
    for (const json::value& finalizer : finalizers->get_array())
      if (finalizer.is_string()) names += (names.empty() ? "" : ", ") + std::string(finalizer.get_string());
    if (!names.empty()) names = "its finalizers: " + names;
  }
  const json::value* conditions = find(body, {"status", "conditions"});
  if (string_at(body, {"kind"}) != "Namespace" || conditions == nullptr || !conditions->is_array()) return names;
  for (const json::value& condition : conditions->get_array()) {
    const std::string_view type = string_at(condition, {"type"});
    if (string_at(condition, {"status"}) != "True" || (!type.ends_with("Remaining") && !type.ends_with("Failure")))
      continue;
    names += (names.empty() ? "" : "; ") + std::string(string_at(condition, {"message"}));
  }
  return names;
}

}  // namespace holdfast
