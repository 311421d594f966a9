// What an API server's answer to a write means (correctness D4, D5, D7; verified V2-V14). Pure.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "holdfast/model/api_status.h"
#include "holdfast/ports/api_server.h"

namespace holdfast {

enum class ApplyOutcome {
  Applied,
  Created,
  WebhookDenied,  // permanent until the webhook or the desired state changes
  Rejected,       // permanent until the desired state or the schema changes
  FieldConflict,  // only with force=false: another manager owns a field
  UidMismatch,    // the object is gone or was replaced: plan again
  Stale,          // somebody wrote in between: look again
  Forbidden,      // 401, 403
  QuotaExceeded,
  NamespaceTerminating,
  NamespaceMissing,
  TypeUnknown,  // discover again
  Busy,         // 429, 503: wait retry_after at least
  ServerFault,  // back off; the write may have happened (504, correctness D7)
};
const char* to_string(ApplyOutcome outcome);
// The same would be answered again, until somebody changes something.
bool is_certain(ApplyOutcome outcome);

struct ClassifiedApply {
  ApplyOutcome outcome = ApplyOutcome::ServerFault;
  std::string message;  // one line, at most 1 KiB; empty on success
  std::string webhook;  // the name of the webhook that denied or failed; otherwise empty
  std::vector<ApiStatusCause> causes;
  std::chrono::seconds retry_after{0};
  bool immutable = false;       // with Rejected: it seems that a field may not change (D8, V11); a guess from the text
  bool no_such_object = false;  // with UidMismatch: there is none at all, rather than another one
  std::vector<std::string> immutable_fields = {};  // those, as the server names them: "spec.selector"
  bool no_dry_run = false;  // with WebhookDenied: the webhook has side effects, so that a dry run tells nothing (D6)
};
// Where it is about a Secret, messages end where the server begins to quote a value.
ClassifiedApply classify_apply(const ApiResponse& response);
// What the server says about a value, without the value.
std::string without_values(std::string message);

// A 404 of the object itself; without its name it is the type that was not found, which says nothing about the object.
bool says_no_such_object(const ApiResponse& response);

enum class DeleteOutcome {
  Deleted,
  Deleting,     // finalizers, or foreground propagation: wait for its DELETED event
  AlreadyGone,  // 404, or another object has taken the name
  Stale,        // changed since it was looked at
  Forbidden,
  Busy,
  Failed,
};
const char* to_string(DeleteOutcome outcome);

struct ClassifiedDelete {
  DeleteOutcome outcome = DeleteOutcome::Failed;
  std::string message;
  std::chrono::seconds retry_after{0};
};
ClassifiedDelete classify_delete(const ApiResponse& response);

// What the server asked for before the next attempt, in the header or in the status (correctness B8); zero: nothing.
std::chrono::seconds wait_of(const ApiResponse& response, const ApiStatus& status);

}  // namespace holdfast
