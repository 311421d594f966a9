#include "bench/observed_tunnel.h"

#include <spdlog/fmt/fmt.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <stdexcept>

#include "holdfast/base/result.h"

namespace holdfast::bench {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr auto kAwaited = asio::as_tuple(asio::use_awaitable);

}  // namespace

struct ObservedTunnel::Pair {
  std::size_t number;
  tcp::socket client;
  asio::ssl::stream<tcp::socket> server;
  std::array<char, 65536> up{}, down{};

  void close() {
    boost::system::error_code ignored;
    client.close(ignored);
    server.next_layer().close(ignored);
  }
};

namespace {

struct Received {
  ssize_t size;
  TunnelObserver::Time came;
};

// The kernel tells by the clock of the day when it had the bytes, but of pieces that it has joined for want of room:
// those came when they are read.
template <class Buffer>
Received receive(int socket, Buffer& into) {
  iovec place{into.data(), into.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(timespec))> control{};
  msghdr message{};
  message.msg_iov = &place;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t size = recvmsg(socket, &message, MSG_DONTWAIT);
  const auto now = std::chrono::steady_clock::now();
  const auto day = std::chrono::system_clock::now().time_since_epoch();
  if (size <= 0) return {size, now};
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPNS) continue;
    timespec at{};
    std::memcpy(&at, CMSG_DATA(part), sizeof at);
    return {size, now - (day - (std::chrono::seconds(at.tv_sec) + std::chrono::nanoseconds(at.tv_nsec)))};
  }
  return {size, now};
}

}  // namespace

ObservedTunnel::ObservedTunnel(asio::any_io_executor executor, const ClientConfig& config, TunnelObserver& observer)
    : executor_(executor),
      server_(asio::ip::make_address(config.host), static_cast<std::uint16_t>(std::stoul(config.port))),
      observer_(observer),
      acceptor_(executor, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
  auto tls = TlsContext::create(config);
  if (!tls) throw std::runtime_error(describe(tls.error()));
  tls_ = *tls;
}

std::string ObservedTunnel::kubeconfig_text() const {
  return fmt::format(R"({{"apiVersion":"v1","kind":"Config","current-context":"tunnel",)"
                     R"("clusters":[{{"name":"tunnel","cluster":{{"server":"http://127.0.0.1:{}"}}}}],)"
                     R"("users":[{{"name":"tunnel","user":{{}}}}],)"
                     R"("contexts":[{{"name":"tunnel","context":{{"cluster":"tunnel","user":"tunnel"}}}}]}})",
                     port());
}

asio::awaitable<void> ObservedTunnel::run() {
  const auto hear = [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  };
  for (;;) {
    auto [failed, client] = co_await acceptor_.async_accept(kAwaited);
    if (failed) co_return;
    client.set_option(tcp::no_delay(true));
    const int on = 1;
    if (setsockopt(client.native_handle(), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) != 0)
      throw std::runtime_error("SO_TIMESTAMPNS");
    auto pair = std::make_shared<Pair>(
        Pair{connections_++, std::move(client), asio::ssl::stream<tcp::socket>(executor_, tls_->native())});
    asio::co_spawn(executor_, serve(pair), hear);
  }
}

asio::awaitable<void> ObservedTunnel::serve(std::shared_ptr<Pair> pair) {
  auto [refused] = co_await pair->server.next_layer().async_connect(server_, kAwaited);
  if (!refused) {
    pair->server.next_layer().set_option(tcp::no_delay(true));
    tls_->prepare(pair->server.native_handle());
    auto [failed] = co_await pair->server.async_handshake(asio::ssl::stream_base::client, kAwaited);
    if (!failed) {
      asio::co_spawn(executor_, downward(pair), [pair](std::exception_ptr) { pair->close(); });
      co_await upward(pair);
    }
  }
  pair->close();
  observer_.ended(pair->number);
}

asio::awaitable<void> ObservedTunnel::upward(std::shared_ptr<Pair> pair) {
  for (;;) {
    auto [ended] = co_await pair->client.async_wait(tcp::socket::wait_read, kAwaited);
    if (ended) co_return;
    const auto [size, came] = receive(pair->client.native_handle(), pair->up);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (size <= 0) co_return;
    const auto bytes = static_cast<std::size_t>(size);
    observer_.from_client(pair->number, std::string_view(pair->up.data(), bytes), came);
    auto [failed, written] = co_await asio::async_write(pair->server, asio::buffer(pair->up, bytes), kAwaited);
    if (failed || written != bytes) co_return;
  }
}

asio::awaitable<void> ObservedTunnel::downward(std::shared_ptr<Pair> pair) {
  for (;;) {
    auto [ended, size] = co_await pair->server.async_read_some(asio::buffer(pair->down), kAwaited);
    if (ended) co_return;
    observer_.to_client(pair->number, std::string_view(pair->down.data(), size));
    auto [failed, written] = co_await asio::async_write(pair->client, asio::buffer(pair->down, size), kAwaited);
    if (failed || written != size) co_return;
  }
}

}  // namespace holdfast::bench
