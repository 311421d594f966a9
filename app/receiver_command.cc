// `holdfast receiver`: receivers and a relay in a process of their own, without a cluster and without Git, until SIGINT
// or SIGTERM.
#include <spdlog/fmt/fmt.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>

#include "app/commands.h"
#include "app/receiver_service.h"
#include "app/receiver_setup.h"
#include "holdfast/base/log.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

constexpr int kBadOptions = 2;

int refuse(const Error& error) {
  std::fprintf(stderr, "holdfast: %s\n", describe(error).c_str());
  return kBadOptions;
}

int print_setup(const ReceiverOptions& options) {
  const auto forge = parse_forge(options.print_setup);
  if (!forge) return refuse(forge.error());
  std::vector<SetupReceiver> receivers{receiver_to_come(*forge)};
  if (!options.config.empty()) {
    const auto config = load_receiver_config(options.config);
    if (!config) return refuse(config.error());
    auto found = receivers_to_set_up(*config, *forge);
    if (!found) return refuse(found.error());
    receivers = std::move(*found);
  }
  std::string url = options.url.empty() ? "https://YOUR.RECEIVER" : options.url;
  while (url.ends_with('/')) url.pop_back();
  for (const SetupReceiver& receiver : receivers) std::fputs(setup_text(receiver, url).c_str(), stdout);
  return 0;
}

}  // namespace

int receiver_command(const ReceiverOptions& options) {
  if (!options.print_setup.empty()) return print_setup(options);
  const auto config = load_receiver_config(options.config);
  if (!config) return refuse(config.error());
  asio::io_context io(1);
  auto service = ReceiverService::create(io.get_executor(), *config, options.listen, nullptr);
  if (!service) return refuse(service.error());
  log(LogLevel::Info, "receiving", "receiving pushes at " + (*service)->url(),
      {{"receivers", config->receivers.size()}, {"version", HOLDFAST_VERSION}});
  asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&](const boost::system::error_code& error, int) {
    if (!error) (*service)->stop();
  });
  asio::co_spawn(io, (*service)->run(), [&](std::exception_ptr failure) {
    signals.cancel();
    if (failure) std::rethrow_exception(failure);
  });
  io.run();
  log(LogLevel::Info, "stopped", "stopped");
  return 0;
}

}  // namespace holdfast
