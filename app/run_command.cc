// `holdfast run`: one application, those of a configuration, or those that are objects of the cluster, held until
// SIGINT or SIGTERM.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <optional>
#include <random>

#include "app/account_values.h"
#include "app/application_sets.h"
#include "app/cluster_applications.h"
#include "app/cluster_session.h"
#include "app/commands.h"
#include "app/configured_applications.h"
#include "app/daemon.h"
#include "app/lease_keeper.h"
#include "app/log_observer.h"
#include "app/narrow_view.h"
#include "app/probe_service.h"
#include "app/push_intake.h"
#include "holdfast/base/background_pool.h"
#include "holdfast/base/log.h"
#include "sources/repository_hub.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::seconds kStopPatience{12};
constexpr int kBadOptions = 2;

int refuse(const Error& error) {
  log(LogLevel::Error, "bad-options", describe(error));
  return kBadOptions;
}

SetupContext context_of(const RunOptions& options, const ClusterSession& session) {
  SetupContext context{options.cluster.installation, session.namespace_, options.application.cache_dir, options.explain,
                       session.values.get()};
  context.programs = programs_of(options.application);
  context.tenancy = options.tenancy;
  context.only_namespace = options.only_namespace;
  return context;
}

constexpr std::size_t kScriptThreads = 2;
constexpr std::size_t kReaders = 4;  // threads that read repositories, most of the time waiting for Git

// Null where none are asked for.
Result<std::shared_ptr<const LuaRules>> read_health_rules(const std::string& directory) {
  if (directory.empty()) return nullptr;
  Result<LuaRules> rules = LuaRules::read(directory);
  if (!rules) return std::unexpected(std::move(rules.error()));
  return std::make_shared<const LuaRules>(*std::move(rules));
}

// Runs until it is told to stop, or has ended by itself; returns the exit code.
class Run {
 public:
  Run(asio::io_context& io, ClusterSession& session, const RunOptions& options,
      const std::shared_ptr<const LuaRules>& health_rules)
      : io_(io),
        session_(session),
        options_(options),
        context_(context_of(options, session)),
        scripts_(make_background_pool(health_rules == nullptr ? 1 : kScriptThreads)),
        cluster_(ports_of(session)),
        repositories_(std::make_shared<RepositoryHub>(io.get_executor(), make_background_pool(kReaders), true)),
        daemon_(io.get_executor(), cluster_, daemon_options(health_rules)),
        account_values_(daemon_.accounts(), *session.values),
        held_(io.get_executor()),
        tasks_(io.get_executor()),
        signals_(io, SIGINT, SIGTERM),
        hurry_(io) {
    context_.values_as = [this](const ServiceAccount& who) { return &account_values_.of(who); };
  }

  int run() {
    auto intake = PushIntake::create(io_.get_executor(), options_.push, daemon_.pushes());
    if (!intake) return refuse(intake.error());
    intake_ = std::move(*intake);
    if (const Result<void> ready = attend(); !ready) return refuse(ready.error());
    if (const Result<void> ready = options_.application.repo.empty() ? Result<void>() : hold_one(); !ready)
      return refuse(ready.error());
    signals_.async_wait([this](const boost::system::error_code& error, int number) {
      if (error) return;
      log(LogLevel::Info, "stopping", "finishing what is under way", {{"signal", number}});
      interrupted_ = true;
      stop();
      give_up_at(Clock::now() + kStopPatience);
    });
    asio::co_spawn(io_, work(), [](std::exception_ptr failure) {
      if (failure) std::rethrow_exception(failure);
    });
    io_.run();
    return code_;
  }

  // Another process writes by now; what is remembered here is of no more use.
  [[nodiscard]] bool lost_the_lease() const { return lease_ != nullptr && lease_->lost() && !interrupted_; }

 private:
  static ClusterPorts ports_of(ClusterSession& session) {
    HttpClient& client = *session.client;
    return {client, client, [&client] { client.close_all(); }, session.server};
  }

  DaemonOptions daemon_options(const std::shared_ptr<const LuaRules>& health_rules) {
    DaemonOptions made{options_.cluster.installation, options_.once, std::random_device{}(),
                       parser_->get_executor(),       health_rules,  scripts_->get_executor()};
    made.only_namespace = options_.only_namespace;
    if (!from_cluster()) return made;
    made.keeps_ending = true;
    made.more_to_come = true;
    made.on_ended = [this](const ApplicationName& name, std::size_t objects_left) {
      in_cluster_->ended(name, objects_left);
    };
    return made;
  }

  // What of a daemon is not its work: the Lease and the probes.
  Result<void> attend() {
    say_what_is_not_seen(options_.only_namespace);
    if (!options_.probes.empty()) {
      auto probes = ProbeService::create(io_.get_executor(), options_.probes, [this] { return fitness(); });
      if (!probes) return std::unexpected(std::move(probes.error()));
      probes_ = std::move(*probes);
    }
    if (!options_.lease) return {};
    auto connection = open_connection(io_.get_executor(), options_.cluster);
    if (!connection) return std::unexpected(std::move(connection.error()));
    lease_connection_ = std::move(*connection);
    lease_ =
        std::make_unique<LeaseKeeper>(io_.get_executor(), *lease_connection_,
                                      options_.lease_namespace.empty() ? context_.namespace_ : options_.lease_namespace,
                                      options_.cluster.installation,
                                      LeaseKeeper::Hooks{[this] {
                                                           if (in_cluster_) in_cluster_->begin();
                                                           if (sets_) tasks_.spawn(sets_->run());
                                                           held_.cancel();
                                                         },
                                                         [this] {
                                                           session_.client->cut_writes();
                                                           stop();
                                                         }});
    session_.client->set_write_fence(lease_->fence());
    return {};
  }

  Fitness fitness() const {
    Fitness fitness{true, "ok\n"};
    const auto say = [&](bool ready, const std::string& words) { fitness = {fitness.ready && ready, words + "\n"}; };
    if (lease_ && !lease_->holding()) {
      say(lease_->stands_by(), lease_->standing());
    } else if (!daemon_.sees_the_cluster()) {
      say(false, "it is not known which types the cluster has");
    } else if (in_cluster_ && !in_cluster_->known()) {
      say(false, "the Applications of the cluster have not been seen" +
                     (in_cluster_->unseen().empty() ? std::string() : ": " + in_cluster_->unseen()));
    } else if (lease_ && !lease_->may_write()) {
      say(false, lease_->standing());
    }
    return fitness;
  }

  // Neither a repository nor a configuration is named.
  [[nodiscard]] bool from_cluster() const { return options_.application.repo.empty() && options_.config.empty(); }

  Result<void> hold_one() {
    Result<ApplicationSetup> setup = make_setup(to_application(options_.application, context_.namespace_), context_);
    if (!setup) return std::unexpected(std::move(setup.error()));
    setup->source.workers = repositories_->workers();
    setup->source.hub = repositories_;
    Result<std::unique_ptr<Source>> source = make_source(io_.get_executor(), setup->source);
    if (!source) return std::unexpected(std::move(source.error()));
    daemon_.hold(std::move(*setup), std::move(*source),
                 std::make_shared<LogObserver>(options_.show_progress, std::string(), options_.explain));
    return {};
  }

  // Objects of the cluster are watched meanwhile; all else begins when it may write.
  asio::awaitable<void> wait_for_lease() {
    while (lease_ && !from_cluster() && !lease_->holding() && !stopping_) {
      held_.expires_at(Clock::time_point::max());
      co_await held_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
  }

  // The configuration is followed beside the daemon; with --once it is read once.
  asio::awaitable<bool> hold_configured() {
    configured_.emplace(io_.get_executor(), daemon_, options_.config, context_, repositories_);
    if (const Result<void> begun = co_await configured_->begin(); !begun) {
      code_ = refuse(begun.error());
      co_return false;
    }
    if (!options_.once)
      tasks_.spawn(configured_->follow());
    else if (configured_->held() == 0)
      daemon_.stop();
    co_return true;
  }

  // The daemon goes on while the last word about each application is written.
  asio::awaitable<void> hold_those_of_the_cluster() {
    co_await in_cluster_->run();
    daemon_.stop();
  }

  asio::awaitable<void> work() {
    if (from_cluster()) {
      in_cluster_.emplace(io_.get_executor(), daemon_, cluster_, context_, repositories_,
                          [this] { return chance_(random_); });
      sets_.emplace(
          io_.get_executor(), daemon_, cluster_, context_, repositories_, in_cluster_->objects(),
          [this] { return chance_(random_); }, options_.previews);
      in_cluster_->also_tell([this](const ApplicationName& name) { sets_->application_changed(name); });
      if (lease_)
        in_cluster_->stand_by();
      else
        tasks_.spawn(sets_->run());
      tasks_.spawn(hold_those_of_the_cluster());
    }
    if (probes_) tasks_.spawn(probes_->run());
    if (lease_) tasks_.spawn(lease_->run());
    co_await wait_for_lease();
    if (options_.config.empty() || co_await hold_configured()) {
      tasks_.spawn(intake_->run());
      code_ = co_await daemon_.run();
      if (options_.once && configured_ && configured_->refused() != 0) code_ = 1;
    }
    if (configured_) configured_->stop();
    if (sets_) sets_->stop();
    if (in_cluster_) in_cluster_->stop();
    intake_->stop();
    session_.values->stop();
    if (lease_) lease_->stop();
    if (probes_) probes_->stop();
    co_await tasks_.join();
    co_await session_.values->ended();
    if (lease_) co_await lease_->release();
    if (lease_connection_) lease_connection_->close_all();
    signals_.cancel();
    hurry_.cancel();
  }

  // A pod that takes longer is killed, wherever it is by then.
  void give_up_at(Clock::time_point when) {
    hurry_.expires_at(when);
    hurry_.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      log(LogLevel::Warning, "stopping", "the API server does not answer; giving up what is under way");
      session_.client->close_all();
      give_up_at(Clock::now() + std::chrono::seconds{1});  // what that has begun anew
    });
  }

  void stop() {
    stopping_ = true;
    held_.cancel();
    if (!in_cluster_) daemon_.stop();
    if (configured_) configured_->stop();
    if (sets_) sets_->stop();
    if (in_cluster_) in_cluster_->stop();
  }

  asio::io_context& io_;
  ClusterSession& session_;
  const RunOptions& options_;
  SetupContext context_;
  std::shared_ptr<asio::thread_pool> parser_ = make_background_pool(1);
  std::shared_ptr<asio::thread_pool> scripts_;
  ClusterPorts cluster_;
  std::shared_ptr<RepositoryHub> repositories_;
  Daemon daemon_;
  AccountValues account_values_;
  std::optional<ConfiguredApplications> configured_;
  std::optional<ClusterApplications> in_cluster_;
  std::optional<ApplicationSets> sets_;
  std::mt19937_64 random_{std::random_device{}()};
  std::uniform_real_distribution<double> chance_{0, 1};
  std::unique_ptr<PushIntake> intake_;
  std::unique_ptr<ProbeService> probes_;          // null: none
  std::unique_ptr<HttpClient> lease_connection_;  // of the Lease alone
  std::unique_ptr<LeaseKeeper> lease_;            // null: none is asked for
  Timer held_;                                    // of wait_for_lease()
  bool stopping_ = false, interrupted_ = false;
  TaskScope tasks_;
  asio::signal_set signals_;
  Timer hurry_;
  int code_ = 1;
};

}  // namespace

int run_command(const RunOptions& options) {
  const auto health_rules = read_health_rules(options.health_rules);
  if (!health_rules) return refuse(health_rules.error());
  for (;;) {
    asio::io_context io(1);
    Result<ClusterSession> session = open_session(io.get_executor(), options.cluster);
    if (!session) return refuse(session.error());
    Run run(io, *session, options, *health_rules);
    const int code = run.run();
    if (!run.lost_the_lease()) return code;
  }
}

}  // namespace holdfast
