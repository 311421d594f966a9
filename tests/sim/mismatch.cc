#include "sim/mismatch.h"

namespace holdfast::sim {

std::string mismatch(const json::value& desired, const json::value& live, const std::string& path) {
  if (desired.is_object()) {
    if (!live.is_object()) return path;
    for (const auto& [key, value] : desired.get_object()) {
      const json::value* there = live.get_object().if_contains(key);
      const std::string below = path + "." + std::string(key);
      if (there == nullptr) return below;
      if (std::string found = mismatch(value, *there, below); !found.empty()) return found;
    }
    return {};
  }
  if (desired.is_array()) {
    if (!live.is_array() || live.get_array().size() < desired.get_array().size()) return path;
    for (std::size_t i = 0; i < desired.get_array().size(); ++i)
      if (std::string found =
              mismatch(desired.get_array()[i], live.get_array()[i], path + "[" + std::to_string(i) + "]");
          !found.empty())
        return found;
    return {};
  }
  return desired == live ? std::string() : path;
}

}  // namespace holdfast::sim
