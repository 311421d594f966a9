#include "app/held_application.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "engine/inventory_record.h"
#include "holdfast/base/digest.h"
#include "holdfast/base/log.h"
#include "net/backoff.h"
#include "sources/git_url.h"
#include "sources/trial.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

constexpr int kLoadsOfLearned = 3;
const std::string kNone;

asio::awaitable<void> wait_on(Timer& timer, Clock::time_point until) {
  timer.expires_at(until);
  co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

}  // namespace

HeldApplication::HeldApplication(asio::any_io_executor executor, ApiServer& api, AccountAccess& accounts,
                                 ClusterWatch& watch, ReconcilerGroup& group, ApplicationSetup setup,
                                 std::unique_ptr<Source> source, std::shared_ptr<ApplicationObserver> observer,
                                 Events events, Options options)
    : executor_(executor),
      setup_(std::move(setup)),
      repository_id_(to_hex(sha256(setup_.repository)).substr(0, 16)),
      source_(std::move(source)),
      observer_(std::move(observer)),
      events_(std::move(events)),
      options_(std::move(options)),
      acting_(api, accounts, setup_.acts_as),
      planning_(api, acting_),
      inventory_(api, setup_.inventory),
      learned_(api, setup_.inventory),
      roll_outs_(make_roll_outs()),
      reconciler_(executor, acting_, watch.store(), watch, inventory_, group, *observer_, reconciler_options()),
      tasks_(executor),
      refusals_(
          executor, *source_,
          [this](const ObjectKey&, const std::string& line) {
            log(LogLevel::Error, "written-by", line, {{"application", setup_.name}});
          },
          [this](const std::string& revision) { return loaded_ && loaded_->revision == revision; }),
      pause_(executor),
      source_pause_(executor),
      reading_pause_(executor) {}

ReconcilerOptions HeldApplication::reconciler_options() {
  ReconcilerOptions options;
  options.application = setup_.name;
  options.prepare = setup_.prepare;
  options.approvals = {"", "ConfigMap", setup_.inventory.namespace_, approvals_name(setup_.inventory.name)};
  if (setup_.acts_as) {
    options.access = &acting_;
    options.account = to_string(*setup_.acts_as);
  }
  options.prune = setup_.prune;
  options.adopt = setup_.adopt;
  options.policies = setup_.policies;
  options.yield_rules = setup_.yield_rules;
  options.schemas = options_.schemas;
  options.health_judge = options_.health_judge;
  options.learned = &learned_;
  options.admission = options_.admission;
  options.wait_for_health = setup_.wait_for_health;
  options.wave_patience = setup_.wave_patience;
  options.chance = options_.chance;
  options.on_round = [this](const RoundSummary& summary) {
    last_round_ = summary;
    if (roll_outs_ != nullptr) roll_outs_->round(summary);
    events_.round_finished();
  };
  options.on_desired = events_.desired;
  options.on_ready = [this] {
    if (roll_outs_ != nullptr && setup_.wait_for_health && reconciler_.ready())
      roll_outs_->became_healthy(reconciler_.revision());
    events_.readiness_changed();
  };
  options.watch_approvals = setup_.revisions == RevisionPolicy::Approve && !setup_.told_by_status;
  options.on_approvals = [this](const std::vector<Approval>& approvals) { take_approvals(approvals); };
  options.on_overdue = [this](const OverdueRollOut& overdue) {
    if (roll_outs_ != nullptr) roll_outs_->failed(overdue);
  };
  options.pruning_waits_for = events_.pruning_waits_for;
  options.will_want = [this](const ObjectKey& key) {
    const bool known = waits() && said_waiting_ == loaded_->revision;
    return known ? std::optional(waits_for(key)) : std::nullopt;
  };
  options.desired_is_sure = [this] { return desired_is_sure(); };
  options.on_refused_fields = [this](ObjectRefusal refusal) { refusals_.refused(std::move(refusal)); };
  return options;
}

const std::string& HeldApplication::repository() const {
  const bool plain_directory = loaded_ && loaded_->revision.starts_with("files@");
  return setup_.source.use_files || plain_directory ? kNone : setup_.repository;
}

asio::awaitable<void> HeldApplication::run() {
  if (setup_.ends)
    log(LogLevel::Info, "ending", "pruning what " + setup_.name + " held, for it is to end");
  else
    log(LogLevel::Info, "holding", "holding " + setup_.name,
        {{"repo", without_credentials(setup_.source.repo)}, {"path", setup_.source.path}});
  if (co_await load_inventory()) {
    recall_record();
    co_await load_learned();
    tasks_.spawn(follow_source());
    co_await reconciler_.run();
    if (setup_.ends && last_round_ && last_round_->complete && objects() == 0) co_await remove_records();
  }
  stop();
  if (roll_outs_ != nullptr) co_await roll_outs_->ended();
  co_await refusals_.finish(options_.once && !halted_ ? RefusalTrace::kPatience : std::chrono::seconds{0});
  source_->stop();
  if (earlier_source_ != nullptr) earlier_source_->stop();
  co_await tasks_.join();
}

void HeldApplication::stop() {
  if (std::exchange(stopping_, true)) return;
  if (!options_.once || !refusals_.busy()) source_->stop();  // otherwise the last words are waited for
  if (earlier_source_ != nullptr) earlier_source_->stop();
  if (roll_outs_ != nullptr) roll_outs_->stop();
  reconciler_.stop();
  pause_.cancel();
  source_pause_.cancel();
  reading_pause_.cancel();
}

void HeldApplication::halt() {
  learned_.close();
  halted_ = true;
  stop();
}

void HeldApplication::give_up() {
  given_up_ = true;
  events_.round_finished();
}

// For one request; what cannot be read yet waits beside the line, not in it. False: it is to stop.
asio::awaitable<bool> HeldApplication::take_place() {
  while (!stopping_ && !options_.starts.take(pause_)) co_await wait_on(pause_, Clock::time_point::max());
  if (stopping_) options_.starts.forget(pause_);
  co_return !stopping_;
}

asio::awaitable<bool> HeldApplication::load_inventory() {
  Backoff backoff(Backoff::list_watch(), options_.chance);
  while (!stopping_) {
    if (!co_await take_place()) break;
    const Result<void> loaded = co_await inventory_.load();
    if (!loaded) options_.starts.give();
    if (loaded) {
      guard_.began(inventory_.inventory().newest);
      observer_->inventory_known();
      co_return true;
    }
    const auto wait = std::max<std::chrono::milliseconds>(backoff.next(Clock::now()), loaded.error().retry_after);
    log(LogLevel::Error, "inventory-unknown", describe(loaded.error()) + "; nothing is written until it is known",
        {{"application", setup_.name},
         {"retry_in_ms", std::chrono::duration_cast<std::chrono::milliseconds>(wait).count()}});
    observer_->inventory_unknown(loaded.error(), std::chrono::duration_cast<std::chrono::milliseconds>(wait));
    if (options_.once) {
      give_up();
      co_return false;
    }
    if (!stopping_) co_await wait_on(pause_, Clock::now() + wait);
  }
  co_return false;
}

// Nobody waits long for what only saves calls. Has the place of load_inventory() for the first attempt.
asio::awaitable<void> HeldApplication::load_learned() {
  if (stopping_) options_.starts.give();
  Backoff backoff(Backoff::list_watch(), options_.chance);
  for (int attempt = 0; attempt < kLoadsOfLearned && !stopping_; ++attempt) {
    if (attempt != 0 && !co_await take_place()) co_return;
    const Result<void> loaded = co_await learned_.load();
    options_.starts.give();
    const std::string& lost = learned_.lost();
    if (loaded && lost.empty()) co_return;
    if (loaded) {
      log(LogLevel::Info, "learned-lost", "a part of what was learned cannot be used, and is learned anew: " + lost,
          {{"application", setup_.name}});
      co_return;
    }
    const bool for_good = loaded.error().kind == ErrorKind::Forbidden || loaded.error().kind == ErrorKind::Invalid;
    const bool last = for_good || attempt + 1 == kLoadsOfLearned;
    log(last ? LogLevel::Info : LogLevel::Debug, "learned-unknown",
        describe(loaded.error()) + "; " +
            (last ? "what is learned is not kept, and a restart costs a call for what cannot be proven" : "once more"),
        {{"application", setup_.name}});
    if (last) co_return;
    const auto wait = std::max<std::chrono::milliseconds>(backoff.next(Clock::now()), loaded.error().retry_after);
    co_await wait_on(pause_, Clock::now() + wait);
  }
}

// The application has ended, and nothing that it held is left.
asio::awaitable<void> HeldApplication::remove_records() {
  if (halted_) co_return;
  Result<void> removed = co_await learned_.remove();
  if (removed) removed = co_await inventory_.remove();
  if (!removed)
    log(LogLevel::Warning, "records-left", "its records are left: " + describe(removed.error()),
        {{"application", setup_.name}});
}

// The repository names an older commit than before, and it is not known yet whether somebody means that.
bool HeldApplication::asks_again(const ManifestSet& read) {
  BegunRevision named = source_->last_read();
  if (named.revision.empty()) named = {read.revision, read.committed_s};
  const std::string newest = guard_.newest().revision;
  const RevisionGuard::Judgement judgement = guard_.judge(named, Clock::now());
  if (judgement == RevisionGuard::Judgement::AskAgain) {
    if (named.revision != std::exchange(said_older_, named.revision))
      log(LogLevel::Warning, "source-older",
          fmt::format("the repository names {}, which is older than {}; it is taken if that is still so in {} s",
                      named.revision, newest, RevisionGuard::kSaidFor.count()),
          {{"application", setup_.name}});
    return true;
  }
  said_older_.clear();
  if (judgement == RevisionGuard::Judgement::TakeOlder)
    log(LogLevel::Warning, "source-moved-back",
        fmt::format("the repository went back from {} to {}, and stays there", newest, named.revision),
        {{"application", setup_.name}});
  guard_.began(named);
  return false;
}

// False where it could not be read.
bool HeldApplication::take(const Result<ManifestSetPtr>& manifests) {
  if (!manifests) {
    const std::string text = describe(manifests.error());
    if (text != std::exchange(problem_, text)) {
      log(LogLevel::Error, "source-failed",
          text + (loaded_ ? "; still holding " + loaded_->revision : "; nothing is changed until it can be read"),
          {{"application", setup_.name}});
      observer_->source_failed(manifests.error(), loaded_ ? loaded_->revision : std::string());
      refusals_.unreadable(manifests.error());
    }
    return false;
  }
  const bool failed_before = !std::exchange(problem_, std::string()).empty();
  read_at_ = source_->last_read().revision;
  if (read_at_.empty()) read_at_ = (*manifests)->revision;
  const bool same = std::exchange(read_, *manifests) == *manifests;
  if (failed_before || !same) observer_->source_read(**manifests);
  if (same) return true;  // whatever was committed is none of its business
  if (loaded_ && loaded_->revision == read_->revision) return true;
  loaded_ = given_ == nullptr ? as_recorded(read_, inventory_.inventory()) : read_;
  if (!setup_.ends) inventory_.belong_to(repository_id());
  if (!setup_.ends)
    log(LogLevel::Info, "source-read", "read " + loaded_->revision,
        {{"objects", loaded_->manifests.size()}, {"application", setup_.name}});
  hand_over();
  return true;
}

// In force is what was begun last, until it is known what the repository has now.
asio::awaitable<void> HeldApplication::hold_recorded() {
  const Inventory& recorded = inventory_.inventory();
  const std::string revision = recorded.newest.revision.empty() ? recorded.revision : recorded.newest.revision;
  if (revision.empty() || setup_.ends) co_return;
  Source::Recorded wanted{revision, revision == recorded.revision ? recorded.content : ""};
  const Result<ManifestSetPtr> manifests = co_await source_->read_recorded(std::move(wanted));
  if (stopping_ || loaded_ != nullptr) co_return;
  if (!manifests) {
    log(LogLevel::Warning, "recorded-unknown",
        describe(manifests.error()) + "; what is on record cannot be read either, so nothing is written",
        {{"application", setup_.name}, {"revision", revision}});
    co_return;
  }
  loaded_ = as_recorded(*manifests, inventory_.inventory());
  log(LogLevel::Warning, "holding-recorded",
      "holding " + revision + ", which is on record, until the source can be read",
      {{"objects", loaded_->manifests.size()}, {"application", setup_.name}});
  hand_over();
}

// What is held back for a while is not what is desired, however new it is.
std::string HeldApplication::desired_revision() const {
  if (roll_outs_ != nullptr && roll_outs_->holds_nothing()) return read_at_;
  const ManifestSetPtr& wanted = holds_back() ? given_ : loaded_;
  const bool up_to_date =
      read_ != nullptr && wanted != nullptr && given_ == wanted && reconciler_.revision() == wanted->revision;
  return up_to_date ? read_at_ : reconciler_.revision();
}

void HeldApplication::hand_over() {
  if (waits()) bring_about();
}

void HeldApplication::bring_about() {
  if (loaded_ == nullptr) return;
  const ManifestSetPtr next = what_to_hold();
  if (next != loaded_) note_waiting_objects();
  if (next == nullptr || next == given_) return;
  const bool known = given_ == nullptr && inventory_.inventory().revision == next->revision;
  if (next == loaded_ && !known && !setup_.ends)
    if (const std::string names = events_.waits_for(); !names.empty()) return note_waiting(names);
  if (next == loaded_) {
    waiting_objects_.clear();
    waiting_objects_of_ = nullptr;
  }
  given_ = next;
  if (roll_outs_ != nullptr) roll_outs_->now_in_force(given_);
  reconciler_.set_desired(given_);
}

// Null: nothing new, for now.
ManifestSetPtr HeldApplication::what_to_hold() {
  if (roll_outs_ == nullptr) return loaded_;
  const Inventory& recorded = inventory_.inventory();
  RollOutSituation situation;
  situation.from_source = read_ != nullptr;
  situation.begun = recorded.newest.revision.empty() ? recorded.revision : recorded.newest.revision;
  return roll_outs_->choose(loaded_, given_, std::move(situation));
}

void HeldApplication::note_waiting(const std::string& names) {
  if (loaded_->revision == std::exchange(said_waiting_, loaded_->revision)) return;
  note_waiting_objects();
  log(LogLevel::Info, "waiting", loaded_->revision + " waits until what it depends on is ready: " + names,
      {{"application", setup_.name}});
  observer_->waits_for(loaded_->revision, names);
  reconciler_.later_set_known();
}

void HeldApplication::note_waiting_objects() {
  if (std::exchange(waiting_objects_of_, loaded_) == loaded_) return;
  waiting_objects_.clear();
  for (const Manifest& manifest : loaded_->manifests)
    waiting_objects_.emplace(manifest.gvk.group, manifest.gvk.kind, manifest.namespace_, manifest.name);
}

const std::string& HeldApplication::repository_id() const { return repository().empty() ? kNone : repository_id_; }

bool HeldApplication::at_rest() const {
  return problem_.empty() && loaded_ != nullptr && loaded_ == given_ && last_round_ && last_round_->complete &&
         last_round_->revision == loaded_->revision && recorded().revision == loaded_->revision;
}

void HeldApplication::record_seen(SeenRevision seen) {
  inventory_.saw_all(std::move(seen));
  reconciler_.reconsider_pruning();  // wakes it, to save
}

bool HeldApplication::ready() const {
  if (!problem_.empty() || loaded_ == nullptr) return false;
  const bool complete = last_round_ && last_round_->complete && last_round_->revision == loaded_->revision;
  return complete ? reconciler_.ready() : counts_as_ready_ == loaded_->revision && reconciler_.healthy_so_far();
}

bool HeldApplication::has_to_prune() const {
  return std::ranges::any_of(inventory_.inventory().entries,
                             [this](const auto& entry) { return !reconciler_.wants(entry.first); });
}

bool HeldApplication::waits_for(const ObjectKey& key) const {
  return waiting_objects_.contains({key.group, key.kind, key.namespace_, key.name}) ||
         waiting_objects_.contains({key.group, key.kind, std::string(), key.name});
}

bool HeldApplication::takes_from(const HeldApplication& other) const {
  for (const auto& [key, uid] : other.inventory_.inventory().entries) {
    if (!other.reconciler_.wants(key) && waits_for(key)) return true;
  }
  return false;
}

// One reading that came out too small would delete what it lacks.
bool HeldApplication::desired_is_sure() {
  if (sure_ == given_ || !has_to_prune()) return true;
  if (!std::exchange(reading_again_, true)) tasks_.spawn(holds_back() ? read_earlier_again() : read_again());
  return sure_ == given_;  // a source that has it at hand answers at once
}

asio::awaitable<void> HeldApplication::read_again() {
  Backoff backoff(Backoff::list_watch(), options_.chance);
  while (!stopping_ && has_to_prune()) {
    const ManifestSetPtr first = given_;
    const Result<ManifestSetPtr> second = co_await source_->read_afresh();
    if (stopping_) break;
    if (first != given_) continue;
    if (holds_back()) break;  // it is not what is held any more
    if (compare_readings(first, second)) {
      sure_ = first;
      break;
    }
    if (options_.once) give_up();
    if (!stopping_) co_await wait_on(reading_pause_, Clock::now() + backoff.next(Clock::now()));
  }
  reading_again_ = false;
  reconciler_.reconsider_pruning();
}

// False: they differ, or the second one failed. Where one revision was read in two ways, the newer reading counts, and
// is read again.
bool HeldApplication::compare_readings(const ManifestSetPtr& first, const Result<ManifestSetPtr>& second) {
  const auto say = [this](const std::string& what) {
    log(LogLevel::Error, "pruning-waits", what + "; nothing is pruned before two readings agree",
        {{"application", setup_.name}});
  };
  if (!second) {
    say(describe(second.error()));
    return false;
  }
  if (bare_revision((*second)->revision) != bare_revision(read_at_)) {
    source_->nudge();
    return false;
  }
  if (same_manifests(*first, **second)) return true;
  say(fmt::format("{} was read twice, and had {} objects, then {}", first->revision, first->manifests.size(),
                  (*second)->manifests.size()));
  if (loaded_ == first) loaded_ = *second;
  if (roll_outs_ != nullptr) {
    hand_over();
  } else {
    given_ = *second;
    reconciler_.set_desired(given_);
  }
  return false;
}

asio::awaitable<void> HeldApplication::follow_source() {
  Backoff backoff(Backoff::list_watch(), options_.chance);
  while (!stopping_) {
    Result<ManifestSetPtr> manifests = co_await source_->load();
    if (stopping_) co_return;
    if (manifests && asks_again(**manifests)) {
      co_await wait_on(source_pause_, Clock::now() + RevisionGuard::kAskAgainAfter);
      continue;
    }
    const bool taken = take(manifests);
    if (!taken && loaded_ == nullptr && !options_.once && !std::exchange(asked_recorded_, true)) {
      co_await hold_recorded();
      if (stopping_) co_return;
    }
    events_.read();
    if (taken) {
      backoff.reset();
    } else if (options_.once) {
      give_up();
      co_return;
    } else if (manifests.error().kind != ErrorKind::Invalid) {
      // May come back by itself; what is invalid needs a commit.
      co_await wait_on(source_pause_, Clock::now() + backoff.next(Clock::now()));
      continue;
    }
    if (const Result<void> changed = co_await source_->changed(); !changed && !stopping_) {
      log(LogLevel::Warning, "source-watch-failed", describe(changed.error()));
      co_await wait_on(source_pause_, Clock::now() + backoff.next(Clock::now()));
    }
  }
}

}  // namespace holdfast
