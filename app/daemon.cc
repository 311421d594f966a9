#include "app/daemon.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "holdfast/base/log.h"
#include "sources/git_url.h"
#include "watchers/discovery.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

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
      inventory_(cluster_.api, setup_.inventory),
      reconciler_(executor, cluster_.api, store_, *this, inventory_, observer, reconciler_options()),
      tasks_(executor),
      catalog_signal_(executor),
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
    tasks_.spawn(follow_catalog());
    tasks_.spawn(follow_source());
    co_await reconciler_.run();
  }
  stop();
  for (auto& [type, watched] : watched_) watched.reflector->stop();
  cluster_.close();
  co_await tasks_.join();
  log(LogLevel::Info, "stopped", "stopped; what is in the cluster stays as it is");
  co_return options_.once && (!last_round_ || !last_round_->complete) ? 1 : 0;
}

void Daemon::stop() {
  if (stopping_) return;
  stopping_ = true;
  source_->stop();
  reconciler_.stop();
  catalog_signal_.cancel();
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
  while (!stopping_) {
    Result<ManifestSetPtr> manifests = co_await source_->load();
    if (stopping_) co_return;
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
    if (const Result<void> changed = co_await source_->changed(); !changed && !stopping_) {
      log(LogLevel::Warning, "source-watch-failed", describe(changed.error()));
      co_await wait_on(source_pause_, Clock::now() + backoff.next(Clock::now()));
    }
  }
}

asio::awaitable<void> Daemon::follow_catalog() {
  Backoff backoff(Backoff::list_watch(), [this] { return chance(); });
  while (!stopping_) {
    if (!rediscovery_wanted_) {
      co_await wait_on(catalog_signal_, Clock::time_point::max());
      continue;
    }
    rediscovery_wanted_ = false;
    Result<ApiCatalog> catalog = co_await discover(cluster_.api);
    if (stopping_) co_return;
    if (catalog) {
      backoff.reset();
      reconciler_.set_catalog(std::make_shared<const ApiCatalog>(std::move(*catalog)));
      continue;
    }
    rediscovery_wanted_ = true;
    log(LogLevel::Error, "discovery-failed",
        "cannot tell which types the API server has: " + describe(catalog.error()));
    if (options_.once) {
      stop();
      co_return;
    }
    co_await wait_on(pause_, Clock::now() + backoff.next(Clock::now()));
  }
}

void Daemon::rediscover() {
  rediscovery_wanted_ = true;
  catalog_signal_.cancel();
}

void Daemon::watch(const ApiResource& resource) {
  if (stopping_) return;
  const GroupKind type = resource.gvk.group_kind();
  if (const auto found = watched_.find(type); found != watched_.end()) {
    if (found->second.version == resource.gvk.version) return;
    found->second.reflector->stop();
    retired_.push_back(std::move(found->second.reflector));
    watched_.erase(found);
  }
  auto reflector = std::make_unique<Reflector>(cluster_.api, cluster_.watches, resource,
                                               "holdfast.dev/installation=" + setup_.inventory.installation,
                                               store_writer_, *this, [this] { return chance(); });
  tasks_.spawn(reflector->run());
  watched_[type] = {resource.gvk.version, std::move(reflector)};
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
  const std::string text = to_string(resource.gvk) + ": " + to_string(status.state);
  if (status.error)
    log(LogLevel::Warning, "watch", text + ": " + describe(*status.error));
  else
    log(LogLevel::Debug, "watch", text);
}

void Daemon::on_round(const RoundSummary& summary) {
  last_round_ = summary;
  if (options_.once) stop();
}

}  // namespace holdfast
