// What of an object is believed and told where the reconciler acts as an account that may see less than the watches do.
#include <boost/asio/awaitable.hpp>

#include "engine/reconciler_attempt.h"

namespace holdfast {

// False: nothing is to be done about it now, for the account may not even look at it, or that is not known.
boost::asio::awaitable<bool> Reconciler::may_act(ObjectKey key, ApiResource resource) {
  const bool refused_before = !options_.access->was_seen(resource, key);
  if (refused_before && waits(key)) co_return false;
  const Result<void> allowed = co_await options_.access->may_see(resource, key);
  if (stopping_ || !(desired_.contains(key) || pruning_.contains(key))) co_return false;
  if (allowed) co_return true;
  Error error = allowed.error();
  if (const auto wanted = desired_.find(key); wanted != desired_.end()) error.where = wanted->second.origin;
  const bool certain = error.kind == ErrorKind::Forbidden;
  retry(key, std::move(error), std::chrono::milliseconds{0}, certain);
  if (certain && desired_.contains(key)) demote(key);
  co_return false;
}

// How an object fares, for whoever reads of the application.
Health Reconciler::shown_health(const ObjectKey& key, Health health) const {
  const auto wanted = desired_.find(key);
  const bool hidden = options_.access != nullptr &&
                      (wanted == desired_.end() || !options_.access->was_seen(wanted->second.resource, key));
  if (hidden) health.message.clear();
  return health;
}

}  // namespace holdfast
