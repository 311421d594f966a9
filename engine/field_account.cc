#include "engine/field_account.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <tuple>

#include "engine/attribution.h"
#include "engine/desired_walk.h"
#include "engine/field_access.h"
#include "engine/shown_value.h"
#include "holdfast/base/duration.h"
#include "holdfast/merge/managed_fields.h"
#include "holdfast/model/object.h"

namespace holdfast {
namespace {

constexpr std::string_view kMasked = "(secret)";

// What no client decides.
bool is_set_by_server(const FieldPath& path) {
  if (path.size() != 2 || path[0] != PathElement::field("metadata")) return false;
  static constexpr std::string_view kNames[] = {
      "uid",          "resourceVersion", "generation",        "creationTimestamp",
      "generateName", "selfLink",        "deletionTimestamp", "deletionGracePeriodSeconds"};
  return std::ranges::find(kNames, path[1].text()) != std::end(kNames);
}

bool begins_with(const FieldPath& path, const FieldPath& prefix) {
  return prefix.size() <= path.size() && std::equal(prefix.begin(), prefix.end(), path.begin());
}

std::string what_is_done(const Desired& desired, DriftPolicies::Answer answer) {
  if (desired.options.management == Management::Once) return "run made it once, and leaves it to others since";
  switch (answer.policy) {
    case DriftPolicy::Enforce:
      return answer.grace.count() == 0 ? "run puts it back at once"
                                       : "run puts it back after " + to_duration_text(answer.grace);
    case DriftPolicy::Warn:
      return "run reports it and leaves it so, by spec.drift";
    case DriftPolicy::Approve:
      return "run reports it and leaves it so until somebody approves, by spec.drift";
  }
  return {};
}

class Accountant {
 public:
  Accountant(const json::value& live, const AccountQuestion& question, const std::vector<ManagedFieldsEntry>& entries)
      : live_(live), question_(question), entries_(entries), shapes_(shapes_of(entries)), secret_(is_secret(live)) {}

  Result<std::vector<FieldAccount>> run() {
    if (question_.desired != nullptr)
      if (Result<void> compared = compare(); !compared) return std::unexpected(compared.error());
    walk_live();
    add_missing();
    return std::move(accounts_);
  }

 private:
  Result<void> compare() {
    const Desired& desired = *question_.desired;
    wanted_ = desired.body;
    auto yielded = find_yielded(desired, live_, question_.manager, *question_.yield_rules);
    if (!yielded) return std::unexpected(yielded.error());
    yielded_ = std::move(*yielded);
    drifted_ = attribute_fields(without(desired, yielded_).body, live_, nullptr, question_.manager);
    declared_ = desired_fields(desired.body, shapes_);
    return {};
  }

  void walk_live() {
    const json::object* const object = live_.if_object();
    if (object == nullptr) return;
    for (const char* name : {"apiVersion", "kind"}) add_identity({PathElement::field(name)});
    for (const char* name : {"name", "namespace"})
      add_identity({PathElement::field("metadata"), PathElement::field(name)});
    walk_desired(*object, shapes_, [this](const DesiredField& field) {
      if (field.path.size() == 2 && field.path[1].text() == "managedFields" && field.path[0].text() == "metadata")
        return false;
      const bool inner = field.kind == DesiredField::Kind::Map || field.kind == DesiredField::Kind::List;
      const bool below = field.kind == DesiredField::Kind::Leaf && is_asked_below(field.path);
      if (!inner && (below || is_asked(field.path, field.detailed))) add(field);
      return inner || field.kind == DesiredField::Kind::Item;
    });
  }

  // By which an object is known: nobody owns these, and they are as Git says by definition.
  void add_identity(const FieldPath& path) {
    const json::value* const value = find_field(live_, path);
    if (value == nullptr || !is_asked(path, path)) return;
    FieldAccount account = make(path, value);
    account.by_server = false;
    account.about = "by this the object is known";
    account.standing = question_.desired != nullptr ? FieldStanding::AsDeclared : undeclared();
    accounts_.push_back(std::move(account));
  }

  [[nodiscard]] bool is_asked(const FieldPath& path, const FieldPath& detailed) const {
    const FieldPattern* const pattern = question_.narrowed_to;
    return pattern == nullptr || pattern->covers(path) || pattern->covers(detailed);
  }
  // A part of what is one value to the server is told with all of it.
  [[nodiscard]] bool is_asked_below(const FieldPath& path) const {
    return question_.narrowed_to != nullptr && question_.narrowed_to->reaches_below(path);
  }

  void add(const DesiredField& field) {
    FieldAccount account = make(field.path, &field.value);
    judge(account);
    account.is_item = field.kind == DesiredField::Kind::Item;
    accounts_.push_back(std::move(account));
  }

  FieldAccount make(const FieldPath& path, const json::value* value) const {
    FieldAccount account;
    account.path = path;
    show(path, value, account.live, account.live_text);
    for (const ManagedFieldsEntry& entry : entries_)
      if (owns(entry.fields, path, shapes_)) account.owners.push_back(entry.owner);
    std::ranges::sort(account.owners, {}, [](const FieldOwner& owner) { return std::tie(owner.time, owner.manager); });
    account.by_server = account.owners.empty() && is_set_by_server(path);
    return account;
  }

  void show(const FieldPath& path, const json::value* value, std::optional<json::value>& into,
            std::string& text) const {
    const bool masked = secret_ && holds_secret(path) && value != nullptr;
    if (value != nullptr && !masked) into = *value;
    text = masked ? std::string(kMasked) : shown_value(value);
  }

  [[nodiscard]] FieldStanding undeclared() const {
    return question_.git_is_known ? FieldStanding::NotDeclared : FieldStanding::Undecided;
  }

  void judge(FieldAccount& account) {
    const FieldPath& path = account.path;
    if (question_.desired == nullptr) {
      account.standing = undeclared();
      return;
    }
    const bool declared = touches(declared_, path);
    if (declared) show(path, find_field(wanted_, path), account.desired, account.desired_text);
    const bool ours = std::ranges::any_of(
        account.owners, [this](const FieldOwner& owner) { return is_applied_by(owner, question_.manager); });
    if (const Yielded* const yielded = yielded_above(path); yielded != nullptr && (declared || ours)) {
      account.standing = FieldStanding::Left;
      account.about = (yielded->to.empty() ? "left to others: " : "left to " + yielded->to + ": ") + yielded->why;
      return;
    }
    const auto drift = std::ranges::find(drifted_, path, &DriftedField::path);
    if (drift != drifted_.end()) return judge_drift(account, *drift);
    account.standing = declared ? FieldStanding::AsDeclared : FieldStanding::NotDeclared;
    if (declared || !ours) return;
    account.standing = FieldStanding::Leaving;
    account.about = account.owners.size() > 1 ? "Git says nothing of it any more: run leaves it to the others"
                                              : "Git says nothing of it any more: run takes it away";
  }

  void judge_drift(FieldAccount& account, DriftedField& drift) {
    account.standing = FieldStanding::Drifted;
    account.desired_text = drift.drift.desired;
    if (drift.what == DriftedField::What::Order) account.live_text = drift.drift.live;
    account.about = question_.untouched.empty()
                        ? what_is_done(*question_.desired, question_.policies->of_field(*question_.desired, drift))
                        : "run leaves the object alone: " + question_.untouched;
    account.taken_by = drift.drift.owner;
    told_.push_back(drift.path);
  }

  // Drifts that no value which is there tells of: what was removed, and the order of a list.
  void add_missing() {
    for (DriftedField& drift : drifted_) {
      if (std::ranges::find(told_, drift.path) != told_.end() || !is_asked(drift.path, drift.path)) continue;
      FieldAccount account = make(drift.path, find_field(live_, drift.path));
      show(drift.path, find_field(wanted_, drift.path), account.desired, account.desired_text);
      if (drift.what == DriftedField::What::Ownership) account.live.reset();
      account.live_text = drift.drift.live;
      judge_drift(account, drift);
      accounts_.push_back(std::move(account));
    }
  }

  [[nodiscard]] const Yielded* yielded_above(const FieldPath& path) const {
    const auto found =
        std::ranges::find_if(yielded_, [&](const Yielded& yielded) { return begins_with(path, yielded.path); });
    return found == yielded_.end() ? nullptr : &*found;
  }

  const json::value& live_;
  const AccountQuestion& question_;
  const std::vector<ManagedFieldsEntry>& entries_;
  FieldSet shapes_, declared_;
  bool secret_;
  json::value wanted_;  // the body of what Git declares
  std::vector<Yielded> yielded_;
  std::vector<DriftedField> drifted_;
  std::vector<FieldPath> told_;  // of these
  std::vector<FieldAccount> accounts_;
};

}  // namespace

const char* to_string(FieldStanding standing) {
  switch (standing) {
    case FieldStanding::NotDeclared:
      return "not declared";
    case FieldStanding::AsDeclared:
      return "as declared";
    case FieldStanding::Drifted:
      return "drifted";
    case FieldStanding::Left:
      return "left to others";
    case FieldStanding::Leaving:
      return "leaving";
    case FieldStanding::Undecided:
      return "undecided";
  }
  return "?";
}

std::string about_absence(const Desired& desired, const DriftPolicies& policies) {
  return what_is_done(desired, policies.of_existence(desired));
}

Result<std::vector<FieldAccount>> account_for(const json::value& live, const AccountQuestion& question) {
  const auto entries = parse_managed_fields(live);
  if (!entries) return std::unexpected(entries.error());
  return Accountant(live, question, *entries).run();
}

}  // namespace holdfast
