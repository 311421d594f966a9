#include "app/set_application.h"

#include <algorithm>

#include "sources/set_expansion.h"

namespace holdfast {
namespace {

const json::array& list_at(const json::value& live, std::initializer_list<std::string_view> path) {
  static const json::array kNone;
  const json::value* found = find(live, path);
  return found != nullptr && found->is_array() ? found->get_array() : kNone;
}

bool has_all_of(const json::value& live, const json::value& wanted) {
  if (wanted.is_object()) {
    if (!live.is_object()) return false;
    return std::ranges::all_of(wanted.get_object(), [&](const auto& entry) {
      const json::value* found = live.get_object().if_contains(entry.key());
      return found != nullptr && has_all_of(*found, entry.value());
    });
  }
  if (wanted.is_array()) {
    if (!live.is_array() || live.get_array().size() != wanted.get_array().size()) return false;
    return std::ranges::equal(live.get_array(), wanted.get_array(), has_all_of);
  }
  return canonical_json(live) == canonical_json(wanted);
}

}  // namespace

std::string_view controlling_set(const json::value& live) {
  for (const json::value& owner : list_at(live, {"metadata", "ownerReferences"})) {
    const json::value* controls = find(owner, {"controller"});
    if (controls != nullptr && controls->is_bool() && controls->get_bool() &&
        string_at(owner, {"kind"}) == "ApplicationSet" && string_at(owner, {"apiVersion"}).starts_with("holdfast.dev/"))
      return string_at(owner, {"uid"});
  }
  return {};
}

// The digest tells of what was taken out of the template; the rest, of what somebody has changed since.
bool differs(const json::value& live, const json::object& document) {
  for (const char* part : {"spec", "metadata"}) {
    const json::value* const there = find(live, {part});
    if (there == nullptr || !has_all_of(*there, document.at(part))) return true;
  }
  return false;
}

bool is_ready(const json::value& live) {
  return std::ranges::any_of(list_at(live, {"status", "conditions"}), [](const json::value& one) {
    return string_at(one, {"type"}) == "Ready" && string_at(one, {"status"}) == "True";
  });
}

bool was_written_by_others(const json::value& live) {
  return std::ranges::any_of(list_at(live, {"metadata", "managedFields"}), [](const json::value& one) {
    return string_at(one, {"manager"}) != kSetManager && string_at(one, {"subresource"}).empty();
  });
}

}  // namespace holdfast
