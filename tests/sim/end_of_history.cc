#include "sim/end_of_history.h"

namespace holdfast::sim {

using namespace std::chrono_literals;

std::string end_of(World& world) {
  world.set_faults(false);
  world.run_for(20min);  // longer than the longest wait between retries, and than a silent watch is believed
  std::string wrong = world.differences() + world.wrong_deletions() + world.excesses();
  const std::size_t writes = world.writes(), requests = world.requests();
  world.run_for(1h);
  if (world.writes() != writes) wrong += std::to_string(world.writes() - writes) + " writes when nothing was wrong\n";
  if (world.requests() - requests > world.idle_requests(1h))
    wrong += std::to_string(world.requests() - requests) + " requests when nothing happened\n";
  return wrong.empty() ? wrong : wrong + world.diary();
}

}  // namespace holdfast::sim
