#include "watchers/admission_follower.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "holdfast/model/json.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

constexpr const char* kGroup = "admissionregistration.k8s.io";
const GroupKind kPolicy{kGroup, "MutatingAdmissionPolicy"};
// Validating ones only refuse: no object becomes another one by them.
const std::array kTypes{GroupKind{kGroup, "MutatingWebhookConfiguration"}, kPolicy,
                        GroupKind{kGroup, "MutatingAdmissionPolicyBinding"}};

// A coroutine that keeps what it runs.
asio::awaitable<void> run_reflector(std::shared_ptr<Reflector> reflector) { co_await reflector->run(); }

}  // namespace

AdmissionFollower::AdmissionFollower(asio::any_io_executor executor, ApiServer& api, WatchTransport& transport,
                                     AdmissionSink& sink, std::function<double()> random, ReflectorOptions options)
    : api_(api),
      transport_(transport),
      sink_(sink),
      random_(std::move(random)),
      options_(std::move(options)),
      tasks_(executor) {}

void AdmissionFollower::set_catalog(const ApiCatalog& catalog) {
  if (stopping_ || catalog.unknown_groups.contains(kGroup)) return;  // unknown is not absent (A20)
  const bool known_before = known();
  catalog_read_ = true;
  for (const GroupKind& type : kTypes) {
    const ApiResource* const resource = catalog.find(type);
    const auto watched = watches_.find(type);
    const bool served = resource != nullptr && resource->can("watch") && resource->can("list");
    if (watched != watches_.end() && (!served || watched->second->resource() != *resource)) {
      watched->second->stop();
      watches_.erase(watched);
    }
    if (served && !watches_.contains(type)) begin(*resource);
  }
  if (!known_before && known()) sink_.admission_known();
}

void AdmissionFollower::begin(const ApiResource& resource) {
  ReflectorSink& sink = *this;
  auto reflector =
      std::make_shared<Reflector>(api_, transport_, resource, std::string(), writer_, sink, random_, options_);
  watches_[resource.gvk.group_kind()] = reflector;
  tasks_.spawn(run_reflector(std::move(reflector)));
}

void AdmissionFollower::watch_anew() {
  if (stopping_) return;
  std::vector<ApiResource> resources;
  for (const auto& [type, reflector] : watches_) {
    resources.push_back(reflector->resource());
    reflector->stop();
    writer_.mark_unsynced(type);
  }
  for (const ApiResource& resource : resources) begin(resource);
}

void AdmissionFollower::stop() {
  stopping_ = true;
  for (const auto& [type, reflector] : watches_) reflector->stop();
}

asio::awaitable<void> AdmissionFollower::ended() { co_await tasks_.join(); }

bool AdmissionFollower::known() const {
  return catalog_read_ &&
         std::ranges::all_of(watches_, [this](const auto& watch) { return read_.contains(watch.first); });
}

// A binding has its policy's.
AdmissionReach AdmissionFollower::reach_of(const AdmissionRules& rules) const {
  if (rules.policy.empty()) return rules.reach;
  const auto policy = rules_.find({kPolicy.group, kPolicy.kind, "", rules.policy});
  return policy == rules_.end() ? AdmissionReach{} : policy->second.reach;  // without a policy it does nothing
}

void AdmissionFollower::note(const StoreEvent& event, AdmissionReach& reach) {
  const auto before = rules_.find(event.key);
  if (event.kind == StoreEventKind::Deleted) {
    if (before == rules_.end()) return;
    reach.add(reach_of(before->second));
    rules_.erase(before);
    return;
  }
  const Result<json::value> body = parse_json(event.after->body);
  AdmissionRules now = body ? read_admission(*body) : AdmissionRules{};
  if (!body) now.reach.everything = true;
  if (before != rules_.end() && before->second.content == now.content) return;
  if (before != rules_.end()) reach.add(reach_of(before->second));
  reach.add(reach_of(now));
  rules_[event.key] = std::move(now);
}

void AdmissionFollower::changed(std::span<const StoreEvent> events, std::chrono::steady_clock::time_point) {
  const bool known_before = known();
  AdmissionReach reach;
  for (const StoreEvent& event : events) {
    if (event.kind == StoreEventKind::Synced) {
      read_.insert(event.key.group_kind());
      continue;
    }
    AdmissionReach touched;
    note(event, touched);
    if (read_.contains(event.key.group_kind())) reach.add(touched);  // the first list is no change
  }
  if (stopping_) return;
  if (!known_before && known()) sink_.admission_known();
  if (reach != AdmissionReach{}) sink_.admission_changed(reach);
}

void AdmissionFollower::status_changed(const ApiResource& resource, const ReflectorStatus& status) {
  if (status.state != ReflectorState::Forbidden || !status.error) return;
  if (hidden_.insert(resource.gvk.group_kind()).second) sink_.admission_hidden(resource, *status.error);
}

std::optional<Digest128> AdmissionFollower::state_for(const std::vector<ApiResource>& types) const {
  if (!known()) return std::nullopt;
  std::string all;
  for (const auto& [key, rules] : rules_) {
    const AdmissionReach reach = reach_of(rules);
    const bool touches = std::ranges::any_of(types, [&](const ApiResource& type) { return reach.touches(type); });
    if (touches) all += to_hex(rules.content) + "\n";
  }
  const Sha256 digest = sha256(all);
  Digest128 state;
  std::memcpy(&state.high, digest.bytes.data(), sizeof state.high);
  std::memcpy(&state.low, digest.bytes.data() + sizeof state.high, sizeof state.low);
  return state;
}

}  // namespace holdfast
