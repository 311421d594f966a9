// Seeded histories: people, faults and kills in any order; afterwards the cluster is what Git says, nothing was deleted
// wrongly, and nothing more is written.
#include <gtest/gtest.h>

#include <spdlog/spdlog.h>

#include <cstdlib>
#include <iostream>
#include <random>

#include "holdfast/base/log.h"
#include "sim/world.h"

namespace holdfast::sim {
namespace {

using namespace std::chrono_literals;

// What the daemon says is in the diary; thousands of lives would drown the test's own words.
class Silence final : public testing::Environment {
  void SetUp() override {
    if (std::getenv("HOLDFAST_SIM_LOG") == nullptr)
      spdlog::set_level(spdlog::level::off);
    else
      start_logging(LogFormat::Text, LogLevel::Debug);
  }
};
const auto* const kSilence = testing::AddGlobalTestEnvironment(new Silence);

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// What is wrong after the history of one seed; empty: nothing.
std::string run_history(std::uint64_t seed) {
  World world(seed);
  SeededRandom random(seed ^ 0x5eed);
  world.set_faults(true);
  const std::uint64_t disturbances = 10 + random.below(30);
  for (std::uint64_t i = 0; i < disturbances; ++i) {
    world.disturb();
    world.run_for(std::chrono::milliseconds(random.below(2) == 0 ? random.below(50) : random.below(20'000)));
  }
  world.set_faults(false);
  world.recover_source();
  world.run_for(20min);  // longer than the longest wait between retries, and than a silent watch is believed
  std::string wrong = world.differences() + world.wrong_deletions();
  const std::size_t writes = world.writes();
  world.run_for(30min);
  if (world.writes() != writes) wrong += std::to_string(world.writes() - writes) + " writes when nothing was wrong\n";
  return wrong.empty() ? wrong : wrong + world.diary();
}

TEST(History, a_quiet_world_is_brought_up_once_and_left_alone) {
  World world(1);
  world.run_for(1min);
  EXPECT_EQ(world.differences(), "") << world.diary();
  const std::size_t writes = world.writes();
  world.run_for(2h);
  EXPECT_EQ(world.writes(), writes) << world.diary();
}

void expect_seed(std::uint64_t seed) {
  const std::string wrong = run_history(seed);
  ASSERT_EQ(wrong, "") << "replay: ./dev sim --first " << seed << " --seeds 1";
}

TEST(History, seeds_end_as_git_says) {
  const std::uint64_t first = from_environment("HOLDFAST_SIM_FIRST", 1);
  const std::uint64_t count = from_environment("HOLDFAST_SIM_SEEDS", 50);
  for (std::uint64_t seed = first; seed < first + count; ++seed) ASSERT_NO_FATAL_FAILURE(expect_seed(seed));
}

TEST(History, fresh_seeds_end_as_git_says) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(from_environment("HOLDFAST_SIM_SECONDS", 2));
  std::random_device entropy;
  std::uint64_t histories = 0;
  for (; std::chrono::steady_clock::now() < end; ++histories) ASSERT_NO_FATAL_FAILURE(expect_seed(entropy()));
  std::cout << histories << " fresh seeds\n";
}

TEST(History, a_seed_replays_exactly) {
  const auto diary_of = [](std::uint64_t seed) {
    World world(seed);
    world.set_faults(true);
    for (int i = 0; i < 20; ++i) {
      world.disturb();
      world.run_for(3s);
    }
    return world.diary();
  };
  EXPECT_EQ(diary_of(7), diary_of(7));
}

}  // namespace
}  // namespace holdfast::sim
