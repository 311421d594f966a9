#include "engine/field_diff.h"

#include <algorithm>
#include <set>

#include "engine/shown_value.h"
#include "holdfast/merge/list_index.h"
#include "holdfast/merge/value_text.h"

namespace holdfast {
namespace {

constexpr std::size_t kMaxChanges = 256;

bool is_ignored(const FieldPath& path) {
  static const std::set<std::string, std::less<>> kSetByServer = {
      "managedFields", "resourceVersion", "generation", "creationTimestamp", "uid", "selfLink"};
  if (path.size() == 1) return path[0].text() == "status";
  return path.size() == 2 && path[0].text() == "metadata" && kSetByServer.contains(path[1].text());
}

class Differ {
 public:
  explicit Differ(bool masked) : masked_(masked) {}

  void compare(const json::value* before, const json::value* after) {
    if (is_ignored(path_) || changes_.size() >= kMaxChanges) return;
    if (before != nullptr && after != nullptr && value_text(*before) == value_text(*after)) return;
    const json::object* old_object = before == nullptr ? nullptr : before->if_object();
    const json::object* new_object = after == nullptr ? nullptr : after->if_object();
    // What is there on one side only is opened as far as parts of it are ignored or masked.
    const bool opened = path_.empty() || (path_.size() == 1 && path_[0].text() == "metadata") ||
                        (masked_ && path_.size() < 3 && holds_secret(path_));
    const bool one_sided = (before == nullptr && new_object != nullptr) || (after == nullptr && old_object != nullptr);
    if ((old_object != nullptr && new_object != nullptr) || (one_sided && opened)) {
      compare_members(old_object, new_object);
    } else if (before != nullptr && after != nullptr && before->is_array() && after->is_array()) {
      compare_lists(before->get_array(), after->get_array(), *before, *after);
    } else {
      report(before, after);
    }
  }

  std::vector<FieldChange> take() { return std::move(changes_); }

 private:
  void compare_members(const json::object* before, const json::object* after) {
    std::set<std::string_view> names;
    for (const json::object* object : {before, after})
      if (object != nullptr)
        for (const auto& member : *object) names.insert(member.key());
    const auto member = [](const json::object* object, std::string_view name) {
      return object == nullptr ? nullptr : object->if_contains(name);
    };
    for (const std::string_view name : names) {
      path_.push_back(PathElement::field(name));
      compare(member(before, name), member(after, name));
      path_.pop_back();
    }
  }

  void compare_lists(const json::array& before, const json::array& after, const json::value& old_list,
                     const json::value& new_list) {
    const auto names = guess_key_names(before, after);
    if (names.empty()) {
      compare_by_position(before, after, old_list, new_list);
      return;
    }
    ListIndex old_items(before);
    std::set<std::size_t> matched;
    bool in_order = true;
    for (const json::value& item : after) {
      const PathElement element = key_element(item.get_object(), names);
      const auto positions = old_items.find(element);
      if (!positions.empty()) {
        in_order = in_order && (matched.empty() || *matched.rbegin() < positions[0]);
        matched.insert(positions[0]);
      }
      compare_item(element, positions.empty() ? nullptr : &before[positions[0]], &item);
    }
    for (std::size_t i = 0; i < before.size(); ++i)
      if (!matched.contains(i)) compare_item(key_element(before[i].get_object(), names), &before[i], nullptr);
    if (!in_order) report_order(before, after, names);
  }

  void compare_by_position(const json::array& before, const json::array& after, const json::value& old_list,
                           const json::value& new_list) {
    const bool objects = before.size() == after.size() &&
                         std::ranges::all_of(before, [](const json::value& item) { return item.is_structured(); });
    if (!objects) {
      report(&old_list, &new_list);
      return;
    }
    for (std::size_t i = 0; i < before.size(); ++i) compare_item(PathElement::index(i), &before[i], &after[i]);
  }

  void compare_item(PathElement element, const json::value* before, const json::value* after) {
    path_.push_back(std::move(element));
    compare(before, after);
    path_.pop_back();
  }

  void report_order(const json::array& before, const json::array& after, const std::vector<std::string>& names) {
    const auto listed = [&names](const json::array& items) {
      json::array ids;
      for (const json::value& item : items) ids.push_back(item.get_object().at(names[0]));
      const json::value value(std::move(ids));
      return "order " + shown_value(&value);
    };
    changes_.push_back({to_string(path_), listed(before), listed(after)});
  }

  void report(const json::value* before, const json::value* after) {
    const bool masked = masked_ && holds_secret(path_);
    const auto shown = [masked](const json::value* value) {
      return masked && value != nullptr ? std::string("(secret)") : shown_value(value);
    };
    changes_.push_back({to_string(path_), shown(before), shown(after)});
  }

  bool masked_;
  FieldPath path_;
  std::vector<FieldChange> changes_;
};

}  // namespace

std::vector<FieldChange> diff_fields(const json::value& before, const json::value& after, bool mask_secret) {
  Differ differ(mask_secret && (is_secret(before) || is_secret(after)));
  differ.compare(before.is_null() ? nullptr : &before, after.is_null() ? nullptr : &after);
  return differ.take();
}

}  // namespace holdfast
