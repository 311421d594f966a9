#include "engine/drift_policy.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <ranges>

#include "engine/desired_walk.h"
#include "engine/field_access.h"
#include "engine/object_target.h"
#include "holdfast/merge/list_index.h"
#include "holdfast/merge/managed_fields.h"

namespace holdfast {
namespace {

// A rule about a part of what is one value is about all of it: it cannot be written without that part. The order of a
// list, or an item that is gone, is another matter than a field in it.
bool is_about(const FieldPattern& pattern, const DriftedField& field) {
  switch (field.what) {
    case DriftedField::What::Value:
      return pattern.covers(field.path) || pattern.reaches_below(field.path);
    case DriftedField::What::Removed:
    case DriftedField::What::Order:
    case DriftedField::What::Ownership:
      return pattern.covers(field.path);
  }
  return false;
}

// The items of `list` in the order in which `live` has them; those it lacks last.
void order_as(json::array& list, const json::array& live) {
  const auto names = guess_key_names(list, list);
  ListIndex index(live);
  std::vector<std::pair<std::size_t, std::size_t>> order;  // where it is live, where it was here
  for (std::size_t i = 0; i < list.size(); ++i) {
    const PathElement element = names.empty() ? PathElement::value(list[i]) : key_element(list[i].get_object(), names);
    const auto positions = index.find(element);
    order.emplace_back(positions.empty() ? live.size() : positions[0], i);
  }
  std::ranges::sort(order);
  json::array sorted;
  for (const auto& [position, i] : order) sorted.push_back(std::move(list[i]));
  list = std::move(sorted);
}

// A map or list that is emptied by it stays, empty, as long as there is one: giving it up would remove it, with what
// others have in it.
void leave_out(json::object& body, const json::value& live, FieldPath path) {
  erase_field(body, path);
  for (path.pop_back(); !path.empty(); path.pop_back()) {
    const json::value* parent = find_field(body, path);
    const bool emptied = parent != nullptr && ((parent->is_object() && parent->get_object().empty()) ||
                                               (parent->is_array() && parent->get_array().empty()));
    if (!emptied || find_field(live, path) != nullptr) return;
    erase_field(body, path);
  }
}

}  // namespace

Result<DriftPolicies> DriftPolicies::compile(DriftPolicy policy, std::chrono::seconds grace,
                                             const std::vector<DriftRule>& rules) {
  DriftPolicies policies;
  policies.default_ = {policy, grace};
  for (const DriftRule& rule : rules) {
    Rule compiled{rule.target, {}, {rule.policy, rule.grace}};
    for (const std::string& text : rule.paths) {
      auto pattern = FieldPattern::parse(text);
      if (!pattern) {
        pattern.error().where = fmt::format("drift rule {}", policies.rules_.size() + 1);
        return std::unexpected(pattern.error());
      }
      compiled.paths.push_back(std::move(*pattern));
    }
    policies.rules_.push_back(std::move(compiled));
  }
  return policies;
}

DriftPolicies::Answer DriftPolicies::of_field(const Desired& desired, const DriftedField& field) const {
  for (const Rule& rule : std::views::reverse(rules_)) {
    const bool matches = rule.paths.empty() || std::ranges::any_of(rule.paths, [&](const FieldPattern& pattern) {
                           return is_about(pattern, field);
                         });
    if (matches && is_target(rule.target, desired)) return rule.answer;
  }
  return default_;
}

DriftPolicies::Answer DriftPolicies::of_existence(const Desired& desired) const {
  for (const Rule& rule : std::views::reverse(rules_))
    if (rule.paths.empty() && is_target(rule.target, desired)) return rule.answer;
  return default_;
}

bool DriftPolicies::asks_for_approval() const {
  return default_.policy == DriftPolicy::Approve ||
         std::ranges::any_of(rules_, [](const Rule& rule) { return rule.answer.policy == DriftPolicy::Approve; });
}

bool DriftPolicies::differs(const Desired& desired) const {
  return default_ != Answer{} || std::ranges::any_of(rules_, [&](const Rule& rule) {
           return rule.answer != Answer{} && is_target(rule.target, desired);
         });
}

void DriftAges::note(const std::vector<FieldPath>& drifted, Time now) {
  std::map<FieldPath, Time> still;
  for (const FieldPath& path : drifted) {
    const auto known = since_.find(path);
    still.emplace(path, known == since_.end() ? now : known->second);
  }
  since_ = std::move(still);
}

std::optional<DriftAges::Time> DriftAges::since(const FieldPath& path) const {
  const auto known = since_.find(path);
  return known == since_.end() ? std::nullopt : std::optional(known->second);
}

std::vector<DriftedField> DriftPlan::held() const {
  std::vector<DriftedField> fields = reported;
  for (const Later& one : later) fields.push_back(one.field);
  return fields;
}

std::optional<Clock::time_point> DriftPlan::next() const {
  std::optional<Clock::time_point> earliest;
  for (const Later& one : later) earliest = earliest ? std::min(*earliest, one.at) : one.at;
  return earliest;
}

DriftPlan plan_drift(const DriftPolicies& policies, const Desired& desired, const std::vector<DriftedField>& fields,
                     const DriftAges& ages, const std::set<std::string>& approved, Clock::time_point now) {
  DriftPlan plan;
  for (const DriftedField& field : fields) {
    const DriftPolicies::Answer answer = policies.of_field(desired, field);
    const bool approves = approved.contains("") || approved.contains(field.drift.path);
    if (answer.policy == DriftPolicy::Warn || (answer.policy == DriftPolicy::Approve && !approves)) {
      plan.reported.push_back(field);
      plan.waits_for_approval |= answer.policy == DriftPolicy::Approve;
      continue;
    }
    const Clock::time_point at = ages.since(field.path).value_or(now) + answer.grace;
    if (at <= now)
      plan.now.push_back(field);
    else
      plan.later.push_back({field, at});
  }
  return plan;
}

std::string HeldWrite::body(const Uid& uid, const ResourceVersion& version) const {
  return carries_live ? apply_body_on_version(variant, uid, version) : apply_body_with_uid(variant, uid);
}

Result<HeldWrite> hold_as_live(const Desired& desired, const json::value& live, const std::vector<DriftedField>& held,
                               const FieldManager& manager) {
  HeldWrite write{desired, false};
  const auto entries = parse_managed_fields(live);
  if (!entries) return std::unexpected(entries.error());
  const ManagedFieldsEntry* ours = find_apply_entry(*entries, manager);
  const FieldSet shapes = shapes_of(*entries);
  for (const DriftedField& field : held) {
    json::value* wanted = find_field(write.variant.body, field.path);
    const json::value* found = find_field(live, field.path);
    if (wanted == nullptr || field.what == DriftedField::What::Ownership) continue;
    const bool order = field.what == DriftedField::What::Order && wanted->is_array();
    if (order && found != nullptr && found->is_array()) {
      order_as(wanted->get_array(), found->get_array());
      write.carries_live = true;
    } else if (found != nullptr && ours != nullptr && owns(ours->fields, field.path, shapes)) {
      *wanted = *found;
      write.carries_live = true;
    } else {
      leave_out(write.variant.body, live, field.path);
    }
  }
  seal(write.variant);
  return write;
}

}  // namespace holdfast
