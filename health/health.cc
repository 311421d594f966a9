#include "health/health.h"

#include "health/argo_health.h"
#include "health/fields.h"
#include "health/kstatus.h"
#include "health/lua_health.h"
#include "health/lua_rules.h"
#include "holdfast/model/gvk.h"

namespace holdfast {
namespace {

std::optional<ArgoVerdict> by_custom_rule(const json::value& object, const GroupKind& kind,
                                          const HealthQuestion& question) {
  const LuaRule* rule = question.rules == nullptr ? nullptr : question.rules->find(kind);
  if (rule == nullptr) return std::nullopt;
  Result<LuaVerdict> verdict = run_health_script(*rule, object, question.now, {});
  if (!verdict) return ArgoVerdict{HealthStatus::Unknown, describe(verdict.error())};
  return ArgoVerdict{verdict->status, std::move(verdict->message)};
}

ArgoVerdict judge_argo(const json::value& object, const GroupVersionKind& gvk, const HealthQuestion& question) {
  if (auto verdict = argo_deletion(object)) return *std::move(verdict);
  if (auto verdict = by_custom_rule(object, gvk.group_kind(), question)) return *std::move(verdict);
  if (auto verdict = argo_builtin(object, gvk)) return *std::move(verdict);
  return {HealthStatus::Healthy, {}};
}

}  // namespace

Health judge_health(const json::value& object, const HealthQuestion& question) {
  const GroupVersionKind gvk = make_gvk(string_at(object, {"apiVersion"}), string_at(object, {"kind"}));
  if (gvk.version.empty() || gvk.kind.empty())
    return {HealthStatus::Unknown, Kstatus::Unknown, "apiVersion or kind is missing"};
  const bool terminating = !string_at(object, {"metadata", "deletionTimestamp"}).empty();
  if (!terminating && integer_or(object, {"metadata", "generation"}, 0) < question.written_generation)
    return {HealthStatus::Progressing, Kstatus::InProgress, "the last write to it has not come back yet"};
  KstatusVerdict kstatus = judge_kstatus(object, gvk.group_kind(), question.now);
  ArgoVerdict argo = judge_argo(object, gvk, question);
  return {argo.status, kstatus.status, std::move(argo.message.empty() ? kstatus.message : argo.message)};
}

const char* to_string(HealthStatus status) {
  switch (status) {
    case HealthStatus::Healthy:
      return "Healthy";
    case HealthStatus::Suspended:
      return "Suspended";
    case HealthStatus::Progressing:
      return "Progressing";
    case HealthStatus::Missing:
      return "Missing";
    case HealthStatus::Degraded:
      return "Degraded";
    case HealthStatus::Unknown:
      return "Unknown";
  }
  return "Unknown";
}

const char* to_string(Kstatus status) {
  switch (status) {
    case Kstatus::Current:
      return "Current";
    case Kstatus::InProgress:
      return "InProgress";
    case Kstatus::Failed:
      return "Failed";
    case Kstatus::Terminating:
      return "Terminating";
    case Kstatus::NotFound:
      return "NotFound";
    case Kstatus::Unknown:
      return "Unknown";
  }
  return "Unknown";
}

}  // namespace holdfast
