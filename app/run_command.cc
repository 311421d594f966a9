// `holdfast run`: one application, held until SIGINT or SIGTERM.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <random>

#include "app/cluster_session.h"
#include "app/commands.h"
#include "app/daemon.h"
#include "app/log_observer.h"
#include "holdfast/base/log.h"

namespace holdfast {

namespace asio = boost::asio;

int run_command(const RunOptions& options) {
  asio::io_context io(1);
  Result<ClusterSession> session = open_session(io.get_executor(), options.cluster);
  if (!session) {
    log(LogLevel::Error, "bad-options", describe(session.error()));
    return 2;
  }
  Result<ApplicationSetup> setup =
      make_setup(to_application(options.application, session->namespace_),
                 {options.cluster.installation, session->namespace_, options.application.cache_dir});
  if (!setup) {
    log(LogLevel::Error, "bad-options", describe(setup.error()));
    return 2;
  }
  Result<std::unique_ptr<Source>> source = make_source(io.get_executor(), setup->source);
  if (!source) {
    log(LogLevel::Error, "bad-options", describe(source.error()));
    return 2;
  }
  HttpClient& client = *session->client;
  ClusterPorts cluster{client, client, [&client] { client.close_all(); }, session->server};
  Daemon daemon(io.get_executor(), std::move(cluster),
                DaemonOptions{options.cluster.installation, options.once, std::random_device{}()});
  daemon.hold(std::move(*setup), std::move(*source), std::make_shared<LogObserver>(options.show_progress));
  asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&](const boost::system::error_code& error, int number) {
    if (error) return;
    log(LogLevel::Info, "stopping", "finishing what is under way", {{"signal", number}});
    daemon.stop();
  });
  int code = 1;
  auto task = [&]() -> asio::awaitable<void> {
    code = co_await daemon.run();
    signals.cancel();
  };
  asio::co_spawn(io, task(), [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
  io.run();
  return code;
}

}  // namespace holdfast
