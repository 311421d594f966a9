// `holdfast demo`: a simulated cluster, a sample repository and the daemon in one process, and a story told with them.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>

#include "app/cluster_session.h"
#include "app/commands.h"
#include "app/daemon.h"
#include "app/demo_repository.h"
#include "app/log_observer.h"
#include "holdfast/base/log.h"
#include "simulator/https_server.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr auto kPatience = 20s;
constexpr const char* kConfigMap = "/api/v1/namespaces/shop/configmaps/web";
constexpr const char* kService = "/api/v1/namespaces/shop/services/web";

// Logs like `run` does, and counts, so that the story knows when the daemon has done its part.
class StoryObserver final : public LogObserver {
 public:
  explicit StoryObserver(std::function<void()> moved) : LogObserver(false), moved_(std::move(moved)) {}
  void repaired(const Repair& repair) override {
    LogObserver::repaired(repair);
    ++repairs;
    moved_();
  }
  void round(const RoundSummary& summary) override {
    LogObserver::round(summary);
    if (summary.complete) ++rounds;
    moved_();
  }
  int repairs = 0, rounds = 0;

 private:
  std::function<void()> moved_;
};

// A folder that goes with the process.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "holdfast-demo.XXXXXX").string();
    if (mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;  // it lies in the system's temporary folder, which is cleared some day anyway
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class Demo {
 public:
  Demo(asio::io_context& io, const DemoOptions& options) : options_(options), signal_(io) {}

  Result<void> prepare(asio::io_context& io) {
    if (folder_.path().empty()) return fail(ErrorKind::Invalid, "cannot make a temporary folder");
    for (const char* name : {"/repository", "/cache"}) std::filesystem::create_directory(folder_.path() + name);
    Result<DemoRepository> repository = DemoRepository::create(folder_.path() + "/repository");
    if (!repository) return std::unexpected(repository.error());
    repository_ = std::move(*repository);
    const Result<SimulatorCertificates> certificates = make_certificates();
    if (!certificates) return std::unexpected(certificates.error());
    auto server = HttpsServer::listen(io.get_executor(), simulator_, *certificates, 0);
    if (!server) return std::unexpected(server.error());
    server_ = std::move(*server);
    std::ofstream(kubeconfig()) << kubeconfig_text(*certificates, server_->port());
    return prepare_daemon(io);
  }

  asio::awaitable<void> serve() { co_await server_->run(); }
  // The daemon ends first: it has a record to write.
  asio::awaitable<void> hold() {
    (void)co_await daemon_->run();
    server_->stop();
  }

  // The story, then until stop(). True where all of it happened.
  asio::awaitable<bool> tell() {
    chapter("A cluster and a repository");
    std::fprintf(stderr, "   kubeconfig  %s\n   repository  %s\n", kubeconfig().c_str(), repository_->folder().c_str());
    bool good = co_await rounds(1, "the repository is applied");
    good = good && co_await edit() && co_await deletion() && co_await push() && co_await network_cut();
    chapter(good ? "All of it happened" : "Not all of it happened");
    if (good && !options_.exit) {
      std::fprintf(stderr,
                   "   Now you: change something, and watch it being put back.\n"
                   "     kubectl --kubeconfig %s --namespace shop edit configmap web\n"
                   "     kubectl --kubeconfig %s --namespace shop delete service web\n"
                   "   Or edit %s/apps and commit. Ctrl-C ends it.\n",
                   kubeconfig().c_str(), kubeconfig().c_str(), repository_->folder().c_str());
      while (!stopping_) co_await pause(Clock::time_point::max());
    }
    stop();
    co_return good;
  }

  void stop() {
    stopping_ = true;
    daemon_->stop();
    signal_.cancel();
  }

 private:
  Result<void> prepare_daemon(asio::io_context& io) {
    RunOptions run;
    run.cluster.kubeconfig = kubeconfig();
    run.application.repo = repository_->folder();
    run.application.path = "apps";
    run.application.name = "demo";
    run.application.cache_dir = folder_.path() + "/cache";
    Result<ClusterSession> session = open_session(io.get_executor(), run.cluster);
    if (!session) return std::unexpected(session.error());
    session_ = std::move(*session);
    Result<ApplicationSetup> setup =
        make_setup(to_application(run.application, session_.namespace_),
                   {run.cluster.installation, session_.namespace_, run.application.cache_dir});
    if (!setup) return std::unexpected(setup.error());
    Result<std::unique_ptr<Source>> source = make_source(io.get_executor(), setup->source);
    if (!source) return std::unexpected(source.error());
    HttpClient& client = *session_.client;
    daemon_ = std::make_unique<Daemon>(io.get_executor(),
                                       ClusterPorts{client, client, [&client] { client.close_all(); }, session_.server},
                                       DaemonOptions{run.cluster.installation, false, std::random_device{}()});
    daemon_->hold(std::move(*setup), std::move(*source),
                  std::shared_ptr<ApplicationObserver>(std::shared_ptr<void>(), &observer_));
    return {};
  }

  [[nodiscard]] std::string kubeconfig() const { return folder_.path() + "/kubeconfig"; }
  static void chapter(const char* title) { std::fprintf(stderr, "\n── %s\n", title); }

  asio::awaitable<void> pause(Clock::time_point until) {
    signal_.expires_at(until);
    co_await signal_.async_wait(asio::as_tuple(asio::use_awaitable));
  }

  // Waits for so many in all, and says whether they came in time.
  asio::awaitable<bool> reached(const int& count, int wanted, const char* what) {
    const Clock::time_point end = Clock::now() + kPatience;
    while (count < wanted && !stopping_ && Clock::now() < end) co_await pause(end);
    std::fprintf(stderr, count >= wanted ? "   ✔ %s\n" : "   ✘ not so: %s\n", what);
    co_return count >= wanted;
  }
  asio::awaitable<bool> rounds(int wanted, const char* what) { return reached(observer_.rounds, wanted, what); }
  asio::awaitable<bool> repairs(int wanted, const char* what) { return reached(observer_.repairs, wanted, what); }

  // Somebody else at the cluster, who does not go through Git.
  void person(const char* method, const std::string& path, const std::string& body) {
    std::fprintf(stderr, "   somebody: %s %s %s\n", method, path.c_str(), body.c_str());
    SimulatedRequest request;
    request.method = method;
    request.target = path + (body.empty() ? "" : "?fieldManager=somebody");
    request.content_type = body.empty() ? "" : "application/merge-patch+json";
    request.accept = "application/json";
    request.user_agent = "somebody";
    request.body = body;
    (void)simulator_.handle(request);
    server_->notify();
  }

  asio::awaitable<bool> edit() {
    chapter("Somebody changes a ConfigMap by hand");
    person("PATCH", kConfigMap, R"({"data":{"GREETING":"Ahoy"}})");
    co_return co_await repairs(1, "it is put back, and the log says who it was");
  }

  asio::awaitable<bool> deletion() {
    chapter("Somebody deletes a Service");
    person("DELETE", kService, "");
    co_return co_await repairs(2, "it is there again");
  }

  asio::awaitable<bool> push() {
    chapter("A commit changes the greeting");
    const std::vector<SourceFile> files = demo_files();
    for (SourceFile file : files) {
      const std::size_t at = file.content.find("\"Moin\"");
      if (at == std::string::npos) continue;
      file.content.replace(at, 6, "\"Moin moin\"");
      if (!repository_->write(file.path, file.content)) co_return false;
    }
    if (!repository_->commit("Greet twice")) co_return false;
    co_return co_await rounds(2, "the commit is applied");
  }

  asio::awaitable<bool> network_cut() {
    chapter("The network is cut, and meanwhile the world changes");
    server_->cut();
    person("PATCH", kConfigMap, R"({"data":{"GREETING":"Ahoy"}})");
    person("DELETE", kService, "");
    Timer while_cut(signal_.get_executor(), Clock::now() + 2s);
    co_await while_cut.async_wait(asio::as_tuple(asio::use_awaitable));
    std::fputs("   the network is back\n", stderr);
    server_->restore();
    co_return co_await repairs(4, "both were found and put back");
  }

  const DemoOptions& options_;
  Timer signal_;
  TemporaryFolder folder_;
  WallClock clock_;
  Simulator simulator_{clock_, 1};
  std::optional<DemoRepository> repository_;
  std::unique_ptr<HttpsServer> server_;
  ClusterSession session_;
  StoryObserver observer_{[this] { signal_.cancel(); }};
  std::unique_ptr<Daemon> daemon_;
  bool stopping_ = false;
};

void rethrow(std::exception_ptr failure) {
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

int demo_command(const DemoOptions& options) {
  asio::io_context io(1);
  Demo demo(io, options);
  if (const Result<void> prepared = demo.prepare(io); !prepared) {
    log(LogLevel::Error, "demo-failed", describe(prepared.error()));
    return 2;
  }
  asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&](const boost::system::error_code& error, int) {
    if (!error) demo.stop();
  });
  bool good = false;
  auto story = [&]() -> asio::awaitable<void> {
    good = co_await demo.tell();
    signals.cancel();
  };
  asio::co_spawn(io, demo.serve(), rethrow);
  asio::co_spawn(io, demo.hold(), rethrow);
  asio::co_spawn(io, story(), rethrow);
  io.run();
  return good ? 0 : 1;
}

}  // namespace holdfast
