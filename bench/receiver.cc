// How fast a push is answered where a daemon holds 10,000 applications, and what a storm of pushes costs it.
//
//   bench_receiver --kubeconfig FILE [--applications 10000] [--deliveries 2000] [--storm 2000] [--json FILE]
//
// The daemon runs in this process, against the API server of the kubeconfig, with the receiver on its own thread as in
// `holdfast run --receiver`. Its applications have one ConfigMap each and share repositories, ten to one; reading those
// is stubbed, so that what is measured is ours. A sender on another thread sends signed deliveries over TLS, one after
// the other, and times each answer: while the daemon is idle, and while every delivery gives it new revisions to bring
// about. Then one push moves 2,000 applications at once, while somebody edits other ConfigMaps by hand.
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <thread>
#include <vector>

#include "app/application_setup.h"
#include "app/cluster_session.h"
#include "app/daemon.h"
#include "app/log_observer.h"
#include "app/push_intake.h"
#include "holdfast/base/log.h"
#include "simulator/certificates.h"
#include "sources/manifests.h"
#include "tests/sim/hook_client.h"
#include "tests/unit/sources/push_deliveries.h"

namespace holdfast::bench {
namespace {

namespace asio = boost::asio;
using Steady = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr const char* kSecret = "the secret of this bench, no other";
constexpr int kOfOneRepository = 10, kDrifting = 40, kHeldAtOnce = 200;

constexpr auto kBetweenDeliveries = 3ms;

struct Options {
  std::string kubeconfig, json;
  bool verbose = false;
  int applications = 10'000, deliveries = 2'000, storm = 2'000;
};

[[noreturn]] void give_up(const std::string& why) { throw std::runtime_error(why); }

struct Counts {
  std::size_t loads = 0, rounds = 0, failures = 0;  // of the daemon's thread
  std::vector<double> repair_ms;
};

// Of each repository, by its path: which commit it is at. The sender pushes, the sources look.
using Revision = std::shared_ptr<std::atomic<int>>;
using Revisions = std::map<std::string, Revision>;

// One ConfigMap, which is another one with each commit of its repository.
class StubSource final : public Source {
 public:
  StubSource(asio::any_io_executor executor, std::string name, Counts& counts, Revision at)
      : name_(std::move(name)), counts_(counts), at_(std::move(at)), signal_(std::move(executor)) {}

  asio::awaitable<Result<ManifestSetPtr>> load() override {
    ++counts_.loads;
    if (const int now = *at_; set_ == nullptr || now != read_) set_ = make(read_ = now);
    co_return set_;
  }
  asio::awaitable<Result<ManifestSetPtr>> read_afresh() override { co_return set_; }
  asio::awaitable<Result<void>> changed() override {
    while (!nudged_ && !stopped_) {
      signal_.expires_at(Clock::time_point::max());
      co_await signal_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    nudged_ = false;
    if (stopped_) co_return fail(ErrorKind::Cancelled, "stopped");
    co_return Result<void>();
  }
  void nudge() override {
    nudged_ = true;
    signal_.cancel();
  }
  [[nodiscard]] const std::vector<std::string>& notes() const override { return notes_; }
  void stop() override {
    stopped_ = true;
    signal_.cancel();
  }

 private:
  [[nodiscard]] ManifestSetPtr make(int revision) const {
    const std::string text = fmt::format(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {}, namespace: default}}\ndata: {{value: \"{}\"}}\n", name_,
        revision);
    const std::vector<SourceFile> files{{"app.yaml", text}};
    auto parsed = parse_manifests({fmt::format("main@sha1:{:040x}", revision), files});
    if (!parsed) give_up("the bench's own manifest cannot be parsed");
    return *parsed;
  }

  std::string name_;
  Counts& counts_;
  Revision at_;
  Timer signal_;
  ManifestSetPtr set_;
  int read_ = 0;
  bool nudged_ = false, stopped_ = false;
  std::vector<std::string> notes_;
};

class Counting final : public LogObserver {
 public:
  explicit Counting(Counts& counts) : LogObserver(false), counts_(counts) {}
  void repaired(const Repair& repair) override {
    LogObserver::repaired(repair);
    if (repair.event_driven)
      counts_.repair_ms.push_back(std::chrono::duration<double, std::milli>(repair.event_to_verdict).count());
  }
  void refused(const ObjectKey& key, const Error& error) override {
    LogObserver::refused(key, error);
    ++counts_.failures;
  }
  void failed(const ObjectKey& key, const Error& error, std::chrono::milliseconds retry_in) override {
    LogObserver::failed(key, error, retry_in);
    ++counts_.failures;
  }
  void round(const RoundSummary& summary) override {
    LogObserver::round(summary);
    counts_.rounds += summary.complete ? 1 : 0;
  }

 private:
  Counts& counts_;
};

double percentile(std::vector<double> values, double fraction) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const double rank = (fraction * static_cast<double>(values.size() - 1)) + 0.5;
  return values.at(static_cast<std::size_t>(rank));
}

std::string repository_of_number(int number) { return fmt::format("team/repo-{}", number / kOfOneRepository); }

// A forge: sends, and times the answers.
class Sender {
 public:
  Sender(unsigned port, const Revisions& revisions) : client_(port), revisions_(revisions) {}

  // With or without a commit behind it.
  std::vector<double> send(int deliveries, bool commits) {
    std::vector<double> took_ms;
    for (int i = 0; i < deliveries; ++i) {
      std::this_thread::sleep_for(kBetweenDeliveries);
      const auto repository = std::next(revisions_.begin(), static_cast<int>(random_() % revisions_.size()));
      took_ms.push_back(send_one(repository->first, commits));
    }
    return took_ms;
  }

  double send_one(const std::string& path, bool commits) {
    if (commits) ++*revisions_.at(path);
    const auto git = all_forges().first(7);
    const Forge forge = git[random_() % git.size()].forge;
    const ReceivedRequest request = delivery(
        forge, std::string(words_of(forge).type), kSecret,
        push_body(forge, {.path = path, .after = fmt::format("{:040x}", random_())}), {}, std::to_string(random_()));
    const auto began = Steady::now();
    const int status = client_.post(request.target, request.headers, request.body);
    const double took = std::chrono::duration<double, std::milli>(Steady::now() - began).count();
    if (status != 202) give_up(fmt::format("a delivery was answered {}", status));
    return took;
  }

 private:
  HookClient client_;
  const Revisions& revisions_;
  std::mt19937_64 random_{7};
};

class Bench {
 public:
  Bench(asio::io_context& io, ClusterSession& session, const Options& options, std::filesystem::path folder)
      : io_(io),
        options_(options),
        folder_(std::move(folder)),
        daemon_(io.get_executor(),
                {*session.client, *session.client, [&session] { session.client->close_all(); }, session.server},
                DaemonOptions{"bench", false, 1}),
        api_(*session.client),
        tasks_(io.get_executor()),
        pause_(io.get_executor()) {
    write_files();
    PushOptions push;
    push.receiver = "127.0.0.1:0";
    push.receiver_config = (folder_ / "receivers.yaml").string();
    auto intake = PushIntake::create(io.get_executor(), push, daemon_.pushes());
    if (!intake) give_up(describe(intake.error()));
    intake_ = std::move(*intake);
  }

  asio::awaitable<void> run() {
    tasks_.spawn(intake_->run());
    tasks_.spawn(run_daemon());
    const auto began = Steady::now();
    // As many at once as a server of one process answers in time.
    for (int i = 0; i < options_.applications; i += kHeldAtOnce) {
      const int end = std::min(i + kHeldAtOnce, options_.applications);
      for (int number = i; number < end; ++number) hold(number);
      co_await until([&] { return counts_.rounds >= static_cast<std::size_t>(end); }, 120s, "begun");
    }
    std::printf("%d applications are held after %.0f s\n", options_.applications,
                std::chrono::duration<double>(Steady::now() - began).count());
    co_await measure_answers();
    co_await measure_storm();
    if (!options_.json.empty()) std::ofstream(options_.json) << to_json(result_) << "\n";
    intake_->stop();
    daemon_.stop();
    co_await tasks_.join();
  }

 private:
  void write_files() {
    const auto certificates = make_certificates();
    if (!certificates) give_up(describe(certificates.error()));
    std::ofstream(folder_ / "tls.crt") << certificates->server_pem;
    std::ofstream(folder_ / "tls.key") << certificates->server_key_pem.reveal();
    std::ofstream(folder_ / "secret") << kSecret;
    std::ofstream config(folder_ / "receivers.yaml");
    config << "tls: {certFile: tls.crt, keyFile: tls.key}\nrate: {perSecond: 10000, burst: 100000}\nreceivers:\n";
    for (const ForgeWords& words : all_forges())
      config << "- {name: " << words.type << ", type: " << words.type
             << ", secretFile: secret, hosts: [git.example]}\n";
  }

  void hold(int number) {
    Application application;
    application.name = fmt::format("app-{}", number);
    application.namespace_ = "default";
    // The first ones are all of one repository, which the storm moves.
    const bool of_storm = number < options_.storm;
    const std::string path = of_storm ? "team/storm" : repository_of_number(number);
    application.source.repo_url = "https://git.example/" + path;
    Revision& at = of_storm ? storm_[path] : revisions_[path];
    if (at == nullptr) at = std::make_shared<std::atomic<int>>(1);
    auto setup = make_setup(application, {"bench", "default", folder_.string()});
    if (!setup) give_up(describe(setup.error()));
    auto source = std::make_unique<StubSource>(io_.get_executor(), application.name, counts_, at);
    daemon_.hold(std::move(*setup), std::move(source), std::make_shared<Counting>(counts_));
  }

  asio::awaitable<void> run_daemon() { co_await daemon_.run(); }

  template <class Condition>
  asio::awaitable<void> until(Condition holds, std::chrono::seconds deadline, const char* what) {
    const auto end = Steady::now() + deadline;
    while (!holds()) {
      if (Steady::now() > end) give_up(fmt::format("not {} in time", what));
      pause_.expires_at(Clock::now() + 20ms);
      co_await pause_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
  }

  // On a thread of its own, while this one goes on.
  template <class Work>
  asio::awaitable<void> beside(Work work) {
    std::atomic<bool> ended = false;
    std::exception_ptr failure;
    std::jthread thread([&] {
      try {
        work();
      } catch (...) {
        failure = std::current_exception();
      }
      ended = true;
    });
    co_await until([&ended] { return ended.load(); }, 1'200s, "sent");
    if (failure) std::rethrow_exception(failure);
  }

  asio::awaitable<void> measure_answers() {
    for (const bool busy : {false, true}) {
      const std::size_t loads = counts_.loads, rounds = counts_.rounds;
      std::vector<double> took_ms;
      co_await beside([&] { took_ms = Sender(intake_->port(), revisions_).send(options_.deliveries, busy); });
      const char* const name = busy ? "daemon rolling out" : "daemon idle";
      std::printf(
          "%-20s %5d deliveries: 202 after p50 %.2f ms, p99 %.2f ms, at most %.2f ms; %zu looks, %zu rounds "
          "meanwhile\n",
          name, options_.deliveries, percentile(took_ms, 0.5), percentile(took_ms, 0.99), percentile(took_ms, 1),
          counts_.loads - loads, counts_.rounds - rounds);
      result_[busy ? "rolling_out" : "idle"] = json::object{{"p50_ms", percentile(took_ms, 0.5)},
                                                            {"p99_ms", percentile(took_ms, 0.99)},
                                                            {"max_ms", percentile(took_ms, 1)}};
    }
    co_await settle();
  }

  // Nothing is brought about any more.
  asio::awaitable<void> settle() {
    std::size_t before = counts_.rounds + 1;
    while (before != counts_.rounds) {
      before = counts_.rounds;
      const auto until_then = Steady::now() + 1'500ms;
      co_await until([&] { return Steady::now() > until_then; }, 10s, "waited");
    }
  }

  asio::awaitable<void> measure_storm() {
    if (options_.storm == 0) co_return;
    std::vector<double> calm, stormy;
    int at = options_.storm;
    co_await drift_some(at, calm);
    co_await settle();
    const auto began = Steady::now();
    const std::size_t rounds = counts_.rounds;
    co_await beside([&] { Sender(intake_->port(), storm_).send_one("team/storm", true); });
    co_await drift_some(at, stormy);
    co_await until([&] { return counts_.rounds >= rounds + static_cast<std::size_t>(options_.storm); }, 600s,
                   "drained");
    const double drained_s = std::chrono::duration<double>(Steady::now() - began).count();
    std::printf(
        "storm of %d applications: brought about in %.1f s; event bytes -> verdict of %zu repairs: p50 %.3f ms, p99 "
        "%.3f ms before, p50 %.3f ms, p99 %.3f ms meanwhile; %zu failures\n",
        options_.storm, drained_s, stormy.size(), percentile(calm, 0.5), percentile(calm, 0.99),
        percentile(stormy, 0.5), percentile(stormy, 0.99), counts_.failures);
    result_["storm"] = json::object{{"drained_s", drained_s},
                                    {"verdict_calm_p99_ms", percentile(calm, 0.99)},
                                    {"verdict_storm_p99_ms", percentile(stormy, 0.99)}};
  }

  // Edits ConfigMaps that nobody pushes to, each once, and takes the times of their repairs.
  asio::awaitable<void> drift_some(int& at, std::vector<double>& into) {
    counts_.repair_ms.clear();
    for (int i = 0; i < kDrifting; ++i, ++at) {
      ApiRequest request;
      request.method = Method::Patch;
      request.target = fmt::format("/api/v1/namespaces/default/configmaps/app-{}?fieldManager=editor", at);
      request.content_type = "application/merge-patch+json";
      request.body = R"({"data":{"value":"by hand"}})";
      const auto response = co_await api_.send(std::move(request));
      if (!response || response->status != 200) give_up("an edit was not possible");
      const std::size_t wanted = counts_.repair_ms.size() + 1;
      co_await until(
          [&] { return counts_.repair_ms.size() >= std::min<std::size_t>(wanted, 1 + static_cast<std::size_t>(i)); },
          60s, "put back");
    }
    into = std::move(counts_.repair_ms);
    counts_.repair_ms.clear();
  }

  asio::io_context& io_;
  const Options& options_;
  std::filesystem::path folder_;
  Counts counts_;
  Revisions revisions_, storm_;
  Daemon daemon_;
  ApiServer& api_;
  std::unique_ptr<PushIntake> intake_;
  TaskScope tasks_;
  Timer pause_;
  json::object result_;
};

int run(const Options& options) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  start_logging(LogFormat::Text, options.verbose ? LogLevel::Info : LogLevel::Error);
  asio::io_context io(1);
  ClusterOptions cluster;
  cluster.kubeconfig = options.kubeconfig;
  auto session = open_session(io.get_executor(), cluster);
  if (!session) give_up(describe(session.error()));
  const auto folder = std::filesystem::temp_directory_path() / ("holdfast-bench." + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  Bench bench(io, *session, options, folder);
  asio::co_spawn(io, bench.run(), [&](std::exception_ptr failure) {
    try {
      if (failure) std::rethrow_exception(failure);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "bench_receiver: %s\n", error.what());
      std::_Exit(1);  // the daemon is in the middle of things
    }
  });
  io.run();
  std::filesystem::remove_all(folder);
  return 0;
}

}  // namespace
}  // namespace holdfast::bench

int main(int argc, char** argv) {
  CLI::App app{"push -> 202 among many applications"};
  holdfast::bench::Options options;
  app.add_option("--kubeconfig", options.kubeconfig)->required();
  app.add_option("--applications", options.applications)->check(CLI::Range(1, 100'000));
  app.add_option("--deliveries", options.deliveries)->check(CLI::Range(1, 1'000'000));
  app.add_option("--storm", options.storm, "applications that one push moves; 0: no storm")
      ->check(CLI::Range(0, 100'000));
  app.add_option("--json", options.json);
  app.add_flag("--verbose", options.verbose, "with the daemon's log");
  CLI11_PARSE(app, argc, argv);
  try {
    if (options.storm + (2 * holdfast::bench::kDrifting) > options.applications) options.storm = 0;
    return holdfast::bench::run(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_receiver: %s\n", error.what());
    return 1;
  }
}
