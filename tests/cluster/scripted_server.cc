#include "cluster/scripted_server.h"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <utility>

namespace holdfast::cluster {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using boost::system::error_code;

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

ScriptedServer::Seen seen_of(const http::request<http::empty_body>& request) {
  ScriptedServer::Seen seen{std::string(request.method_string()),
                            std::string(request.target()),
                            std::string(request[http::field::authorization]),
                            {}};
  for (const auto& field : request) seen.headers[lower(std::string(field.name_string()))] = field.value();
  return seen;
}

std::string head_of(const Answer& answer) {
  std::string head = "HTTP/1.1 " + std::to_string(answer.status) + " Scripted\r\nConnection: close\r\n";
  for (const auto& [name, value] : answer.headers) head.append(name).append(": ").append(value).append("\r\n");
  if (!answer.headers.contains("Content-Length") && answer.status != 304)
    head += "Content-Length: " + std::to_string(answer.body.size()) + "\r\n";
  return head + "\r\n";
}

}  // namespace

ScriptedServer::ScriptedServer(Script script) : script_(std::move(script)) {
  const tcp::endpoint any(asio::ip::address_v4::loopback(), 0);
  acceptor_.open(any.protocol());
  acceptor_.bind(any);
  acceptor_.listen();
  thread_ = std::jthread([this] { serve(); });
}

ScriptedServer::~ScriptedServer() {
  // Ends the accept() that the thread waits in.
  ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
}

void ScriptedServer::follow(Script script) {
  const std::lock_guard lock(mutex_);
  script_ = std::move(script);
}

std::string ScriptedServer::authority() const {
  return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
}

std::vector<ScriptedServer::Seen> ScriptedServer::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

std::size_t ScriptedServer::count(const std::string& method, const std::string& target_begins) const {
  const auto all = seen();
  return static_cast<std::size_t>(std::ranges::count_if(
      all, [&](const Seen& one) { return one.method == method && one.target.starts_with(target_begins); }));
}

void ScriptedServer::forget() {
  const std::lock_guard lock(mutex_);
  seen_.clear();
}

void ScriptedServer::serve() {
  while (true) {
    error_code failed;
    tcp::socket socket(io_);
    acceptor_.accept(socket, failed);
    if (failed) return;
    answer_one(socket);
  }
}

// Somebody who begins with TLS is no request, and is left without an answer.
void ScriptedServer::answer_one(tcp::socket& socket) {
  error_code failed;
  boost::beast::flat_buffer buffer;
  http::request<http::empty_body> request;
  http::read(socket, buffer, request, failed);
  if (failed) return;
  Script script;
  const Seen seen = seen_of(request);
  {
    const std::lock_guard lock(mutex_);
    seen_.push_back(seen);
    script = script_;
  }
  const Answer answer = script(seen);
  const bool body = seen.method != "HEAD";
  if (!answer.mute)
    asio::write(socket, asio::buffer(head_of(answer) + (body ? answer.body.substr(0, answer.sent_bytes) : "")), failed);
  char byte = 0;
  if (answer.hold) socket.read_some(asio::buffer(&byte, 1), failed);
}

}  // namespace holdfast::cluster
