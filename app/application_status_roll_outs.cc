// What the status says of how revisions are met: what waits, what was rolled back, what failed.
#include <spdlog/fmt/fmt.h>

#include "app/application_status.h"
#include "holdfast/base/timestamp.h"

namespace holdfast {

void ApplicationStatus::record_changed(const RollOutRecord& record) {
  record_ = record;
  touched();
}

void ApplicationStatus::plan_waits(const std::optional<WaitingPlan>& plan) {
  const bool another = plan && (!plan_ || plan_->hash != plan->hash);
  plan_ = plan;
  unplanned_.clear();
  if (another) hooks_.happened(false, "ApprovalRequired", what_waits());
  touched();
}

void ApplicationStatus::plan_unknown(const std::string& revision, const std::string& why) {
  unplanned_ = revision + " waits for approval, and its plan could not be made: " + why;
  touched();
}

void ApplicationStatus::did(const HistoryEntry& entry) {
  history_.add(entry);
  const std::string by = entry.who.empty() ? "" : ", by " + entry.who;
  hooks_.happened(entry.action == "Return", entry.action == "Approve" ? "PlanApproved" : "RolledBack",
                  entry.revision + by + (entry.why.empty() ? "" : ": " + entry.why));
  touched();
}

void ApplicationStatus::request_refused(const std::string& action, const std::string& why) {
  hooks_.happened(true, action + "Refused", why);
}

void ApplicationStatus::roll_out_failed(const std::string& revision, const std::string& why) {
  failed_roll_out_ = revision + ": " + why;
  history_.settle(revision, "Failed", 0, why);
  hooks_.happened(true, "RollOutFailed", failed_roll_out_);
  touched();
}

std::string ApplicationStatus::what_waits() const {
  if (!plan_) return unplanned_;
  return fmt::format("the plan {} of {} waits for approval until {}: {}", plan_->hash.substr(0, 12), plan_->revision,
                     to_timestamp(plan_->expires_at), summary_of(plan_->counts));
}

void ApplicationStatus::was_done(std::string action, std::string who, std::string why) {
  history_.add({std::move(action), {}, to_timestamp(hooks_.now()), {}, 0, std::move(who), std::move(why)});
  touched();
}

}  // namespace holdfast
