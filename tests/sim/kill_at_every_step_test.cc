// kill -9 at every step of an apply and prune of 200 objects: the next daemon brings about what Git says, unaided, and
// nothing was deleted that Git has or that is not ours. `./dev sim --kills 1000` has the steps all at once.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "sim/mortal_world.h"

namespace holdfast::sim {
namespace {

using namespace std::chrono_literals;
using Step = MortalWorld::Step;

constexpr std::size_t kKillsInOneWorld = 24;
constexpr std::size_t kInstalling = 200;
constexpr std::size_t kEverything = 1'000;  // a limit that lets all go
constexpr std::array kSteps{Step::Sent, Step::Served, Step::Answered};

std::size_t from_environment(const char* name, std::size_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// How many requests one roll-out has, from the push to rest: those steps are to be killed at.
std::size_t requests_of_a_roll_out() {
  MortalWorld world(1, kEverything);
  world.start();
  EXPECT_TRUE(world.come_to_rest()) << world.diary();
  EXPECT_EQ(world.differences(), "") << world.diary();
  const std::size_t before = world.requests();
  world.commit();
  EXPECT_TRUE(world.come_to_rest()) << world.diary();
  EXPECT_EQ(world.differences(), "") << world.diary();
  EXPECT_EQ(world.deletions(), LargeSet::kRemoved + LargeSet::kHooks + 2) << "and the one that passes, of both commits";
  return world.requests() - before;
}

// Kills of one history; what Git has and had already keeps its uid through all of them.
class Kills {
 public:
  // Where the guard holds, all that it counts has to be there first.
  Kills(std::uint64_t seed, bool guard_holds) : random_(seed ^ 0x4b1115), world_(seed, guard_holds ? 0 : kEverything) {
    if (!guard_holds) return;
    world_.start();
    EXPECT_TRUE(world_.come_to_rest());
  }

  // One roll-out with a kill at its `request`, then up to three more kills of whoever takes over. How many there were.
  std::size_t once(std::size_t request, Step step) {
    if (world_.lives()) {
      commit();
    } else {  // from nothing, which takes more steps
      world_.start();
      request += random_.below(kInstalling);
    }
    std::size_t kills = 0;
    if (world_.kill_at(request, step)) ++kills;
    while (kills != 0 && !world_.lives()) {
      if (random_.below(5) == 0) commit();  // while nobody looks
      world_.start();
      if (random_.below(3) == 0 && world_.kill_at(1 + random_.below(200), kSteps.at(random_.below(kSteps.size()))))
        ++kills;
    }
    return kills;
  }

  // Empty: all is well.
  std::string at_rest() {
    std::string wrong = world_.come_to_rest() ? "" : "it does not come to rest\n";
    wrong += world_.differences() + world_.wrongs();
    std::map<ObjectKey, std::string> now = world_.uids();
    for (const auto& [key, uid] : kept_)
      if (const auto found = now.find(key); found != now.end() && found->second != uid)
        wrong += to_string(key) + " is another object than before\n";
    kept_ = std::move(now);
    if (!wrong.empty()) return wrong + world_.diary();
    world_.forget_diary();
    return {};
  }

 private:
  void commit() {
    world_.commit();
    std::erase_if(kept_, [this](const auto& entry) { return !world_.git().objects().contains(entry.first); });
  }

  SeededRandom random_;
  MortalWorld world_;
  std::map<ObjectKey, std::string> kept_;  // uids of what each commit has had since
};

// `number` of `kills` steps spread over all of them.
void kill_everywhere(std::size_t kills, std::uint64_t first_seed) {
  const std::size_t steps = requests_of_a_roll_out() * kSteps.size();
  std::size_t done = 0, primary = 0, roll_outs = 0;
  for (std::uint64_t seed = first_seed; done < kills; ++seed) {
    Kills history(seed, seed % 4 == 0);
    for (std::size_t here = 0; here < kKillsInOneWorld && done < kills; ++roll_outs) {
      const std::size_t step = primary++ * steps / kills % steps;
      const std::size_t killed = history.once(1 + step / kSteps.size(), kSteps.at(step % kSteps.size()));
      done += killed;
      here += std::max<std::size_t>(killed, 1);
      const std::string wrong = history.at_rest();
      ASSERT_EQ(wrong, "") << "replay: ./dev sim --kills " << kills << " --first " << first_seed << "; seed " << seed
                           << ", step " << step << " of " << steps;
    }
  }
  std::cout << done << " kills in " << roll_outs << " roll-outs of " << LargeSet::kObjects << " objects, at " << steps
            << " different steps\n";
}

TEST(KillAtEveryStep, converges_unaided_and_deletes_nothing_wrongly) {
  kill_everywhere(from_environment("HOLDFAST_SIM_KILLS", 60), from_environment("HOLDFAST_SIM_FIRST", 1));
}

// Incidents are those of docs/asks.md.
TEST(IncidentOfCrashes, number_8_crash_mid_operation_wedges) { kill_everywhere(30, 8'000); }

}  // namespace
}  // namespace holdfast::sim
