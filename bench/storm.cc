// Whether a push that concerns thousands of applications at once gets in the way of what is healed meanwhile.
//
//   bench_storm [--kubeconfig FILE] [--applications 2000] [--pairs 20] [--edits 50] [--json FILE]
//                                                                                  needs HOLDFAST_BINARY
//
// The program holds that many applications of one repository, each with a ConfigMap of its own, and one application
// that no commit touches. Pairs of two windows, interleaved: in the first, objects of the last one are edited one after
// the other, and nothing else happens; in the second, the same while a commit changes every other application. Timed is
// the daemon's side alone: from the moment the bytes of the event are handed to it until the bytes of its repair have
// come out (observed_tunnel.h). Told beside it: how long the roll-out took, and how many writes of it were under way at
// most.
#include <CLI/CLI.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "bench/observed_server.h"
#include "bench/repair_eyes.h"
#include "cluster/holdfast_process.h"
#include "cluster/repository.h"
#include "holdfast/model/json.h"

namespace holdfast::bench {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr const char* kWrites[] = {"PATCH /api/v1/namespaces/storm/configmaps/",
                                   "PATCH /api/v1/namespaces/held/configmaps/"};

struct Options {
  int applications = 2'000, pairs = 20, edits = 50;
  std::string kubeconfig, json;
};

std::string storm_name(int i) { return "app-" + std::to_string(i); }

// The repository and the configuration, as their author writes them.
class Author {
 public:
  explicit Author(const Options& options) : options_(options) {
    std::filesystem::create_directories(folder());
    for (int i = 0; i < held_objects(); ++i)
      repository_.write("held/" + held_name(i) + ".json", config_map("held", held_name(i), "blue"));
    for (const char* name : {"storm", "held"})
      repository_.write(std::string("namespaces/") + name + ".json",
                        std::string(R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":")") + name + "\"}}");
    commit_storm();
    std::string documents = application("namespaces", false) + application("held", true);
    for (int i = 0; i < options.applications; ++i) documents += application(storm_name(i), true);
    std::ofstream(config()) << documents;
  }

  // The last one is the warm-up.
  [[nodiscard]] int held_objects() const { return (2 * options_.pairs + 1) * options_.edits; }
  [[nodiscard]] std::string folder() const { return repository_.directory() + ".bench"; }
  [[nodiscard]] std::string config() const { return folder() + "/holdfast.yaml"; }
  [[nodiscard]] std::string cache() const { return repository_.cache(); }

  void commit_storm() {
    ++storms_;
    for (int i = 0; i < options_.applications; ++i)
      repository_.write(storm_name(i) + "/config.json",
                        config_map("storm", storm_name(i), "shade-" + std::to_string(storms_)));
    repository_.commit("Change every application");
  }

 private:
  [[nodiscard]] std::string application(const std::string& path, bool depends) const {
    std::string text = "---\napiVersion: holdfast.dev/v1alpha1\nkind: Application\nmetadata: {name: " + path +
                       "}\nspec:\n  source: {repoURL: " + repository_.directory() + ", path: " + path + "}\n";
    if (depends) text += "  dependsOn: [{name: namespaces}]\n";
    return text;
  }

  Options options_;
  cluster::Repository repository_;
  int storms_ = 0;
};

class Storm {
 public:
  Storm(const Options& options, Author& author, RepairEyes& eyes, ApiServer& api)
      : options_(options), author_(author), eyes_(eyes), editor_(api, eyes) {}

  asio::awaitable<void> measure() {
    eyes_.await_writes(options_.applications + author_.held_objects());
    co_await eyes_.writes_over();           // the first roll-out
    co_await editor_.edit(options_.edits);  // the first repairs of a process are not those that are meant
    for (int pair = 0; pair < options_.pairs; ++pair) {
      const auto quiet = co_await editor_.edit(options_.edits);
      quiet_.insert(quiet_.end(), quiet.begin(), quiet.end());
      eyes_.await_writes(options_.applications);
      const auto began = Clock::now();
      author_.commit_storm();
      const auto stormy = co_await editor_.edit(options_.edits);
      stormy_.insert(stormy_.end(), stormy.begin(), stormy.end());
      if (eyes_.writes_are_over()) ++too_short_;
      co_await eyes_.writes_over();
      roll_outs_s_.push_back(std::chrono::duration<double>(Clock::now() - began).count());
    }
  }

  [[nodiscard]] json::object result() const {
    return {{"repairs", compare_times(quiet_, stormy_)},
            {"roll_out_s", percentile(roll_outs_s_, 0.5)},
            {"writes_under_way_at_most", eyes_.most_under_way()},
            {"windows_that_outlasted_the_storm", too_short_}};
  }

 private:
  Options options_;
  Author& author_;
  RepairEyes& eyes_;
  Editor editor_;
  int too_short_ = 0;
  std::vector<double> quiet_, stormy_, roll_outs_s_;
};

void print(const json::object& result, const Options& options) {
  std::printf("event handed over -> repair sent, ms; %d pairs of %d edits, %d applications\n", options.pairs,
              options.edits, options.applications);
  print_times(result.at("repairs").as_object(), "storm");
  std::printf(
      "a roll-out takes %.2f s (median) with at most %llu writes under way; %llu windows outlasted theirs\n",
      result.at("roll_out_s").to_number<double>(),
      static_cast<unsigned long long>(result.at("writes_under_way_at_most").to_number<std::uint64_t>()),
      static_cast<unsigned long long>(result.at("windows_that_outlasted_the_storm").to_number<std::uint64_t>()));
  if (!options.json.empty()) std::ofstream(options.json) << to_json(result) << "\n";
}

int run(const Options& options) {
  Author author(options);
  ObservedServer server(author.folder(), {std::begin(kWrites), std::end(kWrites)}, options.kubeconfig);
  cluster::HoldfastProcess daemon({"run", "--config", author.config(), "--kubeconfig", server.kubeconfig(),
                                   "--cache-dir", author.cache(), "--log-level", "warning"});
  Storm storm(options, author, server.eyes(), server.api());
  server.run(storm.measure(), [&] { return daemon.output(); });
  print(storm.result(), options);
  return 0;
}

}  // namespace
}  // namespace holdfast::bench

int main(int argc, char** argv) {
  CLI::App app{"repairs while a push rolls out to thousands of applications"};
  holdfast::bench::Options options;
  app.add_option("--kubeconfig", options.kubeconfig, "of a real API server (default: a simulator)");
  app.add_option("--applications", options.applications)->check(CLI::Range(1, 10'000));
  app.add_option("--pairs", options.pairs)->check(CLI::Range(1, 1'000));
  app.add_option("--edits", options.edits)->check(CLI::Range(1, 10'000));
  app.add_option("--json", options.json);
  CLI11_PARSE(app, argc, argv);
  try {
    return holdfast::bench::run(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_storm: %s\n", error.what());
    return 1;
  }
}
