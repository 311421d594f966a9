#include "app/roll_out_choice.h"

#include <spdlog/fmt/fmt.h>

#include "holdfast/base/timestamp.h"
#include "holdfast/model/override.h"

namespace holdfast {
namespace {

bool same_content(const RevisionContent& one, const RevisionContent& other) {
  return one.content.empty() || other.content.empty() ? one.revision == other.revision : one.content == other.content;
}

// What is tried on a revision makes no newer one of it.
bool comes_from(const RevisionContent& one, const RevisionContent& other) {
  return same_content(one, other) || without_trial(one.revision) == without_trial(other.revision);
}

std::string short_hash(const std::string& hash) { return hash.substr(0, 12); }

}  // namespace

RollOutChoice choose_revision(const RollOutSituation& situation, const RollOutRecord& record) {
  using What = RollOutChoice::What;
  RollOutChoice choice;
  if (record.pinned) {
    const bool holds = !situation.from_source || comes_from(situation.newest, record.pinned->instead);
    if (holds && same_content(situation.newest, record.pinned->what)) return choice;  // what is on record
    if (holds) return {What::Earlier, record.pinned->what};
    choice.ends_pin = true;
  }
  if (situation.policy == RevisionPolicy::Apply) return choice;
  // What is tried counts as nothing approved: it ends, which no person has to wait for.
  const std::string begun = without_trial(situation.begun);
  if (record.approved) {
    if (same_content(situation.newest, record.approved->what)) return choice;
    choice.what = What::Earlier;
    choice.earlier = record.approved->what;
  } else if (begun.empty()) {
    choice.what = What::Nothing;
  } else {
    choice.counts_as_approved = true;
    if (situation.newest.revision == begun) return choice;
    choice.what = What::Earlier;
    choice.earlier = {begun, {}};
  }
  choice.waits = situation.from_source;
  return choice;
}

std::string objection_to_approval(const ApprovalRequest& request, const WaitingPlan& waiting, const WaitingPlan& now,
                                  std::chrono::sys_seconds time) {
  if (request.plan != waiting.hash)
    return fmt::format("the plan {} does not wait any more; {} of {} does", short_hash(request.plan),
                       short_hash(now.hash), now.revision);
  if (time >= waiting.expires_at)
    return fmt::format("the plan {} has expired at {}; look at the new one, {}", short_hash(waiting.hash),
                       to_timestamp(waiting.expires_at), short_hash(now.hash));
  if (request.planned_at && request.planned_at != waiting.planned_at)
    return fmt::format("the plan {} was made anew at {}, after it was looked at; approve it again",
                       short_hash(waiting.hash), to_timestamp(waiting.planned_at));
  if (now.hash != waiting.hash)
    return fmt::format("the cluster is not as it was when the plan {} was made; look at the new one, {}: {}",
                       short_hash(waiting.hash), short_hash(now.hash), summary_of(now.counts));
  return {};
}

}  // namespace holdfast
