// What it costs to follow a watch: CPU seconds for a million MODIFIED events of Deployments (3.3 KB, three managers,
// status churn) and bytes of memory for each of the objects held, for us and beside us.
//
//   bench_watch --clientgo FOLDER [--objects 50000] [--events 500000] [--only NAME]... [--json]
//
// FOLDER has the programs `replay` and `informer` of bench/clientgo. One replay server serves all contenders, one after
// another, over TLS. Each contender is a process of its own that tells the time its own process has used (getrusage)
// from the first event to the last, and the growth of its resident set from before the list until all of it is held and
// freed memory has been given back. The server's time counts nowhere. client-go is given fewer events, since it needs
// more time for each.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include "bench/watch_contender.h"
#include "holdfast/base/process.h"
#include "holdfast/model/json.h"

namespace holdfast::bench {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

struct Options {
  std::string clientgo;
  std::vector<std::string> only;
  bool json = false;
  std::string contender;  // this process is one
  ContenderOptions of_contender;
};

struct Contender {
  const char* name;
  std::size_t fewer_events;  // divides --events
};
constexpr std::array kContenders = {Contender{"bare reader", 1}, Contender{"holdfast", 1},
                                    Contender{"client-go typed", 2}, Contender{"client-go dynamic", 10}};

[[noreturn]] void give_up(const std::string& why) { throw std::runtime_error(why); }

std::string own_program() { return fs::read_symlink("/proc/self/exe").string(); }

struct ScratchFolder {
  ScratchFolder() { fs::create_directory(path); }
  ~ScratchFolder() { fs::remove_all(path); }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  fs::path path = fs::temp_directory_path() / ("holdfast-bench." + std::to_string(getpid()));
};

// Runs beside us until it goes out of scope.
class ReplayServer {
 public:
  ReplayServer(const Options& options, const fs::path& kubeconfig) {
    ProcessSpec spec;
    spec.argv = {options.clientgo + "/replay", "--kubeconfig", kubeconfig.string(), "--objects",
                 std::to_string(options.of_contender.objects)};
    spec.deadline = 2h;
    runner_ = std::jthread([this, spec](const std::stop_token& stop) mutable {
      spec.stop = stop;
      const Result<ProcessOutput> ran = run_program(spec);
      if (!stop.stop_requested())
        std::fprintf(stderr, "bench_watch: the replay server ended: %s\n",
                     (ran ? ran->err : describe(ran.error())).c_str());
      ended_ = true;
    });
    for (int i = 0; !fs::exists(kubeconfig); ++i) {
      if (i == 600 || ended_) give_up("the replay server does not listen");
      std::this_thread::sleep_for(100ms);
    }
  }

 private:
  std::atomic<bool> ended_ = false;
  std::jthread runner_;
};

json::value run_contender(const Contender& contender, const Options& options, const fs::path& kubeconfig) {
  const std::string name = contender.name;
  const bool of_go = name.starts_with("client-go ");
  ProcessSpec spec;
  if (of_go)
    spec.argv = {options.clientgo + "/informer", "--kind", name.substr(name.find(' ') + 1)};
  else
    spec.argv = {own_program(), "--contender", name};
  const std::size_t events = options.of_contender.events / contender.fewer_events;
  for (const std::string& word :
       {std::string("--kubeconfig"), kubeconfig.string(), std::string("--objects"),
        std::to_string(options.of_contender.objects), std::string("--events"), std::to_string(events)})
    spec.argv.push_back(word);
  spec.deadline = 30min;
  const Result<ProcessOutput> ran = run_program(spec);
  if (!ran) give_up(name + ": " + describe(ran.error()));
  if (ran->exit_status != 0) give_up(name + ": " + ran->err);
  Result<json::value> figures = parse_json(ran->out);
  if (!figures) give_up(name + " says no figures: " + ran->out);
  return *figures;
}

void print(const json::value& figures, bool as_json) {
  if (as_json) {
    std::printf("%s\n", to_json(figures).c_str());
  } else {
    const auto number = [&](const char* of) { return figures.at(of).to_number<double>(); };
    std::printf("%-18s %10.0f %18.2f %16.0f\n", std::string(string_at(figures, {"name"})).c_str(), number("events"),
                number("cpu_s_per_million"), number("bytes_per_object"));
  }
  std::fflush(stdout);
}

int run_as_contender(const Options& options) {
  const Figures figures =
      options.contender == "holdfast" ? run_holdfast(options.of_contender) : run_bare_reader(options.of_contender);
  print(json::object{{"name", options.contender},
                     {"events", options.of_contender.events},
                     {"cpu_s_per_million", figures.cpu_s_per_million},
                     {"bytes_per_object", figures.bytes_per_object}},
        true);
  return 0;
}

int run(const Options& options) {
  if (!options.contender.empty()) return run_as_contender(options);
  const ScratchFolder scratch;
  const fs::path& folder = scratch.path;
  const auto wanted = [&](const char* name) {
    return options.only.empty() || std::ranges::find(options.only, name) != options.only.end();
  };
  const ReplayServer server(options, folder / "kubeconfig");
  if (!options.json) std::printf("%-18s %10s %18s %16s\n", "", "events", "CPU-s per million", "bytes per object");
  for (const Contender& contender : kContenders)
    if (wanted(contender.name)) print(run_contender(contender, options, folder / "kubeconfig"), options.json);
  return 0;
}

}  // namespace
}  // namespace holdfast::bench

int main(int argc, char** argv) {
  CLI::App app{"what it costs to follow a watch, beside client-go and a bare reader"};
  holdfast::bench::Options options;
  options.of_contender = {"", 50'000, 500'000};
  app.add_option("--clientgo", options.clientgo);
  app.add_option("--objects", options.of_contender.objects)->check(CLI::Range(1, 999'999));
  app.add_option("--events", options.of_contender.events)->check(CLI::Range(1000, 100'000'000));
  app.add_option("--only", options.only, "a contender's name; may be repeated");
  app.add_flag("--json", options.json, "one object for each contender");
  app.add_option("--contender", options.contender)->group("");
  app.add_option("--kubeconfig", options.of_contender.kubeconfig)->group("");
  CLI11_PARSE(app, argc, argv);
  try {
    if (options.contender.empty()) options.clientgo = std::filesystem::canonical(options.clientgo).string();
    return holdfast::bench::run(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_watch: %s\n", error.what());
    return 1;
  }
}
