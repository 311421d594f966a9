// Git over http or https on a loopback port, by Git's own git-http-backend behind basic authentication.
//
// Serves from a thread of its own, one request after another, until it is destroyed. Failures to start are exceptions.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace holdfast::cluster {

struct GitServerOptions {
  std::filesystem::path folder;         // of repositories; what is below is served by its name
  std::string username{}, password{};   // both empty: for everybody
  std::filesystem::path certificate{};  // PEM, with its key in the same file; empty: http
  std::string redirect_to{};            // "http://host:port": every request is sent there instead
};

class GitServer {
 public:
  struct Seen {
    std::string target, authorization;
  };

  explicit GitServer(GitServerOptions options);
  ~GitServer();
  GitServer(const GitServer&) = delete;
  GitServer& operator=(const GitServer&) = delete;

  [[nodiscard]] std::string url() const;  // without a path, "http://127.0.0.1:40123"
  [[nodiscard]] std::vector<Seen> seen() const;

 private:
  using Request = boost::beast::http::request<boost::beast::http::string_body>;
  using Response = boost::beast::http::response<boost::beast::http::string_body>;

  void serve();
  template <class Stream>
  void answer_one(Stream& stream);
  Response answer(const Request& request);
  [[nodiscard]] Response run_backend(const Request& request) const;

  GitServerOptions options_;
  std::string backend_;
  boost::asio::io_context io_;
  boost::asio::ip::tcp::acceptor acceptor_{io_};
  std::unique_ptr<boost::asio::ssl::context> tls_;
  mutable std::mutex mutex_;  // guards seen_
  std::vector<Seen> seen_;
  std::jthread thread_;
};

}  // namespace holdfast::cluster
