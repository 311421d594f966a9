#include "tests/fidelity/json_difference.h"

#include <spdlog/fmt/fmt.h>

#include <map>
#include <optional>
#include <set>

namespace holdfast::fidelity {
namespace {

using Found = std::vector<JsonDifference>;
void compare(const json::value& real, const json::value& simulated, const std::string& path, Found& found);

constexpr const char* kAbsent = "(absent)";

std::string name_of(const json::value& item) {
  for (const auto& path : {std::vector<std::string_view>{"metadata", "name"}, {"object", "metadata", "name"}}) {
    const json::value* at = &item;
    for (const std::string_view part : path)
      at = at != nullptr && at->is_object() ? at->get_object().if_contains(part) : nullptr;
    if (at != nullptr && at->is_string()) return std::string(std::string_view(at->get_string()));
  }
  if (const std::string_view manager = string_at(item, {"manager"}); !manager.empty())
    return fmt::format("{} {} {}", manager, string_at(item, {"operation"}), string_at(item, {"subresource"}));
  for (const std::string_view name : {"resource", "subresource", "name", "version"})
    if (const std::string_view text = string_at(item, {name}); !text.empty()) return std::string(text);
  return {};
}

// Nothing where an element has no name, or not its own.
std::optional<std::vector<std::string>> names_of(const json::array& array) {
  std::vector<std::string> names;
  for (const json::value& item : array) {
    names.push_back(name_of(item));
    if (names.back().empty()) return std::nullopt;
  }
  if (std::set<std::string>(names.begin(), names.end()).size() != names.size()) return std::nullopt;
  return names;
}

void compare_named(const json::array& real, const std::vector<std::string>& real_names, const json::array& simulated,
                   const std::vector<std::string>& simulated_names, const std::string& path, Found& found) {
  std::map<std::string, const json::value*> others;
  for (std::size_t i = 0; i < simulated.size(); ++i) others[simulated_names[i]] = &simulated[i];
  std::vector<std::string> both;
  for (std::size_t i = 0; i < real.size(); ++i) {
    const std::string at = fmt::format("{}[name={}]", path, real_names[i]);
    const auto other = others.find(real_names[i]);
    if (other == others.end()) {
      found.push_back({at, to_json(real[i]), kAbsent});
      continue;
    }
    both.push_back(real_names[i]);
    compare(real[i], *other->second, at, found);
    others.erase(other);
  }
  for (const auto& [name, value] : others)
    found.push_back({fmt::format("{}[name={}]", path, name), kAbsent, to_json(*value)});
  std::vector<std::string> order;
  for (const std::string& name : simulated_names)
    if (std::ranges::find(both, name) != both.end()) order.push_back(name);
  if (order != both)
    found.push_back(
        {path + "(order)", fmt::format("{}", fmt::join(both, " ")), fmt::format("{}", fmt::join(order, " "))});
}

void compare_arrays(const json::array& real, const json::array& simulated, const std::string& path, Found& found) {
  const auto real_names = names_of(real), simulated_names = names_of(simulated);
  if (real_names && simulated_names) return compare_named(real, *real_names, simulated, *simulated_names, path, found);
  for (std::size_t i = 0; i < std::max(real.size(), simulated.size()); ++i) {
    const std::string at = fmt::format("{}[{}]", path, i);
    if (i >= simulated.size())
      found.push_back({at, to_json(real[i]), kAbsent});
    else if (i >= real.size())
      found.push_back({at, kAbsent, to_json(simulated[i])});
    else
      compare(real[i], simulated[i], at, found);
  }
}

void compare(const json::value& real, const json::value& simulated, const std::string& path, Found& found) {
  if (real.is_object() && simulated.is_object()) {
    for (const auto& [name, value] : real.get_object()) {
      const std::string at = fmt::format("{}.{}", path, std::string_view(name));
      if (const json::value* other = simulated.get_object().if_contains(name))
        compare(value, *other, at, found);
      else
        found.push_back({at, to_json(value), kAbsent});
    }
    for (const auto& [name, value] : simulated.get_object())
      if (!real.get_object().contains(name))
        found.push_back({fmt::format("{}.{}", path, std::string_view(name)), kAbsent, to_json(value)});
    return;
  }
  if (real.is_array() && simulated.is_array())
    return compare_arrays(real.get_array(), simulated.get_array(), path, found);
  if (real != simulated) found.push_back({path, to_json(real), to_json(simulated)});
}

}  // namespace

std::vector<JsonDifference> differences(const json::value& real, const json::value& simulated) {
  Found found;
  compare(real, simulated, "", found);
  return found;
}

}  // namespace holdfast::fidelity
