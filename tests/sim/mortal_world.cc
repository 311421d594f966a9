#include "sim/mortal_world.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <ctime>

#include "engine/inventory_record.h"
#include "holdfast/base/digest.h"
#include "holdfast/model/json.h"
#include "sim/api_services.h"
#include "sim/mismatch.h"
#include "sim/place.h"

namespace holdfast::sim {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr const char* kInstallation = "simulated";
constexpr const char* kPartOf = "applyset.kubernetes.io/part-of";
constexpr auto kQuiet = 10s;                 // nothing is sent for so long: all has come to rest
constexpr auto kPatience = 30min;            // longer than any wait between retries
constexpr std::size_t kTooMuch = 2'000'000;  // steps at one moment

std::string our_set() { return MortalWorld::setup(LargeSet::kNamespace, 0).prepare.applyset_id; }

ObjectKey key_of(const std::string& type, const StoredObject& object) {
  const std::size_t dot = type.find('.');
  return {dot == std::string::npos ? "" : type.substr(dot + 1), std::string(string_at(object.body, {"kind"})),
          object.namespace_, object.name};
}

std::chrono::nanoseconds processor_time() {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

}  // namespace

ApplicationSetup MortalWorld::setup(const std::string& name, std::size_t prune_limit) {
  ApplicationSetup made;
  made.name = name;
  made.source.repo = "https://git.example/" + name;
  made.inventory.namespace_ = "default";
  made.inventory.name = "holdfast-" + name;
  made.inventory.installation = kInstallation;
  made.prepare.default_namespace = "default";
  made.prepare.installation = kInstallation;
  made.prepare.applyset_id = applyset_id(made.inventory.name, "default", "ConfigMap", "");
  made.prepare.manager = FieldManager{"holdfast"};
  made.prune.objects = std::max(made.prune.objects, prune_limit);
  return made;
}

MortalWorld::Life::Life(MortalWorld& world, std::uint64_t seed)
    : observer(world.diary_, LargeSet::kNamespace),
      io(std::make_unique<asio::io_context>(1)),
      network(io->get_executor(), world.cluster_, world.faults_,
              [&world, this](const SeenRequest& seen) { world.handled(this, seen); }),
      client(io->get_executor(), network, world.cluster_, world.faults_),
      source(new SimulatedSource(io->get_executor())),
      daemon(std::make_unique<Daemon>(io->get_executor(), ClusterPorts{client, client, [] {}, "simulated"},
                                      DaemonOptions{.installation = kInstallation, .once = false, .seed = seed})) {
  daemon->hold(setup(LargeSet::kNamespace, world.prune_limit_), std::unique_ptr<Source>(source),
               std::shared_ptr<ApplicationObserver>(std::shared_ptr<void>(), &observer));
  source->on_load([this](const ManifestSet& manifests) {
    wants.clear();
    for (const Manifest& manifest : manifests.manifests)
      wants.insert({manifest.gvk.group, manifest.gvk.kind, manifest.namespace_, manifest.name});
    revision = manifests.revision;
  });
  asio::co_spawn(*io, daemon->run(), [](std::exception_ptr failure, int) {
    if (failure) std::rethrow_exception(failure);
  });
}

// As a killed process ends: no coroutine comes to its end.
void MortalWorld::Life::end() {
  io.reset();
  daemon.reset();
}

MortalWorld::MortalWorld(std::uint64_t seed, std::size_t prune_limit)
    : random_(seed), faults_(random_.next()), cluster_(random_.next()), prune_limit_(prune_limit) {
  const std::vector<std::string> groups{"", "apps", "batch", "apiextensions.k8s.io", "apiregistration.k8s.io"};
  add_api_services(cluster_, groups);
  make_bystanders();
}

MortalWorld::~MortalWorld() = default;

// What is nobody's, of another installation, and of another set of ours.
void MortalWorld::make_bystanders() {
  const std::vector<std::pair<std::string, std::string>> labels{
      {"nobodys", "{}"},
      {"theirs", R"({"holdfast.dev/installation":"another","applyset.kubernetes.io/part-of":")" + our_set() + "\"}"},
      {"neighbour", R"({"holdfast.dev/installation":"simulated","applyset.kubernetes.io/part-of":"another"})"}};
  for (const auto& [name, text] : labels) {
    request("POST", "/api/v1/namespaces/default/configmaps",
            R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" + name + R"(","labels":)" + text + "}}");
    const ObjectKey key{"", "ConfigMap", "default", name};
    bystanders_[key] = find(key)->text;
  }
}

SimulatedAnswer MortalWorld::request(const std::string& method, const std::string& path, const std::string& body) {
  SimulatedRequest request;
  request.method = method;
  request.target = path;
  if (method == "POST" || method == "PATCH") request.target += "?fieldManager=person";
  request.content_type = method == "PATCH" ? "application/merge-patch+json" : "application/json";
  request.accept = "application/json";
  request.user_agent = "person/1";
  request.body = body;
  return cluster_.handle(request);
}

StoredPtr MortalWorld::find(const ObjectKey& key) const {
  return cluster_.store().find(stored_type(key.group_kind()), key.namespace_, key.name);
}

void MortalWorld::commit() {
  // Whoever sends a write and dies has its answer decided before a person can push.
  arrive(Clock::time_point::max());
  git_.commit();
  diary_.say("commit " + git_.revision());
  if (life_ != nullptr) life_->source->commit(git_.manifests());
}

void MortalWorld::start() {
  diary_.say("start");
  life_ = std::make_shared<Life>(*this, random_.next());
  life_->source->commit(git_.manifests());
}

void MortalWorld::arrive(Clock::time_point until) {
  for (std::size_t i = 0; i < late_.size();) {
    if (late_[i].due > until) {
      ++i;
      continue;
    }
    const Late late = late_[i];
    late_.erase(late_.begin() + static_cast<std::ptrdiff_t>(i));
    diary_.say(std::string("arrives late: ") + to_string(late.request.method) + " " + late.request.target);
    late.life->network.arrive(late.request);
  }
}

void MortalWorld::kill() {
  diary_.say("kill -9");
  std::vector<ApiRequest> under_way = life_->network.on_their_way();
  life_->end();
  for (ApiRequest& request : under_way) {
    if (random_.coin()) continue;
    const auto wait = random_.coin() ? 0ms : std::chrono::milliseconds(random_.below(2'000));
    late_.push_back({time_.now() + wait, life_, std::move(request)});
  }
  life_.reset();
  arrive(time_.now());
  check_inventory();
}

// True: done, and perhaps in the middle of something.
bool MortalWorld::poll(const std::function<bool()>& done) {
  const auto before = processor_time();
  bool is_done = false;
  life_->io->restart();
  while (!is_done && life_->io->poll_one() != 0) is_done = done();
  time_used_ += processor_time() - before;
  return is_done;
}

bool MortalWorld::run_until(Clock::time_point end, const std::function<bool()>& done) {
  std::size_t steps = 0;
  for (;;) {
    if (life_ != nullptr && poll(done)) return true;
    if (++steps > kTooMuch) return false;
    if (cluster_.types().generation() != types_seen_) {
      types_seen_ = cluster_.types().generation();
      follow_custom_group(cluster_);
      continue;
    }
    Clock::time_point next = std::min(time_.next_due(), cluster_.next_due());
    for (const Late& late : late_) next = std::min(next, late.due);
    if (next > time_.now()) steps = 0;
    if (next > end) break;
    time_.advance_to(next);
    arrive(time_.now());
    if (cluster_.next_due() <= time_.now() + 1ms) cluster_.settle();
  }
  time_.advance_to(end);
  return false;
}

void MortalWorld::run_for(std::chrono::nanoseconds time) {
  run_until(time_.now() + time, [] { return false; });
}

std::size_t MortalWorld::count(Step step) const {
  switch (step) {
    case Step::Sent:
      return life_->network.requests();
    case Step::Served:
      return life_->network.served();
    case Step::Answered:
      return life_->network.answered();
  }
  return 0;
}

bool MortalWorld::kill_at(std::size_t requests, Step step) {
  const std::size_t at = count(step) + requests;
  const Clock::time_point end = time_.now() + kPatience;
  while (time_.now() < end) {
    const std::size_t before = life_->network.requests();
    if (run_until(time_.now() + kQuiet, [&] { return count(step) >= at; })) {
      kill();
      return true;
    }
    if (life_->network.requests() == before && recorded_revision() == git_.revision()) return false;
  }
  return false;
}

bool MortalWorld::come_to_rest() {
  const Clock::time_point end = time_.now() + kPatience;
  while (time_.now() < end) {
    const std::size_t before = life_->network.requests();
    run_for(kQuiet);
    if (life_->network.requests() == before && recorded_revision() == git_.revision()) return true;
  }
  return false;
}

std::optional<Inventory> MortalWorld::recorded() const {
  const StoredPtr record =
      cluster_.store().find("configmaps", "default", setup(LargeSet::kNamespace, 0).inventory.name);
  if (record == nullptr) return std::nullopt;
  Result<Inventory> read = from_config_map(record->body, kInstallation);
  return read ? std::optional(std::move(*read)) : std::nullopt;
}

std::string MortalWorld::diary() const {
  return diary_.text() + (life_ == nullptr ? "" : "last requests:\n" + life_->network.last_requests());
}

std::string MortalWorld::recorded_revision() const {
  const std::optional<Inventory> record = recorded();
  return record ? record->revision : "";
}

void MortalWorld::handled(const Life* life, const SeenRequest& request) {
  const bool success = request.status >= 200 && request.status < 300;
  if (request.method == Method::Get || !success) return;
  ++writes_;
  const Place place = place_of(request.target);
  if (place.type == "jobs.batch" && request.status == 201 && ++hooks_made_[place.name].times > 1)
    wrongs_ += "the hook " + place.name + " was made twice\n";
  if (place.type == "jobs.batch" && request.status == 201) hooks_made_[place.name].revision = life->revision;
  if (request.method == Method::Delete) check_deletion(*life, request);
}

// Of so many as leave at once, the guard lets none go unless it is told to; of those that a commit adds, all.
bool MortalWorld::may_leave(const ObjectKey& key) const {
  return prune_limit_ >= LargeSet::kObjects || git_.comes_and_goes(key);
}

// By what this daemon had read, the object must have left, and it must have been of our set.
void MortalWorld::check_deletion(const Life& life, const SeenRequest& request) {
  ++deletions_;
  const Place place = place_of(request.target);
  if (request.before == nullptr) return;
  const ObjectKey key = key_of(place.type, *request.before);
  const auto hook = hooks_made_.find(place.name);
  const bool old_hook = hook != hooks_made_.end() && hook->second.revision != life.revision;
  const bool in_set =
      string_at(request.before->body, {"metadata", "labels", kPartOf}) == our_set() &&
      string_at(request.before->body, {"metadata", "labels", "holdfast.dev/installation"}) == kInstallation;
  const bool passed = place.name.starts_with(LargeSet::kPassing) &&
                      ::holdfast::find(request.before->body, {"status", "completionTime"}) != nullptr;
  const bool may_go = place.type == "jobs.batch" ? old_hook || passed : may_leave(key);
  if (life.wants.contains(key) || !in_set || !may_go)
    wrongs_ += "wrongly deleted: " + request.target + " uid " +
               std::string(string_at(request.before->body, {"metadata", "uid"})) + "\n";
}

// Whatever was made is on record, at any moment (correctness D11).
void MortalWorld::check_inventory() {
  const std::optional<Inventory> record = recorded();
  for (const GroupKind& kind : types_of_large_set()) {
    const std::string type = stored_type(kind);
    for (const StoredPtr& object : cluster_.store().list(type, "")) {
      const ObjectKey key = key_of(type, *object);
      if (string_at(object->body, {"metadata", "labels", kPartOf}) != our_set() || bystanders_.contains(key)) continue;
      if (!record || !record->entries.contains(key))
        wrongs_ += to_string(key) + " is in the cluster and no inventory knows it\n";
    }
  }
}

std::map<ObjectKey, std::string> MortalWorld::uids() const {
  std::map<ObjectKey, std::string> uids;
  for (const auto& [key, manifest] : git_.objects())
    if (const StoredPtr live = find(key)) uids[key] = string_at(live->body, {"metadata", "uid"});
  return uids;
}

std::string MortalWorld::difference(const ObjectKey& key, const Manifest& manifest) const {
  const StoredPtr live = find(key);
  if (live == nullptr) return "is missing";
  if (string_at(live->body, {"metadata", "labels", kPartOf}) != our_set()) return "is not ours";
  for (const char* field : {"data", "spec"}) {
    const json::value* desired = manifest.body.if_contains(field);
    if (desired == nullptr) continue;
    const json::value* there = live->body.if_contains(field);
    if (there == nullptr) return std::string("lacks ") + field;
    if (const std::string path = mismatch(*desired, *there, field); !path.empty()) return "differs in " + path;
  }
  const std::string_view password = string_at(manifest.body, {"stringData", "password"});
  if (!password.empty() && string_at(live->body, {"data", "password"}) != base64_encode(password))
    return "has another password";
  return {};
}

// Each hook of the revision has ended well, and was made once; none of an older one is left, nor the one that passes.
std::string MortalWorld::hook_differences() const {
  std::string found;
  std::size_t ended = 0;
  for (const StoredPtr& job : cluster_.store().list("jobs.batch", LargeSet::kHookNamespace)) {
    const auto made = hooks_made_.find(job->name);
    if (job->name.starts_with(LargeSet::kPassing) || made == hooks_made_.end() ||
        made->second.revision != git_.revision())
      found += "the hook " + job->name + " is still there\n";
    else if (!string_at(job->body, {"status", "completionTime"}).empty())
      ++ended;
  }
  if (ended != LargeSet::kHooks) found += std::to_string(ended) + " hooks have ended\n";
  if (std::ranges::none_of(hooks_made_, [this](const auto& made) {
        return made.first.starts_with(LargeSet::kPassing) && made.second.revision == git_.revision();
      }))
    found += "the hook that passes was not made\n";
  return found;
}

std::string MortalWorld::differences() const {
  std::string found = hook_differences();
  for (const auto& [key, manifest] : git_.objects())
    if (const std::string wrong = difference(key, manifest); !wrong.empty())
      found += to_string(key) + " " + wrong + "\n";
  const Inventory record = recorded().value_or(Inventory{});
  for (const GroupKind& kind : types_of_large_set()) {
    const std::string type = stored_type(kind);
    for (const StoredPtr& object : cluster_.store().list(type, "")) {
      const ObjectKey key = key_of(type, *object);
      if (string_at(object->body, {"metadata", "labels", kPartOf}) != our_set() || bystanders_.contains(key)) continue;
      const bool wanted = git_.objects().contains(key) || type == "jobs.batch";
      const auto entry = record.entries.find(key);
      if (entry == record.entries.end())
        found += to_string(key) + " is not in the inventory\n";
      else if (wanted && entry->second.value != string_at(object->body, {"metadata", "uid"}))
        found += to_string(key) + " is in the inventory under another uid\n";
      if (!wanted && may_leave(key)) found += to_string(key) + " was not pruned\n";
    }
  }
  for (const auto& [key, uid] : record.entries)
    if (find(key) == nullptr && !key.name.starts_with(LargeSet::kPassing))
      found += to_string(key) + " is in the inventory and not in the cluster\n";
  for (const auto& [key, text] : bystanders_)
    if (const StoredPtr live = find(key); live == nullptr || live->text != text)
      found += "the bystander " + to_string(key) + " was touched\n";
  return found;
}

}  // namespace holdfast::sim
