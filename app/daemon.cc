#include "app/daemon.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "holdfast/base/log.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

}  // namespace

Daemon::Daemon(asio::any_io_executor executor, ClusterPorts cluster, DaemonOptions options)
    : executor_(executor),
      cluster_(std::move(cluster)),
      options_(std::move(options)),
      random_(options_.seed),
      watch_(executor, cluster_, group_,
             {options_.installation, [this] { return chance(); },
              [this](const Error&) {
                if (options_.once) stop();
              },
              [this] { replaced(); }}),
      tasks_(executor),
      signal_(executor) {}

void Daemon::hold(ApplicationSetup setup, std::unique_ptr<Source> source,
                  std::shared_ptr<ReconcileObserver> observer) {
  const Name name{setup.inventory.namespace_, setup.name};
  auto running = std::make_shared<Running>(executor_);
  HeldApplication::Events events;
  Running* const self = running.get();  // which owns what is called
  events.read = [this, self] { read(*self->application); };
  events.desired = [this, self] { desired(*self->application); };
  events.round_finished = [this] { end_once(); };
  events.pruning_waits_for = [this, self] { return pruning_waits_for(*self->application); };
  running->application = std::make_unique<HeldApplication>(
      executor_, cluster_.api, watch_, group_, std::move(setup), std::move(source), std::move(observer),
      std::move(events), HeldApplication::Options{options_.once, [this] { return chance(); }});
  if (watch_.catalog() != nullptr) running->application->set_catalog(watch_.catalog());
  applications_[name] = running;
  if (running_) start(std::move(running));
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

asio::awaitable<void> Daemon::let_go(std::string namespace_, std::string name) {
  const auto found = applications_.find({namespace_, name});
  if (found == applications_.end()) co_return;
  const std::shared_ptr<Running> running = found->second;
  running->application->stop();
  while (!running->ended) {
    running->signal.expires_at(Clock::time_point::max());
    co_await running->signal.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  applications_.erase({namespace_, name});
}

asio::awaitable<int> Daemon::run() {
  log(LogLevel::Info, "starting", "holding what belongs on " + cluster_.name,
      {{"applications", applications_.size()}, {"version", HOLDFAST_VERSION}});
  running_ = true;
  watch_.start();
  for (auto& [name, running] : applications_) start(running);
  while (!stopping_) {
    signal_.expires_at(Clock::time_point::max());
    co_await signal_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  for (auto& [name, running] : applications_) running->application->stop();
  co_await tasks_.join();
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
}

// Each application is stopped, and the daemon stays, so that nobody starts it anew unseen.
void Daemon::replaced() {
  halted_ = true;
  for (auto& [name, running] : applications_) running->application->stop();
}

void Daemon::end_once() {
  if (!options_.once) return;
  const auto settled = [](const auto& entry) {
    const HeldApplication& application = *entry.second->application;
    return application.given_up() || application.last_round().has_value();
  };
  if (std::ranges::all_of(applications_, settled)) stop();
}

// Others of the same repository may have to give or take what moved with this commit.
void Daemon::read(const HeldApplication& application) {
  const std::string repository = application.repository();
  if (repository.empty()) return;
  for (auto& [name, running] : applications_) {
    HeldApplication& other = *running->application;
    if (&other == &application || other.repository() != repository) continue;
    if (application.problem().empty() && other.read_revision() != application.read_revision()) other.nudge();
    other.reconsider_pruning();
  }
}

void Daemon::desired(const HeldApplication& application) {
  const std::string repository = application.repository();
  if (repository.empty()) return;
  for (auto& [name, running] : applications_)
    if (running->application->repository() == repository) running->application->reconsider_pruning();
}

std::string Daemon::pruning_waits_for(const HeldApplication& application) const {
  const std::string repository = application.repository();
  if (repository.empty()) return {};
  for (const auto& [name, running] : applications_) {
    const HeldApplication& other = *running->application;
    if (&other == &application || other.repository() != repository) continue;
    if (other.desired_revision() == application.desired_revision()) continue;
    if (!other.problem().empty())
      return "the application " + other.name() + " cannot be read, and objects may have moved there";
    return "the application " + other.name() + " of the same repository is not at this revision yet";
  }
  return {};
}

}  // namespace holdfast
