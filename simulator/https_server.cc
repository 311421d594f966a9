#include "simulator/https_server.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <set>

#include "holdfast/base/task_scope.h"
#include "simulator/https_session.h"

namespace holdfast {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds kLongestSleep{3'600'000};

Result<void> load(asio::ssl::context& tls, const SimulatorCertificates& certificates) {
  error_code error;
  tls.set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1, error);
  if (!error) tls.use_certificate_chain(asio::buffer(certificates.server_pem), error);
  const std::string_view key = certificates.server_key_pem.reveal();
  if (!error) tls.use_private_key(asio::buffer(key.data(), key.size()), asio::ssl::context::pem, error);
  if (!error) tls.add_certificate_authority(asio::buffer(certificates.ca_pem), error);
  if (!error) tls.set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert, error);
  if (error) return fail(ErrorKind::Invalid, "the simulator's certificates cannot be used: " + error.message());
  // Without an id, a server that asks for certificates refuses resumed sessions.
  static constexpr unsigned char id[] = "holdfast";
  SSL_CTX_set_session_id_context(tls.native_handle(), id, sizeof id - 1);
  return {};
}

}  // namespace

class HttpsServer::Core {
 public:
  Core(asio::any_io_executor executor, Simulator& simulator)
      : simulator_(simulator),
        tls_(asio::ssl::context::tls_server),
        acceptor_(executor),
        due_(executor),
        tasks_(executor) {}

  Result<void> listen(const SimulatorCertificates& certificates, unsigned port) {
    if (auto loaded = load(tls_, certificates); !loaded) return loaded;
    const asio::ip::tcp::endpoint where(asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(port));
    error_code error;
    acceptor_.open(where.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(where, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (!error) port_ = acceptor_.local_endpoint(error).port();
    if (error)
      return fail(ErrorKind::Unreachable, "cannot listen on 127.0.0.1:" + std::to_string(port) + ": " + error.message(),
                  "", "choose another --port, or none for one that is free");
    return {};
  }

  asio::awaitable<void> run() {
    tasks_.spawn(run_controllers());
    while (!stopping_) {
      auto [error, socket] = co_await acceptor_.async_accept(kNoThrow);
      if (error || stopping_) continue;
      if (cut_ || sessions_.size() >= kMaxConnections) continue;  // the socket closes as it goes
      auto session = std::make_shared<HttpsSession>(std::move(socket), tls_, simulator_, [this] { store_changed(); });
      tasks_.spawn(serve(std::move(session)));
    }
    co_await tasks_.join();
  }

  void stop() {
    stopping_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    due_.cancel();
    close_sessions();
  }

  void store_changed() {
    for (const auto& session : sessions_) session->notify();
    due_.cancel();
  }

  void cut() {
    cut_ = true;
    close_sessions();
  }

  void restore() { cut_ = false; }

  [[nodiscard]] unsigned port() const { return port_; }

 private:
  void close_sessions() {
    const std::set<std::shared_ptr<HttpsSession>> sessions = sessions_;
    for (const auto& session : sessions) session->close();
  }

  asio::awaitable<void> serve(std::shared_ptr<HttpsSession> session) {
    sessions_.insert(session);
    co_await session->run();
    sessions_.erase(session);
  }

  // The controllers act when it is their time, and after every write.
  asio::awaitable<void> run_controllers() {
    while (!stopping_) {
      const Revision before = simulator_.store().revision();
      simulator_.settle();
      if (simulator_.store().revision() != before)
        for (const auto& session : sessions_) session->notify();
      const SimulatedTime due = simulator_.next_due(), now = simulator_.now();
      const auto wait = due == SimulatedController::kNever ? kLongestSleep : std::min(kLongestSleep, due - now);
      due_.expires_after(std::max(wait, std::chrono::milliseconds(0)));
      co_await due_.async_wait(kNoThrow);
    }
  }

  Simulator& simulator_;
  asio::ssl::context tls_;
  asio::ip::tcp::acceptor acceptor_;
  asio::steady_timer due_;
  TaskScope tasks_;
  std::set<std::shared_ptr<HttpsSession>> sessions_;
  unsigned port_ = 0;
  bool cut_ = false;
  bool stopping_ = false;
};

HttpsServer::HttpsServer(std::unique_ptr<Core> core) : core_(std::move(core)) {}
HttpsServer::~HttpsServer() = default;

Result<std::unique_ptr<HttpsServer>> HttpsServer::listen(asio::any_io_executor executor, Simulator& simulator,
                                                         const SimulatorCertificates& certificates, unsigned port) {
  auto core = std::make_unique<Core>(executor, simulator);
  if (auto listening = core->listen(certificates, port); !listening) return std::unexpected(listening.error());
  return std::unique_ptr<HttpsServer>(new HttpsServer(std::move(core)));
}

unsigned HttpsServer::port() const { return core_->port(); }
asio::awaitable<void> HttpsServer::run() { return core_->run(); }
void HttpsServer::stop() { core_->stop(); }
void HttpsServer::notify() { core_->store_changed(); }
void HttpsServer::cut() { core_->cut(); }
void HttpsServer::restore() { core_->restore(); }

}  // namespace holdfast
