#include "app/options.h"

#include <algorithm>

#include "sources/git_url.h"

namespace holdfast {
namespace {

std::string last_part(std::string_view path) {
  while (!path.empty() && (path.back() == '/' || path.back() == '.')) path.remove_suffix(1);
  const std::size_t slash = path.find_last_of("/:");
  std::string name(slash == std::string_view::npos ? path : path.substr(slash + 1));
  if (name.ends_with(".git")) name.resize(name.size() - 4);
  return name;
}

std::string dns_label(std::string name) {
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    if (!allowed) c = '-';
  }
  if (name.size() > kLongestName) name.resize(kLongestName);
  while (!name.empty() && name.back() == '-') name.pop_back();
  name.erase(0, std::min(name.find_first_not_of('-'), name.size()));
  return name.empty() ? "application" : name;
}

}  // namespace

std::string application_name(const ApplicationOptions& options) {
  if (!options.name.empty()) return options.name;
  const std::string from_path = last_part(options.path);
  return dns_label(from_path.empty() ? last_part(without_credentials(options.repo)) : from_path);
}

std::string inventory_name(const std::string& application) { return "holdfast-" + application; }

}  // namespace holdfast
