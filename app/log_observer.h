// Says in the log what the reconciler did: one line a change, written for whoever is on call.
#pragma once

#include <string>
#include <vector>

#include "app/application_observer.h"
#include "app/progress.h"
#include "holdfast/base/log.h"

namespace holdfast {

class LogObserver : public ApplicationObserver {
 public:
  // With progress shown, the objects of the first roll-out are counted on one line of the terminal instead of being
  // listed. `application`: named in each line, where there are several; may be empty. With `explain`, every decision is
  // said with its reason.
  explicit LogObserver(bool show_progress, std::string application = {}, bool explain = false)
      : progress_(show_progress), application_(std::move(application)), explain_(explain) {}

  void round_started(const std::string& revision, std::size_t objects) override;
  void applied(const ObjectKey& key, bool created, const std::string& revision) override;
  void repaired(const Repair& repair) override;
  void pruned(const ObjectKey& key) override;
  void moved(const ObjectKey& key, const std::string& to_application) override;
  void replacing(const ObjectKey& key, const std::string& reason) override;
  void held_up(const ObjectKey& key, const Error& reason) override;
  void hook_dismissed(const ObjectKey& key, const std::string& reason) override;
  void held_back(const ObjectKey& key, const std::string& reason) override;
  void refused(const ObjectKey& key, const Error& error) override;
  void failed(const ObjectKey& key, const Error& error, std::chrono::milliseconds retry_in) override;
  void set_problem(const Error& error) override;
  void waiting(const Error& reason) override;
  void round(const RoundSummary& summary) override;
  void drifted(const Drift& drift, DriftPolicy policy, std::optional<std::chrono::milliseconds> retry_in) override;
  void approved(const std::vector<Approval>& approvals) override;
  void yielded(const ObjectKey& key, const std::vector<Yielded>& fields) override;
  void fight(const ObjectKey& key, const Fight& fight, bool over) override;
  [[nodiscard]] bool wants_explanations() const override { return explain_; }
  void explained(const std::string& subject, const Explanation& explanation) override;
  void health_changed(const ObjectKey& key, const Health& before, const Health& now) override;
  void health_unknown(const ObjectKey& key, const std::string& reason) override;
  void became_ready(const std::string& revision, std::size_t objects) override;
  void no_longer_ready(const std::string& revision, const ObjectKey& key, const Health& now) override;

 private:
  void say(LogLevel level, std::string_view event, std::string_view message, std::vector<LogField> fields = {}) const;

  Progress progress_;
  std::string application_;
  bool explain_;
  std::string last_problem_;  // what is retried fails the same way again and is said once
};

// "kube-controller-manager, Update of scale at 2026-01-01T00:00:00Z"
std::string describe(const FieldOwner& owner);
// "color was \"red\" (kubectl-edit, Update at 2026-01-01T00:00:00Z), is \"blue\" again"
std::string describe(const FieldDrift& field);

}  // namespace holdfast
