#include "net/web_server.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <set>
#include <utility>

#include "holdfast/base/log.h"
#include "holdfast/base/task_scope.h"
#include "net/web_session.h"

namespace holdfast {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds kPauseAfterFailure{100};  // no descriptor left, and the like

Result<std::shared_ptr<asio::ssl::context>> make_context(const TlsIdentity& identity, const std::string& where) {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  error_code error;
  context->set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1, error);
  if (!error) context->use_certificate_chain(asio::buffer(identity.certificate_pem), error);
  const std::string_view key = identity.key_pem.reveal();
  if (!error) context->use_private_key(asio::buffer(key.data(), key.size()), asio::ssl::context::pem, error);
  if (error)
    return fail(ErrorKind::Invalid, "the certificate and its key cannot be used: " + error.message(), where,
                "both are PEM, and belong to one another");
  return context;
}

Result<TlsIdentity> read_identity(const WebServerOptions& options) {
  if (options.certificate_file.empty() || options.key_file.empty())
    return fail(ErrorKind::Invalid, "TLS needs a certificate and its key", "", "name both files, or none");
  auto certificate = TlsFiles::read_pem_file(options.certificate_file);
  if (!certificate) return std::unexpected(std::move(certificate.error()));
  auto key = TlsFiles::read_pem_file(options.key_file);
  if (!key) return std::unexpected(std::move(key.error()));
  return TlsIdentity{std::move(*certificate), Secret(std::move(*key))};
}

}  // namespace

class WebServer::Core {
 public:
  Core(asio::any_io_executor executor, WebHandler& handler, WebServerOptions options)
      : options_(std::move(options)),
        shared_(std::make_shared<WebShared>(handler, options_.limits)),
        acceptor_(executor),
        pause_(executor),
        tasks_(executor) {}

  Result<void> listen() {
    if (auto secured = secure(); !secured) return secured;
    error_code error;
    const auto address = asio::ip::make_address(options_.address, error);
    if (error)
      return fail(ErrorKind::Invalid, fmt::format("{} is no IP address to listen on", options_.address), "",
                  "as in 127.0.0.1:8080 or [::]:8080");
    const asio::ip::tcp::endpoint where(address, options_.port);
    acceptor_.open(where.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(where, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (!error) port_ = acceptor_.local_endpoint(error).port();
    if (error)
      return fail(ErrorKind::Unreachable,
                  fmt::format("cannot listen on {} port {}: {}", options_.address, options_.port, error.message()), "",
                  "choose another address or port");
    return {};
  }

  asio::awaitable<void> run() {
    while (!stopping_) {
      auto [error, socket] = co_await acceptor_.async_accept(kNoThrow);
      if (stopping_) break;
      if (error) {
        pause_.expires_after(kPauseAfterFailure);
        co_await pause_.async_wait(kNoThrow);
        continue;
      }
      look_at_files();
      if (sessions_.size() >= options_.limits.connections) make_room();
      if (sessions_.size() >= options_.limits.connections) continue;  // the socket closes as it goes
      auto session = std::make_shared<WebSession>(std::move(socket), tls_, shared_);
      tasks_.spawn(serve(std::move(session)));
    }
    co_await tasks_.join();
  }

  void stop() {
    stopping_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    const std::set<std::shared_ptr<WebSession>> sessions = sessions_;
    for (const auto& session : sessions) session->close();
  }

  [[nodiscard]] unsigned port() const { return port_; }

 private:
  Result<void> secure() {
    if (options_.certificate_file.empty() && options_.key_file.empty()) return {};
    auto identity = read_identity(options_);
    if (!identity) return std::unexpected(std::move(identity.error()));
    auto made = make_context(*identity, options_.certificate_file);
    if (!made) return std::unexpected(std::move(made.error()));
    tls_ = std::move(*made);
    files_ = TlsFiles({{}, options_.certificate_file, options_.key_file}, {{}, std::move(*identity)},
                      TlsFiles::read_pem_file, options_.now);
    return {};
  }

  // For connections from now on; what cannot be used leaves everything as it is.
  void look_at_files() {
    auto renewed = files_.changed();
    if (!renewed || !renewed->identity) return;
    if (auto made = make_context(*renewed->identity, options_.certificate_file)) {
      tls_ = std::move(*made);
      files_.in_use(std::move(*renewed));
      log(LogLevel::Info, "certificates-renewed", "serving with the certificate that was renewed on disk");
    } else {
      files_.unusable();
      log(LogLevel::Warning, "certificates-unusable", "keeping the certificate in use: " + describe(made.error()));
    }
  }

  // Whoever says nothing makes room for whoever may.
  void make_room() {
    const auto longest =
        std::ranges::min_element(sessions_, {}, [](const auto& session) { return session->waiting_since(); });
    if (longest == sessions_.end()) return;
    if ((*longest)->waiting_since() == std::chrono::steady_clock::time_point::max()) return;
    sessions_.extract(longest).value()->close();
  }

  asio::awaitable<void> serve(std::shared_ptr<WebSession> session) {
    sessions_.insert(session);
    co_await session->run();
    sessions_.erase(session);
  }

  WebServerOptions options_;
  std::shared_ptr<WebShared> shared_;
  std::shared_ptr<asio::ssl::context> tls_;  // null: in the clear
  TlsFiles files_{{}, {}};
  asio::ip::tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  TaskScope tasks_;
  std::set<std::shared_ptr<WebSession>> sessions_;
  unsigned port_ = 0;
  bool stopping_ = false;
};

WebServer::WebServer(std::unique_ptr<Core> core) : core_(std::move(core)) {}
WebServer::~WebServer() = default;

Result<std::unique_ptr<WebServer>> WebServer::listen(asio::any_io_executor executor, WebHandler& handler,
                                                     WebServerOptions options) {
  auto core = std::make_unique<Core>(std::move(executor), handler, std::move(options));
  if (auto listening = core->listen(); !listening) return std::unexpected(std::move(listening.error()));
  return std::unique_ptr<WebServer>(new WebServer(std::move(core)));
}

unsigned WebServer::port() const { return core_->port(); }
asio::awaitable<void> WebServer::run() { return core_->run(); }
void WebServer::stop() { core_->stop(); }

}  // namespace holdfast
