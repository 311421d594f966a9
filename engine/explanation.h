// Why a decision was taken, for whoever asks (--explain): made from what decided, in the words of docs/rules.md. It
// names objects, fields and managers, and no value; what the API server says of a refusal is quoted. Pure.
//
// Nobody pays for what nobody reads: these are made only where the observer wants explanations.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "engine/drift_policy.h"
#include "engine/verdict.h"
#include "engine/yielding.h"
#include "holdfast/base/result.h"

namespace holdfast {

struct Explanation {
  std::string decision;    // "confirm by apply"
  std::string because;     // one clause
  std::string_view rules;  // "C5.6, C8", as docs/rules.md has them; empty: none but what was asked for
};

// "confirm by apply: nothing is known of it since the start (C5.6)"
std::string to_string(const Explanation& explanation);

// What the verdict alone does not say.
struct VerdictContext {
  bool recorded = false;      // an answer of ours has taught what it looks like
  bool ours_before = false;   // the inventory knows its uid
  std::string_view unproven;  // why it could not be proven; empty: nobody tried
};
Explanation explain(const Verdict& verdict, const VerdictContext& context);

Explanation explain_proof();                          // it was proven
Explanation explain_recalled(bool as_then);           // something was learned of it by an earlier process
Explanation explain_confirm(bool dry_run);            // it had converged, and may not be what an apply leaves any more
Explanation explain_schema_awaited();                 // it may be provable in a moment
Explanation explain_yielded(const Yielded& yielded);  // the field is left to others
Explanation explain_held(const DriftedField& field, DriftPolicies::Answer answer,
                         std::optional<std::chrono::seconds> for_now);
Explanation explain_fought(const DriftedField& field, std::chrono::seconds for_now);
// A GET has found an object that the watch does not show as ours.
Explanation explain_found(bool taking_over, bool let_go);
Explanation explain_absence(DriftPolicies::Answer answer, std::optional<std::chrono::seconds> for_now);
Explanation explain_retry(const Error& error, std::chrono::milliseconds wait, bool certain_refusal);
Explanation explain_pause(std::chrono::milliseconds left);  // after a failure; events do not shorten it

}  // namespace holdfast
