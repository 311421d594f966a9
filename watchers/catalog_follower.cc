#include "watchers/catalog_follower.h"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "holdfast/model/json.h"
#include "watchers/discovery.h"
#include "watchers/reflector_answers.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::minutes kLearnEvery{5};
constexpr std::size_t kMostVersionBytes = 64UL * 1024;
const GroupKind kApiService{"apiregistration.k8s.io", "APIService"};
const std::array kTypes{GroupVersionKind{"apiextensions.k8s.io", "v1", "CustomResourceDefinition"},
                        GroupVersionKind{"apiregistration.k8s.io", "v1", "APIService"}};

// A coroutine that keeps what it runs.
asio::awaitable<void> run_reflector(std::shared_ptr<Reflector> reflector) { co_await reflector->run(); }

asio::awaitable<Result<ApiResponse>> get(ApiServer& api, std::string target) {
  ApiRequest request;
  request.target = std::move(target);
  co_return co_await api.send(std::move(request));
}

}  // namespace

CatalogFollower::CatalogFollower(asio::any_io_executor executor, ApiServer& api, WatchTransport& transport,
                                 CatalogSink& sink, std::function<double()> random, ReflectorOptions options)
    : executor_(executor),
      api_(api),
      transport_(transport),
      sink_(sink),
      random_(std::move(random)),
      options_(std::move(options)),
      machine_(random_),
      tasks_(executor),
      signal_(executor) {
  options_.detail = Detail::MetadataOnly;
}

asio::awaitable<void> CatalogFollower::run() {
  while (!stopping_) {
    const auto due = machine_.due();
    if (Clock::now() < due) {
      signal_.expires_at(due);
      co_await signal_.async_wait(asio::as_tuple(asio::use_awaitable));
    } else {
      co_await ask();
      if (!stopping_ && Clock::now() >= learn_next_) co_await learn_cluster();
    }
  }
  for (const auto& [type, reflector] : watches_) reflector->stop();
  co_await tasks_.join();
}

void CatalogFollower::stop() {
  stopping_ = true;
  signal_.cancel();
}

void CatalogFollower::rediscover() {
  machine_.wanted();
  signal_.cancel();
}

asio::awaitable<void> CatalogFollower::ask() {
  const DiscoveryMachine::Question question = machine_.ask();
  Result<ApiResponse> api = co_await ask_discovery(api_, "/api", question.api_etag);
  Result<ApiResponse> apis = fail(ErrorKind::Cancelled, "not asked");
  if (api && !stopping_) apis = co_await ask_discovery(api_, "/apis", question.apis_etag);
  if (stopping_) co_return;
  const DiscoveryMachine::Outcome outcome = machine_.answered(std::move(api), std::move(apis), Clock::now());
  if (outcome.problem) sink_.catalog_failed(*outcome.problem);
  if (!outcome.catalog || stopping_) co_return;
  watch_types(*outcome.catalog);
  sink_.catalog_read(outcome.catalog);
}

// What cannot be learned now is asked again at the next poll; nothing that works depends on it.
asio::awaitable<void> CatalogFollower::learn_cluster() {
  learn_next_ = Clock::now() + kLearnEvery;
  ClusterKnowledge& knowledge = *options_.knowledge;
  const Result<ApiResponse> version = co_await get(api_, "/version");
  if (version && version->status == 200 && version->body.size() <= kMostVersionBytes)
    if (const Result<json::value> body = parse_json(version->body))
      knowledge.streaming.server_version(std::string(string_at(*body, {"gitVersion"})));
  if (stopping_) co_return;
  const Result<ApiResponse> answer = co_await get(api_, std::string(kIdentityTarget));
  if (!answer || answer->status != 200) co_return;
  const Result<LivePtr> kube_system = read_live_object(answer->body, {"", "v1", "Namespace"});
  if (!kube_system) co_return;
  if (knowledge.kube_system.empty()) knowledge.kube_system = (*kube_system)->uid;
  if (knowledge.kube_system != (*kube_system)->uid) sink_.cluster_replaced(another_cluster());
}

void CatalogFollower::watch_types(const ApiCatalog& catalog) {
  if (!options_.namespace_.empty()) return;  // they are in none: then polls alone tell
  for (const GroupVersionKind& gvk : kTypes) {
    const ApiResource* const resource = catalog.find(gvk);
    if (resource == nullptr || !resource->can("watch") || watches_.contains(gvk.group_kind())) continue;
    ReflectorSink& sink = *this;
    auto reflector =
        std::make_shared<Reflector>(api_, transport_, *resource, std::string(), writer_, sink, random_, options_);
    watches_[gvk.group_kind()] = reflector;
    tasks_.spawn(run_reflector(std::move(reflector)));
  }
}

void CatalogFollower::watch_anew() {
  for (const auto& [type, reflector] : watches_) reflector->stop();
  watches_.clear();
  services_.clear();
  machine_.api_service_groups(std::nullopt);
  rediscover();
}

void CatalogFollower::changed(std::span<const StoreEvent> events, Clock::time_point received_at) {
  bool about_services = false;
  bool changed = false;
  for (const StoreEvent& event : events) {
    changed = changed || listed_.contains(event.key.group_kind());
    if (event.kind == StoreEventKind::Synced) listed_.insert(event.key.group_kind());
    if (event.key.group_kind() != kApiService) continue;
    about_services = true;
    if (event.kind == StoreEventKind::Upserted) services_.insert(event.key.name);
    if (event.kind == StoreEventKind::Deleted) services_.erase(event.key.name);
  }
  if (about_services) tell_service_groups();
  machine_.types_changed(received_at);
  signal_.cancel();
  if (changed) sink_.types_changed();
}

void CatalogFollower::status_changed(const ApiResource& resource, const ReflectorStatus& status) {
  sink_.status_changed(resource, status);
  tell_service_groups();
}

// An APIService is named VERSION.GROUP; the core group's is "v1.".
void CatalogFollower::tell_service_groups() {
  if (!store_.synced(kApiService)) return machine_.api_service_groups(std::nullopt);
  std::set<std::string> groups;
  for (const std::string& name : services_)
    if (const std::size_t dot = name.find('.'); dot != std::string::npos) groups.insert(name.substr(dot + 1));
  machine_.api_service_groups(std::move(groups));
}

}  // namespace holdfast
