#include "engine/change_plan.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <tuple>
#include <utility>

#include "engine/apply_order.h"

namespace holdfast {
namespace {

constexpr Wave kLastBeforePruning{0, std::numeric_limits<int>::max()};

constexpr std::array kVerbs = {
    std::pair(ChangeVerb::Create, "create"),   std::pair(ChangeVerb::Change, "change"),
    std::pair(ChangeVerb::Replace, "replace"), std::pair(ChangeVerb::Move, "move"),
    std::pair(ChangeVerb::Prune, "prune"),     std::pair(ChangeVerb::HoldBack, "hold-back"),
    std::pair(ChangeVerb::Refuse, "refuse"),   std::pair(ChangeVerb::Unknown, "unknown"),
};

bool writes(ChangeVerb verb) {
  switch (verb) {
    case ChangeVerb::Create:
    case ChangeVerb::Change:
    case ChangeVerb::Replace:
    case ChangeVerb::Prune:
      return true;
    case ChangeVerb::Move:
    case ChangeVerb::HoldBack:
    case ChangeVerb::Refuse:
    case ChangeVerb::Unknown:
      break;
  }
  return false;
}

bool is_kind(const ObjectKey& key, std::string_view group, std::string_view kind) {
  return key.group == group && key.kind == kind;
}

// What hangs on an object beyond itself.
std::string danger_of(ChangeVerb verb, const ObjectKey& key) {
  if (!writes(verb)) return {};
  const bool deletes = verb == ChangeVerb::Prune || verb == ChangeVerb::Replace;
  if (deletes && is_kind(key, "", "Namespace")) return "deletes everything in the namespace";
  if (deletes && is_kind(key, "apiextensions.k8s.io", "CustomResourceDefinition"))
    return "deletes every object of this type";
  if (deletes && (is_kind(key, "", "PersistentVolume") || is_kind(key, "", "PersistentVolumeClaim")))
    return "may delete the data";
  if (key.group == "admissionregistration.k8s.io") return "may refuse or alter writes in all of the cluster";
  if (is_kind(key, "rbac.authorization.k8s.io", "ClusterRole") ||
      is_kind(key, "rbac.authorization.k8s.io", "ClusterRoleBinding"))
    return "changes rights in all of the cluster";
  if (key.group == "apiregistration.k8s.io") return "changes what the API serves";
  if (verb == ChangeVerb::Change && is_kind(key, "apiextensions.k8s.io", "CustomResourceDefinition"))
    return "changes the schema of every object of this type";
  return {};
}

ChangeVerb verb_of(FindingKind kind) {
  switch (kind) {
    case FindingKind::Create:
      return ChangeVerb::Create;
    case FindingKind::Change:
      return ChangeVerb::Change;
    case FindingKind::Replace:
      return ChangeVerb::Replace;
    case FindingKind::HoldBack:
      return ChangeVerb::HoldBack;
    case FindingKind::Refuse:
      return ChangeVerb::Refuse;
    case FindingKind::InSync:
    case FindingKind::Unknown:
      break;
  }
  return ChangeVerb::Unknown;
}

std::optional<Sha256> hash_of(const Desired& desired) {
  return is_kind(desired.key, "", "Secret") ? std::nullopt : std::optional(desired.hash);
}

PlannedChange change_of(const Desired& desired, const Finding& finding) {
  PlannedChange change{verb_of(finding.kind), desired.key,    wave_of(desired),
                       desired.origin,        finding.reason, finding.places};
  change.fields = finding.fields;
  change.held = finding.held;
  change.immutable = finding.immutable;
  change.replace_allowed = desired.options.replace;
  change.uid = finding.uid;
  change.version = finding.version;
  change.content = finding.content;
  change.desired = hash_of(desired);
  return change;
}

// Dependencies before their dependents, in a wave; otherwise as it comes.
class InOrder {
 public:
  explicit InOrder(const PreparedSet& set) {
    for (const auto& [key, desired] : set.desired) sorted_.push_back(&desired);
    std::ranges::sort(sorted_, {}, [](const Desired* one) { return std::tuple(wave_of(*one), one->rank, one->key); });
    for (const Desired* one : sorted_) visit(set, *one);
  }
  [[nodiscard]] const std::vector<const Desired*>& list() const { return order_; }

 private:
  // Rings are refused when a set is prepared, and a dependency is never in a later wave.
  void visit(const PreparedSet& set, const Desired& desired) {
    if (!visited_.insert(desired.key).second) return;
    for (const ObjectKey& other : desired.options.depends_on)
      if (const auto found = set.desired.find(other); found != set.desired.end()) visit(set, found->second);
    order_.push_back(&desired);
  }

  std::vector<const Desired*> sorted_, order_;
  std::set<ObjectKey> visited_;
};

bool names(const UnpreparedManifest& manifest, const ObjectKey& key) {
  return manifest.gvk.group == key.group && manifest.gvk.kind == key.kind && manifest.name == key.name;
}

// Plans one application.
class Planner {
 public:
  explicit Planner(const ApplicationSnapshot& snapshot) : snapshot_(snapshot) {
    plan_.name = snapshot.name;
    plan_.namespace_ = snapshot.namespace_;
    plan_.revision = snapshot.revision;
  }

  ApplicationPlan plan() {
    plan_objects();
    plan_unprepared();
    plan_departures();
    const auto take = [this](std::vector<PlannedChange>& changes) {
      std::ranges::move(changes, std::back_inserter(plan_.changes));
    };
    const auto hooks_after = changes_.upper_bound(kLastBeforePruning);
    for (auto wave = changes_.begin(); wave != hooks_after; ++wave) take(wave->second);
    take(departures_);
    for (auto wave = hooks_after; wave != changes_.end(); ++wave) take(wave->second);
    for (PlannedChange& change : plan_.changes) change.danger = danger_of(change.verb, change.key);
    return std::move(plan_);
  }

 private:
  void plan_objects() {
    const InOrder order(*snapshot_.prepared);
    for (const Desired* desired : order.list()) {
      const auto found = snapshot_.findings.find(desired->key);
      const Finding finding = found == snapshot_.findings.end() ? Finding{} : found->second;
      if (finding.kind == FindingKind::InSync)
        plan_.settled.push_back({desired->key, finding.uid, finding.version, hash_of(*desired), finding.asked});
      else
        changes_[wave_of(*desired)].push_back(change_of(*desired, finding));
    }
  }

  void plan_unprepared() {
    for (const UnpreparedManifest& manifest : snapshot_.prepared->unprepared) {
      PlannedChange change;
      change.key = {manifest.gvk.group, manifest.gvk.kind, manifest.namespace_, manifest.name};
      change.wave = manifest.wave;
      change.origin = manifest.error.where;
      change.reason = manifest.error.message;
      const bool comes = manifest.may_come && definition_of(*snapshot_.prepared, manifest.gvk.group_kind()) != nullptr;
      if (comes) {
        change.verb = ChangeVerb::Create;
        change.reason = "its type comes with the same revision";
      } else if (!manifest.may_come) {
        change.verb = ChangeVerb::Refuse;
        if (!manifest.error.hint.empty()) change.reason += " (" + manifest.error.hint + ")";
      }
      changes_[manifest.wave].push_back(std::move(change));
    }
  }

  // All else of the revision has to be applied first (D12).
  [[nodiscard]] std::string what_pruning_waits_for() const {
    const auto is_trouble = [](const PlannedChange& change) {
      return change.verb == ChangeVerb::Refuse || change.verb == ChangeVerb::Unknown;
    };
    std::ptrdiff_t count = 0;
    for (auto wave = changes_.begin(); wave != changes_.upper_bound(kLastBeforePruning); ++wave)
      count += std::ranges::count_if(wave->second, is_trouble);
    if (count == 0) return {};
    return fmt::format("nothing is pruned before {} of this revision can be applied",
                       count == 1 ? "the refused object" : fmt::format("the {} refused objects", count));
  }

  void depart(ChangeVerb verb, const ObjectKey& key, std::string reason = {}) {
    PlannedChange change{verb, key};
    change.reason = std::move(reason);
    const auto live = snapshot_.left.find(key);
    if (live != snapshot_.left.end() && live->second != nullptr) {
      change.uid = live->second->uid;
      change.version = live->second->resource_version;
      json::value body = parse_json(live->second->body).value_or(json::value());
      if (json::object* object = body.if_object()) {  // the items of a list lack these
        (*object)["apiVersion"] = live->second->gvk.api_version();
        (*object)["kind"] = key.kind;
      }
      change.content = content_hash(body);
    }
    departures_.push_back(std::move(change));
  }

  void plan_departures() {
    const Inventory& inventory = *snapshot_.inventory;
    const PreparedSet& prepared = *snapshot_.prepared;
    std::set<ObjectKey> wanted = prepared.left_alone;
    for (const auto& [key, desired] : prepared.desired) wanted.insert(key);
    Inventory counted = inventory;
    std::vector<ObjectKey> hooks;  // of older revisions
    for (const auto& [key, uid] : inventory.entries) {
      if (std::ranges::any_of(prepared.unprepared, [&](const auto& manifest) { return names(manifest, key); }))
        wanted.insert(key);
      if (wanted.contains(key)) continue;
      const auto moved = snapshot_.moves.find(key);
      const bool hook = inventory.hooks.contains(key) && !is_protected(key.group_kind());
      if (moved == snapshot_.moves.end() && !hook) continue;
      counted.entries.erase(key);
      if (moved == snapshot_.moves.end()) {
        hooks.push_back(key);
        continue;
      }
      depart(ChangeVerb::Move, key);
      departures_.back().to = moved->second;
    }
    const std::string waits = what_pruning_waits_for();
    for (const ObjectKey& key : hooks) plan_prune(key, waits);
    const PruneDecision decision = judge_prune(counted, wanted, snapshot_.prune);
    for (const ObjectKey& key : decision.to_delete) plan_prune(key, waits);
    for (const HeldBack& held : decision.held_back) depart(ChangeVerb::HoldBack, held.key, held.reason);
  }

  void plan_prune(const ObjectKey& key, const std::string& waits) {
    if (const auto unknown = snapshot_.left_unknown.find(key); unknown != snapshot_.left_unknown.end())
      return depart(ChangeVerb::Unknown, key, describe(unknown->second));
    const auto found = snapshot_.left.find(key);
    if (found == snapshot_.left.end() || found->second == nullptr) return;  // gone: only the inventory forgets it
    const LiveObject& live = *found->second;
    const Uid& known = snapshot_.inventory->entries.at(key);
    const std::string objection = objection_to_pruning(&known, live.uid, live.ownership.get(),
                                                       snapshot_.options->applyset_id, snapshot_.options->installation);
    if (!objection.empty())
      depart(ChangeVerb::HoldBack, key, objection + "; it is left alone and no longer managed");
    else if (!waits.empty())
      depart(ChangeVerb::HoldBack, key, waits);
    else
      depart(ChangeVerb::Prune, key, live.terminating ? "it is being deleted already" : "");
  }

  const ApplicationSnapshot& snapshot_;
  ApplicationPlan plan_;
  std::map<Wave, std::vector<PlannedChange>> changes_;
  std::vector<PlannedChange> departures_;
};

// After those that they depend on; otherwise as they come.
class ApplicationOrder {
 public:
  explicit ApplicationOrder(const std::vector<ApplicationSnapshot>& all) : all_(all) {
    for (const ApplicationSnapshot& one : all) visit(one);
  }
  [[nodiscard]] const std::vector<const ApplicationSnapshot*>& list() const { return order_; }

 private:
  void visit(const ApplicationSnapshot& one) {
    if (!visited_.insert(&one).second) return;
    for (const ApplicationSnapshot& other : all_)
      if (other.namespace_ == one.namespace_ && one.depends_on.contains(other.name)) visit(other);
    order_.push_back(&one);
  }

  const std::vector<ApplicationSnapshot>& all_;
  std::vector<const ApplicationSnapshot*> order_;
  std::set<const ApplicationSnapshot*> visited_;
};

void count(const ApplicationPlan& plan, BlastRadius& blast) {
  blast.in_sync += plan.settled.size();
  for (const PlannedChange& change : plan.changes) {
    ++blast.verbs[change.verb];
    ++blast.kinds[to_string(change.key.group_kind())][change.verb];
    if (!change.danger.empty()) blast.dangerous.push_back({change.verb, change.key, change.danger});
    if (!writes(change.verb)) continue;
    const bool home = is_kind(change.key, "", "Namespace");
    if (home || !change.key.namespace_.empty()) blast.namespaces.insert(home ? change.key.name : change.key.namespace_);
  }
}

}  // namespace

const char* to_string(ChangeVerb verb) {
  for (const auto& [one, name] : kVerbs)
    if (one == verb) return name;
  return "?";
}

std::optional<ChangeVerb> verb_named(std::string_view name) {
  for (const auto& [verb, text] : kVerbs)
    if (name == text) return verb;
  return std::nullopt;
}

std::size_t BlastRadius::count(ChangeVerb verb) const {
  const auto found = verbs.find(verb);
  return found == verbs.end() ? 0 : found->second;
}

bool ChangePlan::changes() const {
  for (const ApplicationPlan& application : applications)
    for (const PlannedChange& change : application.changes)
      if (writes(change.verb) || change.verb == ChangeVerb::Move ||
          (change.verb == ChangeVerb::HoldBack && change.wave))
        return true;
  return false;
}

bool ChangePlan::trouble() const {
  return blast.count(ChangeVerb::Refuse) != 0 || blast.count(ChangeVerb::Unknown) != 0;
}

const Desired* definition_of(const PreparedSet& set, const GroupKind& type) {
  for (const auto& [key, desired] : set.desired)
    if (is_kind(key, "apiextensions.k8s.io", "CustomResourceDefinition") &&
        string_at(desired.body, {"spec", "group"}) == type.group &&
        string_at(desired.body, {"spec", "names", "kind"}) == type.kind)
      return &desired;
  return nullptr;
}

ChangePlan plan_changes(const std::vector<ApplicationSnapshot>& snapshot) {
  ChangePlan plan;
  const ApplicationOrder order(snapshot);
  for (const ApplicationSnapshot* one : order.list()) plan.applications.push_back(Planner(*one).plan());
  for (const ApplicationPlan& application : plan.applications) count(application, plan.blast);
  return plan;
}

}  // namespace holdfast
