// Proofs that come late (correctness C5.5). Where several applications share a watch, an object may come by before its
// own application has read what it wants; and the schema of its type may be in doubt just then. The store has kept its
// bytes, so that it can be proven from them, and only what cannot be proven is confirmed by a call.
#include "engine/reconciler_attempt.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;

// After that, calls confirm what could not be proven; a repair must not wait for a server that does not answer.
constexpr auto kSchemaPatience = 5s;

}  // namespace

// True: the schema is about to come, and schemas_changed() brings the key back.
bool Reconciler::awaits_schema(const ObjectKey& key, const Attempt& attempt) {
  if (!may_prove(key, attempt.live) || !options_.schemas->type_of(attempt.live->gvk).coming) return false;
  const auto [waiting, began] = awaiting_schema_.try_emplace(key, options_.now() + kSchemaPatience);
  if (waiting->second <= options_.now()) return false;
  if (began) queue_.add_at(key, Lane::Repair, waiting->second);
  if (began) explain(key, explain_schema_awaited);
  return true;
}

void Reconciler::schemas_changed() {
  doubt_outdated_schemas();
  for (auto waiting = awaiting_schema_.begin(); waiting != awaiting_schema_.end();) {
    const auto here = waiting++;
    const auto wanted = desired_.find(here->first);
    if (wanted != desired_.end()) {
      if (options_.schemas->type_of(wanted->second.resource.gvk).coming) continue;
      queue_.add(here->first, Lane::Repair);
    }
    awaiting_schema_.erase(here);
  }
  pump();
}

// Of an object that was ours before this process, which has learned nothing of it yet.
bool Reconciler::may_prove(const ObjectKey& key, const LivePtr& live) const {
  return options_.schemas != nullptr && live != nullptr && !live->body.empty() && !live->terminating &&
         inventory_.uid(key) != nullptr && !states_.at(key).record;
}

bool Reconciler::prove_stored(const ObjectKey& key, const Attempt& attempt) {
  if (!may_prove(key, attempt.live)) return false;
  const LiveObject& live = *attempt.live;
  KeyState& state = states_.at(key);
  Result<JsonView> text = indexer_.view(live.body);
  Result<json::value> body = parse_json(live.body);
  if (!text || !body || !body->is_object()) return false;
  body->get_object()["apiVersion"] = live.gvk.api_version();  // the items of a list lack it
  body->get_object()["kind"] = live.gvk.kind;
  const bool seen = state.sight.shows(live);
  if (!seen) state.sight = {live.uid, live.resource_version, {}, state.sight.health};
  if (reshape(key, state, *body) || !seen)
    (void)fingerprinter_.read(*text, state.applied_form().empties, state.sight.memory);
  if (!seen) see_health(key, live.gvk, state.sight, *text);
  return prove_converged(live, *body, state);
}

}  // namespace holdfast
