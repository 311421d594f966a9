#include "app/plan_explanation.h"

#include <spdlog/fmt/fmt.h>

#include "engine/explanation.h"

namespace holdfast {
namespace {

std::string reason_or(const PlannedChange& change, std::string otherwise) {
  if (!change.reason.empty()) return change.reason;
  return otherwise;
}

Explanation explain(const PlannedChange& change) {
  const std::size_t fields = change.fields.size();
  switch (change.verb) {
    case ChangeVerb::Create:
      return {"create", reason_or(change, "it is not in the cluster"), "C5.1"};
    case ChangeVerb::Change:
      return {"change",
              reason_or(change, fmt::format("a dry run would change {} field{}", fields, fields == 1 ? "" : "s")),
              "C5.6, C6"};
    case ChangeVerb::Replace:
      return {"replace", reason_or(change, "a field may not change, and its manifest allows it"), "D8"};
    case ChangeVerb::Move:
      return {"do not prune", "the application " + change.to + " wants it", "D12"};
    case ChangeVerb::Prune:
      return {"prune", reason_or(change, "it left Git, and the limits allow it"), "D12, D13"};
    case ChangeVerb::HoldBack:
      return {"hold back", reason_or(change, "spec.drift leaves it so"), change.wave ? "P1" : "D13"};
    case ChangeVerb::Refuse:
      return {"refuse", reason_or(change, "the API server would not take it"), "D4, D15"};
    case ChangeVerb::Unknown:
      return {"conclude nothing", reason_or(change, "the API server could not be asked"), "D6"};
  }
  return {"?", change.reason, {}};
}

Explanation explain(const SettledObject& object) {
  if (object.asked) return {"nothing to do", "a dry run would change nothing", "C5.6, C6"};
  return {"nothing to do", "proven from its schema and its managedFields, or made once and for all", "C5.5, P2"};
}

}  // namespace

std::vector<std::string> explain_plan(const ChangePlan& plan) {
  std::vector<std::string> lines;
  const auto add = [&](const ObjectKey& key, const Explanation& explanation) {
    lines.push_back(fmt::format("explain: {}: {}", to_string(key), to_string(explanation)));
  };
  for (const ApplicationPlan& application : plan.applications) {
    for (const PlannedChange& change : application.changes) add(change.key, explain(change));
    for (const SettledObject& object : application.settled) add(object.key, explain(object));
  }
  return lines;
}

}  // namespace holdfast
