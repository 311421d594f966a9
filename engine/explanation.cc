#include "engine/explanation.h"

#include <spdlog/fmt/fmt.h>

namespace holdfast {
namespace {

std::string seconds(std::chrono::nanoseconds duration) {
  return fmt::format("{} s", std::chrono::ceil<std::chrono::seconds>(duration).count());
}

Explanation explain_apply(const Verdict& verdict, const VerdictContext& context) {
  if (verdict.drift) return {"put it back by apply", verdict.why, verdict.rules};
  if (context.recorded || !context.ours_before) return {"apply", verdict.why, verdict.rules};
  if (context.unproven.empty()) return {"confirm by apply", "nothing is known of it since the start", "C5.6"};
  return {"confirm by apply", fmt::format("no record and not proven: {}", context.unproven), "C5.6, C8"};
}

}  // namespace

std::string to_string(const Explanation& explanation) {
  return explanation.rules.empty()
             ? fmt::format("{}: {}", explanation.decision, explanation.because)
             : fmt::format("{}: {} ({})", explanation.decision, explanation.because, explanation.rules);
}

Explanation explain(const Verdict& verdict, const VerdictContext& context) {
  switch (verdict.kind) {
    case VerdictKind::InSync:
      return {"nothing to do", verdict.why, verdict.rules};
    case VerdictKind::Wait:
      return {"wait", verdict.why, verdict.rules};
    case VerdictKind::Hold:
      return {"wait for its end", verdict.why, verdict.rules};
    case VerdictKind::Refuse:
      return {"leave it alone", verdict.why, verdict.rules};
    case VerdictKind::LookUp:
      return {"look it up", verdict.why, verdict.rules};
    case VerdictKind::Create:
      return {verdict.drift ? "create it again" : "create", verdict.why, verdict.rules};
    case VerdictKind::Apply:
      return explain_apply(verdict, context);
  }
  return {"?", verdict.why, verdict.rules};
}

Explanation explain_proof() {
  return {"nothing to do", "proven from its schema and its managedFields: an apply would change nothing", "C5.5, C8"};
}

Explanation explain_recalled(bool as_then) {
  if (as_then) return {"nothing to do", "it is as an earlier process has learned it", "C5.4, C7"};
  return {"look closer", "it is not as an earlier process has learned it, in the same form", "C5.4, C7"};
}

Explanation explain_confirm(bool dry_run) {
  return {dry_run ? "confirm by a dry run" : "confirm by apply",
          "its schema or admission has changed since it converged, or it is one of the daily sample", "C5.4, C6, C10"};
}

Explanation explain_schema_awaited() { return {"wait", "its schema is about to come, and may prove it", "C5.5, C11"}; }

Explanation explain_yielded(const Yielded& yielded) {
  const std::string to = yielded.to.empty() ? std::string() : " to " + yielded.to;
  return {fmt::format("leave {}{}", to_string(yielded.path), to), yielded.why, "D2"};
}

Explanation explain_held(const DriftedField& field, DriftPolicies::Answer answer,
                         std::optional<std::chrono::seconds> for_now) {
  const std::string& path = field.drift.path;
  if (for_now)
    return {fmt::format("put {} back in {}", path, seconds(*for_now)),
            fmt::format("spec.drift has a grace of {} for it", seconds(answer.grace)), "P1"};
  return {fmt::format("report {} and leave it", path),
          fmt::format("spec.drift has the policy {} for it", to_string(answer.policy)), "P1"};
}

Explanation explain_fought(const DriftedField& field, std::chrono::seconds for_now) {
  return {fmt::format("put {} back in {}", field.drift.path, seconds(for_now)),
          "somebody undoes each repair of it, so that it is made less and less often", "C13"};
}

Explanation explain_found(bool taking_over, bool let_go) {
  if (let_go) return {"take it over by apply", "the application that had it wants it no longer", "D12"};
  if (taking_over) return {"take it over by apply", "it is there, nobody else's, and adoption is allowed", "D3, D15"};
  return {"put it back by apply", "it is there, without the label by which it is known", "C5.1, D15"};
}

Explanation explain_absence(DriftPolicies::Answer answer, std::optional<std::chrono::seconds> for_now) {
  if (!for_now)
    return {"report that it is gone and leave it so",
            fmt::format("spec.drift has the policy {} for it", to_string(answer.policy)), "P1"};
  return {fmt::format("create it again in {}", seconds(*for_now)),
          fmt::format("spec.drift has a grace of {} for it, or somebody deletes it each time", seconds(answer.grace)),
          "P1, C13"};
}

Explanation explain_retry(const Error& error, std::chrono::milliseconds wait, bool certain_refusal) {
  return {fmt::format("try again in {}, or when another form of it comes", seconds(wait)), error.message,
          certain_refusal ? "D14" : "D4, D14"};
}

Explanation explain_pause(std::chrono::milliseconds left) {
  return {fmt::format("wait {}", seconds(left)), "it has failed before, and events do not shorten that wait", "D14"};
}

}  // namespace holdfast
