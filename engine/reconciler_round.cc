// The reconciler's roll-outs: how a new set becomes what is desired, and when that is done.
#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <limits>

#include "engine/reconciler_attempt.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kFirstRediscovery = 200ms;

// No wave has come yet.
constexpr Wave kBeforeAll{std::numeric_limits<int>::min(), 0};

bool names(const UnpreparedManifest& manifest, const ObjectKey& key) {
  return manifest.gvk.group == key.group && manifest.gvk.kind == key.kind && manifest.name == key.name;
}

}  // namespace

void Reconciler::set_desired(ManifestSetPtr manifests) {
  next_manifests_ = std::move(manifests);
  round_due_ = true;
  if (save_retry_at_) save_retry_at_ = save_not_before_;
  wake();
}

void Reconciler::set_catalog(std::shared_ptr<const ApiCatalog> catalog) {
  catalog_ = std::move(catalog);
  if (options_.watch_approvals) watch_approvals();  // something may have to be approved before there is anything
  round_due_ = next_manifests_ != nullptr;          // a type may have come, gone, or moved to another version
  wake();
}

void Reconciler::forget_writes() {
  for (auto& [key, state] : states_) {
    state.record.reset();
    state.sight = {};
  }
  if (options_.learned != nullptr) options_.learned->forget_all();
}

boost::asio::awaitable<bool> Reconciler::begin_round() {
  const ManifestSetPtr manifests = next_manifests_;
  PreparedSet prepared = prepare(*manifests, *catalog_, options_.prepare);
  for (const auto& [key, desired] : prepared.desired) {
    pruning_.erase(key);  // it has come back: a DELETE under way must not take it out of the record
    if (desired.making)
      inventory_.intend_hook(key, *desired.making);
    else
      inventory_.intend(key);
    // What a hook has left is no drift where it is gone.
    const auto known = states_.find(key);
    if (known != states_.end() && inventory_.uid(key)->empty() && live_.find(key) == nullptr)
      known->second.record.reset();
  }
  inventory_.begin({manifests->revision, manifests->committed_s});
  if (!co_await save_inventory()) co_return false;
  if (manifests != next_manifests_)
    co_return true;  // overtaken while the inventory was written; round_due_ is set again
  const std::vector<UnpreparedManifest> unprepared = prepared.unprepared;
  const std::vector<Error> remarks = std::move(prepared.remarks);
  adopt_prepared(std::move(prepared), manifests->revision);
  for (const Error& remark : remarks)
    if (told_.insert(describe(remark)).second) observer_.set_problem(remark);
  for (const UnpreparedManifest& manifest : unprepared) {
    if (!told_.insert(describe(manifest.error)).second) continue;
    if (manifest.may_come) {
      observer_.waiting(manifest.error);
    } else {
      observer_.set_problem(manifest.error);
      options_.on_refused_fields(refusal_of(manifest, revision_));
    }
  }
  manifests_ = manifests;
  co_return true;
}

void Reconciler::adopt_prepared(PreparedSet prepared, const std::string& revision) {
  const bool same_revision = revision == revision_;
  if (!same_revision) {
    told_.clear();
    rediscoveries_ = 0;
    finished_.reset();
  }
  revision_ = revision;
  readiness_.begin(same_revision);
  unready_since_.reset();
  unready_for_long_ = false;
  pending_.clear();
  failed_.clear();
  closed_.clear();
  pruning_.clear();
  taken_for_gone_.clear();
  pruning_judged_ = false;
  waves_.clear();
  dependents_.clear();
  dismissible_.clear();
  left_alone_ = std::move(prepared.left_alone);
  keep_unprepared(prepared);
  types_.clear();
  const std::map<ObjectKey, Desired> before = desired_;
  std::erase_if(desired_, [&](const auto& entry) { return !prepared.desired.contains(entry.first); });
  for (auto& [key, state] : states_) {
    if (prepared.desired.contains(key)) continue;
    state.wanted = nullptr;
    state.next.reset();
    state.last_good.reset();
  }
  for (const ObjectKey& key : kept_) states_[key].next.reset();
  objects_ = prepared.desired.size();
  for (auto& [key, desired] : prepared.desired) expect(key, std::move(desired), same_revision);
  if (!finished_) observer_.round_started(revision_, objects_);
  watch_types();
  open_wave(kBeforeAll);
  open_next_waves();
  if (inventory_.inventory().revision == revision_) open_all_waves();  // after a restart: healing, no roll-out
  if (unprepared_ != 0) rediscover_at_ = options_.now() + backoff(rediscoveries_++, kFirstRediscovery);
  let_go_of(before);
  doubt_outdated_admission();
  options_.on_desired();
}

// Other applications may have waited for what this one wants no longer.
void Reconciler::let_go_of(const std::map<ObjectKey, Desired>& before) {
  for (const auto& [key, desired] : before)
    if (!wants(key)) group_.let_go(key, *this);
  for (const auto& [key, uid] : inventory_.inventory().entries)
    if (!wants(key)) group_.let_go(key, *this);
}

// What cannot be prepared now keeps the form in which it was applied last, and is healed to that.
void Reconciler::keep_unprepared(PreparedSet& prepared) {
  unprepared_ = prepared.unprepared.size();
  first_unprepared_.reset();
  kept_.clear();
  for (const UnpreparedManifest& manifest : prepared.unprepared) {
    first_unprepared_ = std::min(first_unprepared_.value_or(manifest.wave), manifest.wave);
    for (const auto& [key, desired] : desired_)
      if (names(manifest, key) && prepared.desired.try_emplace(key, desired).second) kept_.insert(key);
  }
}

void Reconciler::watch_types() {
  watch_approvals();
  std::set<GroupKind> seen;
  for (const auto& [key, state] : states_) {
    const Desired* const newest = newest_form(key);
    if (newest != nullptr && types_.contains(newest->resource.gvk) && seen.insert(key.group_kind()).second)
      watches_.watch(newest->resource);
  }
  for (const auto& [key, uid] : inventory_.inventory().entries) {
    if (!seen.insert(key.group_kind()).second) continue;
    if (const ApiResource* resource = catalog_->find(key.group_kind())) watches_.watch(*resource);
  }
}

bool Reconciler::all_synced() const {
  return std::ranges::all_of(inventory_.inventory().entries, [this](const auto& entry) {
    const GroupKind type = entry.first.group_kind();
    return live_.synced(type) || (catalog_->find(type) == nullptr && !catalog_->unknown_groups.contains(type.group));
  });
}

// A group that could not be asked keeps its types unknown until it is asked again.
void Reconciler::await_discovery() {
  if (rediscover_at_) return;
  const bool unknown = std::ranges::any_of(inventory_.inventory().entries, [this](const auto& entry) {
    return catalog_->unknown_groups.contains(entry.first.group) && !live_.synced(entry.first.group_kind());
  });
  if (unknown) rediscover_at_ = options_.now() + backoff(rediscoveries_++, kFirstRediscovery);
}

void Reconciler::finish_round_if_done() {
  dismiss_ended_hooks();
  say_what_waits();
  note_impatience();
  if (manifests_ == nullptr || round_due_) return;
  const bool completed = finished_ && finished_->complete;  // the same revision may have begun anew since
  if (completed && pending_.empty() && pruning_.empty() && pruning_judged_) return;
  if (open_next_waves()) pump();
  if (main_waves_applied() && unprepared_ == 0 && !pruning_judged_) {
    if (!all_synced()) {
      await_discovery();
      return;
    }
    if (const std::string reason = options_.pruning_waits_for(); !reason.empty()) {
      say_pruning_waits(reason);
      return;
    }
    if (!options_.desired_is_sure()) return;
    start_pruning();
    if (open_next_waves()) pump();
  }
  if (!completed) sum_up();
}

void Reconciler::sum_up() {
  const auto failed = static_cast<std::size_t>(
      std::ranges::count_if(failed_, [this](const ObjectKey& key) { return !closed_.contains(key); }));
  RoundSummary summary{revision_, objects_, failed + unprepared_, false};
  const std::size_t open = pending_.size() - closed_.size() + pruning_.size();
  summary.complete = open == 0 && closed_.empty() && unprepared_ == 0 && hooks_ended();
  const bool at_an_end = (closed_.empty() && hooks_ended()) || failed != 0 || unprepared_ != 0 || wave_is_stuck_;
  const bool tried = open == failed && at_an_end && (unprepared_ == 0 || rediscoveries_ >= kPatienceForTypes);
  const bool said = finished_.has_value();
  if (!summary.complete && (!tried || said)) return;
  if (!summary.complete) summary.failed = std::max<std::size_t>(summary.failed, 1);
  if (summary.complete) inventory_.set_revision(revision_, manifests_->content);
  finished_ = summary;
  save_lessons_at_ = {};
  observer_.round(summary);
  tell_readiness(nullptr);
  if (options_.on_round) options_.on_round(summary);
}

}  // namespace holdfast
