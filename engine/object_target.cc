#include "engine/object_target.h"

#include <algorithm>

namespace holdfast {

// Linear but for the way back to the last "*": a later one never has to be tried again with an earlier one moved.
bool matches_glob(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return true;
  std::size_t p = 0, t = 0, after_star = std::string_view::npos, retry = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      after_star = ++p;
      retry = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (after_star != std::string_view::npos) {
      p = after_star;
      t = ++retry;
    } else {
      return false;
    }
  }
  return std::ranges::all_of(pattern.substr(p), [](char c) { return c == '*'; });
}

bool is_target(const ObjectTarget& target, const Desired& desired) {
  const ObjectKey& key = desired.key;
  if (!matches_glob(target.group, key.group) || !matches_glob(target.kind, key.kind) ||
      !matches_glob(target.namespace_, key.namespace_) || !matches_glob(target.name, key.name))
    return false;
  const json::value* labels = find(desired.body, {"metadata", "labels"});
  return std::ranges::all_of(target.labels, [&](const auto& wanted) {
    return labels != nullptr && find(*labels, {wanted.first}) != nullptr &&
           string_at(*labels, {wanted.first}) == wanted.second;
  });
}

}  // namespace holdfast
