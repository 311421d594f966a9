// What people, other controllers and the machinery do to a World.
#include "holdfast/model/json.h"
#include "sim/world.h"

namespace holdfast::sim {

using namespace std::chrono_literals;
using enum FaultKind;

namespace {

// So many writes one disturbed object is worth: a repair, and the record of a new uid. A commit: an apply or a
// deletion, and what is recorded before, after and of its revision.
constexpr std::size_t kWritesOfOne = 2, kWritesOfCommit = 4;

std::string object_text(const Place& place, const std::string& api_version, const json::object& more) {
  json::object body{{"apiVersion", api_version}, {"kind", key_of(place).kind}, {"metadata", {{"name", place.name}}}};
  for (const auto& [name, value] : more) body[name] = value;
  return to_json(body);
}

json::object own_field(const Place& place, const std::string& value) {
  if (place.type == kConfigMaps) return {{"data", {{"color", value}}}};
  if (place.type == kBoats) return {{"spec", {{"color", value}}}};
  return {{"spec", {{"replicas", 5}}}};
}

}  // namespace

void World::make_bystanders() {
  const std::vector<Place> places{{kConfigMaps, "web", "bystander"},
                                  {kDeployments, "web", "bystander"},
                                  {kConfigMaps, "sea", "bystander"},
                                  {kBoats, "sea", "bystander"}};
  for (const Place& place : places) {
    const Place collection{place.type, place.namespace_, ""};
    std::string version = "v1";
    json::object more{{"data", {{"color", "mine"}}}};
    if (place.type == kBoats) {
      version = "ex.io/" + sea().boats();
      more = {{"spec", {{"color", "mine"}}}};
    } else if (place.type == kDeployments) {
      version = "apps/v1";
      more = {{"spec", applications_.front()->repository.objects().at({kDeployments, "web", "site"}).body.at("spec")}};
    }
    person("POST", path(collection), object_text(place, version, more));
    bystanders_[place] = "";
  }
}

void World::edit(const Place& place) {
  owe(kWritesOfOne);
  person("PATCH", path(place), to_json(own_field(place, "red")));
}

void World::take_away(const Place& place) {
  owe(kWritesOfOne);
  const char* const patch = place.type == kConfigMaps ? R"({"data":{"size":null}})"
                            : place.type == kBoats    ? R"({"spec":{"cargo":null}})"
                                                      : R"({"spec":{"replicas":null}})";
  person("PATCH", path(place), patch);
}

void World::remove(const Place& place) {
  owe(kWritesOfOne);
  person("DELETE", path(place), "");
}

void World::replace(const Place& place) {
  const StoredPtr live = cluster_.store().find(place.type, place.namespace_, place.name);
  if (live == nullptr) return;
  remove(place);
  json::object more;
  for (const char* field : {"data", "spec"})
    if (const json::value* value = live->body.if_contains(field)) more[field] = *value;
  person("POST", path({place.type, place.namespace_, ""}),
         object_text(place, std::string(string_at(live->body, {"apiVersion"})), more));
}

// Another field manager applies what we own: another value by force, or the same one beside us.
void World::rival_applies(const Place& place, bool same_value) {
  owe(kWritesOfOne);
  const StoredPtr live = cluster_.store().find(place.type, place.namespace_, place.name);
  if (live == nullptr) return;
  json::object more = own_field(place, "rival");
  if (same_value && place.type == kConfigMaps)
    more = own_field(place, std::string(string_at(live->body, {"data", "color"})));
  request("rival", "PATCH", path(place) + (same_value ? "" : "?force=true"), "application/apply-patch+yaml",
          object_text(place, std::string(string_at(live->body, {"apiVersion"})), more));
}

void World::scale() {
  owe(kWritesOfOne);
  person("PATCH", path({kDeployments, "web", "site"}) + "/scale",
         R"({"spec":{"replicas":)" + std::to_string(random_.below(6)) + "}}");
}

void World::churn_status() {
  const std::string ready = std::to_string(random_.below(3));
  request("kubelet", "PATCH", path({kDeployments, "web", "site"}) + "/status", "application/merge-patch+json",
          R"({"status":{"readyReplicas":)" + ready + R"(,"replicas":2}})");
}

void World::push(Application& application) {
  owe(kWritesOfCommit);
  application.lives.back()->source->commit(application.repository.manifests());
}

void World::commit(Application& application) {
  diary_.say(application.repository.commit(random_));
  push(application);
}

void World::kill_and_restart(Application& application) {
  diary_.say("kill -9 of " + application.repository.name());
  application.lives.back()->network.isolate();
  application.lives.back()->daemon.stop();  // heard by nobody; only so that it does not go on trying
  start(application);
}

void World::restart() {
  for (const auto& application : applications_) kill_and_restart(*application);
}

void World::lose_repository(Application& application) {
  if (random_.coin())
    application.lives.back()->source->fail_with({ErrorKind::Unreachable, "git is away", {}, {}});
  else
    application.lives.back()->source->recover();
}

void World::compact() {
  if (!faults_.active() || !faults_.allows(Compaction)) return;
  diary_.say("compaction");
  faults_.hit(Compaction);
  cluster_.store().compact(cluster_.store().revision());
}

// With all its objects; the daemon makes it anew, as Git has it by then.
void World::recreate_type() {
  if (!faults_.active() || !faults_.allows(TypeRecreated)) return;
  faults_.hit(TypeRecreated);
  Application& application = *applications_.back();
  owe(kWritesOfOne * application.repository.known().size() + 4 * kWritesOfCommit);
  const bool moves = random_.coin(), moves_first = random_.coin();
  const auto move = [&] {
    diary_.say(application.repository.move_type());
    push(application);
  };
  if (moves && moves_first) move();
  if (!moves || random_.coin()) {
    bystanders_.erase({kBoats, "sea", "bystander"});
    person("DELETE", path({kDefinitions, "", "boats.ex.io"}), "");
  }
  run_for(std::chrono::milliseconds(random_.below(2'000)));
  if (moves && !moves_first) move();
}

void World::delete_namespace(const std::string& name) {
  std::erase_if(bystanders_, [&](const auto& entry) { return entry.first.namespace_ == name; });
  for (const auto& application : applications_)
    if (application->repository.name() == name)
      owe(kWritesOfOne * application->repository.known().size() + 4 * kWritesOfCommit);
  person("DELETE", path({kNamespaces, "", name}), "");
}

void World::provoke(FaultKind kind) {
  auto time = std::chrono::milliseconds(random_.below(kind == Partition ? 300'000 : 100'000) + 1'000);
  std::string detail;
  if (kind == LaggingServer) detail = std::to_string(cluster_.store().revision());
  if (kind == RoleRevoked) {
    constexpr std::array kTypes{"configmaps", "deployments", "boats", "namespaces", "customresourcedefinitions"};
    detail = kTypes.at(random_.below(kTypes.size()));
  }
  if (kind == GroupStale || kind == GroupMissing) detail = random_.coin() ? "apps" : "ex.io";
  if (kind == ServersRestarted) time = time % 5s;
  if (kind == Compaction) return compact();
  if (kind == TypeRecreated) return recreate_type();
  diary_.say(std::string("begins: ") + to_string(kind) + " " + detail + " for " + std::to_string(time.count()) + " ms");
  faults_.begin(kind, time, detail);
  if (kind == TokenRotated) cluster_.keys().token = random_.suffix(8);
  if (kind == CertificateRotated) cluster_.keys().authority = random_.suffix(8);
  if (kind == ServersRestarted || kind == CertificateRotated) cluster_.restart();
  if (kind == GroupStale || kind == GroupMissing || kind == DiscoveryUnavailable)  // somebody looks while it lasts
    request("kube-apiserver", "PATCH", "/apis/apiregistration.k8s.io/v1/apiservices/v1.apps",
            "application/merge-patch+json", R"({"metadata":{"annotations":{"n":")" + random_.suffix(6) + R"("}}})");
}

void World::begin_something() {
  constexpr std::array kKinds{Partition,    LaggingServer, LaggingServer,        TokenRevoked, RoleRevoked,
                              GroupStale,   GroupMissing,  DiscoveryUnavailable, Overloaded,   ServersRestarted,
                              TokenRotated, PluginFails,   CertificateRotated};
  const FaultKind kind = kKinds.at(random_.below(kKinds.size()));
  if (faults_.active() && faults_.allows(kind)) provoke(kind);
}

void World::disturb() {
  ++acts_;
  Application& application = some_application();
  const Place place = application.repository.some_place(random_);
  switch (random_.below(24)) {
    case 0:
    case 1:
      return edit(place);
    case 2:
      return take_away(place);
    case 3:
    case 4:
      return remove(place);
    case 5:
      owe(kWritesOfOne);
      person("PATCH", path(place), R"({"metadata":{"labels":{"holdfast.dev/installation":null}}})");
      return;
    case 6:
      person("PATCH", path(place), R"({"metadata":{"annotations":{"seen":"yes"}}})");
      return;
    case 7:
      person("PATCH", path(place), R"({"data":{"foreign":")" + random_.suffix(4) + R"("}})");
      return;
    case 8:
      return replace(place);
    case 9:
      return compact();
    case 10:
      return kill_and_restart(application);
    case 11:
      return lose_repository(application);
    case 12:
    case 13:
      return rival_applies(place, random_.coin());
    case 14:
      return scale();
    case 15:
      return churn_status();
    case 16:
      owe(kWritesOfOne);
      person("PATCH", path(place), R"({"metadata":{"managedFields":[{}]}})");
      return;
    case 17:
      return begin_something();
    case 18:
      return random_.below(3) == 0 ? recreate_type() : begin_something();
    case 19:
      return random_.below(6) == 0 ? delete_namespace(application.repository.name()) : edit(place);
    default:
      return commit(application);
  }
}

}  // namespace holdfast::sim
