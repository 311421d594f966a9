// A daemon that is left alone for a long time with everything that can go wrong: does it hold the cluster, and does it
// hold what it uses? Run by ./dev soak; the tests run some seconds of it.
//
//   soak [--minutes N] [--seed S]      random faults
//   soak --reconnects N [--seed S]     connections cut as fast as the daemon makes new ones
//
// Ends with 0 where the cluster was as Git says at every quiet moment, descriptors and (but for random faults of less
// than three minutes) memory stayed within the bounds of table_of_usage.h, and no sanitizer reported anything in the
// daemon or the simulator. Needs HOLDFAST_BINARY.
#include <spdlog/fmt/fmt.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <random>
#include <thread>

#include "cluster/eventually.h"
#include "soak/fault_maker.h"
#include "soak/soak_world.h"
#include "soak/table_of_usage.h"

namespace holdfast::soak {
namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;

// The daemon may just have begun to wait as long as it ever does for a watch: 30 s, drawn up to twice that (correctness
// A10), and then has everything to put right.
constexpr seconds kPatience{150};
constexpr seconds kLongestRound{90};
constexpr std::size_t kRowsOfReconnects = 20;
constexpr std::size_t kNewsBytes = 16 * 1024;  // much beside all that comes with a connection
constexpr int kRoundsAtLeast = 3;
// Until all kinds of faults, and several of them at once, were met; what they need at most is kept by the allocator.
constexpr seconds kWarmUpAtLeast{60};

struct Options {
  seconds duration{900};  // of faults; waiting for the daemon comes on top
  std::size_t reconnects = 0;
  std::size_t most_growth_kib = 2'048;
  std::uint64_t seed = 0;
};

std::string not_as_git_says(SoakWorld& world, const std::string& difference) {
  return "the cluster is not as Git says: " + difference + "\nThe daemon said last:\n" + world.last_lines();
}

// Rounds of faults, each with a quiet moment at its end. Returns what was wrong.
std::string run_faults(SoakWorld& world, const Options& options) {
  Chance chance(options.seed);
  FaultMaker faults(world, chance);
  TableOfUsage table(options.most_growth_kib);
  if (options.duration / kRoundsAtLeast < kWarmUpAtLeast) table.judge_no_memory();
  const auto round = std::min<std::chrono::milliseconds>(kLongestRound, options.duration / kRoundsAtLeast);
  auto slowest = 0ms;
  std::string problem;
  for (auto done = 0ms; problem.empty() && done < options.duration;) {
    faults.act_for(round);
    done += round;
    const auto quiet_since = std::chrono::steady_clock::now();
    const std::string difference = world.wait_as_git_says(kPatience);
    if (!difference.empty()) return not_as_git_says(world, difference);
    const auto waited = std::chrono::steady_clock::now() - quiet_since;
    slowest = std::max(slowest, std::chrono::duration_cast<std::chrono::milliseconds>(waited));
    const bool warming_up = done <= options.duration / kRoundsAtLeast;
    problem = table.add(world.proxy().connections_made(), world.daemon_usage(), warming_up);
  }
  table.print_summary();
  fmt::print("{}; put back {}, created again {}; as Git says at most {} ms after the faults\n", faults.counts(),
             world.count_lines(" put back "), world.count_lines(" again"), slowest.count());
  return problem;
}

// One turn: each watch has news, so that the daemon, which waits after a connection that brought none, opens the next
// one at once; then all connections end. The news is none of the daemon's business: to put the same objects back so
// often would be a fight (correctness C13).
std::string reconnect(SoakWorld& world, std::size_t turn) {
  const auto& objects = world.objects();
  const std::string news(kNewsBytes, static_cast<char>('a' + turn % 26));
  const std::size_t before = world.proxy().bytes_from_server();
  // The last of each kind: before it opens a watch, the daemon asks for the first.
  for (std::size_t kind = 1; kind <= held_kinds().size(); ++kind)
    static_cast<void>(world.annotate(objects[kind * kObjectsOfAKind - 1], news));
  const std::size_t expected = before + held_kinds().size() * kNewsBytes;
  const bool seen = cluster::eventually([&] { return world.proxy().bytes_from_server() >= expected; }, kPatience);
  if (!seen) return not_as_git_says(world, "the daemon does not ask for news");
  world.proxy().cut();
  return {};
}

// That it still does its work: an edit is put back, of another object each time.
std::string repair(SoakWorld& world, std::size_t time) {
  const HeldObject& object = world.objects()[time % world.objects().size()];
  static_cast<void>(world.edit(object, value_of(1'000 + time)));
  if (cluster::eventually([&] { return world.is_as_git_says(object); }, kPatience)) return {};
  return not_as_git_says(world, object.target() + " was not put back");
}

std::string run_reconnects(SoakWorld& world, const Options& options) {
  TableOfUsage table(options.most_growth_kib);
  const std::size_t wanted = options.reconnects;
  const std::size_t each = std::max<std::size_t>(wanted / kRowsOfReconnects, 1);
  std::string problem;
  std::size_t turn = 0;
  std::size_t next_row = each;
  for (; problem.empty() && world.proxy().connections_made() < wanted; ++turn) {
    problem = reconnect(world, turn);
    if (world.proxy().connections_made() < next_row || !problem.empty()) continue;
    if (problem = repair(world, turn); !problem.empty()) continue;
    problem = table.add(world.proxy().connections_made(), world.daemon_usage(), next_row <= 2 * each);
    next_row += each;
  }
  if (!problem.empty()) return problem;
  if (const std::string difference = world.wait_as_git_says(kPatience); !difference.empty())
    return not_as_git_says(world, difference);
  problem = table.add(world.proxy().connections_made(), world.daemon_usage(), false);
  table.print_summary();
  fmt::print("{} connections made, all that there were cut {} times\n", world.proxy().connections_made(), turn);
  return problem;
}

// What a sanitizer had to say is in end(), so nothing may pass by that.
std::string run(SoakWorld& world, const Options& options) {
  try {
    return options.reconnects > 0 ? run_reconnects(world, options) : run_faults(world, options);
  } catch (const std::exception& failure) {
    return failure.what();
  }
}

int soak(const Options& options) {
  SoakWorld world(options.seed);
  std::string problems = run(world, options);
  if (!problems.empty()) problems += '\n';
  problems += world.end();
  if (problems.empty()) {
    fmt::print("soak: held\n");
    return 0;
  }
  fmt::print("{}\nsoak: failed (seed {})\n", problems, options.seed);
  return 1;
}

}  // namespace
}  // namespace holdfast::soak

int main(int argc, char** argv) {
  CLI::App app{"Leaves a daemon alone with a cluster where everything goes wrong."};
  holdfast::soak::Options options;
  options.seed = std::random_device{}();
  double minutes = 15;
  app.add_option("--minutes", minutes, "how long there are faults; a fraction is fine")
      ->check(CLI::Range(0.1, 10'000.0))
      ->capture_default_str();
  app.add_option("--reconnects", options.reconnects, "instead: so many connections, cut as fast as they are made");
  app.add_option("--most-growth-kib", options.most_growth_kib, "by how much the daemon's own memory may grow")
      ->capture_default_str();
  app.add_option("--seed", options.seed, "of the faults (default: a fresh one)");
  CLI11_PARSE(app, argc, argv);
  options.duration = std::chrono::seconds(static_cast<long>(minutes * 60));
  fmt::print("seed {}\n", options.seed);
  std::fflush(stdout);
  try {
    return holdfast::soak::soak(options);
  } catch (const std::exception& failure) {
    fmt::print("soak: failed (seed {}): {}\n", options.seed, failure.what());
    return 1;
  }
}
