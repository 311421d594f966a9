// The API server under virtual time, with everything that listens to it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "holdfast/base/clock.h"
#include "simulator/simulator.h"

namespace holdfast::sim {

// What the servers take, and show; it is in the files of the daemons, too.
struct ServerKeys {
  std::string token = "token", authority = "authority";
};

class SimulatedCluster {
 public:
  explicit SimulatedCluster(std::uint64_t seed);
  ~SimulatedCluster();

  SimulatedAnswer handle(const SimulatedRequest& request);  // then lets controllers act and wakes the watches
  void settle();                                            // lets controllers do what is due by now
  [[nodiscard]] Clock::time_point next_due() const;         // when there is something for settle()
  [[nodiscard]] ObjectStore& store() { return simulator_->store(); }
  [[nodiscard]] const ObjectStore& store() const { return simulator_->store(); }
  [[nodiscard]] const TypeRegistry& types() const { return simulator_->types(); }
  [[nodiscard]] SimulatedTime now() const { return simulator_->now(); }

  // All connections end.
  void restart();
  [[nodiscard]] unsigned restarts() const { return restarts_; }
  [[nodiscard]] ServerKeys& keys() { return keys_; }
  [[nodiscard]] const ServerKeys& keys() const { return keys_; }

  // Called whenever there may be something new, in the order in which they came: that of addresses would not replay.
  std::uint64_t listen(std::function<void()> listener);
  void forget(std::uint64_t listener) { listeners_.erase(listener); }

 private:
  std::unique_ptr<SimulatorClock> clock_;
  std::unique_ptr<Simulator> simulator_;
  std::map<std::uint64_t, std::function<void()>> listeners_;
  std::uint64_t listened_ = 0;
  ServerKeys keys_;
  unsigned restarts_ = 0;
};

}  // namespace holdfast::sim
