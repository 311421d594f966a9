#include "app/daemon.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "holdfast/base/log.h"
#include "sources/git_url.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr std::size_t kListsAtOnce = 50;  // correctness A22

// A coroutine that keeps what it runs.
asio::awaitable<void> run_reflector(std::shared_ptr<Reflector> reflector) { co_await reflector->run(); }

asio::awaitable<void> wait_on(Timer& timer, Clock::time_point until) {
  timer.expires_at(until);
  co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

}  // namespace

Daemon::Daemon(asio::any_io_executor executor, ClusterPorts cluster, ApplicationSetup setup,
               std::unique_ptr<Source> source, ReconcileObserver& observer, DaemonOptions options)
    : executor_(executor),
      cluster_(std::move(cluster)),
      setup_(std::move(setup)),
      source_(std::move(source)),
      options_(options),
      random_(options.seed),
      lists_(std::make_shared<Gate>(executor, kListsAtOnce)),
      inventory_(cluster_.api, setup_.inventory),
      reconciler_(executor, cluster_.api, store_, *this, inventory_, observer, reconciler_options()),
      catalog_follower_(
          executor, cluster_.api, cluster_.watches, *this, [this] { return chance(); }, reflector_options()),
      tasks_(executor),
      pause_(executor),
      source_pause_(executor) {}

ReconcilerOptions Daemon::reconciler_options() {
  ReconcilerOptions options;
  options.prepare = setup_.prepare;
  options.prune = setup_.prune;
  options.adopt = options_.adopt;
  options.chance = [this] { return chance(); };
  options.on_round = [this](const RoundSummary& summary) { on_round(summary); };
  return options;
}

asio::awaitable<int> Daemon::run() {
  log(LogLevel::Info, "starting", "holding " + setup_.name + " on " + cluster_.name,
      {{"repo", without_credentials(setup_.source.repo)}, {"path", setup_.source.path}, {"version", HOLDFAST_VERSION}});
  if (co_await load_inventory()) {
    tasks_.spawn(catalog_follower_.run());
    tasks_.spawn(follow_source());
    co_await reconciler_.run();
    if (halted_ && !stopping_) co_await wait_on(pause_, Clock::time_point::max());
  }
  stop();
  for (auto& [type, reflector] : watched_) reflector->stop();
  cluster_.close();
  co_await tasks_.join();
  log(LogLevel::Info, "stopped", "stopped; what is in the cluster stays as it is");
  if (halted_) co_return 1;
  co_return options_.once && (!last_round_ || !last_round_->complete) ? 1 : 0;
}

void Daemon::stop() {
  if (stopping_) return;
  stopping_ = true;
  source_->stop();
  reconciler_.stop();
  catalog_follower_.stop();
  pause_.cancel();
  source_pause_.cancel();
}

asio::awaitable<bool> Daemon::load_inventory() {
  Backoff backoff(Backoff::list_watch(), [this] { return chance(); });
  while (!stopping_) {
    const Result<void> loaded = co_await inventory_.load();
    if (loaded) co_return true;
    const auto wait = backoff.next(Clock::now());
    log(LogLevel::Error, "inventory-unknown", describe(loaded.error()) + "; nothing is written until it is known",
        {{"retry_in_ms", std::chrono::duration_cast<std::chrono::milliseconds>(wait).count()}});
    if (options_.once) co_return false;
    if (!stopping_) co_await wait_on(pause_, Clock::now() + wait);
  }
  co_return false;
}

asio::awaitable<void> Daemon::follow_source() {
  Backoff backoff(Backoff::list_watch(), [this] { return chance(); });
  ManifestSetPtr loaded;
  std::string problem;  // the same failure is said once
  while (!stopping_ && !halted_) {
    Result<ManifestSetPtr> manifests = co_await source_->load();
    if (stopping_ || halted_) co_return;
    if (!manifests) {
      const std::string text = describe(manifests.error());
      if (text != std::exchange(problem, text))
        log(LogLevel::Error, "source-failed",
            text + (loaded ? "; still holding " + loaded->revision : "; nothing is changed until it can be read"));
      if (options_.once) {
        stop();
        co_return;
      }
      if (manifests.error().kind != ErrorKind::Invalid) {  // may come back by itself; what is invalid needs a commit
        co_await wait_on(source_pause_, Clock::now() + backoff.next(Clock::now()));
        continue;
      }
    } else {
      problem.clear();
      backoff.reset();
      if (loaded != *manifests && (!loaded || loaded->revision != (*manifests)->revision)) {
        log(LogLevel::Info, "source-read", "read " + (*manifests)->revision,
            {{"objects", (*manifests)->manifests.size()}});
        reconciler_.set_desired(*manifests);
      }
      loaded = *manifests;
    }
    if (const Result<void> changed = co_await source_->changed(); !changed && !stopping_ && !halted_) {
      log(LogLevel::Warning, "source-watch-failed", describe(changed.error()));
      co_await wait_on(source_pause_, Clock::now() + backoff.next(Clock::now()));
    }
  }
}

void Daemon::catalog_read(std::shared_ptr<const ApiCatalog> catalog) {
  catalog_ = std::move(catalog);
  if (const auto line = outages_.recovered("discovery", Clock::now())) log(LogLevel::Info, "watch-recovered", *line);
  for (auto watched = watched_.begin(); watched != watched_.end();) {
    const auto here = watched++;
    const GroupVersionKind gvk = here->second->resource().gvk;
    if (served(gvk)) continue;
    log(LogLevel::Info, "watch", to_string(gvk) + " is no longer served; not watching it any more");
    here->second->stop();
    (void)outages_.recovered(to_string(gvk), Clock::now());  // no longer part of any outage
    watched_.erase(here);
  }
  reconciler_.set_catalog(catalog_);
}

void Daemon::catalog_failed(const Error& error) {
  const std::string text = "cannot tell which types the API server has: " + describe(error);
  const auto line = outages_.failed("discovery", text, OutageLog::Concerns::Everything, Clock::now());
  log(line ? LogLevel::Error : LogLevel::Debug, "discovery-failed", line ? *line : text);
  if (options_.once) stop();
}

// Unknown is not absent (correctness A20).
bool Daemon::served(const GroupVersionKind& gvk) const {
  return catalog_ == nullptr || catalog_->find(gvk) != nullptr || catalog_->unknown_groups.contains(gvk.group);
}

void Daemon::rediscover() { catalog_follower_.rediscover(); }

ReflectorOptions Daemon::reflector_options() {
  ReflectorOptions options;
  options.knowledge = knowledge_;
  options.lists = lists_;
  return options;
}

void Daemon::watch(const ApiResource& resource) {
  const GroupKind type = resource.gvk.group_kind();
  if (stopping_ || halted_ || !served(resource.gvk)) return;
  if (const auto found = watched_.find(type); found != watched_.end()) {
    if (found->second->resource().gvk.version == resource.gvk.version) return;
    found->second->stop();
  }
  start_watch(resource);
}

void Daemon::start_watch(const ApiResource& resource) {
  ReflectorOptions options = reflector_options();
  options.reader = &reconciler_;
  const auto reflector = std::make_shared<Reflector>(
      cluster_.api, cluster_.watches, resource, "holdfast.dev/installation=" + setup_.inventory.installation,
      store_writer_, *this, [this] { return chance(); }, std::move(options));
  watched_[resource.gvk.group_kind()] = reflector;
  tasks_.spawn(run_reflector(reflector));
}

// Every type is listed anew from what there is now, and nothing is pruned before all of them are (correctness A14).
void Daemon::cluster_restored() {
  if (stopping_ || halted_) return;
  log(LogLevel::Warning, "cluster-restored",
      "the cluster went back to an older state, as after a restore of its database; reading all of it again");
  knowledge_->marks.reset();
  reconciler_.forget_writes();
  std::vector<ApiResource> resources;
  for (const auto& [type, reflector] : watched_) {
    resources.push_back(reflector->resource());
    reflector->stop();
    store_writer_.mark_unsynced(type);
  }
  for (const ApiResource& resource : resources) start_watch(resource);
  catalog_follower_.watch_anew();
}

void Daemon::cluster_replaced(const Error& error) {
  if (stopping_ || std::exchange(halted_, true)) return;
  log(LogLevel::Error, "cluster-replaced", "halted, nothing more is written: " + describe(error));
  for (auto& [type, reflector] : watched_) reflector->stop();
  source_->stop();
  reconciler_.stop();
}

void Daemon::changed(std::span<const StoreEvent> events, Clock::time_point received_at) {
  for (const StoreEvent& event : events) {
    if (event.kind == StoreEventKind::Synced)
      reconciler_.type_synced(event.key.group_kind());
    else
      reconciler_.live_changed(event.key, received_at);
  }
}

void Daemon::status_changed(const ApiResource& resource, const ReflectorStatus& status) {
  const std::string what = to_string(resource.gvk);
  std::optional<std::string> line;
  if (status.error) {
    const bool alone = status.state == ReflectorState::Forbidden || status.state == ReflectorState::NotServed ||
                       status.state == ReflectorState::Failed;
    line = outages_.failed(what, std::string(to_string(status.state)) + ": " + describe(*status.error),
                           alone ? OutageLog::Concerns::ThisAlone : OutageLog::Concerns::Everything, Clock::now());
    if (line) log(LogLevel::Warning, "watch-failed", *line);
  } else if (status.state == ReflectorState::Watching) {
    line = outages_.recovered(what, Clock::now());
    if (line) log(LogLevel::Info, "watch-recovered", *line);
  }
  if (!line)
    log(LogLevel::Debug, "watch",
        what + ": " + to_string(status.state) + (status.error ? ": " + describe(*status.error) : ""));
}

void Daemon::on_round(const RoundSummary& summary) {
  last_round_ = summary;
  if (options_.once) stop();
}

}  // namespace holdfast
