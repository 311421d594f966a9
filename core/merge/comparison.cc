#include <algorithm>
#include <cassert>
#include <unordered_map>

#include <spdlog/fmt/fmt.h>

#include "core/merge/type_walk.h"
#include "core/merge/value_operations.h"
#include "holdfast/merge/typed_value.h"

namespace holdfast {
namespace {

bool is_float(const json::value& value) { return value.is_double() || value.is_uint64(); }

bool equal_objects(const json::object& a, const json::object& b) {
  if (a.size() != b.size()) return false;
  for (const auto& [name, value] : a) {
    const json::value* other = b.if_contains(name);
    if (other == nullptr || !equal_values(value, *other)) return false;
  }
  return true;
}

bool equal_arrays(const json::array& a, const json::array& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!equal_values(a[i], b[i])) return false;
  return true;
}

// The items of two lists that have one name.
struct ItemPair {
  PathElement element;
  std::vector<const json::value*> older, newer;
};

class Comparer {
 public:
  // One of the two may be absent (null).
  void compare(const json::value* older, const json::value* newer, const TypeNode& type) {
    const Forms old_forms = forms_of(type, older), new_forms = forms_of(type, newer);
    bool leaf = false;
    if (newer == nullptr) {
      leaf = in_form(first_form(old_forms), older, newer, type);
    } else {
      // Where the kind of an open type changed, everything of the old form goes and everything of the new one comes.
      if (older != nullptr && old_forms != new_forms) in_form(first_form(old_forms), older, newer, type);
      leaf = in_form(first_form(new_forms), older, newer, type);
    }
    if (leaf) return;
    if (older == nullptr) insert(out_.added);
    if (newer == nullptr) insert(out_.removed);
  }

  std::expected<Comparison, std::vector<Violation>> take() {
    if (!nameless_.empty()) return std::unexpected(std::move(nameless_));
    return std::move(out_);
  }

 private:
  void insert(FieldSet& set) {
    if (!path_.empty()) set.insert(path_);
  }

  void below(const PathElement& element, const json::value* older, const json::value* newer, const TypeNode& type) {
    path_.push_back(element);
    compare(older, newer, type);
    path_.pop_back();
  }

  // True where the value was compared as a whole.
  bool in_form(Form form, const json::value* older, const json::value* newer, const TypeNode& type) {
    switch (form) {
      case Form::Map: {
        const json::object *a = as_map(older), *b = as_map(newer);
        if (type.map->atomic || (is_empty(a) && is_empty(b))) break;
        compare_members(a, b, *type.map);
        return false;
      }
      case Form::List: {
        const json::array *a = as_list(older), *b = as_list(newer);
        if (type.list->relation == ListRelation::Atomic || (is_empty(a) && is_empty(b))) break;
        compare_items(a, b, *type.list);
        return false;
      }
      case Form::Scalar:
      case Form::None:
        break;
    }
    compare_leaf(older, newer);
    return true;
  }

  void compare_leaf(const json::value* older, const json::value* newer) {
    if (older == nullptr)
      insert(out_.added);
    else if (newer == nullptr)
      insert(out_.removed);
    else if (!equal_values(*older, *newer))
      insert(out_.modified);
  }

  void compare_members(const json::object* older, const json::object* newer, const MapType& type) {
    if (older != nullptr)
      for (const auto& [name, value] : *older)
        below(PathElement::field(name), &value, newer == nullptr ? nullptr : newer->if_contains(name),
              *type.type_of_key(name));
    if (newer == nullptr) return;
    for (const auto& [name, value] : *newer)
      if (older == nullptr || !older->contains(name))
        below(PathElement::field(name), nullptr, &value, *type.type_of_key(name));
  }

  void compare_items(const json::array* older, const json::array* newer, const ListType& type) {
    std::unordered_map<std::string, std::size_t> found;
    std::vector<ItemPair> pairs;
    for (const auto& [items, side] : {std::pair{older, &ItemPair::older}, std::pair{newer, &ItemPair::newer}}) {
      for (std::size_t i = 0; items != nullptr && i < items->size(); ++i) {
        auto element = item_element(type, (*items)[i]);
        if (!element) {
          nameless_.push_back({to_string(path_), fmt::format("element {}: {}", i, element.error())});
          continue;
        }
        const auto [at, is_new] = found.emplace(element->text(), pairs.size());
        if (is_new) pairs.push_back({std::move(*element), {}, {}});
        (pairs[at->second].*side).push_back(&(*items)[i]);
      }
    }
    for (const ItemPair& pair : pairs) compare_pair(pair, *type.element);
  }

  // Items that share their name are owned as one; only the name is known of them.
  void compare_pair(const ItemPair& pair, const TypeNode& type) {
    const bool many_before = pair.older.size() > 1, many_now = pair.newer.size() > 1;
    const json::value* older = pair.older.empty() ? nullptr : pair.older.front();
    const json::value* newer = pair.newer.empty() ? nullptr : pair.newer.front();
    if (!many_before && !many_now) return below(pair.element, older, newer, type);
    path_.push_back(pair.element);
    if (many_before && many_now) {
      const auto equal = [](const json::value* a, const json::value* b) { return equal_values(*a, *b); };
      if (!std::ranges::equal(pair.older, pair.newer, equal)) insert(out_.modified);
    } else if (many_before) {
      if (newer != nullptr) compare(nullptr, newer, type);
      insert(out_.removed);
    } else {
      if (older != nullptr) compare(older, nullptr, type);
      insert(out_.added);
    }
    path_.pop_back();
  }

  FieldPath path_;
  Comparison out_;
  std::vector<Violation> nameless_;  // list items that nothing names
};

}  // namespace

bool equal_values(const json::value& a, const json::value& b) {
  if (a.is_number() && b.is_number()) {
    if (!is_float(a) && !is_float(b)) return a.get_int64() == b.get_int64();
    return a.to_number<double>() == b.to_number<double>();
  }
  if (a.kind() != b.kind()) return false;
  if (a.is_object()) return equal_objects(a.get_object(), b.get_object());
  if (a.is_array()) return equal_arrays(a.get_array(), b.get_array());
  return a == b;
}

std::expected<Comparison, std::vector<Violation>> compare_values(const json::value& older, const json::value& newer,
                                                                 const TypeNode& type) {
  Comparer comparer;
  comparer.compare(&older, &newer, type);
  return comparer.take();
}

Comparison TypedValue::compare(const TypedValue& newer) const {
  assert(type_ == newer.type_);
  auto comparison = compare_values(value_, newer.value_, *type_);
  assert(comparison.has_value());  // both are valid
  return std::move(*comparison);
}

}  // namespace holdfast
