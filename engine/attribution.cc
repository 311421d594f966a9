#include "engine/attribution.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string_view>

#include "engine/apply_order.h"
#include "engine/desired_walk.h"
#include "engine/shown_value.h"
#include "holdfast/merge/list_index.h"
#include "holdfast/merge/managed_fields.h"
#include "holdfast/merge/value_text.h"

namespace holdfast {
namespace {

using Node = FieldSet::Node;
using Kind = PathElement::Kind;

constexpr std::size_t kMaxFields = 64;

// "1500m", "1Gi", "2e3" as a number; none where the text is no quantity.
std::optional<long double> quantity(std::string_view text) {
  static constexpr std::pair<std::string_view, long double> kSuffixes[] = {
      {"n", 1e-9L},    {"u", 1e-6L},    {"m", 1e-3L},    {"", 1.0L},     {"k", 1e3L},     {"M", 1e6L},
      {"G", 1e9L},     {"T", 1e12L},    {"P", 1e15L},    {"E", 1e18L},   {"Ki", 0x1p10L}, {"Mi", 0x1p20L},
      {"Gi", 0x1p30L}, {"Ti", 0x1p40L}, {"Pi", 0x1p50L}, {"Ei", 0x1p60L}};
  if (text.empty() || text.size() > 40 || std::string_view("+-.0123456789").find(text[0]) == std::string_view::npos)
    return std::nullopt;
  const std::string owned(text);
  char* end = nullptr;
  const long double number = std::strtold(owned.c_str(), &end);
  const std::string_view suffix(end);
  for (const auto& [name, factor] : kSuffixes)
    if (suffix == name) return number * factor;
  return std::nullopt;
}

std::optional<long double> quantity(const json::value& value) {
  if (value.is_structured()) return std::nullopt;
  return value.is_string() ? quantity(std::string_view(value.get_string())) : quantity(value_text(value));
}

// Whether a live value says what was desired: defaults may have been filled in, quantities may be spelt otherwise.
bool says(const json::value& desired, const json::value* live, bool quantities) {
  if (live == nullptr || live->is_null()) {
    if (const json::object* object = desired.if_object()) return object->empty();
    if (const json::array* list = desired.if_array()) return list->empty();
    return desired.is_null();
  }
  if (desired.is_object() && live->is_object())
    return std::ranges::all_of(desired.get_object(), [&](const auto& member) {
      return says(member.value(), live->get_object().if_contains(member.key()), quantities);
    });
  if (desired.is_array() && live->is_array()) {
    const json::array& a = desired.get_array();
    const json::array& b = live->get_array();
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
      if (!says(a[i], &b[i], quantities)) return false;
    return true;
  }
  if (value_text(desired) == value_text(*live)) return true;
  if (!quantities || (!desired.is_string() && !live->is_string())) return false;  // numbers are compared exactly
  const auto wanted = quantity(desired);
  const auto found = quantity(*live);
  return wanted && found && std::fabs(*wanted - *found) <= std::fabs(*wanted) * 1e-18L;
}

const json::value* member_of(const json::value* value, std::string_view name) {
  return value != nullptr && value->is_object() ? value->get_object().if_contains(name) : nullptr;
}

const Node* child_of(const Node* node, const PathElement& element) {
  if (node == nullptr) return nullptr;
  const auto found = node->children.find(element);
  return found == node->children.end() ? nullptr : &found->second;
}

std::string_view group_of(const json::value& live) {
  const std::string_view version = string_at(live, {"apiVersion"});
  const std::size_t slash = version.find('/');
  return slash == std::string_view::npos ? std::string_view() : version.substr(0, slash);
}

class Attributor {
 public:
  // `known_before`: the expected fields are what we owned, rather than a guess.
  Attributor(const std::vector<ManagedFieldsEntry>& entries, const FieldManager& manager, const json::value& live,
             bool known_before, std::size_t max_fields)
      : entries_(entries),
        manager_(manager),
        secret_(is_secret(live)),
        has_entry_(find_apply_entry(entries, manager) != nullptr),
        known_before_(known_before),
        max_fields_(max_fields) {
    const std::string_view kind = string_at(live, {"kind"});
    texts_ = kind == "ConfigMap" || kind == "Secret";
  }

  void visit(const Node& expected, const Node* now, const json::value* desired, const json::value* live) {
    if (desired == nullptr || drifts_.size() >= max_fields_) return;
    const bool leaf = expected.children.empty();
    const bool ours = now != nullptr && (now->member || !now->children.empty());
    if (expected.member && live == nullptr) {
      if (!ours || !says(*desired, live, quantities())) report(desired, live);
      return;
    }
    if (leaf) {
      visit_leaf(now != nullptr && now->member, *desired, live);
      return;
    }
    visit_children(expected, now, *desired, live);
  }

  // Nobody owns an empty list (V20), so that nothing of it is in any set.
  void visit_empties(const json::value& desired, const json::value* live) {
    const json::object* members = desired.if_object();
    if (members == nullptr || drifts_.size() >= max_fields_) return;
    for (const auto& [name, value] : *members) {
      path_.push_back(PathElement::field(std::string(name)));
      const json::value* found = member_of(live, name);
      const bool empty =
          (value.is_array() && value.get_array().empty()) || (value.is_object() && value.get_object().empty());
      if (empty && (found == nullptr || found->is_null())) report(&value, found);
      visit_empties(value, found);
      path_.pop_back();
    }
  }
  [[nodiscard]] bool found_nothing() const { return drifts_.empty() && !robbed_; }

  std::vector<DriftedField> take() {
    if (drifts_.empty() && robbed_)
      drifts_.push_back({{PathElement::field("metadata"), PathElement::field("managedFields")},
                         DriftedField::What::Ownership,
                         {".metadata.managedFields", "our fields, as manager " + manager_.value, "(absent)", {}}});
    return std::move(drifts_);
  }

 private:
  [[nodiscard]] bool quantities() const { return !texts_ && !path_.empty() && path_[0].text() != "metadata"; }

  void visit_leaf(bool ours, const json::value& desired, const json::value* live) {
    const bool equal = says(desired, live, quantities());
    if (equal && ours) return;
    if (!equal || owner_of(path_) || (has_entry_ && known_before_)) {
      report(&desired, live);
    } else if (!has_entry_) {
      robbed_ = true;  // nobody's now, and as it was: managedFields was reset, which is one thing to say
    }
  }

  void visit_children(const Node& expected, const Node* now, const json::value& desired, const json::value* live) {
    const json::array* wanted = desired.if_array();
    const json::array* found = live == nullptr ? nullptr : live->if_array();
    std::optional<ListIndex> wanted_items, found_items;
    if (wanted != nullptr) wanted_items.emplace(*wanted);
    if (found != nullptr) found_items.emplace(*found);
    std::vector<std::pair<std::size_t, std::size_t>> positions;  // desired, live
    for (const auto& [element, child] : expected.children) {
      path_.push_back(element);
      if (element.kind() == Kind::Field) {
        visit(child, child_of(now, element), member_of(&desired, element.text()), member_of(live, element.text()));
      } else if (wanted_items) {
        const auto in_desired = wanted_items->find(element);
        const auto in_live = found_items ? found_items->find(element) : std::vector<std::size_t>{};
        if (!in_desired.empty()) {
          visit(child, child_of(now, element), &(*wanted)[in_desired[0]],
                in_live.empty() ? nullptr : &(*found)[in_live[0]]);
          if (!in_live.empty()) positions.emplace_back(in_desired[0], in_live[0]);
        }
      }
      path_.pop_back();
    }
    report_order(std::move(positions), wanted);
  }

  // Nobody owns an order, so there is no owner to name (V19).
  void report_order(std::vector<std::pair<std::size_t, std::size_t>> positions, const json::array* wanted) {
    std::ranges::sort(positions);
    if (wanted == nullptr || std::ranges::is_sorted(positions, {}, [](const auto& pair) { return pair.second; }))
      return;
    const auto names = guess_key_names(*wanted, *wanted);
    const auto listed = [&] {
      json::array items;
      for (const auto& [desired, live] : positions) {
        const json::value& item = (*wanted)[desired];
        items.push_back(names.empty() || !item.is_object() ? item : item.get_object().at(names[0]));
      }
      return json::value(std::move(items));
    };
    FieldDrift drift{to_string(path_), "(secret)", "(secret)", {}};
    const bool masked = secret_ && holds_secret(path_);
    if (!masked) {
      const json::value in_desired = listed();
      drift.desired = "order " + shown_value(&in_desired);
      std::ranges::sort(positions, {}, [](const auto& pair) { return pair.second; });
      const json::value in_live = listed();
      drift.live = "order " + shown_value(&in_live);
    }
    drifts_.push_back({path_, DriftedField::What::Order, std::move(drift)});
  }

  void report(const json::value* desired, const json::value* live) {
    const bool masked = secret_ && holds_secret(path_);
    const auto shown = [masked](const json::value* value) {
      return masked && value != nullptr ? std::string("(secret)") : shown_value(value);
    };
    drifts_.push_back({path_,
                       live == nullptr ? DriftedField::What::Removed : DriftedField::What::Value,
                       {to_string(path_), shown(desired), shown(live), owner_of(path_)}});
  }

  // The latest of the others that hold the field.
  [[nodiscard]] std::optional<FieldOwner> owner_of(const FieldPath& path) const {
    std::optional<FieldOwner> owner;
    for (const ManagedFieldsEntry& entry : entries_) {
      if (is_applied_by(entry.owner, manager_) || !entry.fields.covers(path)) continue;
      if (!owner || owner->time <= entry.owner.time) owner = entry.owner;
    }
    return owner;
  }

  const std::vector<ManagedFieldsEntry>& entries_;
  const FieldManager& manager_;
  bool secret_ = false, texts_ = false;
  bool has_entry_, known_before_;
  std::size_t max_fields_;
  bool robbed_ = false;
  FieldPath path_;
  std::vector<DriftedField> drifts_;
};

std::vector<DriftedField> attribute_at_most(std::size_t max_fields, const json::object& desired,
                                            const json::value& live, const FieldSet* owned_before,
                                            const FieldManager& manager) {
  const auto decoded = parse_managed_fields(live);
  static const std::vector<ManagedFieldsEntry> kNone;
  const std::vector<ManagedFieldsEntry>& entries = decoded ? *decoded : kNone;
  const ManagedFieldsEntry* ours = find_apply_entry(entries, manager);
  FieldSet expected;
  if (owned_before != nullptr) {
    expected = *owned_before;
    if (ours != nullptr) expected.insert_all(ours->fields);
  } else {
    expected = desired_fields(desired, shapes_of(entries));
  }
  const json::value wanted(desired);
  Attributor attributor(entries, manager, live, owned_before != nullptr, max_fields);
  attributor.visit(expected.root(), ours == nullptr ? nullptr : &ours->fields.root(), &wanted, &live);
  // The API server leaves empty lists of its own types out, whatever is asked for.
  if (attributor.found_nothing() && !is_builtin_group(group_of(live))) attributor.visit_empties(wanted, &live);
  return attributor.take();
}

}  // namespace

std::vector<FieldDrift> attribute(const json::object& desired, const json::value& live, const FieldSet* owned_before,
                                  const FieldManager& manager) {
  std::vector<FieldDrift> drifts;
  for (DriftedField& field : attribute_at_most(kMaxFields, desired, live, owned_before, manager))
    drifts.push_back(std::move(field.drift));
  return drifts;
}

std::vector<DriftedField> attribute_fields(const json::object& desired, const json::value& live,
                                           const FieldSet* owned_before, const FieldManager& manager) {
  return attribute_at_most(std::numeric_limits<std::size_t>::max(), desired, live, owned_before, manager);
}

}  // namespace holdfast
