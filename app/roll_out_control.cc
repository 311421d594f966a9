#include "app/roll_out_control.h"

#include <spdlog/fmt/fmt.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "app/short_text.h"
#include "holdfast/base/log.h"
#include "holdfast/base/timestamp.h"
#include "holdfast/model/override.h"
#include "net/backoff.h"

namespace holdfast {

namespace asio = boost::asio;

RollOutControl::RollOutControl(asio::any_io_executor executor, ApplicationObserver& observer, Options options,
                               Ports ports)
    : observer_(observer),
      options_(std::move(options)),
      ports_(std::move(ports)),
      record_(std::move(options_.record)),
      waiting_(std::move(options_.waiting)),
      plan_pause_(executor),
      fetch_pause_(executor),
      completion_pause_(executor),
      return_pause_(executor),
      tasks_(executor) {}

void RollOutControl::stop() {
  stopping_ = true;
  plan_pause_.cancel();
  fetch_pause_.cancel();
  completion_pause_.cancel();
  return_pause_.cancel();
}

asio::awaitable<void> RollOutControl::wait_on(Timer& timer, Clock::time_point until) {
  timer.expires_at(until);
  co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

asio::awaitable<void> RollOutControl::ended() { co_await tasks_.join(); }

RevisionContent RollOutControl::content_of_set(const ManifestSet& set) const {
  return content_in(set, options_.default_namespace);
}

// By its name, a revision is what the source has of it: what was tried on it ends, and would outlive that here.
ManifestSetPtr RollOutControl::known_set(const RevisionContent& wanted) const {
  const std::string untried = without_trial(wanted.revision);
  const auto is_wanted = [&](const ManifestSetPtr& set) {
    if (set == nullptr) return false;
    return wanted.content.empty() ? set->revision == untried : content_of_set(*set).content == wanted.content;
  };
  for (const ManifestSetPtr& set : {in_force_, newest_})
    if (is_wanted(set)) return set;
  for (const auto& [content, set] : sets_)
    if (is_wanted(set)) return set;
  return nullptr;
}

// What may have to be held again, so that no source has to be asked for it.
void RollOutControl::remember(const ManifestSetPtr& set) {
  sets_[content_of_set(*set).content] = set;
  std::erase_if(sets_, [&](const auto& entry) {
    if (sets_.size() <= kMostSets || entry.second == set) return false;
    const std::string& revision = entry.second->revision;
    const bool held = record_.pinned && record_.pinned->what.revision == revision;
    return !held && revision != record_.healthy && entry.second != in_force_;
  });
}

ManifestSetPtr RollOutControl::choose(const ManifestSetPtr& newest, const ManifestSetPtr& in_force,
                                      RollOutSituation situation) {
  newest_ = newest;
  in_force_ = in_force;
  from_source_ = situation.from_source;
  situation.policy = options_.policy;
  situation.newest = content_of_set(*newest);
  if (options_.policy == RevisionPolicy::Apply && std::exchange(record_.approved, std::nullopt)) tell_record();
  const RollOutChoice choice = choose_revision(situation, record_);
  if (choice.ends_pin) end_pin();
  holds_back_ = choice.what != RollOutChoice::What::Newest;
  holds_nothing_ = choice.what == RollOutChoice::What::Nothing;
  plan_wanted_ = choice.waits;
  if (choice.waits)
    want_plan();
  else
    drop_plan();
  if (holds_nothing_) return nullptr;
  ManifestSetPtr set = holds_back_ ? known_set(choice.earlier) : newest;
  if (set == nullptr) {
    want_set(choice.earlier);
    return nullptr;
  }
  if (choice.counts_as_approved) count_as_approved(content_of_set(*set));
  if (keeps_sets())
    remember(set);
  else
    sets_.clear();
  return set;
}

void RollOutControl::count_as_approved(const RevisionContent& what) {
  record_.approved = ApprovedRevision{what, {}, options_.now(), {}, "it was in force before approval was asked for"};
  tell_record();
}

void RollOutControl::end_pin() {
  log(LogLevel::Info, "pin-ended",
      fmt::format("{} is no longer pinned at {}, for there is a newer revision than {}: {}", options_.application,
                  record_.pinned->what.revision, record_.pinned->instead.revision, newest_->revision),
      {{"application", options_.application}});
  record_.pinned.reset();
  tell_record();
}

void RollOutControl::tell_record() {
  ports_.keep(record_);
  observer_.record_changed(record_);
}

void RollOutControl::refuse(const std::string& action, const std::string& why) {
  record_.refused = shortened(action + ": " + why, kLongestReasonBytes);
  tell_record();
  log(LogLevel::Warning, "request-refused", fmt::format("{} of {} is refused: {}", action, options_.application, why),
      {{"application", options_.application}});
  observer_.request_refused(action, why);
}

// What is to be held is not at hand.
void RollOutControl::want_set(const RevisionContent& wanted) {
  wanted_set_ = wanted;
  if (!stopping_ && !std::exchange(fetching_, true)) tasks_.spawn(fetch_set());
}

asio::awaitable<Result<ManifestSetPtr>> RollOutControl::read_set(RevisionContent wanted) {
  if (ManifestSetPtr known = known_set(wanted); known != nullptr) co_return known;
  Source::Recorded recorded{without_trial(wanted.revision), {}};
  Result<ManifestSetPtr> read = co_await ports_.read_earlier(std::move(recorded));
  if (!read) co_return read;
  if (!wanted.content.empty() && content_of_set(**read).content != wanted.content)
    co_return fail(ErrorKind::Conflict, wanted.revision + " does not say any more what it said", {},
                   "what it is rendered with, or where it goes, has changed since; commit what is wanted");
  co_return read;
}

asio::awaitable<void> RollOutControl::fetch_set() {
  Backoff backoff(Backoff::list_watch(), options_.chance);
  std::string said;
  while (!stopping_ && wanted_set_) {
    const RevisionContent wanted = *wanted_set_;
    const Result<ManifestSetPtr> read = co_await read_set(wanted);
    if (stopping_ || wanted_set_ != wanted) continue;
    if (read) {
      wanted_set_.reset();
      remember(*read);
      ports_.changed();
      continue;
    }
    const std::string text = describe(read.error());
    if (text != std::exchange(said, text))
      log(LogLevel::Error, "earlier-unknown",
          fmt::format("{} is to be held and cannot be read, so nothing is written: {}", wanted.revision, text),
          {{"application", options_.application}});
    co_await wait_on(fetch_pause_, Clock::now() + backoff.next(Clock::now()));
  }
  fetching_ = false;
}

// The last one counts: of one before that is still being read nothing comes any more.
void RollOutControl::roll_back(RollbackRequest request) {
  if (stopping_ || request.id == record_.handled_rollback || request.id == rollback_) return;
  if (request.revision.empty()) return release(request);
  rollback_ = request.id;
  tasks_.spawn(meet_rollback(std::move(request)));
}

void RollOutControl::refuse_rollback(const RollbackRequest& request, const std::string& why) {
  if (request.id == record_.handled_rollback || request.id == rollback_) return;
  rollback_.clear();
  record_.handled_rollback = request.id;
  refuse("Rollback", why);
}

void RollOutControl::release(const RollbackRequest& request) {
  const bool takes_back = !std::exchange(rollback_, std::string()).empty();
  record_.handled_rollback = request.id;
  if (!record_.pinned && !takes_back) return refuse("Rollback", "it is not pinned, so there is nothing to end");
  record_.refused.clear();
  log(LogLevel::Info, "pin-ended",
      fmt::format("{} {}, as {} asked", options_.application,
                  record_.pinned ? "is no longer pinned at " + record_.pinned->what.revision : "is not rolled back",
                  request.who),
      {{"application", options_.application}});
  if (std::exchange(record_.pinned, std::nullopt)) {
    failed_.clear();  // it is tried again
    incomplete_.clear();
  }
  tell_record();
  ports_.changed();
}

// What was asked for is on record as met only with what came of it.
asio::awaitable<void> RollOutControl::meet_rollback(RollbackRequest request) {
  RevisionContent wanted{request.revision, {}};
  const Result<ManifestSetPtr> read = co_await read_set(std::move(wanted));
  if (stopping_ || request.id != rollback_) co_return;
  rollback_.clear();
  record_.handled_rollback = request.id;
  if (!read) co_return refuse("Rollback", describe(read.error()));
  if (newest_ == nullptr)
    co_return refuse("Rollback", "it is not known yet what would end it, for nothing was read; ask again");
  const RevisionContent what = content_of_set(**read), instead = content_of_set(*newest_);
  if (what.content == instead.content)
    co_return refuse("Rollback", request.revision + " says what the source has, so there is nothing to roll back from");
  record_.refused.clear();
  observer_.did({"Rollback", what.revision, to_timestamp(options_.now()), "Progressing", 0, request.who, request.why});
  pin(*read, {what, instead, options_.now(), request.who, request.why});
}

void RollOutControl::pin(const ManifestSetPtr& set, PinnedRevision pinned) {
  if (options_.policy == RevisionPolicy::Approve)
    record_.approved = ApprovedRevision{pinned.what, {}, pinned.at, pinned.who, pinned.why};
  record_.pinned = std::move(pinned);
  remember(set);
  log(LogLevel::Warning, "pinned", options_.application + " is " + describe(*record_.pinned),
      {{"application", options_.application}});
  tell_record();
  ports_.changed();
}

}  // namespace holdfast
