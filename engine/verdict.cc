#include "engine/verdict.h"

#include <algorithm>

namespace holdfast {
namespace {

constexpr std::size_t kFingerprintsKept = 8;

Verdict make(VerdictKind kind, std::string why, std::string_view rules) {
  Verdict verdict;
  verdict.kind = kind;
  verdict.why = std::move(why);
  verdict.rules = rules;
  return verdict;
}

Verdict judge_absent(const Snapshot& snapshot) {
  if (!snapshot.synced) return make(VerdictKind::Wait, "its type is not synced yet", "C5.1");
  const Record* record = snapshot.record;
  if (record != nullptr && record->echo_awaited_until && snapshot.now < *record->echo_awaited_until) {
    Verdict verdict = make(VerdictKind::Wait, "the event of our own write is on its way", "C5.3");
    verdict.again_at = record->echo_awaited_until;
    return verdict;
  }
  const bool seen =
      (record != nullptr && !record->uid.empty()) || (snapshot.known_uid != nullptr && !snapshot.known_uid->empty());
  // Deleted, or without the label that watches select on, or never made: a GET tells, and who owns it by now (D15).
  Verdict verdict = snapshot.looked_up_absent
                        ? make(VerdictKind::Create, "absent", "C5.1")
                        : make(VerdictKind::LookUp, "not among the labelled objects", "C5.1, D15");
  verdict.drift = seen;
  verdict.drift_kind = snapshot.looked_up_absent ? DriftKind::Deleted : DriftKind::LabelLost;
  return verdict;
}

}  // namespace

bool Record::knows(const Digest128& fingerprint) const {
  return std::ranges::find(converged, fingerprint) != converged.end();
}

void Record::learn(const Digest128& fingerprint) {
  if (knows(fingerprint)) return;
  if (converged.size() == kFingerprintsKept) converged.erase(converged.begin());
  converged.push_back(fingerprint);
}

std::optional<std::string> other_owner(const Ownership& live, std::string_view applyset_id,
                                       std::string_view installation, OwnerState owner) {
  if (!live.installation.empty() && live.installation != installation) return "the installation " + live.installation;
  if (!live.applyset.empty() && live.applyset != applyset_id && owner != OwnerState::LetGo)
    return "the ApplySet " + live.applyset;
  if (!live.controller.empty()) return "the controller " + live.controller;
  return std::nullopt;
}

Verdict judge(const Snapshot& snapshot) {
  if (snapshot.live == nullptr) return judge_absent(snapshot);
  const LiveObject& live = *snapshot.live;
  if (live.terminating) return make(VerdictKind::Hold, "being deleted", "C5.2");
  if (live.ownership != nullptr)
    if (const auto owner = other_owner(*live.ownership, snapshot.applyset_id, snapshot.installation, snapshot.owner))
      return snapshot.owner == OwnerState::Undecided
                 ? make(VerdictKind::Wait, "belongs to " + *owner + ", which has not read its source yet", "D15")
                 : make(VerdictKind::Refuse, "belongs to " + *owner, "D15");
  if (snapshot.desired->options.management == Management::Once)
    return make(VerdictKind::InSync, "made once, and left to others since", "P2");
  const Record* record = snapshot.record;
  const bool same_object = record != nullptr && record->uid == live.uid;
  if (same_object && compare(live.resource_version, record->last_write) == std::partial_ordering::less)
    return make(VerdictKind::Wait, "older than our last write", "C5.3");
  const bool same_desired = same_object && record->desired_hash == snapshot.desired->hash;
  if (same_desired && !record->partial && live.resource_version == record->last_write)
    return make(VerdictKind::InSync, "the answer to our own write", "C5.4");  // to the byte (V34)
  if (same_desired && snapshot.fingerprint && record->knows(*snapshot.fingerprint))
    return make(VerdictKind::InSync, "fingerprint known", "C5.4");
  Verdict verdict =
      make(VerdictKind::Apply,
           same_desired ? "owned fields differ from what converged" : "not applied in this form yet", "C5.6");
  verdict.uid = live.uid;
  verdict.drift = same_desired;
  return verdict;
}

}  // namespace holdfast
