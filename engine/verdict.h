// The decision about one object, from what is known about it at one moment (correctness C5). Pure.
#pragma once

#include <boost/container/small_vector.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/prepare.h"
#include "holdfast/base/digest.h"
#include "holdfast/model/drift.h"
#include "holdfast/model/object.h"

namespace holdfast {

// What an apply response taught us about one object. Losing it costs one call.
struct Record {
  Sha256 desired_hash;  // the desired state that `converged` stands for
  Sha256 wanted_hash;   // that of Git then, what is left to others included
  // Fingerprints of a live object that is as desired; newest last, at most 8 (C6). Mostly there is one.
  boost::container::small_vector<Digest128, 1> converged;
  std::shared_ptr<const std::string> owned;  // what we owned then, as fieldsV1, to tell who took what; null: nothing
  Uid uid;
  ResourceVersion last_write;   // of our last answer: events below it show the past
  std::int64_t generation = 0;  // of that answer; 0: it had none
  bool partial = false;         // that write left some fields as they were: its answer is not what is desired
  bool rewritten = false;       // what converged is not what is desired, but what admission made of it (C10)
  std::uint64_t schema = 0;     // of its type when `converged` was learned, S in the rules; 0: it was not known
  // Set from a create's answer until its event: until then absence in the store says nothing. Bounded, because a
  // create and a delete within one gap of the watch leave no event.
  std::optional<std::chrono::steady_clock::time_point> echo_awaited_until;

  [[nodiscard]] bool knows(const Digest128& fingerprint) const;
  void learn(const Digest128& fingerprint);
};

// What is known of the ApplySet that a live object says it belongs to, where that is not ours.
enum class OwnerState {
  Other,      // nothing that would help
  Undecided,  // an application of this process that has not read its source yet
  LetGo,      // an application of this process that does not want the object any more
};

// Everything that the decision may depend on.
struct Snapshot {
  const Desired* desired = nullptr;      // never null
  LivePtr live;                          // null: the store has none
  std::optional<Digest128> fingerprint;  // of `live`; empty where it is not known
  bool synced = false;                   // absence in the store means absence among the labelled objects
  const Record* record = nullptr;        // null: nothing learned yet
  const Uid* known_uid = nullptr;        // from the inventory; null or empty: never seen
  bool looked_up_absent = false;         // a GET of this very decision answered 404
  OwnerState owner = OwnerState::Other;
  std::string_view applyset_id;
  std::string_view installation;
  std::chrono::steady_clock::time_point now;
};

enum class VerdictKind {
  InSync,  // nothing to do
  Wait,    // something is under way whose event will bring the key back
  Hold,    // being deleted: wait for DELETED
  Refuse,  // somebody else's; report
  LookUp,  // may exist without our label, or be another's by now: GET first
  Create,  // apply without a uid
  Apply,   // apply with `uid`: a repair, a change, or the confirmation of what may be fine
};

struct Verdict {
  VerdictKind kind = VerdictKind::Wait;
  Uid uid;
  bool drift = false;  // the desired state did not change, the live one did
  DriftKind drift_kind = DriftKind::Changed;
  std::string why;         // one clause, for refusals and explanations
  std::string_view rules;  // of docs/rules.md, on which it rests
  std::optional<std::chrono::steady_clock::time_point> again_at;
};

Verdict judge(const Snapshot& snapshot);

// Whether an object that we did not make may be taken: owned by another set, installation or controller (D15). Returns
// the owner, in words, or nothing.
std::optional<std::string> other_owner(const Ownership& live, std::string_view applyset_id,
                                       std::string_view installation, OwnerState owner = OwnerState::Other);

}  // namespace holdfast
