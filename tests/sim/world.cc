#include "sim/world.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <cstdlib>
#include <iostream>

#include "engine/inventory_record.h"
#include "holdfast/model/json.h"
#include "sim/api_services.h"

namespace holdfast::sim {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kStepsAtOneMoment = 50'000;
constexpr auto kCrossing = 60s;  // a deletion may cross the commit that brings the object back

ApplicationSetup setup(const std::string& name) {
  ApplicationSetup made;
  made.name = name;
  made.inventory.namespace_ = "default";
  made.inventory.name = "holdfast-" + name;
  made.inventory.installation = "simulated";
  made.prepare.default_namespace = "default";
  made.prepare.installation = "simulated";
  made.prepare.applyset_id = applyset_id(made.inventory.name, "default", "ConfigMap", "");
  made.prepare.manager = FieldManager{"holdfast"};
  made.adopt = true;
  return made;
}

}  // namespace

World::Life::Life(World& world, const Application& application, std::uint64_t seed)
    : diary(world.diary_, application.repository.name()),
      network(
          world.io_.get_executor(), world.cluster_, world.faults_,
          [&world, &application, this](const SeenRequest& seen) { world.check_deletion(application, *this, seen); }),
      client(world.io_.get_executor(), network, world.cluster_, world.faults_),
      source(new SimulatedSource(world.io_.get_executor())),
      daemon(world.io_.get_executor(), ClusterPorts{client, client, [] {}, "simulated"},
             DaemonOptions{.installation = "simulated", .once = false, .seed = seed}) {
  daemon.hold(setup(application.repository.name()), std::unique_ptr<Source>(source),
              std::shared_ptr<ApplicationObserver>(std::shared_ptr<void>(), &diary));
  source->on_load([this](const ManifestSet& manifests) {
    std::map<Place, Clock::time_point> since;
    for (const Manifest& manifest : manifests.manifests) {
      const Place place = place_of({manifest.gvk.group, manifest.gvk.kind, manifest.namespace_, manifest.name});
      const auto before = wanted_since.find(place);
      since[place] = before == wanted_since.end() ? Clock::now() : before->second;
    }
    wanted_since = std::move(since);
  });
}

World::World(std::uint64_t seed) : seed_(seed), random_(seed), faults_(random_.next()), cluster_(random_.next()) {
  const std::vector<std::string> groups{"", "apps", "apiextensions.k8s.io", "apiregistration.k8s.io"};
  add_api_services(cluster_, groups);
  for (const char* name : {"web", "sea"}) applications_.push_back(std::make_unique<Application>(name));
  for (const auto& application : applications_) start(*application);
  run_for(5s);
  make_bystanders();
  run_for(5s);
  for (auto& [place, text] : bystanders_)
    if (const StoredPtr live = cluster_.store().find(place.type, place.namespace_, place.name)) text = live->text;
}

World::~World() {
  set_faults(false);
  for (const auto& application : applications_)
    for (const auto& life : application->lives) life->daemon.stop();
  const auto ended = [](const auto& application) {
    return std::ranges::all_of(application->lives, [](const auto& life) { return life->ended; });
  };
  for (int minutes = 0; minutes < 48 * 60; ++minutes) {
    run_for(1min);
    if (std::ranges::all_of(applications_, ended)) return;
  }
  give_up("a daemon does not end");
}

// What goes on without end cannot be taken down under its own coroutines.
void World::give_up(const char* why) const {
  std::cerr << "seed " << seed_ << ": " << why << "\n" << diary();
  std::cerr << "replay: ./dev sim --first " << seed_ << " --seeds 1" << std::endl;
  std::abort();
}

void World::start(Application& application) {
  application.lives.push_back(std::make_unique<Life>(*this, application, random_.next()));
  Life& life = *application.lives.back();
  life.source->commit(application.repository.manifests());
  owe(application.repository.known().size() + 4);  // each is confirmed, and the inventory written
  asio::co_spawn(io_, life.daemon.run(), [&life](std::exception_ptr failure, int) {
    life.ended = true;
    if (failure) std::rethrow_exception(failure);
  });
}

void World::run_for(std::chrono::nanoseconds time) {
  const Clock::time_point end = time_.now() + time;
  std::size_t steps = 0;
  for (;;) {
    io_.restart();
    while (io_.poll_one() != 0)
      if (++steps > kStepsAtOneMoment) give_up("work without end at one moment");
    if (cluster_.types().generation() != types_seen_) {
      types_seen_ = cluster_.types().generation();
      follow_custom_group(cluster_);
      continue;
    }
    const Clock::time_point next = std::min(time_.next_due(), cluster_.next_due());
    if (next > time_.now()) steps = 0;
    if (next > end) break;
    time_.advance_to(next);
    if (cluster_.next_due() <= time_.now() + 1ms) cluster_.settle();
  }
  time_.advance_to(end);
}

SimulatedAnswer World::request(const std::string& manager, const std::string& method, const std::string& path,
                               const std::string& content_type, const std::string& body) {
  SimulatedRequest request;
  request.method = method;
  request.target = path;
  if (method != "GET" && method != "DELETE")
    request.target += (path.find('?') == std::string::npos ? "?" : "&") + ("fieldManager=" + manager);
  request.content_type = content_type;
  request.accept = "application/json";
  request.user_agent = manager + "/1";
  request.body = body;
  SimulatedAnswer answer = cluster_.handle(request);
  diary_.say(method + " " + path + " " + body + ": " + std::to_string(answer.response.status));
  return answer;
}

SimulatedAnswer World::person(const std::string& method, const std::string& path, const std::string& body) {
  return request("person", method, path, method == "PATCH" ? "application/merge-patch+json" : "application/json", body);
}

void World::set_faults(bool active) {
  faults_.set_active(active);
  if (!active)
    for (const auto& application : applications_) application->lives.back()->source->recover();
  cluster_.settle();
}

// An object may only go by our hand where it is part of our set (D12), and the repository had it no longer, as far as
// this daemon could know.
void World::check_deletion(const Application& application, const Life& life, const SeenRequest& request) {
  if (request.method != Method::Delete || request.status < 200 || request.status >= 300) return;
  const Place place = place_of(request.target);
  const auto wanted = life.wanted_since.find(place);
  const bool crossed = wanted != life.wanted_since.end() && time_.now() - wanted->second < kCrossing;
  const bool never_there = !application.repository.known().contains(place);
  const bool in_set = request.before != nullptr &&
                      string_at(request.before->body, {"metadata", "labels", "applyset.kubernetes.io/part-of"}) ==
                          setup(application.repository.name()).prepare.applyset_id;
  if ((wanted != life.wanted_since.end() && !crossed) || never_there || !in_set)
    wrong_deletions_ += "wrongly deleted: " + request.target + "\n";
}

template <class Count>
std::size_t World::sum_of_lives(Count count) const {
  std::size_t sum = 0;
  for (const auto& application : applications_)
    for (const auto& life : application->lives) sum += count(*life);
  return sum;
}

std::size_t World::writes() const {
  return sum_of_lives([](const Life& life) { return life.network.writes(); });
}

std::size_t World::lessons() const {
  return sum_of_lives([](const Life& life) { return life.network.lessons(); });
}

std::size_t World::requests() const {
  return sum_of_lives([](const Life& life) { return life.network.requests(); });
}

std::size_t World::lists() const {
  return sum_of_lives([](const Life& life) { return life.network.lists(); });
}

std::size_t World::unauthorized() const {
  return sum_of_lives([](const Life& life) { return life.client.unauthorized(); });
}

std::string World::diary() const {
  std::string text = diary_.text();
  for (const auto& application : applications_)
    text += "last requests of " + application->repository.name() + ":\n" +
            application->lives.back()->network.last_requests();
  return text;
}

}  // namespace holdfast::sim
