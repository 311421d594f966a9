// What the reconcilers of one cluster have in common: who looks after which object, and how much may be under way.
//
// Events go to those that look after the object. Where it moves from one application to another, the two meet here: the
// new one takes it as soon as the old one wants it no longer, and the old one does not prune what the new one wants.
// One thread.
#pragma once

#include <boost/container/small_vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/write_budget.h"
#include "holdfast/model/admission.h"
#include "holdfast/model/api_resource.h"
#include "holdfast/model/object_key.h"
#include "holdfast/ports/live_reader.h"

namespace holdfast {

class Reconciler;

class ReconcilerGroup final : public LiveReader {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::size_t kWritesAtOnce = 8;

  // `later`: see WriteBudget.
  explicit ReconcilerGroup(std::size_t writes_at_once = kWritesAtOnce, WriteBudget::Later later = {})
      : budget_(writes_at_once, std::move(later)) {}
  ReconcilerGroup(const ReconcilerGroup&) = delete;
  ReconcilerGroup& operator=(const ReconcilerGroup&) = delete;

  // What the watches bring, for all of them; see Reconciler.
  bool read(const LiveObject& object, const JsonView& body) override;
  void live_changed(const ObjectKey& key, Time received);
  void type_synced(const GroupKind& type);
  void schemas_changed();
  void set_catalog(const std::shared_ptr<const ApiCatalog>& catalog);
  void forget_writes();
  void admission_changed(const AdmissionReach& reach);
  void admission_known();
  [[nodiscard]] bool wants(const GroupVersionKind& type) const;  // any of them

  // For the reconcilers themselves.
  void join(Reconciler& reconciler);
  void leave(Reconciler& reconciler);
  void claim(const ObjectKey& key, Reconciler& reconciler);
  void release(const ObjectKey& key, Reconciler& reconciler);
  // Another one of its account that wants the object, or that is of this ApplySet; null where there is none. Who acts
  // as another account keeps nobody from pruning: it may want what it has no right to.
  [[nodiscard]] Reconciler* other_wanting(const ObjectKey& key, const Reconciler& but) const;
  [[nodiscard]] Reconciler* of_applyset(std::string_view applyset_id) const;
  // Tells the others that look after the object to judge it again.
  void let_go(const ObjectKey& key, const Reconciler& by);
  WriteBudget& budget() { return budget_; }
  // When the next object may be confirmed of which nothing says that it has drifted: one of all applications at a time.
  static constexpr std::chrono::milliseconds kConfirmEvery{500};
  Time confirm_turn(Time not_before);

 private:
  using Claimants = boost::container::small_vector<Reconciler*, 1>;

  WriteBudget budget_;
  Time last_confirm_{};
  std::vector<Reconciler*> members_;
  boost::unordered_flat_map<ObjectKey, Claimants, ObjectKeyHash> claims_;
};

}  // namespace holdfast
