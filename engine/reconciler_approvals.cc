// What people have approved, as the watch shows it, and what of the application may go on because of it.
#include "engine/reconciler_attempt.h"
#include "holdfast/base/log.h"

namespace holdfast {

// Only where something may have to be approved: otherwise nobody follows ConfigMaps for it.
void Reconciler::watch_approvals() {
  if (options_.approvals.name.empty() || catalog_ == nullptr) return;
  if (held_back_.empty() && !options_.watch_approvals && !options_.policies.asks_for_approval()) return;
  if (const ApiResource* const resource = catalog_->find(options_.approvals.group_kind())) watches_.watch(*resource);
}

void Reconciler::read_approvals(const json::value& config_map) {
  std::vector<std::string> problems;
  approvals_read_ = Approvals::read(config_map, problems);
  for (const std::string& problem : problems)
    if (told_.insert("approval " + problem).second)
      observer_.set_problem(Error{ErrorKind::Invalid, "an approval is not counted: " + problem,
                                  to_string(options_.approvals), "`holdfast approve` writes them"});
}

void Reconciler::take_approvals(Approvals approvals) {
  if (approvals == approvals_) return;
  approvals_ = std::move(approvals);
  const WallTime now = options_.wall_now();
  std::vector<Approval> in_force;
  for (const Approval& one : approvals_.all())
    if (one.until > now) in_force.push_back(one);
  observer_.approved(in_force);
  options_.on_approvals(in_force);
  for (const Approval& one : in_force)
    if (one.action == ApprovedAction::Repair) reconsider(one.object);
  if (!held_back_.empty()) pruning_judged_ = false;
  wake();
}

std::set<std::string> Reconciler::approved_repairs(const ObjectKey& key, const Uid& uid) const {
  return approvals_.repairs(key, uid, options_.wall_now());
}

PruneLimits Reconciler::prune_limits() const {
  PruneLimits limits = options_.prune;
  const WallTime now = options_.wall_now();
  limits.objects = std::max(limits.objects, approvals_.prune_limit(now));
  for (const auto& [key, uid] : inventory_.inventory().entries)
    if (approvals_.prunes(key, uid, now)) limits.approved.insert(key);
  return limits;
}

}  // namespace holdfast
