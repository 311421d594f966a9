// Several observers as one: each is told of everything, in their order.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "app/application_observer.h"

namespace holdfast {

class ObserverList final : public ApplicationObserver {
 public:
  explicit ObserverList(std::vector<std::shared_ptr<ApplicationObserver>> observers)
      : observers_(std::move(observers)) {}

  void source_read(const ManifestSet& read) override { tell(&ApplicationObserver::source_read, read); }
  void source_failed(const Error& error, const std::string& held) override {
    tell(&ApplicationObserver::source_failed, error, held);
  }
  void waits_for(const std::string& revision, const std::string& names) override {
    tell(&ApplicationObserver::waits_for, revision, names);
  }
  void inventory_known() override { tell(&ApplicationObserver::inventory_known); }
  void inventory_unknown(const Error& error, std::chrono::milliseconds retry_in) override {
    tell(&ApplicationObserver::inventory_unknown, error, retry_in);
  }
  void round_started(const std::string& revision, std::size_t objects) override {
    tell(&ApplicationObserver::round_started, revision, objects);
  }
  void applied(const ObjectKey& key, bool created, const std::string& revision) override {
    tell(&ApplicationObserver::applied, key, created, revision);
  }
  void repaired(const Repair& repair) override { tell(&ApplicationObserver::repaired, repair); }
  void pruned(const ObjectKey& key) override { tell(&ApplicationObserver::pruned, key); }
  void moved(const ObjectKey& key, const std::string& to) override { tell(&ApplicationObserver::moved, key, to); }
  void replacing(const ObjectKey& key, const std::string& reason) override {
    tell(&ApplicationObserver::replacing, key, reason);
  }
  void hook_dismissed(const ObjectKey& key, const std::string& reason) override {
    tell(&ApplicationObserver::hook_dismissed, key, reason);
  }
  void held_up(const ObjectKey& key, const Error& reason) override { tell(&ApplicationObserver::held_up, key, reason); }
  void held_back(const ObjectKey& key, const std::string& reason) override {
    tell(&ApplicationObserver::held_back, key, reason);
  }
  void refused(const ObjectKey& key, const Error& error) override { tell(&ApplicationObserver::refused, key, error); }
  void failed(const ObjectKey& key, const Error& error, std::chrono::milliseconds retry_in) override {
    tell(&ApplicationObserver::failed, key, error, retry_in);
  }
  void set_problem(const Error& error) override { tell(&ApplicationObserver::set_problem, error); }
  void waiting(const Error& reason) override { tell(&ApplicationObserver::waiting, reason); }
  void round(const RoundSummary& summary) override { tell(&ApplicationObserver::round, summary); }
  void drifted(const Drift& drift, DriftPolicy policy, std::optional<std::chrono::milliseconds> retry_in) override {
    tell(&ApplicationObserver::drifted, drift, policy, retry_in);
  }
  void approved(const std::vector<Approval>& approvals) override { tell(&ApplicationObserver::approved, approvals); }
  void yielded(const ObjectKey& key, const std::vector<Yielded>& fields) override {
    tell(&ApplicationObserver::yielded, key, fields);
  }
  void fight(const ObjectKey& key, const Fight& fight, bool over) override {
    tell(&ApplicationObserver::fight, key, fight, over);
  }
  [[nodiscard]] bool wants_explanations() const override {
    return std::ranges::any_of(observers_, [](const auto& one) { return one->wants_explanations(); });
  }
  void explained(const std::string& subject, const Explanation& explanation) override {
    tell(&ApplicationObserver::explained, subject, explanation);
  }
  void health_changed(const ObjectKey& key, const Health& before, const Health& now) override {
    tell(&ApplicationObserver::health_changed, key, before, now);
  }
  void health_unknown(const ObjectKey& key, const std::string& reason) override {
    tell(&ApplicationObserver::health_unknown, key, reason);
  }
  void became_ready(const std::string& revision, std::size_t objects) override {
    tell(&ApplicationObserver::became_ready, revision, objects);
  }
  void no_longer_ready(const std::string& revision, const ObjectKey& key, const Health& now) override {
    tell(&ApplicationObserver::no_longer_ready, revision, key, now);
  }

  void record_changed(const RollOutRecord& record) override { tell(&ApplicationObserver::record_changed, record); }
  void plan_waits(const std::optional<WaitingPlan>& plan) override { tell(&ApplicationObserver::plan_waits, plan); }
  void plan_unknown(const std::string& revision, const std::string& why) override {
    tell(&ApplicationObserver::plan_unknown, revision, why);
  }
  void did(const HistoryEntry& entry) override { tell(&ApplicationObserver::did, entry); }
  void request_refused(const std::string& action, const std::string& why) override {
    tell(&ApplicationObserver::request_refused, action, why);
  }
  void roll_out_failed(const std::string& revision, const std::string& why) override {
    tell(&ApplicationObserver::roll_out_failed, revision, why);
  }

 private:
  template <class Method, class... Values>
  void tell(Method method, const Values&... values) {
    for (const auto& one : observers_) (*one.*method)(values...);
  }

  std::vector<std::shared_ptr<ApplicationObserver>> observers_;
};

}  // namespace holdfast
