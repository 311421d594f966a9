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

std::string dns_subdomain_problem(std::string_view name) {
  constexpr std::size_t kLongest = 253;
  if (name.size() > kLongest) return std::string(name.substr(0, 100)) + " is longer than 253 characters";
  for (std::string_view rest = name;; rest.remove_prefix(rest.find('.') + 1)) {
    if (std::string problem = dns_label_problem(rest.substr(0, rest.find('.')), kLongest); !problem.empty())
      return problem;
    if (!rest.contains('.')) return {};
  }
}

std::string label_problem(const std::string& name) { return dns_label_problem(name, kLongestName); }

}  // namespace holdfast
