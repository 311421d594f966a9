#include "app/daemon.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "holdfast/base/log.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

// For what happens in it a look at all applications is taken once.
constexpr std::chrono::milliseconds kReadingsPause{20}, kSeenPause{500};
constexpr std::chrono::seconds kStartPatience{10};
constexpr std::size_t kSettledAtOnce = 32;  // readings, in one turn

}  // namespace

Daemon::Daemon(asio::any_io_executor executor, ClusterPorts cluster, DaemonOptions options)
    : executor_(executor),
      cluster_(std::move(cluster)),
      options_(std::move(options)),
      random_(options_.seed),
      turns_(executor),
      group_(ReconcilerGroup::kWritesAtOnce,
             [this](WriteBudget::Told told) { turns_.add([this, told = std::move(told)] { told(turns_.waited()); }); }),
      watch_(executor, cluster_, group_,
             {options_.installation, options_.parser ? options_.parser : executor, [this] { return chance(); },
              [this](const Error&) {
                if (options_.once) stop();
              },
              [this] { replaced(); }, options_.only_namespace}),
      starts_(kStartsAtOnce, [this] { asio::post(executor_, [this] { begin_lists_if_due(); }); }),
      hand_overs_(
          executor,
          [this](const ApplicationName& name) {
            const auto found = applications_.find(name);
            return found != applications_.end() && found->second->application->waits();
          },
          [this](const ApplicationName& name) {
            if (const auto found = applications_.find(name); found != applications_.end())
              found->second->application->hand_over();
          }),
      shared_revisions_(turns_),
      router_(executor,
              {[this](const ApplicationName& name) { look_at(name); },
               [this](const ApplicationName& name, const std::string& commit) { return has_read(name, commit); }}),
      tasks_(executor),
      signal_(executor),
      seen_pause_(executor),
      start_pause_(executor),
      all_here_(!options_.more_to_come) {
  if (options_.health_rules != nullptr)
    health_scripts_ = std::make_unique<HealthScripts>(executor, options_.scripts ? options_.scripts : executor,
                                                      options_.health_rules);
}

void Daemon::hold(ApplicationSetup setup, std::unique_ptr<Source> source,
                  std::shared_ptr<ApplicationObserver> observer) {
  const ApplicationName name{setup.inventory.namespace_, setup.name};
  const std::string& chart = setup.source.artifact.chart;
  const std::string pushed_as = setup.source.repo + (chart.empty() ? "" : "/" + chart);
  router_.add(name, setup.ends ? std::string() : pushed_as, setup.source.ref);
  auto running = std::make_shared<Running>(executor_);
  HeldApplication::Events events;
  Running* const self = running.get();  // which owns what is called
  events.read = [this, name] { read(name); };
  events.desired = [this, self, name] { desired(name, *self->application); };
  events.round_finished = [this, name] { round_finished(name); };
  events.readiness_changed = [this, self, name] { readiness_changed(name, *self->application); };
  events.pruning_waits_for = [this, self, name] { return pruning_waits_for(name, *self->application); };
  events.waits_for = [this, self, name] { return waits_for(name, *self->application); };
  const std::string repository = setup.repository;
  running->application = std::make_unique<HeldApplication>(
      executor_, cluster_.api, accounts_, watch_, group_, std::move(setup), std::move(source), std::move(observer),
      std::move(events),
      HeldApplication::Options{starts_, options_.once, [this] { return chance(); }, &watch_.schemas(),
                               health_scripts_.get(), &watch_.admission()});
  if (watch_.catalog() != nullptr) running->application->set_catalog(watch_.catalog());
  hand_overs_.add(name, running->application->depends_on());
  shared_revisions_.add(name, repository, *running->application);
  if (running->application->ends()) pruning_.insert(name);
  applications_[name] = running;
  if (running_ && !stopping_ && !halted_) start(std::move(running));
}

void Daemon::start(std::shared_ptr<Running> running) {
  running->ended = false;
  auto task = [](std::shared_ptr<Running> one) -> asio::awaitable<void> {
    co_await one->application->run();
    one->ended = true;
    one->signal.cancel();
  };
  tasks_.spawn(task(std::move(running)));
}

void Daemon::all_are_here() {
  all_here_ = true;
  asio::post(executor_, [this] { begin_lists_if_due(); });  // some of them may be about to start
}

// Each has claimed its objects, or cannot tell for now which they are.
void Daemon::begin_lists_if_due() {
  if (running_ && all_here_ && starts_.idle()) watch_.begin_lists();
}

// A server may be too slow for that.
asio::awaitable<void> Daemon::begin_lists_at_last() {
  if (stopping_) co_return;  // before run(): nobody ends the pause any more
  start_pause_.expires_at(Clock::now() + kStartPatience);
  co_await start_pause_.async_wait(asio::as_tuple(asio::use_awaitable));
  watch_.begin_lists();
}

void Daemon::set_missing(std::map<std::string, std::string> names_by_repository) {
  missing_ = std::move(names_by_repository);
  reconsider_pruning();
}

asio::awaitable<void> Daemon::let_go(std::vector<ApplicationName> names) {
  std::map<ApplicationName, std::shared_ptr<Running>> leaving;
  for (const ApplicationName& name : names)
    if (const auto found = applications_.find(name); found != applications_.end()) leaving.insert(*found);
  for (auto& [name, running] : leaving) running->application->stop();
  for (auto& [name, running] : leaving) {
    while (!running->ended) {
      running->signal.expires_at(Clock::time_point::max());
      co_await running->signal.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    // It may have been let go, and another one held, by somebody else meanwhile.
    if (const auto found = applications_.find(name); found != applications_.end() && found->second == running) {
      shared_revisions_.remove(name);
      applications_.erase(found);
      router_.remove(name);
      hand_overs_.remove(name);
      pruning_.erase(name);
    }
  }
  reconsider_pruning();
}

asio::awaitable<int> Daemon::run() {
  log(LogLevel::Info, "starting", "holding what belongs on " + cluster_.name,
      {{"applications", applications_.size()}, {"version", HOLDFAST_VERSION}});
  running_ = true;
  watch_.start();
  tasks_.spawn(router_.run());
  tasks_.spawn(begin_lists_at_last());
  for (auto& [name, running] : applications_) start(running);
  while (!stopping_) {
    signal_.expires_at(Clock::time_point::max());
    co_await signal_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  for (auto& [name, running] : applications_) running->application->stop();
  router_.stop();
  co_await tasks_.join();
  if (health_scripts_ != nullptr) {
    health_scripts_->stop();
    co_await health_scripts_->ended();
  }
  watch_.stop();
  cluster_.close();
  co_await watch_.ended();
  log(LogLevel::Info, "stopped", "stopped; what is in the cluster stays as it is");
  if (halted_) co_return 1;
  const auto complete = [](const auto& entry) {
    const auto& round = entry.second->application->last_round();
    return round && round->complete;
  };
  co_return options_.once && !std::ranges::all_of(applications_, complete) ? 1 : 0;
}

void Daemon::stop() {
  stopping_ = true;
  signal_.cancel();
  seen_pause_.cancel();
  start_pause_.cancel();
}

// Each application is stopped, and the daemon stays, so that nobody starts it anew unseen.
void Daemon::replaced() {
  halted_ = true;
  for (auto& [name, running] : applications_) running->application->halt();
}

void Daemon::listen(const ApplicationName& name, const std::string& repo, const std::string& ref,
                    PushListener listener) {
  listeners_[name] = std::move(listener);
  router_.add(name, repo, ref);
}

void Daemon::stop_listening(const ApplicationName& name) {
  listeners_.erase(name);
  router_.remove(name);
}

void Daemon::look_at(const ApplicationName& name) {
  if (const auto listener = listeners_.find(name); listener != listeners_.end()) return listener->second.look();
  if (const auto found = applications_.find(name); found != applications_.end()) found->second->application->look();
}

void Daemon::read_on(const ApplicationName& name) {
  if (const auto found = applications_.find(name); found != applications_.end()) found->second->application->read_on();
}

bool Daemon::has_read(const ApplicationName& name, const std::string& commit) const {
  if (const auto listener = listeners_.find(name); listener != listeners_.end())
    return listener->second.has_read(commit);
  const auto found = applications_.find(name);
  return found != applications_.end() && found->second->application->read_revision().ends_with(commit);
}

RollOutControl* Daemon::roll_outs(const ApplicationName& name) {
  const auto found = applications_.find(name);
  return found == applications_.end() ? nullptr : found->second->application->roll_outs();
}

std::size_t Daemon::objects(const ApplicationName& name) const {
  const auto found = applications_.find(name);
  return found == applications_.end() ? 0 : found->second->application->objects();
}

const HeldApplication* Daemon::find(const ApplicationName& name) const {
  const auto found = applications_.find(name);
  return found == applications_.end() || found->second->application->ends() ? nullptr
                                                                            : found->second->application.get();
}

void Daemon::round_finished(const ApplicationName& name) {
  const auto found = applications_.find(name);
  if (found == applications_.end()) return;
  const HeldApplication& application = *found->second->application;
  note_seen();
  note_pruning(name, application);
  hand_overs_.dependents_may_begin(name);
  if (options_.once) reconsider_pruning();  // what others wait for may have failed for good
  end_once();
  if (!application.ends() || !application.last_round() || !application.last_round()->complete) return;
  log(LogLevel::Info, "ended",
      name.second + " has ended" +
          (application.objects() == 0 ? "" : "; what was held back stays, and `holdfast get` goes on listing it"),
      {{"objects_left", application.objects()}});
  if (options_.on_ended) options_.on_ended(name, application.objects());
  if (options_.keeps_ending && application.objects() != 0) return;
  std::vector<ApplicationName> names{name};
  tasks_.spawn(let_go(std::move(names)));
}

// What depends on it may begin, or has waited long.
void Daemon::readiness_changed(const ApplicationName& name, const HeldApplication& application) {
  hand_overs_.dependents_may_begin(name);
  if (!application.unready_for_long()) return;
  for (const auto& [other_name, running] : applications_) {
    const HeldApplication& other = *running->application;
    if (!other.waits() || !other.depends_on().contains(application.name())) continue;
    log(LogLevel::Warning, "waiting",
        other.name() + " goes on waiting for " + application.name() +
            ", which is applied and not healthy: " + application.what_is_not_healthy(),
        {{"application", other.name()}});
  }
  end_once();
}

void Daemon::reconsider_pruning() {
  for (const ApplicationName& name : pruning_) applications_.at(name)->application->reconsider_pruning();
}

// Few have anything to prune, and whatever happens concerns these alone.
void Daemon::note_pruning(const ApplicationName& name, const HeldApplication& application) {
  if (application.ends() || application.has_to_prune())
    pruning_.insert(name);
  else
    pruning_.erase(name);
}

// With `once`: whether it was tried, or cannot be, for what it depends on has failed.
bool Daemon::settled(const ApplicationName& name) const {
  const HeldApplication* const application = find(name);
  if (application == nullptr || application->given_up() || application->last_round()) return true;
  if (blocked_.contains(name)) return true;
  return application->waits() && std::ranges::any_of(application->depends_on(), [&](const std::string& needed) {
           const HeldApplication* const other = find({name.first, needed});
           const bool applied = other != nullptr && other->last_round() && other->last_round()->complete;
           if (applied && !other->ready()) return other->unready_for_long();
           return !applied && settled({name.first, needed});
         });
}

void Daemon::end_once() {
  if (!options_.once) return;
  if (std::ranges::all_of(applications_, [this](const auto& entry) { return settled(entry.first); })) stop();
}

// A commit is read by all applications of its repository, thousands of them at once: what follows from that is done
// once for all.
void Daemon::read(const ApplicationName& name) {
  read_.insert(name);
  if (std::exchange(readings_due_, true)) return;
  auto later = [](Daemon* daemon) -> asio::awaitable<void> {
    Timer pause(daemon->executor_);
    pause.expires_at(Clock::now() + kReadingsPause);
    co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
    daemon->settle_readings();
  };
  tasks_.spawn(later(this));
}

// Others of the same repository may have to give or take what moved with this commit.
void Daemon::settle_readings() {
  readings_due_ = false;
  const std::set<ApplicationName> names = std::exchange(read_, {});
  settle({names.begin(), names.end()});
}

void Daemon::settle(std::vector<ApplicationName> names) {
  turns_.add([this, names = std::move(names)]() mutable {
    if (stopping_) return;
    for (std::size_t i = 0; i < kSettledAtOnce && !names.empty(); ++i) {
      const ApplicationName name = std::move(names.back());
      names.pop_back();
      if (const auto found = applications_.find(name); found != applications_.end())
        shared_revisions_.tell_of(*found->second->application);
      hand_overs_.dependents_may_begin(name);
    }
    if (!names.empty()) return settle(std::move(names));
    reconsider_pruning();
    end_once();
    note_seen();
  });
}

// What was read of a repository may be recorded soon, once for all that happens meanwhile.
void Daemon::note_seen() {
  if (!options_.once && !stopping_ && !std::exchange(seen_due_, true)) tasks_.spawn(record_seen());
}

asio::awaitable<void> Daemon::record_seen() {
  if (stopping_) co_return;
  seen_pause_.expires_at(Clock::now() + kSeenPause);
  co_await seen_pause_.async_wait(asio::as_tuple(asio::use_awaitable));
  seen_due_ = false;
  if (!stopping_ && !halted_) shared_revisions_.record();
}

void Daemon::desired(const ApplicationName& name, const HeldApplication& application) {
  note_pruning(name, application);
  const std::string& repository = application.repository();
  for (const ApplicationName& other_name : pruning_) {
    HeldApplication& other = *applications_.at(other_name)->application;
    if (other.ends() || (!repository.empty() && other.repository() == repository)) other.reconsider_pruning();
  }
}

// Those of the same repository have to be at the same commit, for objects may have moved there with it (ask 37).
std::string Daemon::pruning_waits_for(const ApplicationName& name, HeldApplication& application) {
  if (!application.has_to_prune()) return {};
  if (application.ends()) return end_waits_for(name, application);
  const std::string& repository = application.repository();
  if (repository.empty()) return {};
  if (const auto missing = missing_.find(repository); missing != missing_.end())
    return block(name, missing->second, "cannot be held");
  for (const auto& [other_name, running] : applications_) {
    const HeldApplication& other = *running->application;
    if (&other == &application || other.ends() || other.repository() != repository) continue;
    if (other.holds_back() && other.takes_from(application))
      return "objects move to the application " + other.name() + ", which does not take them yet: its revision waits";
    if (other.desired_revision() == application.desired_revision()) continue;
    if (!other.problem().empty()) return block(name, other.name(), "cannot be read");
    if (other.waits() && other.read_revision() == application.desired_revision()) {
      // It may wait for this very one. What it wants is known; only where it takes something does it have to begin.
      if (!other.takes_from(application)) continue;
      if (options_.once && settled(other_name)) return block(name, other.name(), "waits for what has failed");
      application.count_as_ready();
      hand_overs_.dependents_may_begin(name);
      return "objects move to the application " + other.name() + ", which has not begun yet";
    }
    return "the application " + other.name() + " of the same repository is not at this revision yet";
  }
  return {};
}

std::string Daemon::block(const ApplicationName& name, const std::string& other, const char* why) {
  if (options_.once && blocked_.insert(name).second) end_once();
  return "the application " + other + " " + why + ", and objects may have moved there";
}

// An application that came with the same configuration may want what this one leaves behind; and what depends on it
// goes first.
std::string Daemon::end_waits_for(const ApplicationName& name, const HeldApplication& application) const {
  const std::string& repository = application.repository();
  if (const auto missing = missing_.find(repository); missing != missing_.end())
    return "the application " + missing->second + " cannot be held, and objects may have moved there";
  for (const auto& [other_name, running] : applications_) {
    const HeldApplication& other = *running->application;
    if (&other == &application || other.acts_as() != application.acts_as()) continue;
    if (other.ends()) {
      if (other_name.first == name.first && other.depends_on().contains(name.second))
        return "the application " + other.name() + " depends on it, and has to end first";
      continue;
    }
    if (!other.desired_revision().empty() || (other.waits() && !other.takes_from(application))) continue;
    if (other.problem().empty() || other.repository() == repository)
      return "it is not known yet what the application " + other.name() + " wants";
  }
  return {};
}

// Of one repository, both have to be at the same commit: what is needed may be new in it.
std::string Daemon::waits_for(const ApplicationName& name, const HeldApplication& application) const {
  std::string names;
  for (const std::string& needed : application.depends_on()) {
    const HeldApplication* const other = find({name.first, needed});
    const bool same_repository =
        other != nullptr && !other->repository().empty() && other->repository() == application.repository();
    if (other != nullptr && other->ready() &&
        (!same_repository || other->read_revision() == application.read_revision()))
      continue;
    names += (names.empty() ? "" : ", ") + needed;
  }
  return names;
}

}  // namespace holdfast
