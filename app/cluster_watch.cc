#include "app/cluster_watch.h"

#include <utility>

#include "holdfast/base/log.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kListsAtOnce = 50;  // correctness A22

// A coroutine that keeps what it runs.
asio::awaitable<void> run_reflector(std::shared_ptr<Reflector> reflector) { co_await reflector->run(); }

}  // namespace

ClusterWatch::ClusterWatch(asio::any_io_executor executor, ClusterPorts& cluster, ReconcilerGroup& group,
                           Options options)
    : cluster_(cluster),
      group_(group),
      options_(std::move(options)),
      lists_(std::make_shared<Gate>(executor, kListsAtOnce)),
      catalog_follower_(executor, cluster_.api, cluster_.watches, *this, options_.chance, reflector_options()),
      schemas_(executor, options_.parser, cluster_.api, *this, options_.chance),
      admission_(executor, cluster_.api, cluster_.watches, *this, options_.chance, reflector_options()),
      tasks_(executor) {}

void ClusterWatch::start() {
  tasks_.spawn(catalog_follower_.run());
  tasks_.spawn(schemas_.run());
}

void ClusterWatch::begin_lists() {
  if (!std::exchange(lists_begun_, true)) start_awaited();
}

void ClusterWatch::stop() {
  stopping_ = true;
  catalog_follower_.stop();
  schemas_.stop();
  admission_.stop();
  for (auto& [type, reflector] : watched_) reflector->stop();
}

asio::awaitable<void> ClusterWatch::ended() {
  co_await tasks_.join();
  co_await admission_.ended();
}

void ClusterWatch::catalog_read(std::shared_ptr<const ApiCatalog> catalog) {
  catalog_ = std::move(catalog);
  if (const auto line = outages_.recovered("discovery", Clock::now())) log(LogLevel::Info, "watch-recovered", *line);
  for (auto watched = watched_.begin(); watched != watched_.end();) {
    const auto here = watched++;
    const GroupVersionKind gvk = here->first;
    if (served(gvk)) continue;
    log(LogLevel::Info, "watch", to_string(gvk) + " is no longer served; not watching it any more");
    here->second->stop();
    (void)outages_.recovered(to_string(gvk), Clock::now());  // no longer part of any outage
    watched_.erase(here);
  }
  schemas_.refresh();
  if (options_.only_namespace.empty()) admission_.set_catalog(*catalog_);
  group_.set_catalog(catalog_);
}

void ClusterWatch::schemas_changed() {
  start_awaited();
  if (!stopping_) group_.schemas_changed();
}

// A list that comes before its type is known would cost a call for each object (correctness C5).
void ClusterWatch::start_awaited() {
  for (auto waiting = awaited_.begin(); lists_begun_ && waiting != awaited_.end();) {
    const auto here = waiting++;
    if (schemas_.type_of(here->first).coming) continue;
    const ApiResource resource = here->second;
    awaited_.erase(here);
    if (!stopping_ && served(resource.gvk) && !watched_.contains(resource.gvk)) start_watch(resource);
  }
}

void ClusterWatch::schema_failed(const Error& error) {
  log(LogLevel::Debug, "schema-failed", "objects are confirmed by a call instead: " + describe(error));
}

void ClusterWatch::types_changed() { schemas_.refresh(); }

void ClusterWatch::admission_changed(const AdmissionReach& reach) { group_.admission_changed(reach); }

void ClusterWatch::admission_known() { group_.admission_known(); }

void ClusterWatch::admission_hidden(const ApiResource& type, const Error& error) {
  log(LogLevel::Info, "admission-hidden",
      "changes of " + to_string(type.gvk) +
          " are not seen, and what they change is found by a daily sample: " + describe(error));
}

void ClusterWatch::catalog_failed(const Error& error) {
  const std::string text = "cannot tell which types the API server has: " + describe(error);
  const auto line = outages_.failed("discovery", text, OutageLog::Concerns::Everything, Clock::now());
  log(line ? LogLevel::Error : LogLevel::Debug, "discovery-failed", line ? *line : text);
  options_.on_failure(error);
}

// Unknown is not absent (correctness A20).
bool ClusterWatch::served(const GroupVersionKind& gvk) const {
  return catalog_ == nullptr || catalog_->find(gvk) != nullptr || catalog_->unknown_groups.contains(gvk.group);
}

void ClusterWatch::rediscover() { catalog_follower_.rediscover(); }

ReflectorOptions ClusterWatch::reflector_options() {
  ReflectorOptions options;
  options.knowledge = knowledge_;
  options.lists = lists_;
  options.namespace_ = options_.only_namespace;
  return options;
}

void ClusterWatch::watch(const ApiResource& resource) {
  if (stopping_ || !served(resource.gvk)) return;
  if (!options_.only_namespace.empty() && !resource.namespaced) return;
  stop_other_versions(resource.gvk);
  if (watched_.contains(resource.gvk)) return;
  schemas_.want(resource.gvk);
  if (!lists_begun_ || schemas_.type_of(resource.gvk).coming)
    awaited_.insert_or_assign(resource.gvk, resource);
  else
    start_watch(resource);
}

// Two applications may want one type in two versions; what nobody wants any more ends (correctness A22).
void ClusterWatch::stop_other_versions(const GroupVersionKind& type) {
  for (auto watched = watched_.begin(); watched != watched_.end();) {
    const auto here = watched++;
    if (here->first == type || here->first.group_kind() != type.group_kind() || group_.wants(here->first)) continue;
    here->second->stop();
    watched_.erase(here);
  }
  std::erase_if(awaited_, [&](const auto& waiting) {
    const GroupVersionKind& other = waiting.first;
    return other != type && other.group_kind() == type.group_kind() && !group_.wants(other);
  });
}

void ClusterWatch::start_watch(const ApiResource& resource) {
  ReflectorOptions options = reflector_options();
  options.reader = &group_;
  const auto reflector = std::make_shared<Reflector>(cluster_.api, cluster_.watches, resource,
                                                     "holdfast.dev/installation=" + options_.installation,
                                                     store_writer_, *this, options_.chance, std::move(options));
  watched_[resource.gvk] = reflector;
  tasks_.spawn(run_reflector(reflector));
}

// Every type is listed anew from what there is now, and nothing is pruned before all of them are (correctness A14).
void ClusterWatch::cluster_restored() {
  if (stopping_) return;
  log(LogLevel::Warning, "cluster-restored",
      "the cluster went back to an older state, as after a restore of its database; reading all of it again");
  knowledge_->marks.reset();
  group_.forget_writes();
  std::vector<ApiResource> resources;
  for (const auto& [type, reflector] : watched_) {
    resources.push_back(reflector->resource());
    reflector->stop();
    store_writer_.mark_unsynced(type.group_kind());
  }
  for (const ApiResource& resource : resources) start_watch(resource);
  catalog_follower_.watch_anew();
  admission_.watch_anew();
}

void ClusterWatch::cluster_replaced(const Error& error) {
  if (std::exchange(stopping_, true)) return;
  log(LogLevel::Error, "cluster-replaced", "halted, nothing more is written: " + describe(error));
  for (auto& [type, reflector] : watched_) reflector->stop();
  options_.on_replaced();
}

void ClusterWatch::changed(std::span<const StoreEvent> events, Clock::time_point received_at) {
  for (const StoreEvent& event : events) {
    if (event.kind == StoreEventKind::Synced)
      group_.type_synced(event.key.group_kind());
    else
      group_.live_changed(event.key, received_at);
  }
}

void ClusterWatch::status_changed(const ApiResource& resource, const ReflectorStatus& status) {
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

}  // namespace holdfast
