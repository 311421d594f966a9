#include "engine/reconciler_group.h"

#include <algorithm>

#include "engine/reconciler.h"

namespace holdfast {

bool ReconcilerGroup::read(const LiveObject& object, const JsonView& body) {
  const auto found = claims_.find(object.key);
  if (found == claims_.end()) return false;
  bool keep = false;
  for (Reconciler* reconciler : found->second) keep |= reconciler->read(object, body);
  return keep;
}

void ReconcilerGroup::live_changed(const ObjectKey& key, Time received) {
  const auto found = claims_.find(key);
  if (found == claims_.end()) return;
  const Claimants claimants = found->second;  // whoever is told may let it go
  for (Reconciler* reconciler : claimants) reconciler->live_changed(key, received);
}

void ReconcilerGroup::type_synced(const GroupKind& type) {
  for (Reconciler* reconciler : members_) reconciler->type_synced(type);
}

void ReconcilerGroup::schemas_changed() {
  for (Reconciler* reconciler : members_) reconciler->schemas_changed();
}

void ReconcilerGroup::set_catalog(const std::shared_ptr<const ApiCatalog>& catalog) {
  for (Reconciler* reconciler : members_) reconciler->set_catalog(catalog);
}

void ReconcilerGroup::forget_writes() {
  for (Reconciler* reconciler : members_) reconciler->forget_writes();
}

void ReconcilerGroup::admission_changed(const AdmissionReach& reach) {
  for (Reconciler* reconciler : members_) reconciler->admission_changed(reach);
}

void ReconcilerGroup::admission_known() {
  for (Reconciler* reconciler : members_) reconciler->admission_known();
}

ReconcilerGroup::Time ReconcilerGroup::confirm_turn(Time not_before) {
  last_confirm_ = std::max(not_before, last_confirm_ + kConfirmEvery);
  return last_confirm_;
}

bool ReconcilerGroup::wants(const GroupVersionKind& type) const {
  return std::ranges::any_of(members_, [&](const Reconciler* reconciler) { return reconciler->wants(type); });
}

void ReconcilerGroup::join(Reconciler& reconciler) { members_.push_back(&reconciler); }

void ReconcilerGroup::leave(Reconciler& reconciler) {
  std::erase(members_, &reconciler);
  budget_.forget(reconciler);
  boost::unordered::erase_if(claims_, [&](auto& claim) {
    const auto kept = std::remove(claim.second.begin(), claim.second.end(), &reconciler);
    claim.second.erase(kept, claim.second.end());
    return claim.second.empty();
  });
}

void ReconcilerGroup::claim(const ObjectKey& key, Reconciler& reconciler) {
  Claimants& claimants = claims_[key];
  if (std::ranges::find(claimants, &reconciler) == claimants.end()) claimants.push_back(&reconciler);
}

void ReconcilerGroup::release(const ObjectKey& key, Reconciler& reconciler) {
  const auto found = claims_.find(key);
  if (found == claims_.end()) return;
  const auto kept = std::remove(found->second.begin(), found->second.end(), &reconciler);
  found->second.erase(kept, found->second.end());
  if (found->second.empty()) claims_.erase(found);
}

Reconciler* ReconcilerGroup::other_wanting(const ObjectKey& key, const Reconciler& but) const {
  const auto found = claims_.find(key);
  if (found == claims_.end()) return nullptr;
  for (Reconciler* reconciler : found->second)
    if (reconciler != &but && reconciler->account() == but.account() && reconciler->wants(key)) return reconciler;
  return nullptr;
}

Reconciler* ReconcilerGroup::of_applyset(std::string_view applyset_id) const {
  for (Reconciler* reconciler : members_)
    if (reconciler->applyset_id() == applyset_id) return reconciler;
  return nullptr;
}

void ReconcilerGroup::let_go(const ObjectKey& key, const Reconciler& by) {
  const auto found = claims_.find(key);
  if (found == claims_.end()) return;
  const Claimants claimants = found->second;
  for (Reconciler* reconciler : claimants)
    if (reconciler != &by) reconciler->reconsider(key);
}

}  // namespace holdfast
