// What was learned of the objects, from one process to the next (learned_keeper.h): recalled when an object comes by
// for the first time, and saved at the end of a round, at the end of the process, and otherwise every few minutes at
// most.
#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <cstring>

#include "engine/reconciler_attempt.h"
#include "holdfast/base/log.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;

constexpr auto kSaveEvery = 5min;

std::uint64_t number_of(const std::string& hash) {
  if (hash.empty()) return 0;
  const Sha256 digest = sha256(hash);
  std::uint64_t number = 0;
  std::memcpy(&number, digest.bytes.data(), sizeof number);
  return std::max<std::uint64_t>(number, 1);
}

bool same_lesson(const Record& a, const Record& b) {
  return a.uid == b.uid && a.desired_hash == b.desired_hash && a.schema == b.schema && a.rewritten == b.rewritten &&
         a.converged == b.converged;
}

}  // namespace

void Reconciler::begin_with_what_was_learned() {
  if (options_.learned != nullptr) {
    options_.digest_key = options_.learned->key();
    fingerprinter_ = Fingerprinter(options_.digest_key, options_.prepare.manager);
  }
  save_lessons_at_ = options_.now() + kSaveEvery;
}

// The newest that was known of the type; it may be about to be found outdated.
std::uint64_t Reconciler::schema_of(const GroupVersionKind& type) {
  if (options_.schemas == nullptr) return 0;
  const std::uint64_t now = number_of(options_.schemas->type_of(type).hash);
  if (now == 0) {
    const auto seen = schemas_seen_.find(type);
    return seen == schemas_seen_.end() ? 0 : seen->second;
  }
  schemas_seen_.try_emplace(type, now);
  return now;
}

void Reconciler::note_lesson(KeyState& state, Record record) {
  if (!state.record || !same_lesson(*state.record, record)) lessons_changed_ = true;
  state.record = std::move(record);
  state.doubt = Doubt::None;
}

// It counts for this very object, this desired state and this schema (C5.4). Whether the object still is as it was then
// is for the verdict to say: a drift of the time between is known as one.
void Reconciler::recall(const LiveObject& object, KeyState& state) {
  if (options_.learned == nullptr || options_.schemas == nullptr || state.record || state.wanted == nullptr) return;
  const LearnedObject* const found = options_.learned->find(object.key);
  const Uid* const known_uid = inventory_.uid(object.key);
  if (found == nullptr || known_uid == nullptr || object.terminating) return;
  const Desired& form = state.applied_form();
  const std::uint64_t schema = number_of(options_.schemas->type_of(object.gvk).hash);
  if (schema == 0) return;  // unknown is the same as nothing
  if (found->context != options_.learned->codec().context(object.uid, form.hash, schema)) return;
  schemas_seen_.try_emplace(object.gvk, schema);
  Record record;
  record.desired_hash = form.hash;
  record.wanted_hash = state.wanted->hash;
  record.uid = object.uid;
  record.schema = schema;
  record.rewritten = found->rewritten;
  for (const Digest128& print : found->converged) record.learn(print);
  options_.learned->forget(object.key);
  const auto& print = state.sight.memory.fingerprint;
  const bool as_then = state.sight.shows(object) && print && record.knows(*print);
  explain(object.key, [&] { return explain_recalled(as_then); });
  if (as_then) {
    record.last_write = object.resource_version;
    const KnownEntryPtr& entry = state.sight.memory.entry;
    if (entry != nullptr) record.owned = std::shared_ptr<const std::string>(entry, &entry->fields);
  }
  if (*known_uid != object.uid) inventory_.saw(object.key, object.uid);
  state.record = std::move(record);
  if (admission_outdated_ && state.record->rewritten) doubt(object.key, state);
}

std::vector<ApiResource> Reconciler::own_types() const {
  std::vector<ApiResource> types;
  for (const GroupVersionKind& type : types_)
    if (const ApiResource* resource = catalog_ == nullptr ? nullptr : catalog_->find(type)) types.push_back(*resource);
  return types;
}

// That under which all of what was learned holds: the old one, as long as not all is confirmed.
Digest128 Reconciler::admission_in_force() const {
  if (options_.admission == nullptr || !admission_compared_) return options_.learned->admission();
  return options_.admission->state_for(own_types()).value_or(options_.learned->admission());
}

LearnedSet Reconciler::lessons() const {
  const LearnedCodec& codec = options_.learned->codec();
  LearnedSet set;
  set.admission = admission_in_force();
  bool doubtful = false;
  set.objects.reserve(states_.size());
  for (const auto& [key, state] : states_) {
    if (!state.record) {  // nothing came by yet that would tell more
      const LearnedObject* const found = options_.learned->find(key);
      if (found == nullptr) continue;
      doubtful = doubtful || (admission_outdated_ && found->rewritten);
      set.objects.push_back(*found);
      continue;
    }
    const Record& record = *state.record;
    doubtful = doubtful || state.doubt != Doubt::None;
    if (record.schema == 0 || record.uid.empty() || record.converged.empty()) continue;
    LearnedObject& object = set.objects.emplace_back();
    object.object = codec.object(key);
    object.context = codec.context(record.uid, record.desired_hash, record.schema);
    object.rewritten = record.rewritten;
    object.converged.assign(record.converged.begin(), record.converged.end());
  }
  if (doubtful) set.admission = options_.learned->admission();
  return set;
}

std::optional<Reconciler::Time> Reconciler::lessons_due() const {
  if (!lessons_changed_ || options_.learned == nullptr || !options_.learned->keeps()) return std::nullopt;
  return std::max(save_lessons_at_, save_lessons_not_before_);
}

boost::asio::awaitable<void> Reconciler::save_lessons() {
  co_await await_save_place();
  lessons_changed_ = false;
  LearnedSet set = lessons();
  const Result<void> saved = co_await options_.learned->save(std::move(set));
  save_place_.give();
  save_lessons_at_ = options_.now() + kSaveEvery;
  if (saved) co_return;
  lessons_changed_ = true;
  save_lessons_not_before_ = options_.now() + saved.error().retry_after;
  const bool for_good = saved.error().kind == ErrorKind::Forbidden || saved.error().kind == ErrorKind::Conflict;
  if (for_good) options_.learned->close();
  log(for_good ? LogLevel::Info : LogLevel::Debug, "not-kept",
      "what was learned is not kept, so that a restart costs a call for what cannot be proven: " +
          describe(saved.error()),
      {{"application", options_.application}});
}

}  // namespace holdfast
