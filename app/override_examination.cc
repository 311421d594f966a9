#include "app/override_examination.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>
#include <memory>

#include "sources/field_address.h"
#include "sources/trial.h"

namespace holdfast {
namespace {

constexpr std::string_view kReplicas = "spec.replicas";

// Where one value holds several fields, each of them.
void add_undeclared(const json::value& declared, const OverridePatch& patch, const FieldAddress& address,
                    const json::value& value, std::vector<OverridePatch>& into) {
  if (const json::object* object = value.if_object(); object != nullptr && !object->empty()) {
    for (const auto& [name, below] : *object) add_undeclared(declared, patch, address.field_below(name), below, into);
    return;
  }
  if (find_at(declared, address) == nullptr) into.push_back({patch.target, address.text(), value});
}

bool may_be_one(const OverrideTarget& one, const OverrideTarget& other) {
  const auto may = [](const std::string& a, const std::string& b) { return a.empty() || b.empty() || a == b; };
  return one.kind == other.kind && one.name == other.name && may(one.group, other.group) &&
         may(one.namespace_, other.namespace_);
}

// Alone in its set: what it depends on is none of its business here.
Result<Desired> prepared(const Manifest& manifest, const ApiCatalog& catalog, const PrepareOptions& options) {
  ManifestSet alone;
  alone.revision = "try";
  alone.manifests.push_back(manifest);
  PreparedSet made = prepare(alone, catalog, options);
  if (!made.desired.empty()) return std::move(made.desired.begin()->second);
  if (!made.unprepared.empty()) return std::unexpected(made.unprepared.front().error);
  return fail(ErrorKind::Invalid, "its annotations say that it is left alone", manifest.origin);
}

}  // namespace

Result<std::vector<OverriddenObject>> examine_override(const Override& one, const ManifestSet& set,
                                                       const ApiCatalog& catalog, const PrepareOptions& options) {
  std::map<std::size_t, OverriddenObject> objects;
  std::map<std::size_t, Manifest> patched;
  for (const OverridePatch& patch : one.patches) {
    const auto at = find_target(set, patch.target);
    if (!at) return std::unexpected(at.error());
    const auto address = FieldAddress::parse(patch.path);
    if (!address) return std::unexpected(address.error());
    const Manifest& manifest = set.manifests[*at];
    Manifest& changed = patched.try_emplace(*at, manifest).first->second;
    if (auto done = set_at(changed.body, *address, patch.value); !done) return std::unexpected(done.error());
    OverriddenObject& object = objects[*at];
    object.patches.push_back(patch);
    object.scales = object.scales || address->text() == kReplicas;
    add_undeclared(json::value(manifest.body), patch, *address, patch.value, object.undeclared);
  }
  std::vector<OverriddenObject> all;
  for (auto& [at, object] : objects) {
    auto desired = prepared(patched.at(at), catalog, options);
    if (!desired) return std::unexpected(desired.error());
    object.desired = std::move(*desired);
    all.push_back(std::move(object));
  }
  return all;
}

std::string conflict_between(const Override& one, const Override& other) {
  if (one.ref && other.ref) return "it tries another ref";
  for (const OverridePatch& patch : one.patches)
    for (const OverridePatch& theirs : other.patches) {
      const auto mine = FieldAddress::parse(patch.path), its = FieldAddress::parse(theirs.path);
      if (!mine || !its || !may_be_one(patch.target, theirs.target) || !mine->overlaps(*its)) continue;
      return fmt::format("it sets {} of {}", its->text(), to_string(theirs.target));
    }
  return {};
}

std::optional<std::string> left_to_others(const OverriddenObject& object, const json::value& live,
                                          const YieldRules& rules) {
  const auto yielded = find_yielded(object.desired, live, FieldManager{"holdfast"}, rules);
  if (!yielded) return std::nullopt;
  for (const Yielded& field : *yielded) {
    const auto left = FieldAddress::parse(to_string(field.path));
    if (!left) continue;
    for (const OverridePatch& patch : object.patches) {
      const auto set = FieldAddress::parse(patch.path);
      if (set && set->overlaps(*left))
        return fmt::format("{} of {} is left to {}: {}", set->text(), to_string(object.desired.key),
                           field.to.empty() ? "others" : field.to, field.why);
    }
  }
  return std::nullopt;
}

std::optional<std::string> autoscaler_of(const OverriddenObject& object, const json::value& list) {
  const json::value* items = find(list, {"items"});
  if (items == nullptr || !items->is_array()) return std::nullopt;
  for (const json::value& item : items->get_array()) {
    const ObjectKey& key = object.desired.key;
    if (string_at(item, {"spec", "scaleTargetRef", "kind"}) != key.kind ||
        string_at(item, {"spec", "scaleTargetRef", "name"}) != key.name)
      continue;
    const auto number = [&](const char* name) {
      const json::value* value = find(item, {"spec", name});
      return value == nullptr ? std::string("1") : to_json(*value);
    };
    return fmt::format("the HorizontalPodAutoscaler {} scales {} between {} and {}",
                       string_at(item, {"metadata", "name"}), to_string(key), number("minReplicas"),
                       number("maxReplicas"));
  }
  return std::nullopt;
}

std::vector<FormerValue> former_values(const OverriddenObject& object, const json::value& live) {
  std::vector<FormerValue> all;
  for (const OverridePatch& patch : object.undeclared) {
    const auto address = FieldAddress::parse(patch.path);
    const json::value* now = address ? find_at(live, *address) : nullptr;
    all.push_back({patch.target, patch.path, now == nullptr ? std::nullopt : std::optional(*now)});
  }
  return all;
}

std::optional<FieldPath> field_path(const std::string& path) {
  const auto address = FieldAddress::parse(path);
  if (!address) return std::nullopt;
  FieldPath made;
  for (const FieldAddress::Step& step : address->steps())
    made.push_back(step.item ? PathElement::key({{step.name, step.value}}) : PathElement::field(step.name));
  return made;
}

}  // namespace holdfast
