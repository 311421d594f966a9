#include "app/revision_guard.h"

#include <algorithm>
#include <string_view>

namespace holdfast {
namespace {

// "main" of "main@sha1:…".
std::string_view name_of(std::string_view revision) { return revision.substr(0, revision.rfind('@')); }

}  // namespace

void RevisionGuard::began(const BegunRevision& revision) {
  step_back_.reset();
  if (revision == newest_) return;
  std::erase(superseded_, revision.revision);
  if (!newest_.revision.empty()) superseded_.push_back(newest_.revision);
  if (superseded_.size() > kRemembered) superseded_.pop_front();
  newest_ = revision;
}

bool RevisionGuard::is_older(const BegunRevision& read) const {
  if (read.committed_s == 0 || newest_.committed_s == 0 || read.revision == newest_.revision) return false;
  if (name_of(read.revision) != name_of(newest_.revision)) return false;
  return read.committed_s < newest_.committed_s || std::ranges::find(superseded_, read.revision) != superseded_.end();
}

RevisionGuard::Judgement RevisionGuard::judge(const BegunRevision& read, Clock::time_point now) {
  if (!is_older(read)) {
    step_back_.reset();
    return Judgement::Take;
  }
  if (!step_back_ || step_back_->revision != read.revision) step_back_ = {read.revision, now, 0};
  ++step_back_->times;
  const bool believed = step_back_->times >= kTimes && now - step_back_->since >= kSaidFor;
  return believed ? Judgement::TakeOlder : Judgement::AskAgain;
}

}  // namespace holdfast
