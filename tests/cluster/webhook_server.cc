#include "cluster/webhook_server.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <exception>
#include <stdexcept>
#include <utility>

#include "holdfast/base/digest.h"
#include "holdfast/model/json.h"

namespace holdfast::cluster {

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace {

constexpr auto kAnswer = asio::as_tuple(asio::use_awaitable);

SimulatorCertificates certificates() {
  Result<SimulatorCertificates> made = make_certificates();
  if (!made) throw std::runtime_error(describe(made.error()));
  return std::move(*made);
}

std::string review(const std::string& request) {
  const Result<json::value> asked = parse_json(request);
  const std::string uid = asked ? std::string(string_at(*asked, {"request", "uid"})) : std::string();
  const std::string patch =
      std::string(R"([{"op":"add","path":"/data/image","value":")") + WebhookServer::kImage + R"("}])";
  return R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":")" + uid +
         R"(","allowed":true,"patchType":"JSONPatch","patch":")" + base64_encode(patch) + R"("}})";
}

}  // namespace

WebhookServer::WebhookServer()
    : certificates_(certificates()),
      tls_(asio::ssl::context::tls_server),
      acceptor_(io_, {asio::ip::make_address_v4("127.0.0.1"), 0}) {
  tls_.use_certificate_chain(asio::buffer(certificates_.server_pem));
  tls_.use_private_key(asio::buffer(certificates_.server_key_pem.reveal()), asio::ssl::context::pem);
  asio::co_spawn(io_, accept(), [](std::exception_ptr) {});
  thread_ = std::jthread([this] { io_.run(); });
}

WebhookServer::~WebhookServer() { io_.stop(); }

asio::awaitable<void> WebhookServer::accept() {
  while (true) {
    auto [error, socket] = co_await acceptor_.async_accept(kAnswer);
    if (error) co_return;
    asio::co_spawn(io_, serve(std::move(socket)), [](std::exception_ptr) {});
  }
}

asio::awaitable<void> WebhookServer::serve(asio::ip::tcp::socket socket) {
  asio::ssl::stream<asio::ip::tcp::socket> stream(std::move(socket), tls_);
  if (auto [error] = co_await stream.async_handshake(asio::ssl::stream_base::server, kAnswer); error) co_return;
  boost::beast::flat_buffer buffer;
  while (true) {
    http::request<http::string_body> request;
    auto [failed, got] = co_await http::async_read(stream, buffer, request, kAnswer);
    if (failed) co_return;
    http::response<http::string_body> response(http::status::ok, 11);
    response.set(http::field::content_type, "application/json");
    response.keep_alive(request.keep_alive());
    response.body() = review(request.body());
    response.prepare_payload();
    auto [error, sent] = co_await http::async_write(stream, response, kAnswer);
    if (error || !response.keep_alive()) co_return;
  }
}

std::string WebhookServer::configuration() const {
  return R"(apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: rewriter}
webhooks:
- name: rewriter.situations.test
  admissionReviewVersions: [v1]
  sideEffects: None
  failurePolicy: Fail
  clientConfig:
    url: https://127.0.0.1:)" +
         std::to_string(acceptor_.local_endpoint().port()) + "/\n    caBundle: " + base64_encode(certificates_.ca_pem) +
         R"(
  objectSelector: {matchLabels: {rewritten: "yes"}}
  rules:
  - {apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [configmaps]}
)";
}

}  // namespace holdfast::cluster
