#include "engine/health_judge.h"

#include <charconv>
#include <optional>

#include "holdfast/model/json.h"

namespace holdfast {
namespace {

// Some controllers write status.observedGeneration as text, Argo Rollouts for one.
std::optional<std::int64_t> generation_at(const json::value& object, std::string_view part, std::string_view name) {
  const json::value* const found = find(object, {part, name});
  if (found == nullptr) return std::nullopt;
  if (found->is_int64()) return found->get_int64();
  if (!found->is_string()) return std::nullopt;
  const json::string& text = found->get_string();
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

bool is_observed(const json::value& object) {
  const auto generation = generation_at(object, "metadata", "generation");
  const auto observed = generation_at(object, "status", "observedGeneration");
  return !generation || !observed || *observed >= *generation;
}

}  // namespace

Health judge_by_rule(const HealthTask& task, const LuaRules& rules) {
  Result<json::value> object = parse_json(task.body);
  if (!object || !object->is_object()) return {HealthStatus::Unknown, Kstatus::Unknown, "the object cannot be read"};
  object->get_object()["apiVersion"] = task.gvk.api_version();
  object->get_object()["kind"] = task.gvk.kind;
  Health health = judge_health(*object, {task.now, &rules, task.written_generation});
  const bool well = health.status == HealthStatus::Healthy || health.status == HealthStatus::Suspended;
  if (well && !is_observed(*object)) {
    health.status = HealthStatus::Progressing;
    health.message = "its controller has not seen its newest generation yet";
  }
  return health;
}

}  // namespace holdfast
