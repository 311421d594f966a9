#include "engine/rewriting.h"

#include <algorithm>

#include "holdfast/merge/value_text.h"

namespace holdfast {
namespace {

bool holds(const json::value& desired, const json::value* live);

bool holds_members(const json::object& desired, const json::object& live) {
  return std::ranges::all_of(desired,
                             [&](const auto& member) { return holds(member.value(), live.if_contains(member.key())); });
}

bool holds(const json::value& desired, const json::value* live) {
  if (live == nullptr) return false;
  if (desired.is_object() && live->is_object()) return holds_members(desired.get_object(), live->get_object());
  if (!desired.is_array() || !live->is_array()) return value_text(desired) == value_text(*live);
  const json::array& items = desired.get_array();
  const json::array& there = live->get_array();
  if (items.size() != there.size()) return false;
  for (std::size_t i = 0; i < items.size(); ++i)
    if (!holds(items[i], &there[i])) return false;
  return true;
}

}  // namespace

bool is_rewritten(const json::object& desired, std::string_view answered) {
  const Result<json::value> live = parse_json(answered);
  return !live || !live->is_object() || !holds_members(desired, live->get_object());
}

}  // namespace holdfast
