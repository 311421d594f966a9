// Deleting an object to make it anew, where its manifest says that this may be done and a field that changed may not
// (correctness D8). First it is tried out under another name; whatever goes wrong leaves the object as it is.
#include <boost/asio/awaitable.hpp>

#include "engine/reconciler_attempt.h"
#include "engine/replacement.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;

constexpr auto kUnseenEnd = 5s;  // until we look again at what the watch does not show

}  // namespace

bool Reconciler::may_replace(const ObjectKey& key, const Attempt& attempt, const ClassifiedApply& answer) const {
  if (!answer.immutable || !attempt.desired.options.replace || is_protected(key.group_kind())) return false;
  const auto state = states_.find(key);
  const auto wanted = desired_.find(key);
  if (stopping_ || state == states_.end() || wanted == desired_.end()) return false;
  const bool tried = state->second.replaced == wanted->second.hash;
  const bool kept = attempt.live != nullptr && attempt.live->ownership && !attempt.live->ownership->kept_by.empty();
  return !tried && !kept && !attempt.applied_uid.empty();
}

// True: judge again at once.
boost::asio::awaitable<bool> Reconciler::replace(ObjectKey key, Attempt& attempt, ClassifiedApply refusal) {
  const Sha256 form = desired_.at(key).hash;
  Desired trial = replacement_trial(attempt.desired, attempt.applied_uid);
  const std::string objection = co_await try_to_create(std::move(trial));
  if (!objection.empty())
    co_return leave_as_it_is(key, attempt, refusal.message + "; nor could it be made anew: " + objection);
  const auto wanted = desired_.find(key);
  if (stopping_ || wanted == desired_.end() || wanted->second.hash != form || states_[key].next)
    co_return false;  // it is to be something else by now
  co_return co_await delete_to_replace(key, attempt, std::move(refusal));
}

// Why the server would not have it; empty where it would.
boost::asio::awaitable<std::string> Reconciler::try_to_create(Desired desired) {
  ApiRequest request = apply_request(desired, options_.prepare.manager);
  request.target += "&dryRun=All";
  const Result<ApiResponse> response = co_await api_.send(std::move(request));
  if (!response) co_return describe(response.error());
  const ClassifiedApply answer = classify_apply(*response);
  if (answer.outcome == ApplyOutcome::Created) co_return std::string();
  co_return answer.message.empty() ? "its name is taken" : answer.message;
}

boost::asio::awaitable<bool> Reconciler::delete_to_replace(ObjectKey key, Attempt& attempt, ClassifiedApply refusal) {
  const ResourceVersion version = attempt.live != nullptr ? attempt.live->resource_version : attempt.found;
  ApiRequest request = delete_request(attempt.desired.resource, key, attempt.applied_uid, version);
  const Result<ApiResponse> response = co_await api_.send(std::move(request));
  if (!response) {  // it may be gone: then it is made anew, and otherwise all this is done once more (D7)
    retry(key, response.error(), 0ms, false);
    co_return false;
  }
  const ClassifiedDelete answer = classify_delete(*response);
  KeyState& state = states_[key];
  switch (answer.outcome) {
    case DeleteOutcome::Deleted:
    case DeleteOutcome::Deleting:
    case DeleteOutcome::AlreadyGone:
      observer_.replacing(key, refusal.message);
      explain(key, [&] { return Explanation{"delete it to make it anew", refusal.message, "D8"}; });
      if (const auto wanted = desired_.find(key); wanted != desired_.end()) state.replaced = wanted->second.hash;
      state.record.reset();
      inventory_.saw(key, {});
      queue_.add_at(key, Lane::Repair, options_.now() + kUnseenEnd);
      co_return false;          // its DELETED event brings the key back
    case DeleteOutcome::Stale:  // whoever changed it may have made it as it should be
      queue_.add_at(key, Lane::Repair, options_.now() + 1s);
      co_return false;
    case DeleteOutcome::Forbidden:
    case DeleteOutcome::Busy:
    case DeleteOutcome::Failed:
      co_return leave_as_it_is(key, attempt, refusal.message + "; nor could it be deleted: " + answer.message);
  }
  co_return false;
}

bool Reconciler::leave_as_it_is(const ObjectKey& key, const Attempt& attempt, const std::string& why) {
  retry(key, Error{ErrorKind::Invalid, why, attempt.desired.origin, "it is left as it is"}, kFirstRetryOfRefusal,
        false);
  demote(key);
  return false;
}

}  // namespace holdfast
