// Who may override what: the admission policy and the roles that `holdfast install` prints (docs/overrides.md). The API
// server holds `requestedBy` to be the caller, and asks itself whether he may, by verbs of our own on the application;
// so the daemon believes what an Override says where, and only where, the policy was there first. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/options.h"
#include "holdfast/model/json.h"
#include "holdfast/model/override.h"

namespace holdfast {

inline constexpr std::string_view kOverridePolicy = "overrides.holdfast.dev";

json::object override_policy();
json::object override_policy_binding();

// Both; the role for people who may try things, to be bound; and what lets the daemon see that the policy is there.
// All of the cluster, also where the daemon has one namespace alone: whoever installs them may install the definitions.
std::vector<json::object> override_guard(const InstallOptions& options, const json::object& labels);

// The verb on `applications` that a change asks for; the policy says the same in CEL.
std::string_view override_verb(const Override& one, const OverridePatch* patch);

// Why an Override cannot be believed to be whose it says it is, and what to do; nothing: it can. Of the objects as the
// API server has them; null: it has none.
std::optional<std::string> policy_problem(const json::value& policy, const json::value& binding,
                                          std::chrono::sys_seconds created);

}  // namespace holdfast
