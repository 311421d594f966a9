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
#include <string>

namespace holdfast::cluster {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// Reads the head of a CONNECT and agrees to it. The client says nothing more before it has read the answer.
bool answer_connect(int client) {
  std::string head;
  char byte = 0;
  while (head.size() < 4096 && !head.ends_with("\r\n\r\n") && recv(client, &byte, 1, 0) == 1) head += byte;
  if (!head.starts_with("CONNECT ") || !head.ends_with("\r\n\r\n")) return false;
  const std::string answer = "HTTP/1.1 200 Connection established\r\n\r\n";
  return send(client, answer.data(), answer.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(answer.size());
}

void no_delay(int socket) {
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

HoldingProxy::HoldingProxy(std::uint16_t server_port, Asked asked) : server_port_(server_port), asked_(asked) {
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
  wake();
  thread_.join();
  close(listener_);
  close(wake_);
}

void HoldingProxy::wake() const {
  const std::uint64_t one = 1;
  (void)!write(wake_, &one, sizeof one);
}

// What the test's thread asked for, done by the one that owns the connections.
void HoldingProxy::obey() {
  const Command command = command_.exchange(Command::None);
  if (command == Command::BlackOut) {
    for (Pair& pair : pairs_) pair.dark = true;
  } else if (command == Command::Cut) {
    for (const Pair& pair : pairs_) {
      close(pair.client);
      close(pair.server);
    }
    pairs_.clear();
  }
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
  ++connections_made_;
  if (asked_ == Asked::Connect && !answer_connect(pair.client)) {
    close(pair.client);
    return;
  }
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
  if (!from_client) bytes_from_server_ += static_cast<std::size_t>(size);
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
      // A negative descriptor is not looked at.
      watched.push_back({pair.dark ? -1 : pair.client, POLLIN, 0});
      watched.push_back({pair.dark ? -1 : pair.server, POLLIN, 0});
    }
    if (poll(watched.data(), watched.size(), -1) < 0) continue;
    if (watched[1].revents != 0) {
      std::uint64_t count = 0;
      (void)!read(wake_, &count, sizeof count);
      obey();
      continue;
    }
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
