#include "app/receiver_service.h"

#include <spdlog/fmt/fmt.h>

#include <boost/asio/ip/address.hpp>
#include <filesystem>
#include <utility>

#include "app/input_file.h"
#include "holdfast/base/log.h"
#include "net/url.h"

namespace holdfast {

namespace asio = boost::asio;

namespace {

constexpr const char* kDefaultListen = "127.0.0.1:8080";
constexpr std::string_view kAlive = "/healthz";

bool is_alive_question(const ReceivedRequest& head) {
  return head.target == kAlive && (head.method == "GET" || head.method == "HEAD");
}

void warn_of_clear_text(const ListenAddress& listen, bool tls) {
  boost::system::error_code error;
  if (tls || asio::ip::make_address(listen.address, error).is_loopback()) return;
  log(LogLevel::Warning, "receiver-in-the-clear",
      "listening in the clear: let an ingress that speaks TLS stand before it, or set tls in the configuration");
}

}  // namespace

Result<std::unique_ptr<ReceiverService>> ReceiverService::create(asio::any_io_executor executor,
                                                                 const ReceiverConfig& config,
                                                                 const std::string& listen, PushSink* sink) {
  if (sink == nullptr && config.relay_token_file.empty())
    return fail(ErrorKind::Invalid, "nobody would hear of a push", {},
                "set relay.tokenFile, and have daemons subscribe with `holdfast run --relay`");
  std::string where = listen.empty() ? config.listen : listen;
  if (where.empty()) where = kDefaultListen;
  const auto address = parse_listen_address(where);
  if (!address) return std::unexpected(address.error());
  auto made = std::unique_ptr<ReceiverService>(new ReceiverService(sink));
  auto receiver = PushReceiver::create(config, *made);
  if (!receiver) return std::unexpected(std::move(receiver.error()));
  made->receiver_ = std::move(*receiver);
  if (!config.relay_token_file.empty()) {
    auto relay = Relay::create(executor, config.relay_token_file);
    if (!relay) return std::unexpected(std::move(relay.error()));
    made->relay_ = std::move(*relay);
  }
  const bool tls = !config.certificate_file.empty();
  WebServerOptions options{address->address, address->port, config.certificate_file, config.key_file};
  auto server = WebServer::listen(std::move(executor), *made, std::move(options));
  if (!server) return std::unexpected(std::move(server.error()));
  made->server_ = std::move(*server);
  made->url_ = (tls ? "https://" : "http://") + authority(address->address, std::to_string(made->server_->port()), tls);
  warn_of_clear_text(*address, tls);
  return made;
}

WebHandler* ReceiverService::handler_of(const ReceivedRequest& head) {
  if (relay_ != nullptr && Relay::is_for_it(head)) return relay_.get();
  return receiver_.get();
}

std::optional<WebAnswer> ReceiverService::refuse(const ReceivedRequest& head) {
  if (is_alive_question(head)) return std::nullopt;
  return handler_of(head)->refuse(head);
}

WebAnswer ReceiverService::answer(ReceivedRequest request) {
  if (is_alive_question(request)) return {200, "text/plain; charset=utf-8", request.method == "HEAD" ? "" : "ok\n"};
  return handler_of(request)->answer(std::move(request));
}

void ReceiverService::pushed(PushHint hint) {
  if (relay_ != nullptr) relay_->pushed(hint);
  if (sink_ != nullptr) sink_->pushed(std::move(hint));
}

Result<ReceiverConfig> load_receiver_config(const std::string& path) {
  auto text = read_input(path);
  if (!text) return std::unexpected(std::move(text.error()));
  std::error_code failed;
  const auto base = std::filesystem::absolute(std::filesystem::path(path), failed).parent_path();
  if (failed) return fail(ErrorKind::Invalid, "cannot tell where the file is: " + failed.message(), path);
  return read_receiver_config({path, std::move(*text)}, base.string());
}

}  // namespace holdfast
