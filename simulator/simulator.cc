#include "simulator/simulator.h"

#include <algorithm>

#include "simulator/custom_type_controller.h"
#include "simulator/garbage_collector.h"
#include "simulator/namespace_controller.h"
#include "simulator/workload_controller.h"

namespace holdfast {
namespace {

// Controllers answer one another's writes; a cycle among them is a bug, and must not hang the program.
constexpr int kMaxRounds = 1'000;

}  // namespace

Simulator::Simulator(const SimulatorClock& clock, std::uint64_t seed, SimulatedControllers controllers)
    : clock_(clock), random_(seed), handler_(store_, types_, clock, random_) {
  controllers_.push_back(std::make_unique<CustomTypeController>(store_, types_));
  if (controllers == SimulatedControllers::All) {
    controllers_.push_back(std::make_unique<NamespaceController>(store_, types_, handler_.writer()));
    controllers_.push_back(std::make_unique<GarbageCollector>(store_, types_, handler_.writer()));
    controllers_.push_back(std::make_unique<WorkloadController>(store_, types_, handler_.writer()));
  }
  create_first_objects();
}

void Simulator::create_first_objects() {
  const WriteOptions options{"kube-apiserver", "Ignore", "", false, false};
  const ResourceTypePtr type = types_.find("", "v1", "namespaces");
  for (const char* name : {"default", "kube-node-lease", "kube-public", "kube-system"})
    static_cast<void>(handler_.writer().create(
        *type, "", {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name}}}}, options));
  settle();
}

void Simulator::settle() {
  for (int round = 0; round < kMaxRounds; ++round) {
    const SimulatedTime now = clock_.now();
    const std::vector<StoreChange> changes = store_.all_changes_since(observed_);
    observed_ = store_.revision();
    for (const StoreChange& change : changes)
      for (const auto& controller : controllers_) controller->observe(change, now);
    for (const auto& controller : controllers_)
      if (controller->next_due() <= now) controller->step(now);
    if (!store_.changed_since(observed_)) return;
  }
}

SimulatedTime Simulator::next_due() const {
  SimulatedTime due = SimulatedController::kNever;
  for (const auto& controller : controllers_) due = std::min(due, controller->next_due());
  return due;
}

}  // namespace holdfast
