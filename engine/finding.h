// What there is to do about one object that is desired: told from what is known of it, and where that does not do, from
// the API server's answer to a dry run. It says what Reconciler would do, from the same parts: the owner's marks (D15),
// what is left to others, policies, the proof, and what an answer means.
//
// Pure. The order: consider(); with a Question, send it and hand the answer to conclude(); where that is a refusal for
// the sake of an immutable field, replacement_question() and conclude_replacement().
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/drift_policy.h"
#include "engine/field_diff.h"
#include "engine/prepare.h"
#include "engine/refused_fields.h"
#include "engine/verdict.h"
#include "engine/yielding.h"
#include "holdfast/base/digest.h"
#include "holdfast/merge/schema.h"
#include "holdfast/ports/api_server.h"

namespace holdfast {

enum class FindingKind {
  InSync,
  Create,
  Change,
  Replace,   // deleted and made anew, as its manifest allows
  HoldBack,  // differs, and is left so by policy
  Refuse,    // the server, or its owner's marks, forbid it
  Unknown,   // the server could not be asked, or its answer says nothing
};

struct Finding {
  FindingKind kind = FindingKind::Unknown;
  std::string reason = {};                  // one clause; may be empty
  std::vector<FieldChange> fields = {};     // what would be written
  std::vector<FieldChange> held = {};       // what differs and would be left so
  std::vector<std::string> immutable = {};  // fields that may not change, as the server names them: ".spec.selector"
  std::vector<RefusedField> refused = {};   // what is wrong with which fields, where that is why
  std::vector<std::string> places = {};     // of these in Git, in words that have the reason in them; found out later
  Uid uid = {};                             // of the live object; empty: there is none
  ResourceVersion version = {};             // of what was judged
  std::optional<Sha256> content = {};       // content_hash() of it, where it is not as it should be
  bool asked = false;                       // of the server, rather than proven or plain
};

// Of all that somebody wrote into an object: without status, and without what the server counts and records. Nothing
// for a Secret, whose hash could be guessed at.
std::optional<Sha256> content_hash(const json::value& live);

// What is live under the key of a desired object, in the version of that.
struct Seen {
  json::value body;       // null: there is none
  bool labelled = false;  // the watches select it, so that Holdfast knows it without asking
};

struct Circumstances {
  const PrepareOptions* prepare = nullptr;  // never null
  const YieldRules* yield_rules = nullptr;  // never null
  const DriftPolicies* policies = nullptr;  // never null
  bool adopt = false;
  const Uid* known_uid = nullptr;        // from the inventory; null: it does not have the object
  bool revision_recorded = false;        // this very revision was brought about before: a difference is drift
  bool hook_done = false;                // it has run for this revision
  bool home_comes = false;               // its namespace is not there yet, and is made by the same plan
  OwnerState owner = OwnerState::Other;  // of the ApplySet that it says it belongs to, where that is another one
  std::string leaves = {};               // the application that it comes from; empty: none
  const TypeNode* type = nullptr;        // null: not known, and nothing is proven
};

// To be asked: what would the server make of this?
struct Question {
  Desired form;                    // what would be applied
  std::string body;                // the same, as it is sent
  std::vector<Yielded> yielded;    // left to others, so never reported
  std::vector<FieldChange> held;   // differs, and is left so by policy
  std::vector<FieldChange> lost;   // goes with it, though a dry run does not show that (takeover.h)
  std::string reason;              // of what comes of it
  std::string why = {};            // it has to be asked: one clause, which names fields and never values
  const TypeNode* type = nullptr;  // of it; null: not known
};
ApiRequest to_request(const Question& question, const FieldManager& manager);

std::variant<Finding, Question> consider(const Desired& desired, const Seen& seen, const Circumstances& known);

// Nothing where the answer is about another state of the object than `seen`: look again.
std::optional<Finding> conclude(const Question& question, const Seen& seen, const ApiResponse& answer,
                                const FieldManager& manager);

// Nothing where the object must not be deleted for it: not allowed by its manifest, or of a kind that never is.
std::optional<Question> replacement_question(const Question& question, const Seen& seen, const Finding& refused);
Finding conclude_replacement(Finding refused, const ApiResponse& answer);

}  // namespace holdfast
