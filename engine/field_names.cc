#include "engine/field_names.h"

#include <spdlog/fmt/fmt.h>

#include <deque>
#include <set>
#include <utility>
#include <vector>

#include "holdfast/base/edit_distance.h"

namespace holdfast {
namespace {

constexpr std::size_t kMostListed = 12;      // names that are told where none is near
constexpr std::size_t kMostSearched = 2000;  // types that are looked at for a name elsewhere

// Null where the type is not known so far down.
const TypeNode* type_at(const TypeNode& root, std::span<const PathElement> path) {
  const TypeNode* type = &root;
  for (const PathElement& element : path) {
    if (type == nullptr) return nullptr;
    if (element.kind() == PathElement::Kind::Field)
      type = type->map ? type->map->type_of_key(element.text()) : nullptr;
    else
      type = type->list ? type->list->element : nullptr;
  }
  return type;
}

std::vector<std::string_view> names_of(const MapType& map) {
  std::vector<std::string_view> names;
  names.reserve(map.fields.size());
  for (const auto& [name, field] : map.fields) names.emplace_back(name);
  return names;
}

// What the server writes, or what no author gives.
bool is_written_by_others(std::string_view name) { return name == "status" || name == "managedFields"; }

// The least deep place of that name, as a path without items: ".spec.template.spec.containers[].image".
std::string place_of_name(const TypeNode& root, std::string_view name) {
  std::deque<std::pair<const TypeNode*, std::string>> waiting{{&root, {}}};
  std::set<const TypeNode*> seen;
  while (!waiting.empty() && seen.size() < kMostSearched) {
    const auto [type, path] = std::move(waiting.front());
    waiting.pop_front();
    if (type == nullptr || !seen.insert(type).second) continue;
    if (type->list) waiting.emplace_back(type->list->element, path + "[]");
    if (!type->map) continue;
    if (type->map->fields.contains(name)) return fmt::format("{}.{}", path, name);
    for (const auto& [field, below] : type->map->fields)
      if (!is_written_by_others(field)) waiting.emplace_back(below.type, fmt::format("{}.{}", path, field));
  }
  return {};
}

}  // namespace

std::string meant_word(std::string_view word, std::span<const std::string_view> words) {
  const std::string_view near = nearest_word(word, words);
  return near.empty() ? std::string() : fmt::format("did you mean {}?", near);
}

std::string meant_field(const TypeNode& type, const FieldPath& path) {
  if (path.empty() || path.back().kind() != PathElement::Kind::Field) return {};
  const std::string& name = path.back().text();
  const FieldPath parent(path.begin(), path.end() - 1);
  const TypeNode* const around = type_at(type, parent);
  if (around == nullptr || !around->map) return {};
  const std::vector<std::string_view> names = names_of(*around->map);
  if (const std::string_view near = nearest_word(name, names); !near.empty()) {
    FieldPath meant = parent;
    meant.push_back(PathElement::field(near));
    return fmt::format("did you mean {}?", to_string(meant));
  }
  if (const std::string elsewhere = place_of_name(type, name); !elsewhere.empty())
    return fmt::format("did you mean {}? See how it is indented", elsewhere);
  if (names.empty() || names.size() > kMostListed) return {};
  return fmt::format("there are {}", fmt::join(names, ", "));
}

}  // namespace holdfast
