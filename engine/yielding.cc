#include "engine/yielding.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "engine/desired_walk.h"
#include "engine/field_access.h"
#include "engine/handover.h"
#include "engine/object_target.h"
#include "holdfast/merge/managed_fields.h"
#include "holdfast/merge/value_text.h"
#include "holdfast/model/object.h"

namespace holdfast {
namespace {

using Kind = DesiredField::Kind;

// By what manager and subresource they write. HPA is part of kube-controller-manager; the others are called after their
// binaries, as they name no manager: KEDA "keda", VPA "updater", or "vpa-updater" where a build calls it so.
struct Autoscaler {
  std::string_view manager, subresource;
};
constexpr Autoscaler kAutoscalers[] = {{"kube-controller-manager", "scale"},
                                       {"keda", "scale"},
                                       {"keda-operator", "scale"},
                                       {"updater", "resize"},
                                       {"vpa-updater", "resize"}};

bool is_autoscaler(const FieldOwner& owner) {
  return std::ranges::any_of(kAutoscalers, [&](const Autoscaler& known) {
    return owner.manager == known.manager && owner.subresource == known.subresource && owner.operation == "Update";
  });
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

std::string name_of(const FieldOwner& owner) {
  return owner.subresource.empty() ? owner.manager : fmt::format("{} ({})", owner.manager, owner.subresource);
}

bool is_name(const FieldPath& path, std::size_t at, std::string_view name) {
  return at < path.size() && path[at].kind() == PathElement::Kind::Field && path[at].text() == name;
}

// What the API server knows an object by, and what we know it by.
bool stays_ours(const FieldPath& path) {
  if (path.size() == 1) return is_name(path, 0, "apiVersion") || is_name(path, 0, "kind");
  if (!is_name(path, 0, "metadata")) return false;
  if (path.size() == 2) return is_name(path, 1, "name") || is_name(path, 1, "namespace");
  return is_name(path, 1, "labels") && (is_name(path, 2, kInstallationLabel) || is_name(path, 2, kApplySetLabel));
}

bool holds_what_stays_ours(const FieldPath& path) {
  return is_name(path, 0, "metadata") && (path.size() == 1 || (path.size() == 2 && is_name(path, 1, "labels")));
}

bool names_an_item(const FieldPath& path) {
  return path.size() > 1 && path.back().kind() == PathElement::Kind::Field &&
         path[path.size() - 2].kind() == PathElement::Kind::Key &&
         path[path.size() - 2].key_fields().contains(path.back().text());
}

class Yielder {
 public:
  Yielder(const Desired& desired, const json::value& live, const FieldManager& manager, const YieldRules& rules,
          const std::vector<ManagedFieldsEntry>& entries)
      : desired_(desired), live_(live), rules_(rules), ours_(find_apply_entry(entries, manager)) {
    for (const ManagedFieldsEntry& entry : entries)
      if (!is_applied_by(entry.owner, manager) && !is_applied_by(entry.owner, handover_manager(manager)))
        others_.push_back(&entry);
    for (const YieldRules::Rule& rule : rules.ignore())
      if (is_target(rule.target, desired)) ignore_.push_back(&rule);
    shapes_ = shapes_of(entries);
  }

  std::vector<Yielded> find() {
    walk_desired(desired_.body, shapes_, [this](const DesiredField& field) { return visit(field); });
    if (ours_ != nullptr) find_among_owned();
    return std::move(found_);
  }

 private:
  // Whether to look below.
  bool visit(const DesiredField& field) {
    if (stays_ours(field.path)) return false;
    const bool leaf = field.kind == Kind::Leaf || field.kind == Kind::Member;
    const bool one_value = (leaf && field.value.is_structured()) || may_be_one_value(field);
    if (!holds_what_stays_ours(field.path) && by_path(field.path, field.detailed, one_value)) return false;
    if (leaf) by_holder(field.path, field.detailed, &field.value);
    return !leaf;
  }

  // A map of scalars that nobody owns anything of, while there is something in it: writing a part of it could replace
  // all. Once somebody owns it, its shape is known.
  [[nodiscard]] bool may_be_one_value(const DesiredField& field) const {
    if (field.kind != Kind::Map || touches(shapes_, field.path)) return false;
    const json::value* live = find_field(live_, field.path);
    return live != nullptr && live->is_object() && !live->get_object().empty() && !is_name(field.path, 0, "metadata") &&
           std::ranges::none_of(field.value.get_object(), [](const auto& one) { return one.value().is_structured(); });
  }

  // What we own and Git no longer declares: it would be pruned, which is a write too. An item goes as Git says, with
  // all that is ignored in it, unless it is ignored itself.
  void find_among_owned() {
    const FieldSet declared = desired_fields(desired_.body, shapes_), leaves = ours_->fields.leaves();
    ours_->fields.for_each([&](const FieldPath& path) {
      if (touches(declared, path) || stays_ours(path) || is_found(path)) return;
      const auto item = std::ranges::find_if(
          path, [](const PathElement& element) { return element.kind() != PathElement::Kind::Field; });
      for (auto end = item; end != path.end(); ++end) {
        const FieldPath above(path.begin(), end + 1);
        if (end->kind() == PathElement::Kind::Field || touches(declared, above)) continue;
        by_path(above, above, false);
        return;
      }
      if (names_an_item(path)) return;
      const json::value* value = find_field(live_, path);
      const bool one_value = value != nullptr && value->is_structured() && leaves.contains(path);
      if (!by_path(path, path, one_value)) by_holder(path, path, nullptr);
    });
  }

  [[nodiscard]] bool is_found(const FieldPath& path) const {
    return std::ranges::any_of(found_, [&](const Yielded& yielded) {
      return yielded.path.size() <= path.size() && std::equal(yielded.path.begin(), yielded.path.end(), path.begin());
    });
  }

  bool by_path(const FieldPath& path, const FieldPath& detailed, bool one_value) {
    for (const YieldRules::Rule* rule : ignore_) {
      if (!rule->managers.empty()) continue;
      for (const FieldPattern& pattern : rule->paths)
        if (const std::string why = reason(*rule, pattern, detailed, one_value); !why.empty()) {
          found_.push_back({path, {}, why});
          return true;
        }
    }
    return false;
  }

  static std::string reason(const YieldRules::Rule& rule, const FieldPattern& pattern, const FieldPath& path,
                            bool one_value) {
    if (pattern.covers(path)) return fmt::format("{} says {}", rule.name, pattern.text());
    if (one_value && pattern.reaches_below(path))
      return fmt::format("{} says {}, a part of what is one value to the API server", rule.name, pattern.text());
    return {};
  }

  // `wanted`: what Git says; null: nothing.
  void by_holder(const FieldPath& path, const FieldPath& detailed, const json::value* wanted) {
    for (const ManagedFieldsEntry* entry : others_) {
      if (!owns(entry->fields, path, shapes_)) continue;
      const std::string why = reason(*entry, path, detailed, wanted);
      if (why.empty()) continue;
      found_.push_back({path, name_of(entry->owner), why});
      return;
    }
  }

  [[nodiscard]] std::string reason(const ManagedFieldsEntry& entry, const FieldPath& path, const FieldPath& detailed,
                                   const json::value* wanted) const {
    const std::string& holder = entry.owner.manager;
    if (contains(rules_.trusted_managers(), holder)) return "a trusted manager holds it";
    for (const YieldRules::Rule* rule : ignore_) {
      if (!contains(rule->managers, holder)) continue;
      if (rule->paths.empty()) return fmt::format("{} says what {} holds", rule->name, holder);
      const json::value* value = wanted == nullptr ? find_field(live_, path) : wanted;
      for (const FieldPattern& pattern : rule->paths)
        if (const std::string why = reason(*rule, pattern, detailed, value != nullptr && value->is_structured());
            !why.empty())
          return fmt::format("{}, held by {}", why, holder);
    }
    if (!is_autoscaler(entry.owner)) return {};
    if (ours_ != nullptr && owns(ours_->fields, path, shapes_) && wanted != nullptr) {
      const json::value* live = find_field(live_, path);
      if (live != nullptr && value_text(*live) == value_text(*wanted)) return {};
    }
    return "an autoscaler set it";
  }

  const Desired& desired_;
  const json::value& live_;
  const YieldRules& rules_;
  const ManagedFieldsEntry* ours_;
  std::vector<const ManagedFieldsEntry*> others_;
  std::vector<const YieldRules::Rule*> ignore_;
  FieldSet shapes_;
  std::vector<Yielded> found_;
};

}  // namespace

Result<YieldRules> YieldRules::compile(const std::vector<IgnoreRule>& ignore,
                                       std::vector<std::string> trusted_managers) {
  YieldRules rules;
  rules.trusted_ = std::move(trusted_managers);
  for (const IgnoreRule& rule : ignore) {
    Rule compiled{rule.target, {}, rule.managers, fmt::format("ignore rule {}", rules.ignore_.size() + 1)};
    for (const std::string& text : rule.paths) {
      auto pattern = FieldPattern::parse(text);
      if (!pattern) {
        pattern.error().where = compiled.name;
        return std::unexpected(pattern.error());
      }
      compiled.paths.push_back(std::move(*pattern));
    }
    if (compiled.paths.empty() && compiled.managers.empty())
      return fail(ErrorKind::Invalid, "it has neither paths nor managers", compiled.name,
                  "say which fields are ignored; an object that is not to be managed is not to be in Git");
    rules.ignore_.push_back(std::move(compiled));
  }
  return rules;
}

Result<std::vector<Yielded>> find_yielded(const Desired& desired, const json::value& live, const FieldManager& manager,
                                          const YieldRules& rules) {
  std::vector<ManagedFieldsEntry> entries;
  if (!live.is_null()) {
    auto decoded = parse_managed_fields(live);
    if (!decoded) return std::unexpected(decoded.error());
    entries = std::move(*decoded);
  }
  return Yielder(desired, live, manager, rules, entries).find();
}

Desired without(const Desired& desired, const std::vector<Yielded>& yielded) {
  Desired variant = desired;
  bool changed = false;
  for (const Yielded& one : yielded) changed = remove_field(variant.body, one.path) || changed;
  if (changed) seal(variant);
  return variant;
}

}  // namespace holdfast
