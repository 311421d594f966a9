#include "net/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <charconv>
#include <utility>

#include "net/url.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);

// Correctness A12: a peer that vanished is noticed within a minute, whether we wait or write.
constexpr int kKeepaliveIdleS = 30;
constexpr int kKeepaliveIntervalS = 10;
constexpr int kKeepaliveProbes = 3;
constexpr int kUserTimeoutMs = 30'000;

constexpr const char* kNoLease = "this daemon does not hold the lease";
constexpr const char* kLeaseHint =
    "another daemon of this installation may hold it, or the API server could not be asked for too long";
constexpr const char* kCertificateHint = "check certificate-authority(-data) / tls-server-name in the kubeconfig";

// A failure here costs only how soon a dead peer is noticed.
void set_option(int socket, int level, int name, int value) {
  ::setsockopt(socket, level, name, &value, sizeof(value));
}

// Whom we connect to: the proxy, where there is one.
std::string peer_name(const ClientConfig& config) {
  if (!config.proxy) return server_name(config);
  return "the proxy " + authority(config.proxy->host, config.proxy->port, false);
}

}  // namespace

std::string server_name(const ClientConfig& config) {
  return (config.tls ? "https://" : "http://") + authority(config.host, config.port, config.tls);
}

// Outlives the connection: a lookup in the system's resolver cannot be called back.
struct Connection::Lookup {
  explicit Lookup(const asio::any_io_executor& executor)
      : resolver(executor), done(executor, Clock::time_point::max()) {}
  tcp::resolver resolver;
  asio::steady_timer done;
  bool answered = false;
  error_code error;
  Endpoints endpoints;
};

Connection::Connection(asio::any_io_executor executor, std::shared_ptr<const ClientConfig> config,
                       std::shared_ptr<TlsContext> tls)
    : config_(std::move(config)), tls_(std::move(tls)), stream_(executor, tls_->native()), deadline_(executor) {}

Connection::~Connection() {
  // Otherwise OpenSSL takes a connection that was not shut down for a broken one, and its session for unfit to resume.
  SSL_set_shutdown(stream_.native_handle(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

asio::awaitable<Result<void>> Connection::connect() {
  auto endpoints = co_await resolve();
  if (!endpoints) co_return std::unexpected(std::move(endpoints.error()));
  const auto [connect_failure, endpoint] = co_await asio::async_connect(socket(), *endpoints, kAsTuple);
  if (stopped_ != Stop::None) co_return std::unexpected(stop_error());
  if (connect_failure) co_return std::unexpected(connect_error(connect_failure));
  set_socket_options();
  if (config_->proxy) {
    auto tunnel = co_await open_tunnel();
    if (!tunnel) co_return std::unexpected(std::move(tunnel.error()));
  }
  if (!config_->tls) co_return Result<void>{};
  tls_->prepare(stream_.native_handle());
  const auto [handshake_failure] = co_await stream_.async_handshake(asio::ssl::stream_base::client, kAsTuple);
  if (stopped_ != Stop::None) co_return std::unexpected(stop_error());
  if (handshake_failure) co_return std::unexpected(handshake_error(handshake_failure));
  co_return Result<void>{};
}

// What the server says first comes after the handshake, so nothing but the proxy's own head can be in these bytes.
asio::awaitable<Result<void>> Connection::open_tunnel() {
  const Secret request = connect_request(*config_->proxy, config_->host, config_->port);
  const auto words = asio::buffer(request.reveal().data(), request.reveal().size());
  const auto [write_failure, written] = co_await asio::async_write(socket(), words, kAsTuple);
  std::string reply;
  std::string piece(kMaxProxyReplyBytes, '\0');
  error_code failure = write_failure;
  while (!failure) {
    const auto [read_failure, got] = co_await socket().async_read_some(asio::buffer(piece), kAsTuple);
    failure = read_failure;
    reply.append(piece, 0, got);
    auto answer = read_connect_reply(reply);
    if (!answer) continue;
    if (!*answer) answer->error().where = "proxy " + authority(config_->proxy->host, config_->proxy->port, false);
    co_return *std::move(answer);
  }
  if (stopped_ != Stop::None) co_return std::unexpected(stop_error());
  co_return std::unexpected(connect_error(failure));
}

asio::awaitable<Result<Connection::Endpoints>> Connection::resolve() {
  const std::string& host = config_->proxy ? config_->proxy->host : config_->host;
  const std::string& port_text = config_->proxy ? config_->proxy->port : config_->port;
  error_code not_an_address;
  const auto address = asio::ip::make_address(host, not_an_address);
  if (!not_an_address) {
    std::uint16_t port = 0;
    std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
    co_return Endpoints{tcp::endpoint(address, port)};
  }
  const auto lookup = std::make_shared<Lookup>(stream_.get_executor());
  lookup_ = lookup;
  lookup->resolver.async_resolve(host, port_text, [lookup](const error_code& error, auto results) {
    lookup->answered = true;
    lookup->error = error;
    for (const auto& entry : results) lookup->endpoints.push_back(entry.endpoint());
    lookup->done.cancel();
  });
  co_await lookup->done.async_wait(kAsTuple);
  if (stopped_ != Stop::None || !lookup->answered) co_return std::unexpected(stop_error());
  if (lookup->error || lookup->endpoints.empty()) {
    co_return fail(ErrorKind::Unreachable,
                   "cannot resolve the host name of " + peer_name(*config_) + ": " + lookup->error.message(), "",
                   "check the server address in the kubeconfig, and DNS");
  }
  co_return std::move(lookup->endpoints);
}

void Connection::set_socket_options() {
  const int handle = socket().native_handle();
  set_option(handle, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(handle, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(handle, IPPROTO_TCP, TCP_KEEPIDLE, kKeepaliveIdleS);
  set_option(handle, IPPROTO_TCP, TCP_KEEPINTVL, kKeepaliveIntervalS);
  set_option(handle, IPPROTO_TCP, TCP_KEEPCNT, kKeepaliveProbes);
  set_option(handle, IPPROTO_TCP, TCP_USER_TIMEOUT, kUserTimeoutMs);
}

asio::awaitable<Connection::Transferred> Connection::write(std::string_view bytes) {
  const auto buffer = asio::buffer(bytes.data(), bytes.size());
  if (config_->tls) return asio::async_write(stream_, buffer, kAsTuple);
  return asio::async_write(socket(), buffer, kAsTuple);
}

asio::awaitable<Connection::Transferred> Connection::read_some(std::span<char> into) {
  const auto buffer = asio::buffer(into.data(), into.size());
  if (config_->tls) return stream_.async_read_some(buffer, kAsTuple);
  return socket().async_read_some(buffer, kAsTuple);
}

void Connection::set_deadline(Clock::time_point when) {
  when_ = when;
  arm();
}

void Connection::arm() {
  const auto epoch = ++deadline_epoch_;
  deadline_.expires_at(fence_ == nullptr ? when_ : std::min(when_, fence_->ends()));
  deadline_.async_wait([self = shared_from_this(), epoch](const error_code& error) {
    if (!error && epoch == self->deadline_epoch_) self->due();
  });
}

void Connection::due() {
  const auto now = Clock::now();
  if (now >= when_) return stop(Stop::TimedOut);
  if (fence_ != nullptr && !fence_->may_write(now)) return stop(Stop::Fenced);
  arm();
}

void Connection::clear_deadline() {
  ++deadline_epoch_;
  when_ = Clock::time_point::max();
  deadline_.cancel();
}

void Connection::hold_behind(std::shared_ptr<const WriteFence> fence) {
  if (fence == fence_) return;
  fence_ = std::move(fence);
  const int handle = socket().native_handle();
  const linger thrown_away{.l_onoff = fence_ == nullptr ? 0 : 1, .l_linger = 0};
  ::setsockopt(handle, SOL_SOCKET, SO_LINGER, &thrown_away, sizeof(thrown_away));
  const int limit = fence_ == nullptr ? kUserTimeoutMs : static_cast<int>(fence_->grace().count());
  set_option(handle, IPPROTO_TCP, TCP_USER_TIMEOUT, limit);
  if (fence_ != nullptr) arm();
}

void Connection::stop(Stop reason) {
  if (stopped_ == Stop::None) stopped_ = reason;
  clear_deadline();
  if (const auto lookup = lookup_.lock()) {
    lookup->resolver.cancel();
    lookup->done.cancel();
  }
  error_code ignored;  // closing twice is no error to anybody
  socket().close(ignored);
}

Error Connection::stop_error() const {
  if (stopped_ == Stop::TimedOut) {
    return {ErrorKind::Timeout, "nothing more came in time from " + server_name(*config_), "",
            "check that the API server is healthy and reachable"};
  }
  if (stopped_ == Stop::Fenced)
    return {ErrorKind::Unreachable, "what was being written to " + server_name(*config_) + " was cut off: " + kNoLease,
            "", kLeaseHint};
  if (stopped_ == Stop::Replaced)
    return {ErrorKind::Unreachable,
            "the connection to " + server_name(*config_) + " was closed: the credentials changed"};
  return {ErrorKind::Cancelled, "the connection to " + server_name(*config_) + " was closed by us"};
}

Error Connection::connect_error(const error_code& error) const {
  if (error == asio::error::operation_aborted) return stop_error();
  if (error == asio::error::connection_refused) {
    return {ErrorKind::Unreachable, "connection refused by " + peer_name(*config_), "",
            "check that the API server runs, and the server address in the kubeconfig"};
  }
  return {ErrorKind::Unreachable, "cannot connect to " + peer_name(*config_) + ": " + error.message(), "",
          "check the server address in the kubeconfig, and the network"};
}

Error Connection::handshake_error(const error_code& error) {
  if (error == asio::error::operation_aborted) return stop_error();
  tls_->forget_session();
  const long verdict = SSL_get_verify_result(stream_.native_handle());
  if (config_->insecure_skip_verify || verdict == X509_V_OK) {
    return {ErrorKind::Unreachable, "the TLS handshake with " + server_name(*config_) + " failed: " + error.message(),
            "", "check that the server address in the kubeconfig is one that speaks https"};
  }
  const std::string reason = X509_verify_cert_error_string(verdict);
  if (verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH) {
    const std::string& name = config_->tls_server_name.empty() ? config_->host : config_->tls_server_name;
    return {ErrorKind::Unreachable,
            "the certificate of " + server_name(*config_) + " is not for \"" + name + "\": " + reason, "",
            kCertificateHint};
  }
  if (verdict == X509_V_ERR_CERT_HAS_EXPIRED || verdict == X509_V_ERR_CERT_NOT_YET_VALID) {
    return {ErrorKind::Unreachable, "the certificate of " + server_name(*config_) + " is not valid now: " + reason, "",
            "renew the server's certificate, and check the clocks of both machines"};
  }
  const std::string authority = config_->ca_pem.empty() ? "a CA that this system trusts" : "the CA of the kubeconfig";
  return {ErrorKind::Unreachable,
          "the certificate of " + server_name(*config_) + " was not signed by " + authority + ": " + reason, "",
          kCertificateHint};
}

bool Connection::stale() {
  if (stopped_ != Stop::None || !socket().is_open()) return true;
  if (config_->tls && SSL_pending(stream_.native_handle()) > 0) return true;
  // Under TLS the byte may belong to a close_notify or an alert; either way the server has said something unasked.
  char byte = 0;
  const auto peeked = ::recv(socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return peeked >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

}  // namespace holdfast
