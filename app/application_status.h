// What the status of an Application says: made from what its observer hears, in the words of kstatus and Flux
// (docs/applications.md). Pure: time comes from a function, and nothing is sent from here (status_writer.h).
//
//   Ready        True: all of the revision is applied, and with spec.wait all of it is healthy
//   Reconciling  True: something is under way, or is tried again by itself
//   Stalled      True: nothing goes on before somebody does something
//   Healthy      how the objects fare
//
// One thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "app/application_observer.h"
#include "app/stated_conditions.h"
#include "holdfast/model/json.h"

namespace holdfast {

class ApplicationStatus final : public ApplicationObserver {
 public:
  struct Hooks {
    std::function<std::chrono::sys_seconds()> now;
    std::function<void()> changed;  // document() may say something else than before
    // A condition has become another one: for an Event of the cluster. `type` is one of the four.
    std::function<void(const std::string& type, const ApplicationCondition& now)> transition;
    std::function<void()> claim_known = {};  // whether another installation holds it
    // Something was done or refused that no condition tells of: for an Event.
    std::function<void(bool warning, const std::string& reason, const std::string& note)> happened =
        [](bool, const std::string&, const std::string&) {};
  };
  ApplicationStatus(bool waits_for_health, Hooks hooks)
      : waits_for_health_(waits_for_health), hooks_(std::move(hooks)) {}

  // What an earlier process wrote: times and history go on from there. Anything else is of no use, and is passed over.
  void recall(const json::object& status);
  void set_generation(std::int64_t generation, bool waits_for_health);
  void set_handled_reconcile(std::string requested_at);
  // Instead of all else: what is written in the object cannot be held, or is not to be held now.
  void refuse(std::string message);
  void suspend();
  void hold();  // neither, any more
  void set_objects(std::size_t objects);
  [[nodiscard]] const RollOutRecord& record() const { return record_; }
  [[nodiscard]] const std::optional<WaitingPlan>& waiting_plan() const { return plan_; }
  [[nodiscard]] const ApplicationHistory& history() const { return history_; }
  // Something else that belongs into its history, of which no revision comes by itself.
  void was_done(std::string action, std::string who, std::string why);

  [[nodiscard]] bool is_contested() const { return !contested_since_.empty(); }  // another installation holds it
  [[nodiscard]] Conditions conditions() const;
  // `status`, for a server-side apply that owns all of it. Where another installation holds the application, it says
  // only that (in a condition Contested), beside what the other one says.
  [[nodiscard]] json::object document() const;

  void source_read(const ManifestSet& read) override;
  void source_failed(const Error& error, const std::string& held) override;
  void waits_for(const std::string& revision, const std::string& names) override;
  void inventory_known() override;
  void inventory_unknown(const Error& error, std::chrono::milliseconds retry_in) override;
  void round_started(const std::string& revision, std::size_t objects) override;
  void applied(const ObjectKey& key, bool created, const std::string& revision) override;
  void repaired(const Repair& repair) override;
  void pruned(const ObjectKey& key) override;
  void hook_dismissed(const ObjectKey& key, const std::string& reason) override;
  void held_up(const ObjectKey& key, const Error& reason) override;
  void held_back(const ObjectKey& key, const std::string& reason) override;
  void refused(const ObjectKey& key, const Error& error) override;
  void failed(const ObjectKey& key, const Error& error, std::chrono::milliseconds retry_in) override;
  void set_problem(const Error& error) override;
  void waiting(const Error& reason) override;
  void round(const RoundSummary& summary) override;
  void drifted(const Drift& drift, DriftPolicy policy, std::optional<std::chrono::milliseconds> retry_in) override;
  void became_ready(const std::string& revision, std::size_t objects) override;
  void no_longer_ready(const std::string& revision, const ObjectKey& key, const Health& now) override;
  void record_changed(const RollOutRecord& record) override;
  void plan_waits(const std::optional<WaitingPlan>& plan) override;
  void plan_unknown(const std::string& revision, const std::string& why) override;
  void did(const HistoryEntry& entry) override;
  void request_refused(const std::string& action, const std::string& why) override;
  void roll_out_failed(const std::string& revision, const std::string& why) override;

 private:
  enum class Standing { Held, Refused, Suspended };
  enum class Progress { Unknown, Waiting, Rolling, Incomplete, Complete };

  [[nodiscard]] ApplicationCondition ready() const;
  [[nodiscard]] ApplicationCondition healthy() const;
  [[nodiscard]] ApplicationCondition stalled() const;
  [[nodiscard]] ApplicationCondition reconciling() const;
  [[nodiscard]] std::string what_failed() const;
  [[nodiscard]] ApplicationCondition brought_about() const;
  [[nodiscard]] std::string what_waits() const;
  void touched();

  bool waits_for_health_;
  Hooks hooks_;
  std::int64_t generation_ = 0;
  std::string handled_reconcile_;
  Standing standing_ = Standing::Held;
  std::string refusal_;
  Progress progress_ = Progress::Unknown;
  std::string waits_for_names_;
  std::optional<Error> source_error_;
  std::string inventory_error_;
  std::string contested_since_;  // another installation holds it; empty: none does
  std::string attempted_, applied_;
  std::size_t objects_ = 0, objects_of_round_ = 0;
  std::map<ObjectKey, std::string> failures_, refusals_, held_back_, held_up_;
  std::string set_problem_;
  std::string rolling_;  // the revision that it is about
  bool known_healthy_ = false;
  std::string unhealthy_;  // why; empty with known_healthy_: it is well
  std::set<ObjectKey> drifted_;
  std::size_t corrected_ = 0;
  std::string last_drift_;
  ApplicationHistory history_;
  RollOutRecord record_;
  std::optional<WaitingPlan> plan_;
  std::string unplanned_;        // what waits and cannot be planned, and why
  std::string failed_roll_out_;  // of `attempted_`: why
  StatedConditions stated_;
};

}  // namespace holdfast
