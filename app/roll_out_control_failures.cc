// Of RollOutControl: roll-outs that are not well in time.
#include <spdlog/fmt/fmt.h>

#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "app/roll_out_control.h"
#include "app/short_text.h"
#include "holdfast/base/log.h"
#include "holdfast/base/timestamp.h"
#include "holdfast/model/override.h"
#include "net/backoff.h"

namespace holdfast {

namespace asio = boost::asio;

namespace {

// Until somebody changes it.
bool stays_unreadable(const Error& error) {
  return error.kind == ErrorKind::NotFound || error.kind == ErrorKind::Invalid || error.kind == ErrorKind::Conflict;
}

}  // namespace

// Of what was healthy with something tried in it, it is not known that it is without.
void RollOutControl::became_healthy(const std::string& revision) {
  if (revision != without_trial(revision)) {
    healthy_as_tried_ = revision;
    return;
  }
  if (revision == std::exchange(record_.healthy, revision)) return;
  if (keeps_sets() && in_force_ != nullptr && in_force_->revision == revision) remember(in_force_);
  tell_record();
}

bool RollOutControl::was_healthy(const std::string& revision) const {
  return revision == record_.healthy || revision == healthy_as_tried_;
}

// What was healthy once is no roll-out that fails: that a node went away is no reason to go back.
void RollOutControl::failed(OverdueRollOut overdue) {
  if (stopping_ || in_force_ == nullptr || overdue.revision != in_force_->revision) return;
  if (was_healthy(overdue.revision) || overdue.revision == std::exchange(failed_, overdue.revision)) return;
  tasks_.spawn(meet_failure(std::move(overdue)));
}

void RollOutControl::round(const RoundSummary& summary) {
  if (summary.complete) {
    if (incomplete_ == summary.revision) incomplete_.clear();
    completion_pause_.cancel();
    return;
  }
  if (stopping_ || options_.on_failure != FailurePolicy::Rollback) return;
  if (summary.revision == std::exchange(incomplete_, summary.revision)) return;
  tasks_.spawn(await_completion(
      {summary.revision, {}, fmt::format("{} of {} objects could not be applied", summary.failed, summary.objects)}));
}

asio::awaitable<void> RollOutControl::await_completion(OverdueRollOut overdue) {
  co_await wait_on(completion_pause_, Clock::now() + options_.timeout);
  if (!stopping_ && incomplete_ == overdue.revision) failed(std::move(overdue));
}

asio::awaitable<void> RollOutControl::meet_failure(OverdueRollOut overdue) {
  const std::string pods = co_await ports_.look_at_pods(overdue.objects);
  if (stopping_ || in_force_ == nullptr || overdue.revision != in_force_->revision || was_healthy(overdue.revision))
    co_return;
  const std::string why = shortened(fmt::format("it was not brought about within {} s: {}", options_.timeout.count(),
                                                pods.empty() ? overdue.what : pods),
                                    kLongestReasonBytes);
  log(LogLevel::Error, "roll-out-failed", overdue.revision + " has failed: " + why,
      {{"application", options_.application}});
  observer_.roll_out_failed(overdue.revision, why);
  if (options_.on_failure != FailurePolicy::Rollback || in_force_ != newest_) co_return;
  co_await return_to_healthy(overdue.revision, why);
}

// Not where something newer has come, or it has become healthy after all.
bool RollOutControl::has_to_return_from(const std::string& failed) const {
  return !stopping_ && in_force_ != nullptr && in_force_->revision == failed && newest_ == in_force_ &&
         !was_healthy(failed);
}

asio::awaitable<void> RollOutControl::return_to_healthy(std::string failed, std::string why) {
  if (record_.healthy.empty()) {
    log(LogLevel::Error, "nowhere-to-return", "no revision of it was healthy before, so there is none to return to",
        {{"application", options_.application}});
    co_return;
  }
  Backoff backoff(Backoff::list_watch(), options_.chance);
  std::string said;
  while (has_to_return_from(failed)) {
    RevisionContent wanted{record_.healthy, {}};
    const Result<ManifestSetPtr> read = co_await read_set(std::move(wanted));
    if (!has_to_return_from(failed)) co_return;
    if (read) {
      const RevisionContent what = content_of_set(**read), instead = content_of_set(*newest_);
      if (what.content == instead.content) co_return;
      observer_.did({"Return", what.revision, to_timestamp(options_.now()), "Progressing", 0, {}, failed + ": " + why});
      co_return pin(*read, {what, instead, options_.now(), {}, why});
    }
    const bool for_good = stays_unreadable(read.error());
    const std::string text = describe(read.error());
    if (text != std::exchange(said, text))
      log(LogLevel::Error, "nowhere-to-return",
          fmt::format("{} was healthy and cannot be read{}: {}", record_.healthy, for_good ? "" : " yet", text),
          {{"application", options_.application}});
    if (for_good) co_return;
    co_await wait_on(return_pause_, Clock::now() + backoff.next(Clock::now()));
  }
}

}  // namespace holdfast
