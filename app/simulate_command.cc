// `holdfast simulate`: an API server over an in-memory store, until SIGINT or SIGTERM. SIGUSR1 is to its clients what a
// restart of a real one is: connections end, and the history of changes is gone.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "app/commands.h"
#include "holdfast/base/log.h"
#include "simulator/https_server.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

// It holds a key: for nobody else to read.
Result<void> write_kubeconfig(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::trunc);
  std::error_code error;
  std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write, error);
  file << text << std::flush;
  if (!file || error) return fail(ErrorKind::Invalid, "cannot write the kubeconfig", path, "check --kubeconfig");
  return {};
}

void as_if_restarted(HttpsServer& server, Simulator& simulator) {
  server.cut();
  simulator.settle();  // the controllers read the history, too
  simulator.store().compact(simulator.store().revision());
  server.restore();
  log(LogLevel::Info, "restarted", "connections are closed, and the history is compacted");
}

void obey_restarts(asio::signal_set& restarts, HttpsServer& server, Simulator& simulator) {
  restarts.async_wait([&](const boost::system::error_code& error, int) {
    if (error) return;
    as_if_restarted(server, simulator);
    obey_restarts(restarts, server, simulator);
  });
}

int failed(const Error& error) {
  log(LogLevel::Error, "simulator-failed", describe(error));
  return 2;
}

}  // namespace

int simulate_command(const SimulateOptions& options) {
  asio::io_context io(1);
  const WallClock clock;
  Simulator simulator(clock, options.seed,
                      options.without_controllers ? SimulatedControllers::OfTheApiServer : SimulatedControllers::All);
  const Result<SimulatorCertificates> certificates = make_certificates();
  if (!certificates) return failed(certificates.error());
  auto server = HttpsServer::listen(io.get_executor(), simulator, *certificates, options.port);
  if (!server) return failed(server.error());
  const std::string kubeconfig = kubeconfig_text(*certificates, (*server)->port());
  if (options.kubeconfig.empty()) {
    std::fputs(kubeconfig.c_str(), stdout);
    std::fflush(stdout);
  } else if (auto written = write_kubeconfig(options.kubeconfig, kubeconfig); !written) {
    return failed(written.error());
  }
  log(LogLevel::Info, "simulating", "an API server is ready", {{"port", (*server)->port()}, {"seed", options.seed}});
  asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&](const boost::system::error_code& error, int) {
    if (!error) (*server)->stop();
  });
  asio::signal_set restarts(io, SIGUSR1);
  obey_restarts(restarts, **server, simulator);
  asio::co_spawn(io, (*server)->run(), [&](std::exception_ptr failure) {
    signals.cancel();
    restarts.cancel();
    if (failure) std::rethrow_exception(failure);
  });
  io.run();
  return 0;
}

}  // namespace holdfast
