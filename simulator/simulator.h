// A whole simulated cluster without I/O: store, types, request handling and controllers, driven by a clock and a seed.
//
// One thread. The same seed, the same requests at the same times: the same history, byte for byte. After each request
// and whenever next_due() has come, the owner calls settle().
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "simulator/api_handler.h"
#include "simulator/controller.h"

namespace holdfast {

// A kube-apiserver alone serves custom types; what becomes of workloads, owners and namespaces is other programs' work.
enum class SimulatedControllers { All, OfTheApiServer };

class Simulator {
 public:
  Simulator(const SimulatorClock& clock, std::uint64_t seed,
            SimulatedControllers controllers = SimulatedControllers::All);
  Simulator(const Simulator&) = delete;
  Simulator& operator=(const Simulator&) = delete;

  // A request whose write has its event sent before its response, or after it: the coin is the seed's.
  SimulatedAnswer handle(const SimulatedRequest& request) { return handler_.handle(request); }
  [[nodiscard]] bool event_comes_first() { return random_.coin(); }

  // Lets the controllers do what is due.
  void settle();
  [[nodiscard]] SimulatedTime next_due() const;

  [[nodiscard]] ObjectStore& store() { return store_; }
  [[nodiscard]] const TypeRegistry& types() const { return types_; }
  [[nodiscard]] SimulatedTime now() const { return clock_.now(); }

 private:
  void create_first_objects();

  const SimulatorClock& clock_;
  SeededRandom random_;
  TypeRegistry types_;
  ObjectStore store_;
  ApiHandler handler_;
  std::vector<std::unique_ptr<SimulatedController>> controllers_;
  Revision observed_ = 0;
};

}  // namespace holdfast
