// Of RollOutControl: the plan that waits, and its approval.
#include <spdlog/fmt/fmt.h>

#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "app/plan_digest.h"
#include "app/roll_out_control.h"
#include "holdfast/base/log.h"
#include "holdfast/base/timestamp.h"
#include "net/backoff.h"

namespace holdfast {

namespace asio = boost::asio;

// Nothing waits, so that there is nothing to approve.
void RollOutControl::drop_plan() {
  if (approval_ && from_source_) {
    const ApprovalRequest request = std::move(*approval_);
    approval_.reset();
    refuse_approval(request, "nothing of it waits for approval");
  }
  if (!waiting_ && problem_.empty()) return;
  waiting_.reset();
  problem_.clear();
  plan_pause_.cancel();
  observer_.plan_waits(std::nullopt);
}

void RollOutControl::want_plan() {
  const bool known = waiting_ && waiting_->revision == newest_->revision;
  if (!known) plan_pause_.cancel();
  if (!stopping_ && !std::exchange(planning_, true)) {
    plan_again_ = true;  // what was told before is compared with how it is now
    tasks_.spawn(keep_planned());
  }
}

// One that holds, for as long as something waits.
asio::awaitable<void> RollOutControl::keep_planned() {
  Backoff backoff(Backoff::list_watch(), options_.chance);
  while (!stopping_ && plan_wanted_) {
    const bool known = waiting_ && waiting_->revision == newest_->revision && options_.now() < waiting_->expires_at;
    if (known && !plan_again_) {
      co_await wait_on(plan_pause_, Clock::now() + (waiting_->expires_at - options_.now()));
      continue;
    }
    plan_again_ = false;
    if (co_await plan_once()) {
      backoff.reset();
    } else if (!stopping_ && plan_wanted_) {
      plan_again_ = true;
      co_await wait_on(plan_pause_, Clock::now() + backoff.next(Clock::now()));
    }
  }
  planning_ = false;
}

asio::awaitable<bool> RollOutControl::plan_once() {
  const ManifestSetPtr set = newest_;
  Result<ChangePlan> plan = co_await ports_.make_plan(set);
  if (stopping_ || !plan_wanted_ || set != newest_) co_return true;
  if (!plan) {
    const std::string text = describe(plan.error());
    if (text != std::exchange(problem_, text)) {
      log(LogLevel::Error, "plan-unknown",
          fmt::format("{} waits for approval, and cannot be planned: {}", set->revision, text),
          {{"application", options_.application}});
      observer_.plan_unknown(set->revision, text);
    }
    co_return false;
  }
  problem_.clear();
  take_plan(waiting_plan(*plan, content_of_set(*set), options_.now()));
  co_return true;
}

void RollOutControl::take_plan(WaitingPlan made) {
  const std::optional<WaitingPlan> before = waiting_;
  const bool same = before && before->hash == made.hash && options_.now() < before->expires_at;
  if (same) {
    made.planned_at = before->planned_at;
    made.expires_at = before->expires_at;
  }
  waiting_ = made;
  if (approval_) {
    meet_approval(before.value_or(made), made);
    if (!plan_wanted_) return;
  }
  if (made.hash != std::exchange(said_plan_, made.hash))
    log(LogLevel::Info, "plan-waits",
        fmt::format("{} waits for approval: {}; {} {}", made.revision, summary_of(made.counts), options_.approve_with,
                    made.hash.substr(0, 12)),
        {{"application", options_.application}});
  observer_.plan_waits(waiting_);
}

void RollOutControl::approve(ApprovalRequest request) {
  if (request.id == record_.handled_approval || (approval_ && approval_->id == request.id)) return;
  if (!plan_wanted_ && newest_ != nullptr && from_source_)
    return refuse_approval(request, "nothing of it waits for approval");
  approval_ = std::move(request);
  plan_again_ = true;
  plan_pause_.cancel();
}

void RollOutControl::refuse_approval(const ApprovalRequest& request, const std::string& why) {
  if (request.id != std::exchange(record_.handled_approval, request.id)) refuse("Approve", why);
}

void RollOutControl::meet_approval(const WaitingPlan& before, const WaitingPlan& now) {
  const ApprovalRequest request = std::move(*approval_);
  approval_.reset();
  const std::string objection = objection_to_approval(request, before, now, options_.now());
  if (!objection.empty()) return refuse_approval(request, objection);
  record_.handled_approval = request.id;
  record_.refused.clear();
  record_.approved = ApprovedRevision{content_of_set(*newest_), now.hash, options_.now(), request.who, request.why};
  log(LogLevel::Info, "plan-approved",
      fmt::format("the plan {} of {} was approved by {}{}", now.hash.substr(0, 12), newest_->revision, request.who,
                  request.why.empty() ? "" : ": " + request.why),
      {{"application", options_.application}});
  tell_record();
  observer_.did(
      {"Approve", newest_->revision, to_timestamp(options_.now()), "Progressing", 0, request.who, request.why});
  plan_wanted_ = false;
  ports_.changed();
}

}  // namespace holdfast
