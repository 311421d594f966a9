#include "holdfast/merge/list_index.h"

#include <algorithm>
#include <set>

#include "holdfast/merge/value_text.h"

namespace holdfast {
namespace {

// The text that PathElement::key makes of these fields; `found` counts those that the item has.
std::string key_text(const json::object& item, const std::vector<std::string>& names, std::size_t& found) {
  json::object key;
  for (const std::string& name : names)
    if (const json::value* value = item.if_contains(name)) key.emplace(name, *value);
  found = key.size();
  return value_text(key);
}

bool agrees(const json::object& item, const json::object& key_fields) {
  return std::ranges::all_of(key_fields, [&](const auto& field) {
    const json::value* value = item.if_contains(field.key());
    return value == nullptr || value_text(*value) == value_text(field.value());
  });
}

bool identifies(const std::vector<std::string>& names, const json::array& items) {
  std::set<std::string> seen;
  return std::ranges::all_of(items, [&](const json::value& item) {
    std::size_t found = 0;
    return item.is_object() && seen.insert(key_text(item.get_object(), names, found)).second && found == names.size();
  });
}

}  // namespace

const ListIndex::Table& ListIndex::table_for(const PathElement& element) {
  std::vector<std::string> names;
  if (element.kind() == PathElement::Kind::Key)
    for (const auto& field : element.key_fields()) names.emplace_back(field.key());
  std::ranges::sort(names);
  const auto made = std::ranges::find(tables_, names, &Table::names);
  if (made != tables_.end()) return *made;
  Table table;
  for (std::size_t i = 0; i < items_->size(); ++i) {
    const json::value& item = (*items_)[i];
    if (names.empty()) {
      table.positions[value_text(item)].push_back(i);
    } else if (item.is_object()) {
      std::size_t found = 0;
      std::string text = key_text(item.get_object(), names, found);
      if (found == names.size())
        table.positions[std::move(text)].push_back(i);
      else if (found != 0)
        table.partial.push_back(i);
      else
        ++table.bare;
    }
  }
  table.names = std::move(names);
  return tables_.emplace_back(std::move(table));
}

std::vector<std::size_t> ListIndex::find(const PathElement& element) {
  switch (element.kind()) {
    case PathElement::Kind::Field:
      return {};
    case PathElement::Kind::Index:
      if (element.position() < items_->size()) return {element.position()};
      return {};
    case PathElement::Kind::Value:
    case PathElement::Kind::Key:
      break;
  }
  const Table& table = table_for(element);
  if (const auto found = table.positions.find(element.text()); found != table.positions.end()) return found->second;
  std::vector<std::size_t> positions;
  for (const std::size_t i : table.partial)
    if (agrees((*items_)[i].get_object(), element.key_fields())) positions.push_back(i);
  return positions;
}

bool ListIndex::ambiguous(const PathElement& element) {
  if (element.kind() != PathElement::Kind::Key) return false;
  const Table& table = table_for(element);
  std::size_t others = table.bare;
  for (const std::size_t i : table.partial)
    if (agrees((*items_)[i].get_object(), element.key_fields())) ++others;
  return others > (table.positions.contains(element.text()) ? 0 : 1);
}

std::vector<std::string> guess_key_names(const json::array& a, const json::array& b) {
  static const std::vector<std::vector<std::string>> kCustomary = {{"name"},
                                                                   {"containerPort", "protocol"},
                                                                   {"port", "protocol"},
                                                                   {"mountPath"},
                                                                   {"devicePath"},
                                                                   {"topologyKey"},
                                                                   {"type"},
                                                                   {"key"},
                                                                   {"uid"},
                                                                   {"ip"},
                                                                   {"id"}};
  for (const auto& names : kCustomary)
    if (identifies(names, a) && identifies(names, b)) return names;
  return {};
}

PathElement key_element(const json::object& item, const std::vector<std::string>& names) {
  json::object key;
  for (const std::string& name : names)
    if (const json::value* value = item.if_contains(name)) key.emplace(name, *value);
  return PathElement::key(key);
}

}  // namespace holdfast
