#include "engine/outcome.h"

#include <algorithm>
#include <string_view>

#include "holdfast/model/json.h"

namespace holdfast {
namespace {

constexpr std::size_t kMaxMessageBytes = 1024;  // an immutable Job template is echoed in tens of kB (V11)
constexpr std::string_view kDenied = "admission webhook \"";
constexpr std::string_view kNoDryRun = "does not support dry run";
constexpr std::string_view kFailedCall = "failed calling webhook \"";

// The API server tells these apart in its message only. Everything that matches on text is in this file.
constexpr std::string_view kPermanentFaults[] = {"failed to create typed patch object", "failed to convert new object"};
constexpr std::string_view kTooLargeForEtcd = "etcdserver: request is too large";

std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool space = static_cast<unsigned char>(c) <= ' ';
    if (space && (line.empty() || line.back() == ' ')) continue;
    line.push_back(space ? ' ' : c);
    if (line.size() < kMaxMessageBytes) continue;
    while (!line.empty() && (static_cast<unsigned char>(line.back()) & 0xC0U) == 0x80U) line.pop_back();
    line.pop_back();
    return line + " ...";
  }
  while (!line.empty() && (line.back() == ' ' || line.back() == '.')) line.pop_back();
  return line;
}

std::string quoted_after(std::string_view message, std::string_view prefix) {
  const std::size_t begin = message.find(prefix);
  if (begin == std::string_view::npos) return {};
  const std::string_view rest = message.substr(begin + prefix.size());
  return std::string(rest.substr(0, rest.find('"')));
}

bool has_cause_on(const ApiStatus& status, std::string_view field) {
  return std::ranges::any_of(status.causes, [field](const ApiStatusCause& cause) { return cause.field == field; });
}

// A cause may be said twice, and validation of custom resources adds one about "<nil>" (V9).
std::vector<ApiStatusCause> telling_causes(const ApiStatus& status) {
  std::vector<ApiStatusCause> causes;
  for (const ApiStatusCause& cause : status.causes)
    if (cause.field != "<nil>" && std::ranges::find(causes, cause) == causes.end()) causes.push_back(cause);
  return causes;
}

bool is_about_a_secret(const ApiStatus& status) {
  return status.details.kind == "Secret" || status.details.kind == "secrets" ||
         status.message.contains(", Kind=Secret)");
}

ApplyOutcome conflict_of(const ApiStatus& status) {
  if (status.has_cause("FieldManagerConflict")) return ApplyOutcome::FieldConflict;
  return status.message.contains("uid mismatch") ? ApplyOutcome::UidMismatch : ApplyOutcome::Stale;
}

ApplyOutcome forbidden_of(const ApiStatus& status) {
  if (status.has_cause("NamespaceTerminating")) return ApplyOutcome::NamespaceTerminating;
  const bool quota = status.message.contains("exceeded quota: ") || status.message.contains("failed quota: ");
  return quota ? ApplyOutcome::QuotaExceeded : ApplyOutcome::Forbidden;
}

ApplyOutcome fault_of(const ApiStatus& status) {
  for (const std::string_view prefix : kPermanentFaults)
    if (status.message.starts_with(prefix)) return ApplyOutcome::Rejected;
  return status.message == kTooLargeForEtcd ? ApplyOutcome::Rejected : ApplyOutcome::ServerFault;
}

ApplyOutcome outcome_of(int http_status, const ApiStatus& status) {
  if (status.message.starts_with(kDenied)) return ApplyOutcome::WebhookDenied;  // under any code (V13)
  switch (http_status) {
    case 401:
      return ApplyOutcome::Forbidden;
    case 403:
      return forbidden_of(status);
    case 404:
      return status.details.kind == "namespaces" ? ApplyOutcome::NamespaceMissing : ApplyOutcome::TypeUnknown;
    case 408:
      return ApplyOutcome::ServerFault;
    case 409:
      return conflict_of(status);
    case 422:
      return has_cause_on(status, "metadata.uid") ? ApplyOutcome::UidMismatch : ApplyOutcome::Rejected;
    case 429:
    case 503:
      return ApplyOutcome::Busy;
    case 500:
      return fault_of(status);
    default:
      break;
  }
  return http_status >= 400 && http_status < 500 ? ApplyOutcome::Rejected : ApplyOutcome::ServerFault;
}

// The author of a CEL rule writes what they like, so this is only a reason to look further (V11).
bool speaks_of_immutability(std::string_view message) {
  const std::size_t updates = message.find("updates to ");
  return message.contains("immutable") || message.contains("may not change") || message.contains("cannot change") ||
         (updates != std::string_view::npos && message.substr(updates).contains("forbidden"));
}

bool names_missing_object(const ApiStatus& status) {
  return status.reason == "NotFound" && !status.details.name.empty();
}

DeleteOutcome delete_failure_of(int http_status, const ApiStatus& status) {
  if (status.message.starts_with(kDenied)) return DeleteOutcome::Failed;
  switch (http_status) {
    case 401:
    case 403:
      return DeleteOutcome::Forbidden;
    case 404:
      return names_missing_object(status) ? DeleteOutcome::AlreadyGone : DeleteOutcome::Failed;
    case 409:
      return status.message.contains("the UID in the precondition") ? DeleteOutcome::AlreadyGone : DeleteOutcome::Stale;
    case 429:
    case 503:
      return DeleteOutcome::Busy;
    default:
      return DeleteOutcome::Failed;
  }
}

}  // namespace

std::chrono::seconds wait_of(const ApiResponse& response, const ApiStatus& status) {
  const auto header = response.retry_after.value_or(std::chrono::seconds{0});
  return std::max(header, status.details.retry_after.value_or(std::chrono::seconds{0}));
}

bool is_certain(ApplyOutcome outcome) {
  switch (outcome) {
    case ApplyOutcome::WebhookDenied:
    case ApplyOutcome::Rejected:
    case ApplyOutcome::FieldConflict:
    case ApplyOutcome::Forbidden:
    case ApplyOutcome::QuotaExceeded:
    case ApplyOutcome::NamespaceTerminating:
    case ApplyOutcome::NamespaceMissing:
      return true;
    case ApplyOutcome::Applied:
    case ApplyOutcome::Created:
    case ApplyOutcome::UidMismatch:
    case ApplyOutcome::Stale:
    case ApplyOutcome::TypeUnknown:
    case ApplyOutcome::Busy:
    case ApplyOutcome::ServerFault:
      return false;
  }
  return false;
}

const char* to_string(ApplyOutcome outcome) {
  switch (outcome) {
    case ApplyOutcome::Applied:
      return "applied";
    case ApplyOutcome::Created:
      return "created";
    case ApplyOutcome::WebhookDenied:
      return "webhook_denied";
    case ApplyOutcome::Rejected:
      return "rejected";
    case ApplyOutcome::FieldConflict:
      return "field_conflict";
    case ApplyOutcome::UidMismatch:
      return "uid_mismatch";
    case ApplyOutcome::Stale:
      return "stale";
    case ApplyOutcome::Forbidden:
      return "forbidden";
    case ApplyOutcome::QuotaExceeded:
      return "quota_exceeded";
    case ApplyOutcome::NamespaceTerminating:
      return "namespace_terminating";
    case ApplyOutcome::NamespaceMissing:
      return "namespace_missing";
    case ApplyOutcome::TypeUnknown:
      return "type_unknown";
    case ApplyOutcome::Busy:
      return "busy";
    case ApplyOutcome::ServerFault:
      return "server_fault";
  }
  return "?";
}

const char* to_string(DeleteOutcome outcome) {
  switch (outcome) {
    case DeleteOutcome::Deleted:
      return "deleted";
    case DeleteOutcome::Deleting:
      return "deleting";
    case DeleteOutcome::AlreadyGone:
      return "already_gone";
    case DeleteOutcome::Stale:
      return "stale";
    case DeleteOutcome::Forbidden:
      return "forbidden";
    case DeleteOutcome::Busy:
      return "busy";
    case DeleteOutcome::Failed:
      return "failed";
  }
  return "?";
}

ClassifiedApply classify_apply(const ApiResponse& response) {
  ClassifiedApply answer;
  if (response.status == 200 || response.status == 201) {
    answer.outcome = response.status == 200 ? ApplyOutcome::Applied : ApplyOutcome::Created;
    return answer;
  }
  const ApiStatus status = parse_api_status(response.status, response.content_type, response.body);
  answer.outcome = outcome_of(response.status, status);
  answer.message = one_line(status.message);
  answer.webhook = quoted_after(status.message, kDenied);
  if (answer.webhook.empty()) answer.webhook = quoted_after(status.message, kFailedCall);
  answer.causes = telling_causes(status);
  answer.retry_after = wait_of(response, status);
  if (response.status == 422 && answer.outcome == ApplyOutcome::Rejected) {
    for (const ApiStatusCause& cause : answer.causes) {
      if (!speaks_of_immutability(cause.message)) continue;
      answer.immutable = true;
      if (std::ranges::find(answer.immutable_fields, cause.field) == answer.immutable_fields.end())
        answer.immutable_fields.push_back(cause.field);
    }
  }
  if (is_about_a_secret(status)) {
    answer.message = without_values(std::move(answer.message));
    for (ApiStatusCause& cause : answer.causes) cause.message = without_values(std::move(cause.message));
  }
  answer.no_dry_run = answer.outcome == ApplyOutcome::WebhookDenied && status.message.contains(kNoDryRun);
  answer.no_such_object = answer.outcome == ApplyOutcome::UidMismatch && response.status == 409;
  return answer;
}

std::string without_values(std::string message) {
  for (const std::string_view quote : {"{Value:", "Invalid value: "})
    if (const std::size_t at = message.find(quote); at != std::string::npos)
      message = message.substr(0, at) + "(secret)";
  return message;
}

bool says_no_such_object(const ApiResponse& response) {
  if (response.status != 404) return false;
  return names_missing_object(parse_api_status(response.status, response.content_type, response.body));
}

ClassifiedDelete classify_delete(const ApiResponse& response) {
  ClassifiedDelete answer;
  if (response.status == 200 || response.status == 202) {
    // Success is told by a Status; the object itself comes back while something still holds it (V4).
    const Result<json::value> body = parse_json(response.body);
    const bool done = response.status == 200 && body && string_at(*body, {"kind"}) == "Status";
    answer.outcome = done ? DeleteOutcome::Deleted : DeleteOutcome::Deleting;
    return answer;
  }
  const ApiStatus status = parse_api_status(response.status, response.content_type, response.body);
  answer.outcome = delete_failure_of(response.status, status);
  answer.message = one_line(status.message);
  answer.retry_after = wait_of(response, status);
  return answer;
}

}  // namespace holdfast
