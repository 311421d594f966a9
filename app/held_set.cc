#include "app/held_set.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <set>
#include <utility>

#include "app/cluster_session.h"
#include "app/own_object.h"
#include "app/set_claim.h"
#include "holdfast/base/log.h"
#include "holdfast/model/object.h"
#include "sources/application_set_reader.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr std::string_view kFinalizer = "holdfast.dev/application-set";
constexpr auto kFirstRetry = 1s, kLastRetry = 60s;
constexpr auto kLookGap = 1s;

const char* type_name(const Generator& generator) {
  if (std::holds_alternative<BranchGenerator>(generator)) return "branches";
  return std::holds_alternative<DirectoryGenerator>(generator) ? "directories" : "list";
}

}  // namespace

HeldSet::HeldSet(asio::any_io_executor executor, ApplicationName name, Uid uid, SetPorts ports, SetStatus::Hooks hooks)
    : executor_(executor),
      name_(std::move(name)),
      uid_(std::move(uid)),
      ports_(std::move(ports)),
      status_(std::move(hooks)),
      namespaces_(ports_.api, name_, uid_, ports_.installation),
      signal_(executor) {}

HeldSet::~HeldSet() = default;

void HeldSet::stop() {
  stopping_ = true;
  signal_.cancel();
}

void HeldSet::poke() {
  due_ = true;
  signal_.cancel();
}

bool HeldSet::has_namespace(const std::string& name) const {
  return std::ranges::any_of(namespaces_.records(), [&](const auto& entry) { return entry.second.namespace_ == name; });
}

bool HeldSet::has_read(const std::string& commit) const {
  return std::ranges::any_of(follows_, [&](const Follow& follow) {
    return follow.reading && std::ranges::any_of(*follow.reading, [&](const GeneratedElement& element) {
             const auto found = element.parameters.find("commit");
             return found != element.parameters.end() && found->second == commit;
           });
  });
}

asio::awaitable<void> HeldSet::run() {
  while (!stopping_ && !gone_) {
    if (std::exchange(due_, false)) {
      co_await pass();
      continue;
    }
    signal_.expires_at(next_due());
    co_await signal_.async_wait(asio::as_tuple(asio::use_awaitable));
    const auto now = Clock::now();
    if (retry_at_ && *retry_at_ <= now) {
      retry_at_.reset();
      due_ = true;
    }
    if (look_at_ && *look_at_ <= now) look_anew();
  }
  follow_none();
}

void HeldSet::follow_none() {
  for (std::size_t i = 0; i < follows_.size(); ++i) ports_.source_gone(i);
  follows_.clear();
  followed_.clear();
}

Clock::time_point HeldSet::next_due() const {
  return std::min(retry_at_.value_or(Clock::time_point::max()), look_at_.value_or(Clock::time_point::max()));
}

// The reading that may confirm that something is absent.
void HeldSet::look_anew() {
  look_at_ = Clock::now() + kLookGap;  // where it does not come
  for (Follow& follow : follows_)
    if (follow.source != nullptr) follow.source->look();
}

void HeldSet::retry_later() {
  const auto wait = std::min<std::chrono::seconds>(kFirstRetry * (1U << std::min(failures_++, 6U)), kLastRetry);
  const auto spread =
      std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(wait) * (1 + 0.2 * ports_.chance()));
  retry_at_ = std::min(retry_at_.value_or(Clock::time_point::max()), Clock::now() + spread);
}

asio::awaitable<void> HeldSet::pass() {
  if (ports_.halted()) co_return;
  const LivePtr live = ports_.object();
  if (live == nullptr || live->uid != uid_) {
    gone_ = true;
    co_return;
  }
  Result<json::value> object = parse_json(live->body);
  if (!object || !object->is_object()) co_return;  // the server's own bug: nothing is concluded from it
  json::object claimed = object->get_object();
  if (!co_await is_ours(std::move(claimed))) co_return;
  const json::value* status = find(*object, {"status"});
  if (!std::exchange(recalled_, true) && status != nullptr && status->is_object()) {
    status_.recall(status->get_object());
    namespaces_.recall(status->get_object());
  }
  if (live->terminating) look_at_.reset();
  if (live->terminating) co_return co_await end(std::move(object->get_object()));
  take(object->get_object());
  const bool wants_finalizer = !namespaces_.records().empty() || (set_ && set_->preview);
  // Without it a namespace that is made now could be left over.
  const bool may_hold = !wants_finalizer || has_finalizer(object->get_object(), kFinalizer) ||
                        co_await set_finalizer(std::move(object->get_object()), true);
  const bool holds = may_hold && set_ && !set_->suspend;
  if (!holds) look_at_.reset();  // nothing is to be confirmed
  if (!stopping_ && holds) co_await hold();
  if (!stopping_) tell();
}

// What is claimed now is gone on with when the watch shows the claim.
asio::awaitable<bool> HeldSet::is_ours(json::object object) {
  const std::string_view by = set_claimed_by(object);
  if (by == ports_.installation) co_return true;
  if (!by.empty()) {
    leave(by);
    co_return false;
  }
  const Result<json::value> claimed = co_await patch(set_claim(object, ports_.installation));
  if (claimed || claimed.error().kind == ErrorKind::NotFound || claimed.error().kind == ErrorKind::Conflict)
    co_return false;
  const std::string why =
      fmt::format("could not claim {}, so that it is not expanded: {}", shown(), describe(claimed.error()));
  log(LogLevel::Warning, "set-unclaimed", why);
  SetStanding standing;
  standing.generation = generation_of(object);
  standing.refused = why;
  standing.refused_reason = "Unclaimed";
  status_.set(std::move(standing));
  retry_later();
  co_return false;
}

void HeldSet::leave(std::string_view installation) {
  follow_none();
  set_.reset();
  generation_ = 0;
  recalled_ = false;
  retry_at_.reset();
  look_at_.reset();
  status_.contest(claim_message(installation));
}

void HeldSet::take(const json::object& object) {
  const std::int64_t generation = generation_of(object);
  std::string installation(string_at(object, {"metadata", "labels", kInstallationLabel}));
  const bool same = generation == generation_ && installation == installation_;
  generation_ = generation;
  installation_ = std::move(installation);
  if (same) return;
  standing_ = {};
  standing_.generation = generation;
  problems_.clear();
  settled_.clear();
  failures_ = 0;
  Result<ApplicationSet> read = read_application_set(object);
  if (read && read->preview && ports_.namespaces == nullptr) {
    standing_.refused_reason = "PreviewsOff";
    standing_.refused = "this daemon makes no previews (install it with holdfast install --previews)";
  } else if (!read) {
    standing_.refused = describe(read.error());
  }
  set_.reset();
  if (!standing_.refused.empty()) {
    log(LogLevel::Error, "set-refused",
        shown() + " cannot be held: " + standing_.refused + "; its applications stay as they are");
    return;
  }
  set_ = std::move(*read);
  standing_.suspended = set_->suspend;
  follow_generators();
}

void HeldSet::follow_generators() {
  if (followed_ == set_->generators) return;
  follow_none();
  followed_ = set_->generators;
  for (std::size_t i = 0; i < followed_.size(); ++i)
    follows_.push_back({nullptr, fail(ErrorKind::Busy, "it is being read"), 0, {}, false});
  for (std::size_t i = 0; i < followed_.size(); ++i) {
    auto source = ports_.source(i, followed_[i], [this, i](Clock::time_point begun, const GeneratorReading& reading) {
      Follow& follow = follows_[i];
      follow.reading = reading;
      follow.begun = begun;
      follow.heard = true;
      if (reading) follow.elements = reading->size();
      poke();
    });
    if (source)
      follows_[i].source = std::move(*source);
    else
      follows_[i] = {nullptr, std::unexpected(source.error()), 0, {}, true};
  }
}

asio::awaitable<void> HeldSet::hold() {
  if (!ports_.applications.known()) {
    standing_.under_way = "the Applications of the cluster are being listed";
    co_return;
  }
  std::vector<GeneratorReading> readings;
  readings.reserve(follows_.size());
  for (const Follow& follow : follows_) readings.push_back(follow.reading);
  const auto members = ports_.members(uid_);
  PresentApplications present;
  for (const auto& [name, member] : members) present[name] = member.element;
  Expansion expansion = expand(*set_, readings, present, ports_.wall_now());
  std::erase_if(problems_, [&](const auto& entry) { return !expansion.wanted.contains(entry.first); });
  for (const auto& [name, wanted] : expansion.wanted) {
    ExpandedApplication one = wanted;
    co_await bring_about(std::move(one));
    if (stopping_) co_return;
  }
  const bool all_read = std::ranges::all_of(follows_, [](const Follow& follow) { return follow.reading.has_value(); });
  if (all_read) standing_.matched = expansion.matched;
  standing_.wanted = expansion.wanted.size();
  standing_.left_out = expansion.left_out;
  for (const auto& [name, left_out] : problems_) standing_.left_out.push_back(left_out);
  if (problems_.empty())
    failures_ = 0;
  else
    retry_later();
  co_await let_go(std::move(expansion));
}

// Its applications go with it by their owner reference; namespaces have none.
asio::awaitable<void> HeldSet::end(json::object object) {
  if (!has_finalizer(object, kFinalizer)) co_return;
  std::set<std::string> names;
  for (const auto& [name, record] : namespaces_.records()) names.insert(name);
  for (const std::string& name : names) {
    std::string application = name;
    co_await take_down(std::move(application));
    if (stopping_) co_return;
  }
  if (namespaces_.records().empty()) (void)co_await set_finalizer(std::move(object), false);
}

// On the version that was seen: what somebody changed meanwhile comes by the watch, and is met then.
asio::awaitable<bool> HeldSet::set_finalizer(json::object object, bool wanted) {
  ApiRequest request = finalizer_patch(application_set_resource(), object, kFinalizer, wanted, "holdfast-sets");
  const Result<json::value> answer = co_await ask_json(ports_.api, std::move(request));
  if (answer || answer.error().kind == ErrorKind::NotFound) co_return answer.has_value();
  if (answer.error().kind != ErrorKind::Conflict)
    log(LogLevel::Warning, "finalizer-unwritten",
        fmt::format("could not {} the finalizer of {}: {}", wanted ? "set" : "remove", shown(),
                    describe(answer.error())));
  retry_later();
  co_return false;
}

asio::awaitable<Result<json::value>> HeldSet::patch(json::object changes) {
  ApiRequest request;
  request.method = Method::Patch;
  request.target = resource_path(application_set_resource(), name_.first, name_.second) + "?fieldManager=holdfast-sets";
  request.content_type = "application/merge-patch+json";
  request.body = to_json(changes);
  co_return co_await ask_json(ports_.api, std::move(request));
}

void HeldSet::tell() {
  const auto members = ports_.members(uid_);
  standing_.applied = static_cast<std::size_t>(
      std::ranges::count_if(members, [](const auto& entry) { return !entry.second.terminating; }));
  standing_.ready = static_cast<std::size_t>(std::ranges::count_if(
      members, [](const auto& entry) { return entry.second.ready && !entry.second.terminating; }));
  standing_.generators.clear();
  for (std::size_t i = 0; i < follows_.size(); ++i) {
    const Follow& follow = follows_[i];
    SetStanding::Generator one{type_name(followed_[i]), follow.elements, {}};
    if (follow.heard && !follow.reading) one.message = describe(follow.reading.error());
    if (!follow.heard) standing_.under_way = "its generators are being read";
    standing_.generators.push_back(std::move(one));
  }
  status_.set(standing_);
}

}  // namespace holdfast
