// Keeps the objects of one application as its desired state says, by events.
//
// The way through it: a store event or a new ManifestSet puts keys into the WorkQueue; each key popped is looked at
// afresh (Snapshot), judged purely (Verdict), and at most one request for it is under way at any time. What the cluster
// holds is only ever believed from the LiveView; an answer to our own write changes our Record of that object alone.
//
// A roll-out ("round") persists the union of old and new keys before its first write, goes rank by rank, prunes when
// all of it is applied, and then records its revision. Healing goes on meanwhile, to the newest state that each object
// has reached.
//
// Threads: everything here runs on one executor and is called from it. Time and chance come through Options.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "engine/approvals.h"
#include "engine/drift_policy.h"
#include "engine/fight_watch.h"
#include "engine/fingerprinter.h"
#include "engine/health_judge.h"
#include "engine/inventory_keeper.h"
#include "engine/key_state.h"
#include "engine/learned_keeper.h"
#include "engine/observer.h"
#include "engine/outcome.h"
#include "engine/prepare.h"
#include "engine/prune_guard.h"
#include "engine/readiness.h"
#include "engine/reconciler_group.h"
#include "engine/reconciler_options.h"
#include "engine/refused_fields.h"
#include "engine/save_place.h"
#include "engine/verdict.h"
#include "engine/work_queue.h"
#include "engine/yielding.h"
#include "health/health.h"
#include "holdfast/base/clock.h"
#include "holdfast/model/manifest_set.h"
#include "holdfast/ports/admission_view.h"
#include "holdfast/ports/api_server.h"
#include "holdfast/ports/live_reader.h"
#include "holdfast/ports/live_view.h"
#include "holdfast/ports/object_access.h"
#include "holdfast/ports/schema_view.h"
#include "holdfast/ports/watch_control.h"

namespace holdfast {

class Reconciler final : public LiveReader, public WriteBudget::Waiter, public HealthAsker {
 public:
  using Time = std::chrono::steady_clock::time_point;

  Reconciler(boost::asio::any_io_executor executor, ApiServer& api, const LiveView& live, WatchControl& watches,
             InventoryKeeper& inventory, ReconcilerGroup& group, ReconcileObserver& observer,
             ReconcilerOptions options);
  ~Reconciler() override;
  Reconciler(const Reconciler&) = delete;
  Reconciler& operator=(const Reconciler&) = delete;

  // Runs until stop(), then finishes the writes under way and returns. The inventory must have been loaded.
  boost::asio::awaitable<void> run();
  void stop();

  void set_desired(ManifestSetPtr manifests);
  void set_catalog(std::shared_ptr<const ApiCatalog> catalog);
  // Takes the fingerprint of what is desired, so that the object can be judged without its body later on.
  bool read(const LiveObject& object, const JsonView& body) override;
  // A store event: the object under `key` was upserted or deleted, its bytes received at `received`.
  void live_changed(const ObjectKey& key, Time received);
  // The cluster's database was restored: what our writes were answered with holds no longer (correctness A14).
  void forget_writes();
  // A complete list of the type has been stored.
  void type_synced(const GroupKind& type);
  // What the SchemaView says of some types is another than before.
  void schemas_changed();
  // Writes of these types may be met otherwise from now on (correctness C10).
  void admission_changed(const AdmissionReach& reach);
  // What the AdmissionView says is known now.
  void admission_known();
  // Another application has begun or ceased to want the object.
  void reconsider(const ObjectKey& key);
  void reconsider_pruning() { wake(); }
  // What will_want() says of objects is another than before: others may take what it does not have.
  void later_set_known() { let_go_of({}); }
  void place_free() override { pump(); }
  void judged(const ObjectKey& key, const Uid& uid, const ResourceVersion& version, const Health& health) override;
  void ask_again(const ObjectKey& key) override;

  [[nodiscard]] const std::string& application() const { return options_.application; }
  [[nodiscard]] const std::string& account() const { return options_.account; }
  [[nodiscard]] const std::string& applyset_id() const { return options_.prepare.applyset_id; }
  [[nodiscard]] bool wants(const ObjectKey& key) const;
  [[nodiscard]] bool wants(const GroupVersionKind& type) const { return types_.contains(type); }
  // The revision of the newest set that has become what is desired; empty before the first.
  [[nodiscard]] const std::string& revision() const { return revision_; }

  // True once every object of the newest set was tried; then `failed` tells whether all went well.
  [[nodiscard]] std::optional<RoundSummary> finished_round() const { return finished_; }

  // All of the newest set is applied, and healthy where that is waited for.
  [[nodiscard]] bool ready() const { return readiness_.ready(); }
  // Nothing that was applied so far is known not to be healthy.
  [[nodiscard]] bool healthy_so_far() const { return readiness_.unhealthy().empty(); }
  // All is applied, and has been waited for as long as a wave is before that is said; and for what.
  [[nodiscard]] bool unready_for_long() const { return unready_for_long_; }
  [[nodiscard]] std::string what_is_not_healthy() const;

 private:
  using Scripted = KeyState::Scripted;
  using Seen = KeyState::Seen;
  using Sight = KeyState::Sight;
  using Shape = KeyState::Shape;
  using Form = KeyState::Form;
  using DriftMemory = KeyState::DriftMemory;
  using Deletion = KeyState::Deletion;
  using Doubt = KeyState::Doubt;
  struct Attempt;
  // A set's own CRDs take a moment to be served; after so many looks in vain the round is reported as failed (about
  // 13 s, and it goes on being looked for).
  static constexpr unsigned kPatienceForTypes = 6;

  void wake();
  void pump();
  void claim(const ObjectKey& key);
  void drop(const ObjectKey& key);
  void start(ObjectKey key);
  void finish(const ObjectKey& key);
  boost::asio::awaitable<void> process(ObjectKey key);
  boost::asio::awaitable<void> bring_about(ObjectKey key);
  boost::asio::awaitable<bool> look_up(ObjectKey key, Attempt& attempt, Verdict verdict);
  boost::asio::awaitable<bool> apply(ObjectKey key, Attempt& attempt, Verdict verdict);
  [[nodiscard]] bool may_replace(const ObjectKey& key, const Attempt& attempt, const ClassifiedApply& answer) const;
  boost::asio::awaitable<bool> replace(ObjectKey key, Attempt& attempt, ClassifiedApply refusal);
  boost::asio::awaitable<std::string> try_to_create(Desired desired);
  boost::asio::awaitable<bool> delete_to_replace(ObjectKey key, Attempt& attempt, ClassifiedApply refusal);
  bool leave_as_it_is(const ObjectKey& key, const Attempt& attempt, const std::string& why);
  boost::asio::awaitable<void> attend_deletion(ObjectKey key, ApiResource resource, LivePtr live);
  boost::asio::awaitable<void> remove(ObjectKey key);
  boost::asio::awaitable<void> look_before_pruning(ObjectKey key, ApiResource resource);
  boost::asio::awaitable<void> delete_object(ObjectKey key, ApiResource resource, LivePtr live);
  [[nodiscard]] std::string objection_to_pruning(const ObjectKey& key, const LiveObject& live) const;
  void pruned(const ObjectKey& key);
  bool waits(const ObjectKey& key);
  bool look_at_what_is_not_shown();
  bool counts_after_all(const ObjectKey& key);
  void end_pruning(const ObjectKey& key);
  void forget(const ObjectKey& key);
  void give_up_pruning(const ObjectKey& key, const std::string& reason);

  bool look_closely(const LiveObject& object, const JsonView& text, KeyState& state);
  bool reshape(const ObjectKey& key, KeyState& state, const json::value& live);
  void carry_shape_over(KeyState& state, const Shape& before);
  [[nodiscard]] bool may_yield(const Desired& desired) const;
  bool prove_converged(const LiveObject& object, const json::value& body, KeyState& state);
  [[nodiscard]] bool may_prove(const ObjectKey& key, const LivePtr& live) const;
  bool prove_stored(const ObjectKey& key, const Attempt& attempt);
  bool awaits_schema(const ObjectKey& key, const Attempt& attempt);
  // reconciler_learned.cc
  void begin_with_what_was_learned();
  void recall(const LiveObject& object, KeyState& state);
  std::uint64_t schema_of(const GroupVersionKind& type);
  void note_lesson(KeyState& state, Record record);
  [[nodiscard]] std::vector<ApiResource> own_types() const;
  [[nodiscard]] Digest128 admission_in_force() const;
  [[nodiscard]] LearnedSet lessons() const;
  [[nodiscard]] std::optional<Time> lessons_due() const;
  boost::asio::awaitable<void> save_lessons();
  // reconciler_access.cc
  boost::asio::awaitable<bool> may_act(ObjectKey key, ApiResource resource);
  [[nodiscard]] Health shown_health(const ObjectKey& key, Health health) const;
  // reconciler_confirm.cc
  void doubt(const ObjectKey& key, KeyState& state);
  void doubt_outdated_schemas();
  void doubt_outdated_admission();
  void doubt_rewritten(const AdmissionReach& reach, const char* why);
  void doubt_a_sample(Time now);
  std::optional<Time> give_turns(Time now);
  boost::asio::awaitable<bool> confirm(ObjectKey key, Attempt& attempt, Verdict verdict);
  boost::asio::awaitable<bool> confirm_dry(ObjectKey key, Attempt& attempt);
  void leave_unconfirmed(const ObjectKey& key, const std::string& why);

  boost::asio::awaitable<bool> look_before_writing(ObjectKey key, Attempt& attempt, Verdict verdict);
  void take_form(Attempt& attempt, const KeyState& state) const;
  static std::string body_to_send(const Attempt& attempt, const Uid& uid);
  static bool settled_by(Attempt& attempt, const ApiResponse& response);
  boost::asio::awaitable<bool> see_body(ObjectKey key, Attempt& attempt, Uid uid);
  bool meet_drift(const ObjectKey& key, Attempt& attempt, const Verdict& verdict);
  bool meet_absence(const ObjectKey& key, const Attempt& attempt);
  [[nodiscard]] bool is_drift(const ObjectKey& key, const Verdict& verdict) const;
  [[nodiscard]] bool may_be_drift(const ObjectKey& key) const;
  [[nodiscard]] std::set<std::string> approved_repairs(const ObjectKey& key, const Uid& uid) const;
  [[nodiscard]] PruneLimits prune_limits() const;
  void watch_approvals();
  void read_approvals(const json::value& config_map);
  void take_approvals(Approvals approvals);
  [[nodiscard]] static std::optional<std::chrono::nanoseconds> detected_after(const Attempt& attempt);
  void say_drift(KeyState& state, Drift drift, DriftPolicy policy, std::optional<Time> until);
  boost::asio::awaitable<bool> hand_over(ObjectKey key, Attempt& attempt);
  boost::asio::awaitable<bool> take_over(ObjectKey key, Attempt& attempt);
  boost::asio::awaitable<bool> release_handover(ObjectKey key);
  boost::asio::awaitable<bool> patch_beside(ObjectKey key, Attempt& attempt, std::string manager, std::string type,
                                            std::string body);
  boost::asio::awaitable<void> tidy_managers(ObjectKey key, std::string answered);
  void note_repair(const ObjectKey& key, const std::vector<FieldDrift>& fields, bool all);
  void note_calm(const ObjectKey& key, KeyState& state);
  // `make` makes the Explanation, where somebody wants it.
  template <class Make>
  void explain(const ObjectKey& key, const Make& make) const {
    if (observer_.wants_explanations()) observer_.explained(to_string(key), make());
  }
  [[nodiscard]] Explanation explain_verdict(const ObjectKey& key, const Verdict& verdict) const;
  void explain_shape(const ObjectKey& key, const std::vector<Yielded>& yielded) const;
  void explain_drift(const ObjectKey& key, const Desired& desired, const DriftPlan& plan,
                     const FightWatch& fights) const;
  void explain_wave(const Wave& wave) const;
  void explain_waiting(const Wave& wave);
  void explain_prune(const ObjectKey& key, std::size_t left, std::size_t inventory) const;
  Verdict judge_now(const ObjectKey& key, Attempt& attempt);
  [[nodiscard]] std::optional<Digest128> fingerprint_of(const LiveObject& live, const KeyState& state) const;
  [[nodiscard]] OwnerState owner_state(const Ownership& ownership, const ObjectKey& key) const;
  [[nodiscard]] Snapshot snapshot_of(const ObjectKey& key, const KeyState& state, LivePtr live) const;
  bool handle_apply_failure(const ObjectKey& key, Attempt& attempt, const ClassifiedApply& answer);
  void refused(const ObjectKey& key, const Attempt& attempt, const ClassifiedApply& answer, Error error);
  bool learn(const ObjectKey& key, Attempt& attempt, const Verdict& verdict, const ApiResponse& response, bool created);
  [[nodiscard]] bool has_drifted(const ObjectKey& key, const Attempt& attempt, const Verdict& verdict) const;
  void report_repair(const ObjectKey& key, const Attempt& attempt, const Verdict& verdict, bool created, Time answered,
                     const std::string* owned_before);
  [[nodiscard]] bool namespace_comes_first(const ObjectKey& key) const;
  void admit_to_namespace(const ObjectKey& home);
  void settled(const ObjectKey& key) { settled(key, false); }
  void settled(const ObjectKey& key, bool held);
  void retry(const ObjectKey& key, Error error, std::chrono::milliseconds least, bool certain_refusal);
  std::chrono::milliseconds backoff(unsigned failures, std::chrono::milliseconds first);

  [[nodiscard]] bool begins_with_a_record() const;
  boost::asio::awaitable<void> await_save_place();
  boost::asio::awaitable<bool> save_inventory();
  boost::asio::awaitable<bool> begin_round();
  void adopt_prepared(PreparedSet prepared, const std::string& revision);
  void expect(const ObjectKey& key, Desired desired, bool same_revision);
  void open_wave(const Wave& wave);
  bool open_next_waves();
  void open_all_waves();
  [[nodiscard]] bool staged() const;
  [[nodiscard]] bool hooks_ended() const;
  void admit(const ObjectKey& key);
  [[nodiscard]] bool dependencies_ready(const Desired& desired) const;
  [[nodiscard]] const Desired* newest_form(const ObjectKey& key) const;
  void promote(const ObjectKey& key, KeyState& state);
  void promote_if_due(const ObjectKey& key);
  void demote(const ObjectKey& key);
  [[nodiscard]] bool is_ready(const ObjectKey& key) const;
  void advanced(const ObjectKey& key);
  [[nodiscard]] bool has_rule(const GroupKind& type) const;
  [[nodiscard]] bool is_in_force(const ObjectKey& key, const Sight& sight) const;
  void see_health(const ObjectKey& key, const GroupVersionKind& gvk, Sight& sight, const JsonView& body);
  void ask_for_health(const ObjectKey& key, const GroupVersionKind& gvk, Sight& sight, Seen seen, std::string body);
  void take_health(const ObjectKey& key, Sight& sight, const Health& health);
  [[nodiscard]] bool health_was_missed(const ObjectKey& key) const;
  boost::asio::awaitable<void> look_at_health(ObjectKey key);
  void note_missing(const ObjectKey& key);
  [[nodiscard]] bool ignores_health(const ObjectKey& key) const;
  [[nodiscard]] std::int64_t written_generation(const ObjectKey& key) const;
  void note_readiness(const ObjectKey& key);
  void tell_readiness(const ObjectKey* cause);
  void note_impatience();
  [[nodiscard]] std::optional<Time> readiness_patience_ends() const;
  template <class Keys>
  [[nodiscard]] std::string names_of(const Keys& keys) const;
  [[nodiscard]] std::string what_is_awaited() const;
  void say_overdue(const std::set<ObjectKey>& objects);
  static bool is_well_since_written(const KeyState& state);
  // reconciler_hooks.cc
  void note_hook(const ObjectKey& key);
  void say_failed(const ObjectKey& key, const std::string& why);
  void note_recorded_hooks();
  boost::asio::awaitable<bool> attend_hook(ObjectKey key);
  bool hook_vanished(const ObjectKey& key);
  [[nodiscard]] HookEnd hook_end(const ObjectKey& key) const;
  [[nodiscard]] bool end_is_told(const GroupKind& type) const;
  // reconciler_older_hooks.cc
  bool older_hooks_go_first(const ObjectKey& key);
  void let_next_hook_come(const ObjectKey& gone);
  [[nodiscard]] const Desired* hook_after(const ObjectKey& older) const;
  void see_older_hook(const LiveObject& object, const JsonView& body);
  boost::asio::awaitable<bool> still_runs(ObjectKey older, ApiResource resource);
  boost::asio::awaitable<bool> look_at_older_hook(ObjectKey older, ApiResource resource);
  void say_still_runs(const ObjectKey& older);
  // reconciler_hooks.cc
  static bool may_go(const Desired& desired);
  [[nodiscard]] bool phase_ended(const Desired& hook) const;
  [[nodiscard]] bool hook_is_to_go(const ObjectKey& key) const;
  void dismiss_ended_hooks();
  void note_hook_gone(const ObjectKey& key);
  boost::asio::awaitable<void> dismiss_hook(ObjectKey key);
  [[nodiscard]] bool has_to_be_seen(const ObjectKey& key, const LivePtr& live) const;
  void take_as_it_is(const ObjectKey& key, const ApiResource& resource, const ApiResponse& response);
  [[nodiscard]] std::optional<Time> patience_ends() const;
  void say_what_waits();
  [[nodiscard]] bool main_waves_applied() const;
  void let_go_of(const std::map<ObjectKey, Desired>& before);
  void keep_unprepared(PreparedSet& prepared);
  void watch_types();
  void await_discovery();
  void finish_round_if_done();
  void sum_up();
  void start_pruning();
  void prune(const ObjectKey& key);
  void say_pruning_waits(const std::string& reason);
  [[nodiscard]] bool all_synced() const;

  boost::asio::any_io_executor executor_;
  ApiServer& api_;
  const LiveView& live_;
  WatchControl& watches_;
  InventoryKeeper& inventory_;
  ReconcilerGroup& group_;
  ReconcileObserver& observer_;
  ReconcilerOptions options_;
  Fingerprinter fingerprinter_;
  JsonIndexer indexer_;  // of answers

  std::shared_ptr<const ApiCatalog> catalog_;
  ManifestSetPtr manifests_;       // newest accepted by begin_round
  ManifestSetPtr next_manifests_;  // waiting for begin_round
  bool round_due_ = false;

  std::map<ObjectKey, Desired> desired_;
  std::set<GroupVersionKind> types_;  // of the newest forms
  std::unordered_map<ObjectKey, KeyState, ObjectKeyHash> states_;
  WorkQueue queue_;

  std::string revision_;
  std::set<ObjectKey> pending_;                          // of this round, not applied yet
  std::set<ObjectKey> failed_;                           // of those, tried and failed
  std::set<ObjectKey> closed_;                           // of those pending, whose wave or dependencies have not come
  std::map<Wave, std::set<ObjectKey>> waves_;            // all of this round
  std::map<ObjectKey, std::set<ObjectKey>> dependents_;  // of what others depend on
  std::set<ObjectKey> dismissible_;                      // hooks that their policy may want gone, and does not yet
  std::set<ObjectKey> left_alone_;
  Wave open_wave_;                     // the last that was opened
  std::set<ObjectKey> awaited_;        // of that wave, neither applied nor healthy; where there are several
  std::optional<Time> waiting_since_;  // for these
  bool wave_is_stuck_ = false;         // and that was said
  Readiness readiness_;                // of all that is applied
  std::optional<Time> unready_since_;  // though all is
  bool unready_for_long_ = false;
  std::size_t objects_ = 0;               // of this round
  std::set<ObjectKey> kept_;              // in the form of an earlier one, for lack of a type
  std::size_t unprepared_ = 0;            // manifests of this round that cannot be applied as things stand
  std::optional<Wave> first_unprepared_;  // the wave of the first of them
  std::map<ObjectKey, std::string> held_back_;
  Approvals approvals_;
  Approvals approvals_read_;                   // the same, before the store has them
  std::map<ObjectKey, std::string> unproven_;  // why; kept only where explanations are wanted
  std::map<ObjectKey, Time> awaiting_schema_;  // not proven for lack of one, and until when that is waited for
  std::set<ObjectKey> pruning_;                // approved for deletion, not yet seen gone
  std::set<ObjectKey> taken_for_gone_;         // of these, what no watch shows: the server is asked first
  std::set<ObjectKey> found_there_;            // and has these all the same
  bool pruning_judged_ = false;
  std::optional<RoundSummary> finished_;
  std::set<std::string> told_;  // problems of this revision: each is said once
  unsigned save_failures_ = 0;
  std::optional<Time> save_retry_at_;
  Time save_not_before_{};      // whatever is committed: the server asked for it
  unsigned rediscoveries_ = 0;  // of this revision
  std::optional<Time> rediscover_at_;

  std::map<GroupVersionKind, std::uint64_t> schemas_seen_;  // the newest of each type
  bool lessons_changed_ = false;                            // since they were saved last
  Time save_lessons_at_{};
  Time save_lessons_not_before_{};    // whatever has happened: the server asked for it
  std::deque<ObjectKey> in_line_;     // to be confirmed
  std::optional<Time> confirm_turn_;  // of the first of them
  Time confirm_not_before_{};
  bool admission_outdated_ = false;  // since the last run: what is recalled from it has to be confirmed
  bool admission_compared_ = false;
  std::optional<Time> sample_at_;

  Timer signal_;
  SavePlace save_place_;
  bool stopping_ = false;
};

}  // namespace holdfast
