#include "tests/merge/history_maker.h"

#include <algorithm>
#include <utility>

#include "tests/merge/history.h"

namespace holdfast {
namespace {

constexpr std::size_t kMaxDepth = 6;
const std::vector<std::string> kWords = {"a", "b", "c", "d"};
const std::vector<std::string> kManagers = {"x", "y", "z"};
const std::vector<std::string> kUpdaters = {"u", "v", "x"};

}  // namespace

// ---- values
// ----------------------------------------------------------------------------------------------------------

json::value ValueMaker::mistake() {
  switch (choice_.below(6)) {
    case 0:
      return json::value(choice_.pick(kWords));
    case 1:
      return static_cast<std::int64_t>(choice_.below(3));
    case 2:
      return json::array{choice_.pick(kWords), 1};
    case 3:
      return json::object{{choice_.pick(kWords), 1.5}};
    case 4:
      return true;
    default:
      return nullptr;
  }
}

json::value ValueMaker::scalar(ScalarType type) {
  const auto number = [&]() -> json::value {
    switch (choice_.below(6)) {
      case 0:
        return 1.0;
      case 1:
        return 1.5;
      case 2:
        return static_cast<std::int64_t>(choice_.below(12));
      default:
        return static_cast<std::int64_t>(1 + choice_.below(3));
    }
  };
  switch (type) {
    case ScalarType::Numeric:
      return number();
    case ScalarType::String:
      return json::value(choice_.pick(kWords));
    case ScalarType::Boolean:
      return choice_.one_in(2);
    case ScalarType::Untyped:
      break;
  }
  if (choice_.one_in(3)) return number();
  return choice_.one_in(6) ? json::value(true) : json::value(choice_.pick(kWords));
}

json::value ValueMaker::value(const TypeNode& type, std::size_t depth) {
  if (choice_.one_in(40)) return nullptr;
  if (choice_.one_in(250)) return mistake();
  std::vector<int> forms;
  if (type.scalar) forms.push_back(0);
  if (type.map && depth < kMaxDepth) forms.push_back(1);
  if (type.list && depth < kMaxDepth) forms.push_back(2);
  if (forms.empty()) return type.map ? json::value(json::object()) : json::value(json::array());
  switch (choice_.pick(forms)) {
    case 0:
      return scalar(*type.scalar);
    case 1:
      return object(*type.map, depth);
    default:
      return items(*type.list, depth);
  }
}

json::value ValueMaker::object(const MapType& type, std::size_t depth) {
  json::object out;
  if (choice_.one_in(10)) return out;
  for (const auto& [name, field] : type.fields)
    if (!choice_.one_in(3)) out[name] = value(*field.type, depth + 1);
  const bool open = type.element != nullptr;
  for (std::size_t n = open ? choice_.below(4) : choice_.one_in(200) ? 1 : 0; n > 0; --n) {
    const std::string& name = choice_.pick(kWords);
    const TypeNode* below = type.type_of_key(name);
    out[name] = below == nullptr ? mistake() : value(*below, depth + 1);
  }
  return out;
}

json::value ValueMaker::items(const ListType& type, std::size_t depth) {
  json::array out;
  for (std::size_t n = choice_.one_in(8) ? 0 : choice_.below(5); n > 0; --n) {
    json::value item = value(*type.element, depth + 1);
    // Most items have their keys, and most keys are there once.
    for (const std::string& key : type.keys) {
      if (!item.is_object() || choice_.one_in(12)) continue;
      const FieldType* field = type.element->map ? type.element->map->find_field(key) : nullptr;
      if (field != nullptr && (field->default_value.is_null() || choice_.one_in(2)))
        item.get_object()[key] = value(*field->type, depth + 1);
    }
    const auto same = [&](const json::value& other) {
      if (!item.is_object() || !other.is_object() || type.keys.empty()) return other == item;
      return std::ranges::all_of(type.keys, [&](const std::string& key) {
        const json::value *a = find(item, {key}), *b = find(other, {key});
        return a == b || (a != nullptr && b != nullptr && *a == *b);
      });
    };
    if (std::ranges::none_of(out, same) || choice_.one_in(25)) out.push_back(std::move(item));
  }
  return out;
}

json::value ValueMaker::mutated(const json::value& old, const TypeNode& type, std::size_t depth) {
  if (choice_.one_in(10)) return value(type, depth);
  if (old.is_object() && type.map && !choice_.one_in(20)) return mutated_object(old.get_object(), *type.map, depth);
  if (old.is_array() && type.list && !choice_.one_in(20)) return mutated_items(old.get_array(), *type.list, depth);
  return choice_.one_in(4) ? value(type, depth) : old;
}

json::value ValueMaker::mutated_object(const json::object& object, const MapType& type, std::size_t depth) {
  json::object out;
  for (const auto& [name, value] : object) {
    const TypeNode* below = type.type_of_key(name);
    if (choice_.one_in(7) || below == nullptr) continue;
    out[name] = choice_.one_in(2) ? value : mutated(value, *below, depth + 1);
  }
  for (const auto& [name, field] : type.fields)
    if (choice_.one_in(7)) out[name] = value(*field.type, depth + 1);
  if (type.element != nullptr && choice_.one_in(3)) {
    const std::string& name = choice_.pick(kWords);
    out[name] = value(*type.type_of_key(name), depth + 1);
  }
  return out;
}

json::value ValueMaker::mutated_items(const json::array& items, const ListType& type, std::size_t depth) {
  json::array out;
  for (const json::value& item : items) {
    if (choice_.one_in(7)) continue;
    json::value next = choice_.one_in(2) ? item : mutated(item, *type.element, depth + 1);
    if (next.is_object() && item.is_object())
      for (const std::string& key : type.keys)
        if (const json::value* kept = find(item, {key})) next.get_object()[key] = *kept;
    out.push_back(std::move(next));
    if (choice_.one_in(40)) out.push_back(item);
  }
  json::value more = choice_.one_in(3) ? this->items(type, depth) : json::value(json::array());
  for (json::value& item : more.get_array())
    out.insert(out.begin() + static_cast<std::ptrdiff_t>(choice_.below(out.size() + 1)), std::move(item));
  if (out.size() > 1 && choice_.one_in(3)) std::swap(out[choice_.below(out.size())], out[choice_.below(out.size())]);
  if (choice_.one_in(8)) std::reverse(out.begin(), out.end());
  return out;
}

// ---- histories
// -------------------------------------------------------------------------------------------------------

void HistoryMaker::renew_types() {
  definitions_ = SchemaMaker(choice_).definitions();
  preserve_ = choice_.one_in(10);
  schema_.reset();
  if (auto schema = Schema::from_definitions(definitions_, preserve_)) schema_ = std::move(*schema);
  left_ = schema_ ? 64 : 1;
}

json::object HistoryMaker::operation(const HistoryState& state, std::vector<json::value>& configs) {
  ValueMaker values(choice_);
  const TypeNode& root = *schema_->type_named("Root");
  if (choice_.one_in(12)) return {{"op", "extract"}, {"manager", choice_.pick(kManagers)}};
  json::object out;
  if (choice_.one_in(3)) {
    out = {{"op", "update"}, {"manager", choice_.pick(kUpdaters)}};
    out["object"] = choice_.one_in(8) ? values.value(root, 0) : values.mutated(state.live(), root, 0);
  } else {
    const std::size_t manager = choice_.below(kManagers.size());
    json::value& config = configs[manager];
    if (config.is_null() || choice_.one_in(5))
      config = choice_.one_in(3) ? values.mutated(state.live(), root, 0) : values.value(root, 0);
    else if (!choice_.one_in(8))
      config = values.mutated(config, root, 0);
    out = {{"op", "apply"}, {"manager", kManagers[manager]}, {"object", config}};
    if (!choice_.one_in(3)) out["force"] = true;
  }
  if (choice_.one_in(12)) {
    const auto& fields = root.map->fields;
    const auto field = std::next(fields.begin(), static_cast<std::ptrdiff_t>(choice_.below(fields.size())));
    out["ignored"] = {{"f:" + field->first, json::object()}};
  }
  return out;
}

std::string HistoryMaker::line() {
  if (left_ == 0) renew_types();
  --left_;
  json::array operations;
  HistoryState state;
  std::vector<json::value> configs(kManagers.size());
  bool changed = false;
  for (std::size_t n = schema_ ? 1 + choice_.below(8) : 0; n > 0; --n) {
    json::object next = operation(state, configs);
    changed = changed || choice_.one_in(20);
    if (changed && !choice_.one_in(10)) next["type"] = "Changed";
    state.run(next, *schema_->type_named(changed && next.contains("type") ? "Changed" : "Root"));
    operations.push_back(std::move(next));
  }
  return to_json(json::object{{"definitions", definitions_},
                              {"preserveUnknownFields", preserve_},
                              {"type", "Root"},
                              {"operations", std::move(operations)}});
}

}  // namespace holdfast
