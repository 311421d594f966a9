// What ten thousand Application objects cost one daemon, and whether a misconfigured one is felt by the others.
//
//   bench_applications [--applications 10000] [--pairs 20] [--edits 50] [--json FILE]       needs HOLDFAST_BINARY
//
// The simulator has that many Applications of one repository, each with a ConfigMap of its own, and one with the
// objects that are edited (repair_eyes.h). Told are: how long it takes until all are Ready, at first and after a
// restart, with the CPU time and memory of the daemon; what an event costs that is none of its business, and one that
// it repairs; and the times of repairs in pairs of windows, interleaved, without and with an Application whose objects
// the server refuses and another one whose path does not exist.
#include <unistd.h>
#include <csignal>

#include <CLI/CLI.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>

#include "app/own_definitions.h"
#include "bench/observed_server.h"
#include "bench/repair_eyes.h"
#include "cluster/git_server.h"
#include "cluster/holdfast_process.h"
#include "cluster/repository.h"
#include "holdfast/model/api_resource.h"
#include "soak/usage.h"

namespace holdfast::bench {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr const char* kApplications = "/apis/holdfast.dev/v1alpha1/namespaces/apps/applications";
constexpr const char* kFirstWrites[] = {"PATCH /api/v1/namespaces/many/configmaps/",
                                        "PATCH /api/v1/namespaces/held/configmaps/"};
constexpr int kForeignEvents = 2'000;
constexpr auto kPatience = 600s;

struct Options {
  int applications = 10'000, pairs = 20, edits = 50;
  std::string json;
  [[nodiscard]] int held_objects() const { return (2 * pairs + 2) * edits; }
};

[[noreturn]] void give_up(const std::string& why) { throw std::runtime_error(why); }

std::string name_of(int number) { return "app-" + std::to_string(number); }

// User and system time so far.
double cpu_seconds(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(file, text);
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

// The cluster as an administrator has it.
class Cluster {
 public:
  Cluster(asio::io_context& io, ApiServer& api, std::string url) : timer_(io), api_(api), url_(std::move(url)) {}

  asio::awaitable<void> until_served() {
    for (int tries = 0; tries < 500; ++tries) {
      ApiRequest request;
      request.target = kApplications;
      const Result<ApiResponse> response = co_await api_.send(std::move(request));
      if (response && response->status == 200) co_return;
      co_await pause(20ms);
    }
    give_up("Applications are not served");
  }

  asio::awaitable<json::value> ask(Method method, std::string target, std::string body = {},
                                   std::string type = "application/json") {
    ApiRequest request;
    request.method = method;
    request.target = std::move(target);
    request.body = std::move(body);
    if (!request.body.empty()) request.content_type = std::move(type);
    Result<ApiResponse> response = co_await api_.send(std::move(request));
    if (!response) give_up(describe(response.error()));
    if (response->status >= 300) give_up(response->body);
    co_return *parse_json(response->body);
  }

  asio::awaitable<void> define() {
    for (const json::value& definition : own_definitions())
      co_await ask(Method::Post, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", to_json(definition));
    for (const char* name : {"apps", "many", "held"})
      co_await ask(Method::Post, "/api/v1/namespaces",
                   R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":")" + std::string(name) + "\"}}");
    co_await until_served();
  }

  asio::awaitable<void> add(std::string name, std::string path) {
    const json::object document{
        {"apiVersion", "holdfast.dev/v1alpha1"},
        {"kind", "Application"},
        {"metadata", {{"name", name}, {"namespace", "apps"}}},
        {"spec", {{"source", {{"repoURL", url_}, {"path", path}}}, {"deletionPolicy", "Orphan"}}}};
    co_await ask(Method::Post, kApplications, to_json(document));
  }

  asio::awaitable<void> remove(std::string name) {
    co_await ask(Method::Delete, std::string(kApplications) + "/" + name);
  }

  asio::awaitable<void> pause(std::chrono::milliseconds time) {
    timer_.expires_after(time);
    co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
  }

  // Whether as many as `wanted` say that they are Ready.
  asio::awaitable<bool> ready(int wanted) {
    const json::value list = co_await ask(Method::Get, kApplications);
    int count = 0;
    for (const json::value& item : list.at("items").as_array()) {
      const json::value* conditions = find(item.as_object(), {"status", "conditions"});
      if (conditions == nullptr) continue;
      for (const json::value& condition : conditions->as_array())
        if (condition.at("type") == "Ready" && condition.at("status") == "True") ++count;
    }
    co_return count >= wanted;
  }

 private:
  asio::steady_timer timer_;
  ApiServer& api_;
  std::string url_;
};

class Bench {
 public:
  Bench(const Options& options, ObservedServer& simulator, const cluster::Repository& repository, std::string url)
      : options_(options),
        eyes_(simulator.eyes()),
        editor_(simulator.api(), eyes_),
        cluster_(simulator.io(), simulator.api(), std::move(url)),
        tunnel_(simulator.kubeconfig()),
        repository_(repository) {}

  asio::awaitable<void> measure() {
    co_await cluster_.define();
    for (int i = 0; i < options_.applications; ++i) co_await cluster_.add(name_of(i), name_of(i));
    co_await cluster_.add("held", "held");
    eyes_.await_writes(options_.applications + options_.held_objects());
    result_["first_start"] = co_await begin();
    co_await editor_.edit(options_.edits);  // the first repairs of a process are not those that are meant
    daemon_->signal(SIGTERM);
    while (daemon_->running()) co_await cluster_.pause(20ms);  // the tunnel lives on this thread
    const std::size_t writes = eyes_.answers();
    result_["restart"] = co_await begin();
    result_["writes_of_the_restart"] = eyes_.answers() - writes;
    co_await measure_events();
    co_await measure_pairs();
  }

  [[nodiscard]] const json::object& result() const { return result_; }
  [[nodiscard]] std::string output() const { return daemon_ ? daemon_->output() : std::string(); }

 private:
  // Started, until all are Ready and nothing goes on any more. At a restart they say so from before.
  asio::awaitable<json::object> begin() {
    const auto began = Clock::now();
    daemon_.emplace(std::vector<std::string>{"run", "--kubeconfig", tunnel_, "--cache-dir", repository_.cache(),
                                             "--log-level", "warning"});
    co_await eyes_.writes_over();
    while (!co_await cluster_.ready(options_.applications + 1)) co_await cluster_.pause(500ms);
    double cpu = cpu_seconds(daemon_->pid()), before = -1;
    auto quiet_since = Clock::now();
    while (Clock::now() - quiet_since < 2s) {
      co_await cluster_.pause(200ms);
      before = std::exchange(cpu, cpu_seconds(daemon_->pid()));
      if (cpu - before > 0.01) quiet_since = Clock::now();
      if (Clock::now() - began > kPatience) give_up("it does not come to rest");
    }
    const soak::Usage usage = soak::usage_of(daemon_->pid());
    co_return json::object{{"seconds", std::chrono::duration<double>(quiet_since - began).count()},
                           {"cpu_s", cpu},
                           {"pss_mib", static_cast<double>(usage.pss_kib) / 1024},
                           {"own_mib", static_cast<double>(usage.own_kib) / 1024}};
  }

  asio::awaitable<void> measure_events() {
    double before = cpu_seconds(daemon_->pid());
    for (int i = 0; i < kForeignEvents; ++i)
      co_await cluster_.ask(Method::Patch, "/api/v1/namespaces/many/configmaps/" + name_of(i % options_.applications),
                            R"({"metadata":{"annotations":{"seen":")" + std::to_string(i) + "\"}}}",
                            "application/merge-patch+json");
    co_await editor_.edit(1);  // so that all of them have been met
    result_["foreign_event_us"] = (cpu_seconds(daemon_->pid()) - before) * 1e6 / kForeignEvents;
    before = cpu_seconds(daemon_->pid());
    co_await editor_.edit(options_.edits - 1);
    result_["repair_us"] = (cpu_seconds(daemon_->pid()) - before) * 1e6 / (options_.edits - 1);
  }

  asio::awaitable<void> measure_pairs() {
    std::vector<double> quiet, troubled;
    const auto window = [this](std::vector<double>& into) -> asio::awaitable<void> {
      const auto times = co_await editor_.edit(options_.edits);
      into.insert(into.end(), times.begin(), times.end());
    };
    for (int pair = 0; pair < options_.pairs - 1; ++pair) {
      co_await window(quiet);
      co_await cluster_.add("refused", "refused");
      co_await cluster_.add("nowhere", "nowhere");
      co_await window(troubled);
      co_await cluster_.remove("refused");
      co_await cluster_.remove("nowhere");
      co_await cluster_.pause(200ms);  // it lets go of both
    }
    result_["repairs"] = compare_times(quiet, troubled);
  }

  Options options_;
  RepairEyes& eyes_;
  Editor editor_;
  Cluster cluster_;
  std::string tunnel_;
  const cluster::Repository& repository_;
  std::optional<cluster::HoldfastProcess> daemon_;
  json::object result_;
};

void write_manifests(const cluster::Repository& repository, const Options& options) {
  for (int i = 0; i < options.applications; ++i)
    repository.write(name_of(i) + "/config.json", config_map("many", name_of(i), "blue"));
  for (int i = 0; i < options.held_objects(); ++i)
    repository.write("held/" + held_name(i) + ".json", config_map("held", held_name(i), "blue"));
  repository.write("refused/config.json",
                   R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"refused","namespace":"absent"}})");
  repository.commit("Begin");
}

void print(const Options& options, const json::object& result) {
  const auto number = [&](const char* of, const char* which) { return result.at(of).at(which).to_number<double>(); };
  std::printf("%d Applications and one of %d objects, on the simulator\n", options.applications,
              options.held_objects());
  for (const char* which : {"first_start", "restart"})
    std::printf("%-12s %6.1f s, %6.1f s of CPU; PSS %.0f MiB, its own %.0f MiB\n", which, number(which, "seconds"),
                number(which, "cpu_s"), number(which, "pss_mib"), number(which, "own_mib"));
  std::printf("writes of the restart: %lld\n",
              static_cast<long long>(result.at("writes_of_the_restart").to_number<std::int64_t>()));
  std::printf("CPU of an event of somebody else's: %.0f us, of one that is repaired: %.0f us\n",
              result.at("foreign_event_us").to_number<double>(), result.at("repair_us").to_number<double>());
  std::printf("event handed over -> repair sent, ms; %d pairs of %d edits\n", options.pairs - 1, options.edits);
  print_times(result.at("repairs").as_object(), "misconfigured");
  if (!options.json.empty()) std::ofstream(options.json) << to_json(result) << "\n";
}

int run(const Options& options) {
  const cluster::Repository repository;
  write_manifests(repository, options);
  const cluster::GitServer git({.folder = std::filesystem::path(repository.directory()).parent_path()});
  ObservedServer simulator(repository.directory() + ".bench", {std::begin(kFirstWrites), std::end(kFirstWrites)});
  Bench bench(options, simulator, repository, git.url() + "/work");
  simulator.run(bench.measure(), [&] { return bench.output(); });
  print(options, bench.result());
  return 0;
}

}  // namespace
}  // namespace holdfast::bench

int main(int argc, char** argv) {
  CLI::App app{"ten thousand Applications in one daemon"};
  holdfast::bench::Options options;
  app.add_option("--applications", options.applications)->check(CLI::Range(1, 20'000));
  app.add_option("--pairs", options.pairs)->check(CLI::Range(2, 1'000));
  app.add_option("--edits", options.edits)->check(CLI::Range(2, 10'000));
  app.add_option("--json", options.json);
  CLI11_PARSE(app, argc, argv);
  try {
    return holdfast::bench::run(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_applications: %s\n", error.what());
    return 1;
  }
}
