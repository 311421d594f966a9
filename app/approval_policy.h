// Who may approve a plan and who may roll back is a right of Kubernetes: a SubjectAccessReview on the verbs `approve`
// and `rollback` of applications of holdfast.dev, by name, which a ValidatingAdmissionPolicy asks for where somebody
// writes the annotations of person_requests.h. It also holds what they say of who asks to the caller, so that nobody
// can ask in another's name; and lets nobody out of `spec.policy: Approve` who may not approve. The daemon meets no
// request where the policy is not in force as it is printed here. Pure.
#pragma once

#include <chrono>
#include <string>

#include "holdfast/model/json.h"

namespace holdfast {

inline constexpr std::string_view kApprovalPolicy = "approvals.holdfast.dev";

// The policy and its binding, for `holdfast install`.
json::array approval_policy();

// Where they are read; each is of that name.
std::string approval_policy_path();
std::string approval_binding_path();
// What is wrong with what the cluster has; empty: it is as printed, and in effect. Either may be null: it is not there.
std::string objection_to_policy(const json::value& policy, const json::value& binding, std::chrono::sys_seconds now);
// What no other one has, and neither has this one after a change: "UID.GENERATION" of both.
std::string identity_of_policy(const json::value& policy, const json::value& binding);

}  // namespace holdfast
