// Objects that had converged, and may not be what an apply leaves any more: their schema has changed (C5.4), or
// admission has where it had rewritten them (C10); and a few every day, for what nobody can see. Nothing says that they
// have drifted, so they wait in line and are confirmed one after another, behind all other work, by a call each.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <boost/asio/awaitable.hpp>

#include "engine/fingerprint.h"
#include "engine/reconciler_attempt.h"
#include "holdfast/base/log.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;

// Until all API servers work by a configuration that one of them has shown us.
constexpr auto kServersFollow = 5s;
constexpr std::size_t kSample = 10;  // objects of an application
constexpr auto kSampleEvery = 24h;

}  // namespace

// What is made once is not written again, whatever an apply would make of it.
void Reconciler::doubt(const ObjectKey& key, KeyState& state) {
  if (!state.record || state.wanted == nullptr || state.doubt != Doubt::None) return;
  if (state.wanted->options.management == Management::Once || state.wanted->making) return;
  state.doubt = Doubt::InLine;
  in_line_.push_back(key);
}

void Reconciler::doubt_outdated_schemas() {
  if (options_.schemas == nullptr) return;
  const std::size_t before = in_line_.size();
  for (const GroupVersionKind& type : types_) {
    const auto seen = schemas_seen_.find(type);
    const std::uint64_t last = seen == schemas_seen_.end() ? 0 : std::exchange(seen->second, 0);
    const std::uint64_t now = schema_of(type);
    if (last == 0) continue;
    schemas_seen_[type] = now == 0 ? last : now;
    if (now == 0 || now == last) continue;
    for (auto& [key, state] : states_) {
      const bool of_type = state.wanted != nullptr && state.wanted->resource.gvk == type;
      if (of_type && state.record && state.record->schema != now) doubt(key, state);
    }
  }
  if (in_line_.size() == before) return;
  confirm_not_before_ = options_.now() + kServersFollow;
  log(LogLevel::Info, "confirming",
      fmt::format("a schema has changed: confirming {} objects of it, one after another", in_line_.size() - before),
      {{"application", options_.application}});
  wake();
}

void Reconciler::doubt_rewritten(const AdmissionReach& reach, const char* why) {
  const std::size_t before = in_line_.size();
  for (auto& [key, state] : states_) {
    const bool touched =
        state.wanted != nullptr && state.record && state.record->rewritten && reach.touches(state.wanted->resource);
    if (touched) doubt(key, state);
  }
  if (in_line_.size() == before) return;
  confirm_not_before_ = options_.now() + kServersFollow;
  log(LogLevel::Info, "confirming",
      fmt::format("{}: confirming {} objects that it had rewritten, one after another", why, in_line_.size() - before),
      {{"application", options_.application}});
  wake();
}

void Reconciler::admission_changed(const AdmissionReach& reach) {
  doubt_rewritten(reach, "admission has changed");
  lessons_changed_ = true;
  wake();
}

void Reconciler::admission_known() { doubt_outdated_admission(); }

// Once, when it is known both what is desired and what admission does: whether that is what was in force when we
// learned what has been recalled.
void Reconciler::doubt_outdated_admission() {
  if (admission_compared_ || options_.admission == nullptr || options_.learned == nullptr || types_.empty()) return;
  const std::optional<Digest128> now = options_.admission->state_for(own_types());
  if (!now) return;
  admission_compared_ = true;
  if (*now == options_.learned->admission()) return;
  lessons_changed_ = true;
  if (options_.learned->admission() == Digest128{}) return;  // nobody knew
  admission_outdated_ = true;
  AdmissionReach everything;
  everything.everything = true;
  confirm_not_before_ = options_.now() + kServersFollow;
  doubt_rewritten(everything, "admission has changed since the last run");
}

void Reconciler::doubt_a_sample(Time now) {
  if (!sample_at_) {  // not all applications at one time
    const auto half = std::chrono::duration_cast<std::chrono::milliseconds>(kSampleEvery) / 2;
    const auto more = static_cast<long long>(static_cast<double>(half.count()) * options_.chance());
    sample_at_ = now + half + std::chrono::milliseconds(more);
  }
  if (now < *sample_at_) return;
  sample_at_ = now + kSampleEvery;
  std::vector<ObjectKey> sample;
  std::size_t seen = 0;
  for (const auto& [key, state] : states_) {
    if (!state.record || state.wanted == nullptr) continue;
    const auto place = static_cast<std::size_t>(static_cast<double>(++seen) * options_.chance());
    if (sample.size() < kSample)
      sample.push_back(key);
    else if (place < kSample)
      sample[place] = key;
  }
  for (const ObjectKey& key : sample) doubt(key, states_.at(key));
}

// When there is something to do next; nothing: nobody is in line.
std::optional<Reconciler::Time> Reconciler::give_turns(Time now) {
  doubt_a_sample(now);
  while (!in_line_.empty()) {
    if (!confirm_turn_) confirm_turn_ = group_.confirm_turn(std::max(now, confirm_not_before_));
    if (*confirm_turn_ > now) return confirm_turn_;
    confirm_turn_.reset();
    const ObjectKey key = std::move(in_line_.front());
    in_line_.pop_front();
    if (in_line_.empty()) lessons_changed_ = true;  // the admission of now is that in force
    const auto found = states_.find(key);
    if (found == states_.end() || found->second.doubt != Doubt::InLine) continue;
    found->second.doubt = Doubt::Due;
    queue_.add(key, kConfirmLane);
  }
  return sample_at_;
}

// Where all of it is enforced, by the apply itself, which writes nothing if there is nothing to write; otherwise by one
// that only tells, and what it would change is met as a drift is, by policy (C6).
boost::asio::awaitable<bool> Reconciler::confirm(ObjectKey key, Attempt& attempt, Verdict verdict) {
  const bool dry_run = options_.policies.differs(attempt.desired);
  explain(key, [&] { return explain_confirm(dry_run); });
  if (dry_run) co_return co_await confirm_dry(key, attempt);
  verdict.kind = VerdictKind::Apply;
  verdict.uid = attempt.live->uid;
  attempt.confirming = true;
  co_return co_await apply(key, attempt, verdict);
}

boost::asio::awaitable<bool> Reconciler::confirm_dry(ObjectKey key, Attempt& attempt) {
  ApiRequest request = apply_request(attempt.desired, options_.prepare.manager);
  request.target += "&dryRun=All";
  request.body = apply_body_with_uid(attempt.desired, attempt.live->uid);
  const Result<ApiResponse> response = co_await api_.send(std::move(request));
  const auto found = states_.find(key);
  if (stopping_ || found == states_.end() || !found->second.record) co_return false;
  KeyState& state = found->second;
  if (!response) {
    retry(key, response.error(), 0ms, false);
    co_return false;
  }
  const ClassifiedApply answer = classify_apply(*response);
  if (is_certain(answer.outcome)) {
    leave_unconfirmed(key, answer.message);
    co_return false;
  }
  if (answer.outcome != ApplyOutcome::Applied) {
    retry(key, Error{ErrorKind::Busy, answer.message, attempt.desired.origin, {}, answer.retry_after}, kFirstRetry,
          false);
    co_return false;
  }
  const Result<JsonView> body = indexer_.view(response->body);
  FingerprintMemory memory;
  const Result<Digest128> print =
      body ? fingerprinter_.read(*body, attempt.desired.empties, memory) : std::unexpected(body.error());
  Record record = *state.record;
  const bool as_before = print && record.knows(*print) && record.desired_hash == attempt.desired.hash;
  record.schema = schema_of(attempt.desired.resource.gvk);
  if (!as_before) {
    record.converged.clear();
    record.last_write = {};
  }
  note_lesson(state, std::move(record));
  co_return !as_before;
}

// What is live is not wrong for that; the next one to change it finds out.
void Reconciler::leave_unconfirmed(const ObjectKey& key, const std::string& why) {
  if (const auto found = states_.find(key); found != states_.end()) found->second.doubt = Doubt::None;
  log(LogLevel::Info, "not-confirmed", to_string(key) + " is left as it is; an apply would be refused: " + why,
      {{"application", options_.application}});
}

}  // namespace holdfast
