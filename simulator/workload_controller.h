// Lets workloads become ready: the status of Deployments, StatefulSets, DaemonSets, ReplicaSets, Jobs and Pods follows
// their specification after a while. No ReplicaSets or Pods are made for them.
//
// An object with the annotation simulator.holdfast.dev/fail fails instead, with the annotation's value as the message.
#pragma once

#include <map>
#include <string>
#include <tuple>

#include "simulator/controller.h"
#include "simulator/object_writer.h"

namespace holdfast {

class WorkloadController final : public SimulatedController {
 public:
  static constexpr std::chrono::milliseconds kObserved{20};  // until the status says that the change was seen
  static constexpr std::chrono::milliseconds kReady{800};    // until everything of it runs

  WorkloadController(ObjectStore& store, const TypeRegistry& types, ObjectWriter& writer)
      : store_(store), types_(types), writer_(writer) {}
  void observe(const StoreChange& change, SimulatedTime now) override;
  void step(SimulatedTime now) override;
  [[nodiscard]] SimulatedTime next_due() const override;

 private:
  using Place = std::tuple<std::string, std::string, std::string>;  // type, namespace, name
  struct Due {
    SimulatedTime when;
    bool ready = false;  // the second step
  };
  void write_status(const Place& place, bool ready, SimulatedTime now);

  ObjectStore& store_;
  const TypeRegistry& types_;
  ObjectWriter& writer_;
  std::map<Place, Due> due_;
};

}  // namespace holdfast
