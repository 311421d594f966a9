// A web server on a loopback port that answers as a test tells it to: well, or with any of the faults of networks.
//
// Serves from a thread of its own, one connection after another with one request each, until it is destroyed. Failures
// to start are exceptions.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace holdfast::cluster {

struct Answer {
  static constexpr std::size_t kAll = static_cast<std::size_t>(-1);
  unsigned status = 200;
  std::string body = {};
  std::map<std::string, std::string> headers = {};
  std::size_t sent_bytes = kAll;  // of the body, whose full length is announced; then the connection is closed
  bool hold = false;              // before that, until the client leaves
  bool mute = false;              // not even a head is sent
};

class ScriptedServer {
 public:
  struct Seen {
    std::string method, target, authorization;
    std::map<std::string, std::string> headers;  // names in lower case
  };
  using Script = std::function<Answer(const Seen&)>;

  explicit ScriptedServer(Script script);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  void follow(Script script);                   // from the next request on
  [[nodiscard]] std::string authority() const;  // "127.0.0.1:40123"
  [[nodiscard]] std::vector<Seen> seen() const;
  [[nodiscard]] std::size_t count(const std::string& method, const std::string& target_begins) const;
  void forget();

 private:
  void serve();
  void answer_one(boost::asio::ip::tcp::socket& socket);

  boost::asio::io_context io_;
  boost::asio::ip::tcp::acceptor acceptor_{io_};
  mutable std::mutex mutex_;  // guards script_ and seen_
  Script script_;
  std::vector<Seen> seen_;
  std::jthread thread_;
};

}  // namespace holdfast::cluster
