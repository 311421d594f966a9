// `holdfast apply --plan FILE`: does what a saved plan says, or nothing. Everything is looked at anew first; where any
// of it is another state than the plan was made of, it is refused before the first write. Then the daemon itself brings
// the same revision about, once, over a client that lets nothing through but what is planned.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/thread_pool.hpp>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <random>

#include "app/cluster_identity.h"
#include "app/cluster_session.h"
#include "app/commands.h"
#include "app/daemon.h"
#include "app/fixed_source.h"
#include "app/log_observer.h"
#include "app/plan_maker.h"
#include "app/plan_text.h"
#include "app/planned_writes.h"
#include "app/saved_plan.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

constexpr int kApplied = 0, kIncomplete = 1, kRefused = 2;

void say(const std::string& text) { std::fprintf(stderr, "holdfast: %s\n", text.c_str()); }

class Apply {
 public:
  Apply(SavedPlan saved, ClusterSession session, std::string file)
      : saved_(std::move(saved)), session_(std::move(session)), file_(std::move(file)) {}

  // Opens nothing; `io` is that of the session.
  int run(asio::io_context& io) {
    asio::co_spawn(io, work(io.get_executor()), [](std::exception_ptr failure) {
      if (failure) std::rethrow_exception(failure);
    });
    io.run();
    return code_;
  }

 private:
  asio::awaitable<void> work(asio::any_io_executor executor) {
    Result<MadePlan> now = co_await check(executor);
    if (now) {
      if (now->plan.changes())
        code_ = co_await apply(executor, &*now);
      else
        code_ = now->plan.trouble() ? kIncomplete : kApplied;
      say_end(now->plan);
    } else {
      say(describe(now.error()));
    }
    session_.close();
  }

  // The plan of this moment, where it is the saved one.
  asio::awaitable<Result<MadePlan>> check(asio::any_io_executor executor) {
    SetupContext context{saved_.options.cluster.installation, session_.namespace_, saved_.options.application.cache_dir,
                         false, session_.values.get()};
    context.programs = programs_of(saved_.options.application);
    Result<ReadApplications> read =
        co_await read_applications(executor, saved_.options, std::move(context), Sources::Kept);
    if (!read) co_return std::unexpected(read.error());
    const std::string cluster = co_await cluster_identity(*session_.client);
    Result<MadePlan> now =
        co_await make_plan(executor, *session_.client, std::move(*read), saved_.options.cluster.installation);
    if (!now) co_return now;
    if (!now->failures.empty()) co_return std::unexpected(now->failures.front());
    const std::vector<std::string> changes = changes_since(saved_, *now, cluster);
    if (changes.empty()) co_return now;
    say("the plan is out of date, and nothing was written:");
    for (const std::string& change : changes) std::fprintf(stderr, "  - %s\n", change.c_str());
    co_return fail(ErrorKind::Conflict, "the plan was not applied", file_, "make a new one with holdfast plan --save");
  }

  asio::awaitable<int> apply(asio::any_io_executor executor, MadePlan* now) {
    HttpClient& client = *session_.client;
    PlannedWrites writes(client, *now);
    asio::thread_pool parser(1);
    Daemon daemon(
        executor, ClusterPorts{writes, client, [&client] { client.close_all(); }, session_.server},
        DaemonOptions{saved_.options.cluster.installation, true, std::random_device{}(), parser.get_executor()});
    const bool several = now->applications.size() > 1;
    for (const auto& application : now->applications)
      daemon.hold(application->setup, make_fixed_source(executor, application->manifests, application->source.get()),
                  std::make_shared<LogObserver>(false, several ? application->setup.name : ""));
    asio::signal_set signals(executor, SIGINT, SIGTERM);
    signals.async_wait([&daemon](const boost::system::error_code& error, int) {
      if (!error) daemon.stop();
    });
    const int code = co_await daemon.run();
    signals.cancel();
    for (const std::string& write : writes.refused()) say("not in the plan, so not written: " + write);
    co_return code == 0 && writes.refused().empty() ? kApplied : kIncomplete;
  }

  void say_end(const ChangePlan& plan) const {
    const BlastRadius& blast = plan.blast;
    if (code_ == kApplied)
      std::printf("Applied: %zu created, %zu changed, %zu replaced, %zu pruned.\n", blast.count(ChangeVerb::Create),
                  blast.count(ChangeVerb::Change), blast.count(ChangeVerb::Replace), blast.count(ChangeVerb::Prune));
    else
      say("not all of the plan was brought about; `holdfast diff` shows what is left");
  }

  SavedPlan saved_;
  ClusterSession session_;
  std::string file_;
  int code_ = kRefused;
};

}  // namespace

int apply_command(const RunOptions& options, const std::string& plan_file) {
  Result<SavedPlan> saved = read_plan(plan_file);
  if (!saved) {
    say(describe(saved.error()));
    return kRefused;
  }
  ClusterOptions& cluster = saved->options.cluster;
  if (!options.cluster.kubeconfig.empty()) cluster.kubeconfig = options.cluster.kubeconfig;
  if (!options.cluster.context.empty()) cluster.context = options.cluster.context;
  asio::io_context io(1);
  Result<ClusterSession> session = open_session(io.get_executor(), cluster);
  if (!session) {
    say(describe(session.error()));
    return kRefused;
  }
  return Apply(std::move(*saved), std::move(*session), plan_file).run(io);
}

}  // namespace holdfast
