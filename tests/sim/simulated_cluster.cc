#include "sim/simulated_cluster.h"

#include <algorithm>

namespace holdfast::sim {
namespace {

using namespace std::chrono_literals;

constexpr SimulatedTime kStart{1'700'000'000'000ms};

class VirtualSimulatorClock final : public SimulatorClock {
 public:
  [[nodiscard]] SimulatedTime now() const override {
    return kStart + std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now().time_since_epoch());
  }
};

}  // namespace

SimulatedCluster::SimulatedCluster(std::uint64_t seed)
    : clock_(std::make_unique<VirtualSimulatorClock>()), simulator_(std::make_unique<Simulator>(*clock_, seed)) {}

SimulatedCluster::~SimulatedCluster() = default;

SimulatedAnswer SimulatedCluster::handle(const SimulatedRequest& request) {
  SimulatedAnswer answer = simulator_->handle(request);
  settle();
  return answer;
}

void SimulatedCluster::settle() {
  simulator_->settle();
  for (const auto& [number, listener] : listeners_) listener();
}

void SimulatedCluster::restart() {
  ++restarts_;
  settle();
}

std::uint64_t SimulatedCluster::listen(std::function<void()> listener) {
  listeners_.emplace(++listened_, std::move(listener));
  return listened_;
}

Clock::time_point SimulatedCluster::next_due() const {
  const auto wait = simulator_->next_due() - simulator_->now();
  return wait > 24h ? Clock::time_point::max() : Clock::now() + std::max<std::chrono::milliseconds>(wait, 1ms);
}

}  // namespace holdfast::sim
