#include "sim/world.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <cstdlib>
#include <stdexcept>

#include "engine/inventory_record.h"
#include "holdfast/base/log.h"

namespace holdfast::sim {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr const char* kNamespace = "web";
constexpr const char* kBystander = "bystander";
constexpr int kNames = 8;
constexpr std::size_t kStepsAtOneMoment = 20'000;

std::string config_map_path(const std::string& name) {
  return std::string("/api/v1/namespaces/") + kNamespace + "/configmaps" + (name.empty() ? "" : "/" + name);
}

Manifest manifest(const std::string& kind, const std::string& name, json::object body) {
  Manifest made;
  made.gvk = {"", "v1", kind};
  made.name = name;
  made.namespace_ = kind == "Namespace" ? "" : kNamespace;
  body["apiVersion"] = "v1";
  body["kind"] = kind;
  json::object metadata{{"name", name}};
  if (!made.namespace_.empty()) metadata["namespace"] = made.namespace_;
  body["metadata"] = std::move(metadata);
  made.body = std::move(body);
  made.origin = name + ".yaml:1";
  return made;
}

ApplicationSetup setup() {
  ApplicationSetup made;
  made.name = "web";
  made.inventory.namespace_ = "default";
  made.inventory.name = "holdfast-web";
  made.inventory.installation = "simulated";
  made.prepare.default_namespace = "default";
  made.prepare.installation = "simulated";
  made.prepare.applyset_id = applyset_id("holdfast-web", "default", "ConfigMap", "");
  made.prepare.manager = FieldManager{"holdfast"};
  return made;
}

}  // namespace

void Diary::say(std::string text) {
  constexpr std::size_t kKept = 4'000;
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now().time_since_epoch()).count();
  if (lines_.size() < kKept) lines_.push_back(std::to_string(ms) + " ms: " + std::move(text));
  log(LogLevel::Debug, "diary", lines_.back());
}

std::string Diary::text() const {
  std::string all;
  for (const std::string& line : lines_) all += line + "\n";
  return all;
}

void Diary::applied(const ObjectKey& key, bool created, const std::string& revision) {
  say((created ? "created " : "configured ") + to_string(key) + " " + revision);
}
void Diary::repaired(const Repair& repair) { say("repaired " + to_string(repair.drift.key)); }
void Diary::pruned(const ObjectKey& key) { say("pruned " + to_string(key)); }
void Diary::held_back(const ObjectKey& key, const std::string& reason) {
  say("held back " + to_string(key) + ": " + reason);
}
void Diary::refused(const ObjectKey& key, const Error& error) {
  say("refused " + to_string(key) + ": " + describe(error));
}
void Diary::failed(const ObjectKey& key, const Error& error, std::chrono::milliseconds retry_in) {
  say("failed " + to_string(key) + ": " + describe(error) + ", again in " + std::to_string(retry_in.count()) + " ms");
}
void Diary::set_problem(const Error& error) { say("problem: " + describe(error)); }
void Diary::waiting(const Error& reason) { say("waiting: " + describe(reason)); }
void Diary::round(const RoundSummary& summary) {
  say("round " + summary.revision + (summary.complete ? " complete" : " failed"));
}

// One life of the daemon, with a network of its own: a killed one is cut off and never heard of again.
struct World::Incarnation {
  Incarnation(World& world, std::uint64_t seed)
      : network(world.io_.get_executor(), world.cluster_, world.faults_,
                [&world](const SeenRequest& request) { world.check_deletion(request); }),
        daemon_source(new SimulatedSource(world.io_.get_executor())),
        daemon(world.io_.get_executor(), ClusterPorts{network, network, [] {}, "simulated"}, setup(),
               std::unique_ptr<Source>(daemon_source), world.diary_,
               DaemonOptions{.once = false, .adopt = true, .seed = seed}) {}

  SimulatedNetwork network;
  SimulatedSource* daemon_source;  // the daemon's own
  Daemon daemon;
  bool ended = false;
};

World::World(std::uint64_t seed) : random_(seed), faults_(random_.next()), cluster_(random_.next()) {
  if (cluster_.store().find("namespaces", "", "default") == nullptr)
    person("POST", "/api/v1/namespaces", "application/json",
           R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"default"}})");
  for (int i = 0; i < kNames / 2; ++i) desired_["object" + std::to_string(i)] = "colour0";
  start();
  run_for(5s);
  person("POST", config_map_path(""), "application/json",
         std::string(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")") + kBystander +
             R"("},"data":{"color":"mine"}})");
}

World::~World() {
  faults_.set_active(false);
  for (const auto& life : incarnations_) life->daemon.stop();
  for (int hours = 0; hours < 48; ++hours) {
    run_for(1h);
    if (std::ranges::all_of(incarnations_, [](const auto& life) { return life->ended; })) return;
  }
  std::abort();  // a daemon that does not end would be destroyed under its own coroutines
}

void World::start() {
  incarnations_.push_back(std::make_unique<Incarnation>(*this, random_.next()));
  Incarnation& life = *incarnations_.back();
  life.daemon_source->commit(manifests());
  asio::co_spawn(io_, life.daemon.run(), [&life](std::exception_ptr failure, int) {
    life.ended = true;
    if (failure) std::rethrow_exception(failure);
  });
}

void World::run_for(std::chrono::nanoseconds time) {
  const Clock::time_point end = time_.now() + time;
  std::size_t steps = 0;
  for (;;) {
    time_.forget_due();
    while (io_.poll() != 0) {
      if (++steps > kStepsAtOneMoment) throw std::runtime_error("work without end at one moment\n" + diary());
      io_.restart();
    }
    io_.restart();
    const Clock::time_point next = std::min(time_.next_due(), cluster_.next_due());
    if (next > time_.now()) steps = 0;
    if (next > end) break;
    time_.advance_to(next);
    if (cluster_.next_due() <= time_.now() + 1ms) cluster_.settle();
  }
  time_.advance_to(end);
}

ManifestSetPtr World::manifests() const {
  auto set = std::make_shared<ManifestSet>();
  set->revision = "main@sha1:" + std::to_string(commits_);
  set->manifests.push_back(manifest("Namespace", kNamespace, {}));
  for (const auto& [name, colour] : desired_)
    set->manifests.push_back(manifest("ConfigMap", name, {{"data", {{"color", colour}, {"size", "large"}}}}));
  return set;
}

SimulatedAnswer World::person(const std::string& method, const std::string& path, const std::string& content_type,
                              const std::string& body) {
  SimulatedRequest request;
  request.method = method;
  request.target = path + (method == "GET" || method == "DELETE" ? "" : "?fieldManager=person");
  request.content_type = content_type;
  request.accept = "application/json";
  request.user_agent = "person/1";
  request.body = body;
  SimulatedAnswer answer = cluster_.handle(request);
  diary_.say(method + " " + path + " " + body + ": " + std::to_string(answer.response.status));
  return answer;
}

std::string World::some_object() { return "object" + std::to_string(random_.below(kNames)); }

void World::commit() {
  ++commits_;
  const std::string name = some_object();
  if (desired_.contains(name) && random_.coin() && desired_.size() > 2) {
    desired_.erase(name);
    removed_at_[name] = time_.now();
  } else {
    desired_[name] = "colour" + std::to_string(commits_);
  }
  diary_.say("commit " + std::to_string(commits_) + " of " + name + (desired_.contains(name) ? "" : ": removed"));
  incarnations_.back()->daemon_source->commit(manifests());
}

void World::disturb() {
  const std::string name = some_object();
  const std::string path = config_map_path(name);
  switch (random_.below(12)) {
    case 0:
    case 1:
      person("PATCH", path, "application/merge-patch+json", R"({"data":{"color":"red"}})");
      break;
    case 2:
      person("PATCH", path, "application/merge-patch+json", R"({"data":{"size":null}})");
      break;
    case 3:
      person("DELETE", path, "", "");
      break;
    case 4:
      person("PATCH", path, "application/merge-patch+json",
             R"({"metadata":{"labels":{"holdfast.dev/installation":null}}})");
      break;
    case 5:
      person("PATCH", path, "application/merge-patch+json", R"({"metadata":{"annotations":{"seen":"yes"}}})");
      break;
    case 6:
      person("PATCH", path, "application/merge-patch+json", R"({"data":{"foreign":")" + random_.suffix(4) + R"("}})");
      break;
    case 7:
      person("DELETE", path, "", "");
      person("POST", config_map_path(""), "application/json",
             R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" + name + R"("},"data":{"color":"new"}})");
      break;
    case 8:
      diary_.say("compaction");
      cluster_.store().compact(cluster_.store().revision());
      break;
    case 9:
      kill_and_restart();
      break;
    case 10:
      if (random_.coin())
        incarnations_.back()->daemon_source->fail_with({ErrorKind::Unreachable, "git is away", {}, {}});
      else
        incarnations_.back()->daemon_source->recover();
      break;
    default:
      commit();
      break;
  }
}

void World::recover_source() { incarnations_.back()->daemon_source->recover(); }

void World::kill_and_restart() {
  diary_.say("kill -9");
  incarnations_.back()->network.isolate();
  incarnations_.back()->daemon.stop();  // heard by nobody; only so that it does not go on trying
  start();
}

// An object may only go by our hand where the repository had it no longer, or lost it so lately that both crossed.
void World::check_deletion(const SeenRequest& request) {
  if (request.method != Method::Delete || request.status != 200) return;
  const std::string path = request.target.substr(0, request.target.find('?'));
  const std::string name = path.substr(path.rfind('/') + 1);
  const auto removed = removed_at_.find(name);
  const bool lately = removed != removed_at_.end() && time_.now() - removed->second < 60s;
  if (desired_.contains(name) && !lately) wrong_deletions_ += request.target + "\n";
  if (!desired_.contains(name) && removed == removed_at_.end()) wrong_deletions_ += request.target + "\n";
}

std::string World::differences() const {
  std::string found;
  for (int i = 0; i < kNames; ++i) {
    const std::string name = "object" + std::to_string(i);
    const StoredPtr live = cluster_.store().find("configmaps", kNamespace, name);
    const auto wanted = desired_.find(name);
    if (wanted == desired_.end()) {
      const bool ours =
          live != nullptr && !string_at(live->body, {"metadata", "labels", "holdfast.dev/installation"}).empty();
      // Made anew by a life that died before it could record the new uid: D12 has it left alone, and that was said.
      const bool said =
          diary_.text().contains("held back ConfigMap web/" + name + ": another object has taken its name");
      if (ours && !said) found += name + " was not pruned\n";
      continue;
    }
    if (live == nullptr)
      found += name + " is missing\n";
    else if (string_at(live->body, {"data", "color"}) != wanted->second ||
             string_at(live->body, {"data", "size"}) != "large")
      found += name + " is " + live->text + "\n";
  }
  const StoredPtr bystander = cluster_.store().find("configmaps", kNamespace, kBystander);
  if (bystander == nullptr || string_at(bystander->body, {"data", "color"}) != "mine")
    found += "the bystander was touched\n";
  return found;
}

std::size_t World::writes() const {
  std::size_t count = 0;
  for (const auto& life : incarnations_) count += life->network.writes();
  return count;
}

std::size_t World::requests() const {
  std::size_t count = 0;
  for (const auto& life : incarnations_) count += life->network.requests().size();
  return count;
}

}  // namespace holdfast::sim
