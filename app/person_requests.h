// What people ask of an application by annotations on its object: that a plan be approved, that it be rolled back. The
// verbs `approve` and `rollback` write them; who may is decided by the API server (app/approval_policy.h). Pure.
#pragma once

#include <optional>
#include <string_view>

#include "app/roll_out_choice.h"
#include "holdfast/model/json.h"

namespace holdfast {

inline constexpr std::string_view kApprovePlan = "holdfast.dev/approve-plan";  // HASH@TIME, when it was planned
inline constexpr std::string_view kApproveBy = "holdfast.dev/approve-by";
inline constexpr std::string_view kApproveAt = "holdfast.dev/approve-at";
inline constexpr std::string_view kApproveReason = "holdfast.dev/approve-reason";
inline constexpr std::string_view kRollbackTo = "holdfast.dev/rollback-to";  // a revision, or kNoRollback
inline constexpr std::string_view kRollbackBy = "holdfast.dev/rollback-by";
inline constexpr std::string_view kRollbackAt = "holdfast.dev/rollback-at";
inline constexpr std::string_view kRollbackReason = "holdfast.dev/rollback-reason";
inline constexpr std::string_view kNoRollback = "none";  // what was rolled back comes again

// Nothing where there is none, or where it does not say by whom and when.
std::optional<ApprovalRequest> approval_asked(const json::object& application);
std::optional<RollbackRequest> rollback_asked(const json::object& application);

// For metadata.annotations.
json::object annotations_of(const ApprovalRequest& request);
json::object annotations_of(const RollbackRequest& request);

}  // namespace holdfast
