#include "app/push_intake.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <cstdlib>
#include <exception>
#include <random>
#include <utility>

#include "holdfast/base/log.h"
#include "net/proxy.h"
#include "net/url.h"
#include "net/user_agent.h"

namespace holdfast {

namespace asio = boost::asio;

namespace {

std::string environment(const char* lower, const char* upper) {
  for (const char* name : {lower, upper})
    if (const char* const value = std::getenv(name); value != nullptr && *value != '\0') return value;
  return {};
}

// Where the relay is, and how it is spoken to.
Result<ClientConfig> client_of(const PushOptions& options) {
  auto address = parse_server_url(options.relay);
  if (!address) {
    Error error = std::move(address.error());
    error.where = "--relay";
    return std::unexpected(std::move(error));
  }
  if (!address->tls)
    return fail(ErrorKind::Invalid, "a relay is spoken to over https alone, for its token must not be seen", "--relay",
                "give the receiver a certificate, or put an ingress with one before it");
  if (options.relay_token_file.empty())
    return fail(ErrorKind::Invalid, "a relay wants a token", "--relay", "name its file with --relay-token-file");
  const auto token = FileToken::read_token_file(options.relay_token_file);
  if (!token)
    return fail(ErrorKind::Invalid, token.error().message, options.relay_token_file, "check --relay-token-file");
  ClientConfig config;
  config.host = address->host;
  config.port = address->port;
  config.base_path = address->base_path;
  config.user_agent = user_agent("holdfast", HOLDFAST_VERSION);
  config.token = std::make_shared<FileToken>(options.relay_token_file);
  if (!options.relay_ca_file.empty()) {
    auto ca = TlsFiles::read_pem_file(options.relay_ca_file);
    if (!ca) return fail(ErrorKind::Invalid, ca.error().message, options.relay_ca_file, "check --relay-ca-file");
    config.ca_pem = std::move(*ca);
    config.tls_files.ca = options.relay_ca_file;
  }
  auto proxy = choose_proxy({}, {environment("https_proxy", "HTTPS_PROXY"), environment("no_proxy", "NO_PROXY")},
                            config.host, config.port);
  if (!proxy) return std::unexpected(std::move(proxy.error()));
  config.proxy = std::move(*proxy);
  return config;
}

std::function<double()> chance() {
  return [random = std::make_shared<std::minstd_rand>(std::random_device{}())] {
    return std::uniform_real_distribution<double>(0, 1)(*random);
  };
}

}  // namespace

PushIntake::PushIntake(asio::any_io_executor executor, PushSink& sink) : executor_(std::move(executor)), sink_(sink) {}

Result<std::unique_ptr<PushIntake>> PushIntake::create(asio::any_io_executor executor, const PushOptions& options,
                                                       PushSink& sink) {
  auto made = std::unique_ptr<PushIntake>(new PushIntake(std::move(executor), sink));
  if (auto received = made->receive(options); !received) return std::unexpected(std::move(received.error()));
  if (auto subscribed = made->subscribe(options); !subscribed) return std::unexpected(std::move(subscribed.error()));
  return made;
}

PushIntake::~PushIntake() { stop(); }

Result<void> PushIntake::receive(const PushOptions& options) {
  if (options.receiver_config.empty()) return {};
  const auto config = load_receiver_config(options.receiver_config);
  if (!config) return std::unexpected(config.error());
  inbox_ = std::make_unique<PushInbox>(receiving_.get_executor(), executor_, sink_);
  auto service = ReceiverService::create(receiving_.get_executor(), *config, options.receiver, inbox_.get());
  if (!service) return std::unexpected(std::move(service.error()));
  service_ = std::move(*service);
  log(LogLevel::Info, "receiving", "receiving pushes at " + service_->url(), {{"receivers", config->receivers.size()}});
  return {};
}

Result<void> PushIntake::subscribe(const PushOptions& options) {
  if (options.relay.empty()) return {};
  auto config = client_of(options);
  if (!config) return std::unexpected(std::move(config.error()));
  auto client = HttpClient::create(executor_, std::move(*config));
  if (!client) return std::unexpected(std::move(client.error()));
  client_ = std::move(*client);
  subscriber_ = std::make_unique<RelaySubscriber>(executor_, *client_, options.relay, sink_, chance());
  return {};
}

asio::awaitable<void> PushIntake::run() {
  if (stopped_) co_return;
  if (service_)
    thread_ = std::jthread([this] {
      asio::co_spawn(receiving_, service_->run(), [](std::exception_ptr failure) {
        if (failure) std::rethrow_exception(failure);
      });
      receiving_.run();
    });
  if (subscriber_) co_await subscriber_->run();
}

void PushIntake::stop() {
  stopped_ = true;
  if (thread_.joinable()) {
    asio::post(receiving_, [this] { service_->stop(); });
    thread_.join();
  }
  if (subscriber_) subscriber_->stop();
  if (client_) client_->close_all();
}

}  // namespace holdfast
