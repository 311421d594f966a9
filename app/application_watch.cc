#include "app/application_watch.h"

#include <random>
#include <set>

#include "app/options.h"
#include "engine/inventory_record.h"
#include "holdfast/model/json.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

const GroupKind kConfigMap{"", "ConfigMap"};
constexpr std::string_view kPrefix = "holdfast-";

ApiResource config_maps() { return {{"", "v1", "ConfigMap"}, "configmaps", true, {"list", "watch"}}; }

std::function<double()> random_numbers() {
  return [engine = std::make_shared<std::mt19937_64>(std::random_device{}())] {
    return std::uniform_real_distribution<double>()(*engine);
  };
}

// Coroutines that keep what they run.
asio::awaitable<void> run_reflector(std::shared_ptr<Reflector> reflector, std::shared_ptr<void> /*store*/) {
  co_await reflector->run();
}

}  // namespace

// The objects of one application since it was listed last.
class ApplicationWatch::Objects final : public ReflectorSink, public std::enable_shared_from_this<Objects> {
 public:
  Objects(ApplicationWatch& owner, std::string selector, std::string revision)
      : owner_(owner), selector_(std::move(selector)), revision_(std::move(revision)) {}

  [[nodiscard]] const std::string& revision() const { return revision_; }

  void watch(const ApiResource& resource) {
    if (watched_.contains(resource.gvk.group_kind())) return;
    const auto reflector = std::make_shared<Reflector>(owner_.client_, owner_.client_, resource, selector_, writer_,
                                                       *this, owner_.chance_, owner_.reflector_options());
    watched_[resource.gvk.group_kind()] = reflector;
    owner_.tasks_.spawn(run_reflector(reflector, shared_from_this()));
  }

  void stop() {
    stopped_ = true;
    for (auto& [type, reflector] : watched_) reflector->stop();
    watched_.clear();
  }

  [[nodiscard]] std::map<ObjectKey, ObjectStanding> standings(const Inventory& inventory, WallTime now) {
    std::map<ObjectKey, ObjectStanding> all;
    for (const auto& [key, uid] : inventory.entries) {
      if (const LivePtr live = store_.find(key))
        all[key] = judge(live, now);
      else if (store_.synced(key.group_kind()))
        all[key] = {Kstatus::NotFound, {}};
    }
    return all;
  }

 private:
  struct Judged {
    LivePtr live;
    ObjectStanding standing;
  };

  // Of what is not well time alone may make something else.
  ObjectStanding judge(const LivePtr& live, WallTime now) {
    Judged& judged = judged_[live->key];
    if (judged.live != live || judged.standing.kstatus == Kstatus::InProgress)
      judged = {live, judge_standing(*live, now)};
    return judged.standing;
  }

  void changed(std::span<const StoreEvent> /*events*/, Clock::time_point /*received_at*/) override {
    if (!stopped_) owner_.changed_();
  }
  void status_changed(const ApiResource& resource, const ReflectorStatus& status) override {
    if (!stopped_) owner_.status_changed(resource, status);
  }

  ApplicationWatch& owner_;
  std::string selector_, revision_;
  Store store_;
  StoreWriter writer_{store_};
  std::map<GroupKind, std::shared_ptr<Reflector>> watched_;
  std::map<ObjectKey, Judged> judged_;
  bool stopped_ = false;
};

ApplicationWatch::ApplicationWatch(asio::any_io_executor executor, HttpClient& client, Options options,
                                   std::function<void()> changed)
    : executor_(executor),
      client_(client),
      options_(std::move(options)),
      changed_(std::move(changed)),
      chance_(random_numbers()),
      catalog_follower_(executor, client_, client_, *this, chance_, reflector_options()),
      tasks_(executor) {}

ApplicationWatch::~ApplicationWatch() = default;

ReflectorOptions ApplicationWatch::reflector_options() const {
  ReflectorOptions options;
  options.knowledge = knowledge_;
  return options;
}

void ApplicationWatch::start() {
  if (options_.objects) tasks_.spawn(catalog_follower_.run());
  inventories_ = std::make_shared<Reflector>(
      client_, client_, config_maps(), "applyset.kubernetes.io/id,holdfast.dev/installation=" + options_.installation,
      writer_, *this, chance_, reflector_options());
  tasks_.spawn(run_reflector(inventories_, nullptr));
}

void ApplicationWatch::stop() {
  stopping_ = true;
  catalog_follower_.stop();
  if (inventories_) inventories_->stop();
  for (auto& [key, known] : known_)
    if (known.objects) known.objects->stop();
}

asio::awaitable<void> ApplicationWatch::ended() { co_await tasks_.join(); }

bool ApplicationWatch::listed() const { return store_.synced(kConfigMap); }

std::vector<ApplicationWatch::Followed> ApplicationWatch::standings(WallTime now) {
  std::vector<Followed> all;
  std::vector<SeenRevision> said;
  said.reserve(seen_.size());
  for (const auto& [key, seen] : seen_) said.push_back(seen);
  for (auto& [key, known] : known_) {
    if (!known.inventory) continue;
    Followed followed{known.namespace_, known.name, *known.inventory, {}, {}};
    followed.seen = seen_revision(followed.inventory, followed.namespace_, followed.name, said);
    if (known.objects) followed.objects = known.objects->standings(*known.inventory, now);
    all.push_back(std::move(followed));
  }
  return all;
}

void ApplicationWatch::changed(std::span<const StoreEvent> events, Clock::time_point /*received_at*/) {
  for (const StoreEvent& event : events)
    if (event.kind != StoreEventKind::Synced) take_inventory(event.key, event.after);
  if (!stopping_) changed_();
}

void ApplicationWatch::take_inventory(const ObjectKey& key, const LivePtr& live) {
  if (stopping_ || !key.name.starts_with(kPrefix)) return;
  const std::string name = key.name.substr(kPrefix.size());
  const bool asked_for = (options_.name.empty() || name == options_.name) &&
                         (options_.namespace_.empty() || key.namespace_ == options_.namespace_);
  seen_.erase(key);
  if (live == nullptr) {
    if (const auto known = known_.find(key); known != known_.end()) {
      if (known->second.objects) known->second.objects->stop();
      known_.erase(known);
    }
    return;
  }
  const Result<json::value> body = parse_json(live->body);
  Result<Inventory> inventory = body ? from_config_map(*body, options_.installation) : std::unexpected(body.error());
  if (inventory && !inventory->seen.repository.empty()) seen_[key] = inventory->seen;
  if (!asked_for) return;
  Known& known =
      known_.try_emplace(key, Known{key.namespace_, name, fail(ErrorKind::Internal, ""), nullptr}).first->second;
  known.inventory = std::move(inventory);
  if (known.inventory)
    follow_objects(known);
  else
    note(known.inventory.error(), true);
}

void ApplicationWatch::follow_objects(Known& known) {
  if (!options_.objects || !known.inventory || catalog_ == nullptr || stopping_) return;
  if (known.objects == nullptr || known.objects->revision() != known.inventory->revision) {
    if (known.objects) known.objects->stop();
    const std::string id = applyset_id(inventory_name(known.name), known.namespace_, "ConfigMap", "");
    known.objects = std::make_shared<Objects>(*this, std::string(kApplySetLabel) + "=" + id, known.inventory->revision);
  }
  bool unserved = false;
  for (const auto& [key, uid] : known.inventory->entries) {
    const ApiResource* const resource = catalog_->find(key.group_kind());
    if (resource != nullptr)
      known.objects->watch(*resource);
    else
      unserved = true;
  }
  if (unserved) catalog_follower_.rediscover();
}

void ApplicationWatch::catalog_read(std::shared_ptr<const ApiCatalog> catalog) {
  const bool first = catalog_ == nullptr;
  const bool same = !first && *catalog_ == *catalog;
  catalog_ = std::move(catalog);
  if (trouble_ && !trouble_->certain) trouble_.reset();
  if (!same)
    for (auto& [key, known] : known_) follow_objects(known);
  if (!stopping_) changed_();
}

void ApplicationWatch::catalog_failed(const Error& error) { note(error, false); }

void ApplicationWatch::cluster_replaced(const Error& error) { note(error, true); }

void ApplicationWatch::status_changed(const ApiResource& resource, const ReflectorStatus& status) {
  if (status.state == ReflectorState::Watching && trouble_ && !trouble_->certain) trouble_.reset();
  if (!status.error) return;
  const bool one_of_ours = resource.gvk.kind != "CustomResourceDefinition" && resource.gvk.kind != "APIService";
  note(*status.error,
       one_of_ours && (status.state == ReflectorState::Forbidden || status.state == ReflectorState::Failed));
}

void ApplicationWatch::note(const Error& error, bool certain) {
  if (stopping_ || (trouble_ && trouble_->certain && !certain)) return;
  trouble_ = Trouble{error, certain};
  changed_();
}

}  // namespace holdfast
