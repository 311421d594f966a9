#include "cluster/holding_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>

namespace holdfast::cluster {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void no_delay(int socket) {
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

HoldingProxy::HoldingProxy(std::uint16_t server_port) : server_port_(server_port) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  wake_ = eventfd(0, EFD_CLOEXEC);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (listener_ < 0 || wake_ < 0 || bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener_, 64) != 0 || getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("cannot listen on the loopback address");
  port_ = ntohs(address.sin_port);
  thread_ = std::jthread([this] { serve(); });
}

HoldingProxy::~HoldingProxy() {
  stopping_ = true;
  const std::uint64_t one = 1;
  (void)!write(wake_, &one, sizeof one);
  thread_.join();
  close(listener_);
  close(wake_);
}

void HoldingProxy::arm(unsigned let_through) {
  held_bytes_ = 0;
  let_through_ = let_through;
  if (round_ % 2 == 0) ++round_;
}

void HoldingProxy::release() {
  if (round_ % 2 == 1) ++round_;
}

void HoldingProxy::accept_one() {
  Pair pair;
  pair.client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (pair.client < 0) return;
  pair.server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(server_port_);
  if (connect(pair.server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close(pair.client);
    close(pair.server);
    return;
  }
  no_delay(pair.client);
  no_delay(pair.server);
  pairs_.push_back(pair);
}

// False when the connection has ended.
bool HoldingProxy::forward(Pair& pair, bool from_client) {
  std::array<char, 65536> buffer{};
  const ssize_t size = recv(from_client ? pair.client : pair.server, buffer.data(), buffer.size(), 0);
  if (size <= 0) return size < 0 && errno == EINTR;
  const unsigned round = round_;
  if (from_client && round % 2 == 1) {
    if (let_through_ > 0)
      --let_through_;
    else
      pair.armed_in = round;
  }
  if (!from_client && pair.armed_in == round && round % 2 == 1) {
    held_bytes_ += static_cast<std::size_t>(size);
    return true;
  }
  return send(from_client ? pair.server : pair.client, buffer.data(), static_cast<std::size_t>(size), MSG_NOSIGNAL) ==
         size;
}

void HoldingProxy::serve() {
  while (!stopping_) {
    std::vector<pollfd> watched{{listener_, POLLIN, 0}, {wake_, POLLIN, 0}};
    for (const Pair& pair : pairs_) {
      watched.push_back({pair.client, POLLIN, 0});
      watched.push_back({pair.server, POLLIN, 0});
    }
    if (poll(watched.data(), watched.size(), -1) < 0) continue;
    std::vector<Pair> kept;
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      Pair& pair = pairs_[i];
      bool alive = true;
      if (watched[2 + 2 * i].revents != 0) alive = forward(pair, true);
      if (alive && watched[3 + 2 * i].revents != 0) alive = forward(pair, false);
      if (alive) {
        kept.push_back(pair);
      } else {
        close(pair.client);
        close(pair.server);
      }
    }
    pairs_ = std::move(kept);
    if (watched[0].revents != 0) accept_one();
  }
  for (const Pair& pair : pairs_) {
    close(pair.client);
    close(pair.server);
  }
}

}  // namespace holdfast::cluster
