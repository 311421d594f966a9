// The reconciler's explanations: what it knows, put into words where somebody asks for them.
#include <spdlog/fmt/fmt.h>

#include "engine/reconciler_attempt.h"

namespace holdfast {

Explanation Reconciler::explain_verdict(const ObjectKey& key, const Verdict& verdict) const {
  VerdictContext context;
  const auto state = states_.find(key);
  context.recorded = state != states_.end() && state->second.record.has_value();
  const Uid* const known = inventory_.uid(key);
  context.ours_before = known != nullptr && !known->empty();
  if (const auto unproven = unproven_.find(key); unproven != unproven_.end()) context.unproven = unproven->second;
  return holdfast::explain(verdict, context);
}

void Reconciler::explain_shape(const ObjectKey& key, const std::vector<Yielded>& yielded) const {
  for (const Yielded& field : yielded) explain(key, [&] { return explain_yielded(field); });
}

void Reconciler::explain_drift(const ObjectKey& key, const Desired& desired, const DriftPlan& plan,
                               const FightWatch& fights) const {
  if (!observer_.wants_explanations()) return;
  const Time now = options_.now();
  const auto answer = [&](const DriftedField& field) { return options_.policies.of_field(desired, field); };
  const auto left = [&](Time until) { return std::chrono::ceil<std::chrono::seconds>(until - now); };
  for (const DriftedField& field : plan.reported)
    explain(key, [&] { return explain_held(field, answer(field), std::nullopt); });
  for (const DriftPlan::Later& later : plan.later)
    explain(key, [&] { return explain_held(later.field, answer(later.field), left(later.at)); });
  for (const DriftedField& field : plan.now)
    if (const auto not_before = fights.not_before(field.drift.path); not_before && *not_before > now)
      explain(key, [&] { return explain_fought(field, left(*not_before)); });
}

void Reconciler::explain_wave(const Wave& wave) const {
  if (!observer_.wants_explanations()) return;
  observer_.explained(to_string(wave),
                      {"begin",
                       options_.wait_for_health ? "all that comes before it is applied and healthy"
                                                : "all that comes before it is applied, and spec.wait is false",
                       "D9"});
}

// Once for what it waits for.
void Reconciler::explain_waiting(const Wave& wave) {
  if (!observer_.wants_explanations()) return;
  constexpr std::size_t kNamesShown = 3;
  std::string names;
  std::size_t shown = 0;
  for (const ObjectKey& key : awaited_) {
    if (shown++ == kNamesShown) break;
    names += (names.empty() ? "" : ", ") + to_string(key);
  }
  if (awaited_.size() > kNamesShown) names += fmt::format(" and {} more", awaited_.size() - kNamesShown);
  if (!told_.insert(fmt::format("{} waits for {}", to_string(wave), names)).second) return;
  observer_.explained(to_string(wave), {"wait",
                                        fmt::format("what comes before it is not applied{}: {}",
                                                    options_.wait_for_health ? " and healthy" : "", names),
                                        "D9"});
}

void Reconciler::explain_prune(const ObjectKey& key, std::size_t left, std::size_t inventory) const {
  explain(key, [&] {
    return Explanation{"prune",
                       fmt::format("it left Git, as {} of {} objects did, which the limits allow", left, inventory),
                       "D12, D13"};
  });
}

}  // namespace holdfast
