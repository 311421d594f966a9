#include "holdfast/model/label.h"

#include <algorithm>

namespace holdfast {

std::string dns_label_problem(std::string_view name, std::size_t longest) {
  if (name.empty()) return "an empty name is none";
  const std::string shown(name.substr(0, 100));
  if (name.size() > longest) return shown + " is longer than " + std::to_string(longest) + " characters";
  const auto inner = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  if (std::ranges::all_of(name, inner) && name.front() != '-' && name.back() != '-') return {};
  return shown + " has to consist of a-z, 0-9 and '-', with a letter or digit first and last";
}

std::string label_problem(const std::string& name) { return dns_label_problem(name, kLongestName); }

}  // namespace holdfast
