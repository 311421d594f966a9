#include "engine/lease_record.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstdint>

#include "holdfast/base/timestamp.h"

namespace holdfast {
namespace {

constexpr std::int64_t kMostSeconds = 86'400, kMostTransitions = 1'000'000'000;

std::int64_t number_at(const json::value& body, std::string_view field, std::int64_t most) {
  const json::value* value = find(body, {"spec", field});
  return value != nullptr && value->is_int64() ? std::clamp<std::int64_t>(value->get_int64(), 0, most) : 0;
}

}  // namespace

Result<LeaseRecord> read_lease(std::string_view body) {
  const Result<json::value> value = parse_json(body);
  if (!value) return std::unexpected(value.error());
  LeaseRecord record;
  record.uid.value = string_at(*value, {"metadata", "uid"});
  record.version.value = string_at(*value, {"metadata", "resourceVersion"});
  if (record.version.value.empty()) return fail(ErrorKind::Protocol, "a Lease without a resourceVersion");
  record.holder = string_at(*value, {"spec", "holderIdentity"});
  record.duration = std::chrono::seconds(number_at(*value, "leaseDurationSeconds", kMostSeconds));
  record.transitions = static_cast<int>(number_at(*value, "leaseTransitions", kMostTransitions));
  record.acquired_at = string_at(*value, {"spec", "acquireTime"});
  record.renewed_at = string_at(*value, {"spec", "renewTime"});
  return record;
}

json::object write_lease(const LeaseRecord& record, std::string_view namespace_, std::string_view name) {
  json::object metadata{{"namespace", namespace_}, {"name", name}};
  if (!record.version.value.empty()) {
    metadata["resourceVersion"] = record.version.value;
    metadata["uid"] = record.uid.value;
  }
  json::object spec{{"holderIdentity", record.holder},
                    {"leaseDurationSeconds", record.duration.count()},
                    {"leaseTransitions", record.transitions}};
  if (!record.acquired_at.empty()) spec["acquireTime"] = record.acquired_at;
  if (!record.renewed_at.empty()) spec["renewTime"] = record.renewed_at;
  return {{"apiVersion", "coordination.k8s.io/v1"},
          {"kind", "Lease"},
          {"metadata", std::move(metadata)},
          {"spec", std::move(spec)}};
}

std::string lease_time(std::chrono::system_clock::time_point at) {
  const auto second = std::chrono::floor<std::chrono::seconds>(at);
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(at - second).count();
  std::string text = to_timestamp(second);
  text.replace(text.size() - 1, 1, fmt::format(".{:06}Z", microseconds));
  return text;
}

}  // namespace holdfast
