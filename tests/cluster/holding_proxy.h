// A TCP proxy in front of an API server that can keep answers back: what a client sees when its request was carried out
// and the answer is still on its way. It can also go silent, break off, or lead to another server.
//
// Bytes go through untouched (the TLS is the client's and the server's). After arm(n), each connection on which the
// client sends something, but for the first n sendings, gets nothing back any more; watches, whose client is silent, go
// on. A thread of its own moves the bytes; the members are called from the test's.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

namespace holdfast::cluster {

class HoldingProxy {
 public:
  enum class Asked {
    Nothing,  // every connection leads to the server
    Connect,  // it has to be asked for with CONNECT, as an HTTP proxy
  };
  explicit HoldingProxy(std::uint16_t server_port, Asked asked = Asked::Nothing);  // both on 127.0.0.1
  ~HoldingProxy();
  HoldingProxy(const HoldingProxy&) = delete;
  HoldingProxy& operator=(const HoldingProxy&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  void arm(unsigned let_through);
  void release();  // lets everything through again; what was kept back is lost with its connections
  // Whether a whole answer of the server has been kept back since arm(): its request has been carried out.
  [[nodiscard]] bool holding() const { return held_bytes_ > 0; }

  // The connections that there are stay open, and not a byte passes through them any more; later ones are not affected.
  void black_out() { command_ = Command::BlackOut, wake(); }
  // Closes all connections.
  void cut() { command_ = Command::Cut, wake(); }
  // Closes all connections; later ones lead to another server.
  void lead_to(std::uint16_t server_port) { server_port_ = server_port, cut(); }
  [[nodiscard]] std::size_t connections_made() const { return connections_made_; }
  [[nodiscard]] std::size_t bytes_from_server() const { return bytes_from_server_; }

 private:
  struct Pair {
    int client = -1, server = -1;
    unsigned armed_in = 0;  // the round of arm() in which the client last sent something
    bool dark = false;
  };
  enum class Command { None, BlackOut, Cut };
  void wake() const;
  void obey();
  void serve();
  void accept_one();
  [[nodiscard]] bool forward(Pair& pair, bool from_client);

  int listener_ = -1, wake_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<std::uint16_t> server_port_{0};
  Asked asked_;
  std::atomic<unsigned> round_{0};  // odd: armed
  std::atomic<unsigned> let_through_{0};
  std::atomic<std::size_t> held_bytes_{0};
  std::atomic<std::size_t> connections_made_{0}, bytes_from_server_{0};
  std::atomic<Command> command_{Command::None};
  std::atomic<bool> stopping_{false};
  std::vector<Pair> pairs_;  // the thread's own
  std::jthread thread_;
};

}  // namespace holdfast::cluster
