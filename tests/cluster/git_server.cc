#include "cluster/git_server.h"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <stdexcept>
#include <utility>

#include "cluster/child_process.h"
#include "holdfast/base/digest.h"

namespace holdfast::cluster {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;

std::string backend_program() {
  std::string folder = run({"/usr/bin/git", "--exec-path"}).out;
  folder.erase(folder.find_last_not_of('\n') + 1);
  return folder + "/git-http-backend";
}

// A CGI program's answer: header lines, an empty line, the body. No Status line means 200.
http::response<http::string_body> from_cgi(const std::string& text) {
  http::response<http::string_body> response{http::status::ok, 11};
  std::size_t at = 0;
  while (true) {
    const std::size_t end = text.find("\r\n", at);
    if (end == std::string::npos) throw std::runtime_error("git-http-backend gave no header: " + text.substr(0, 200));
    const std::string line = text.substr(at, end - at);
    at = end + 2;
    if (line.empty()) break;
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    const std::string name = line.substr(0, colon), value = line.substr(colon + 2);
    if (name == "Status")
      response.result(static_cast<unsigned>(std::stoi(value)));
    else
      response.set(name, value);
  }
  response.body() = text.substr(at);
  return response;
}

}  // namespace

GitServer::GitServer(GitServerOptions options) : options_(std::move(options)), backend_(backend_program()) {
  if (!options_.certificate.empty()) {
    tls_ = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
    tls_->use_certificate_chain_file(options_.certificate.string());
    tls_->use_private_key_file(options_.certificate.string(), asio::ssl::context::pem);
  }
  const tcp::endpoint any(asio::ip::address_v4::loopback(), 0);
  acceptor_.open(any.protocol());
  acceptor_.bind(any);
  acceptor_.listen();
  thread_ = std::jthread([this] { serve(); });
}

GitServer::~GitServer() {
  // Ends the accept() that the thread waits in.
  ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
}

std::string GitServer::url() const {
  return (tls_ ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(acceptor_.local_endpoint().port());
}

std::vector<GitServer::Seen> GitServer::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

void GitServer::serve() {
  while (true) {
    boost::system::error_code failed;
    tcp::socket socket(io_);
    acceptor_.accept(socket, failed);
    if (failed) return;
    if (!tls_) {
      answer_one(socket);
      continue;
    }
    asio::ssl::stream<tcp::socket&> stream(socket, *tls_);
    stream.handshake(asio::ssl::stream_base::server, failed);
    if (failed) continue;  // a client that does not trust us
    answer_one(stream);
    stream.shutdown(failed);
  }
}

template <class Stream>
void GitServer::answer_one(Stream& stream) {
  boost::system::error_code failed;
  boost::beast::flat_buffer buffer;
  Request request;
  http::read(stream, buffer, request, failed);
  if (failed) return;
  Response response = answer(request);
  response.keep_alive(false);
  response.prepare_payload();
  http::write(stream, response, failed);
}

GitServer::Response GitServer::answer(const Request& request) {
  const std::string authorization = request[http::field::authorization];
  {
    const std::lock_guard lock(mutex_);
    seen_.push_back({std::string(request.target()), authorization});
  }
  if (!options_.redirect_to.empty()) {
    Response elsewhere{http::status::moved_permanently, 11};
    elsewhere.set(http::field::location, options_.redirect_to + std::string(request.target()));
    return elsewhere;
  }
  const std::string wanted = "Basic " + base64_encode(options_.username + ":" + options_.password);
  if (!options_.username.empty() && authorization != wanted) {
    Response refused{http::status::unauthorized, 11};
    refused.set(http::field::www_authenticate, "Basic realm=\"repositories\"");
    return refused;
  }
  return run_backend(request);
}

GitServer::Response GitServer::run_backend(const Request& request) const {
  const std::string target = request.target();
  const std::size_t question = std::min(target.find('?'), target.size());
  const Environment environment = {
      {"GIT_PROJECT_ROOT", options_.folder.string()},
      {"GIT_HTTP_EXPORT_ALL", "1"},
      {"GIT_CONFIG_NOSYSTEM", "1"},
      {"GIT_CONFIG_GLOBAL", "/dev/null"},
      {"GIT_PROTOCOL", std::string(request["Git-Protocol"])},
      {"REQUEST_METHOD", std::string(request.method_string())},
      {"PATH_INFO", target.substr(0, question)},
      {"QUERY_STRING", target.substr(std::min(question + 1, target.size()))},
      {"CONTENT_TYPE", std::string(request[http::field::content_type])},
      {"CONTENT_LENGTH", std::to_string(request.body().size())},
      {"HTTP_CONTENT_ENCODING", std::string(request[http::field::content_encoding])},
  };
  return from_cgi(run({backend_}, request.body(), environment).out);
}

}  // namespace holdfast::cluster
