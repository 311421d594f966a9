#include "sim/hook_client.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

namespace holdfast {

namespace asio = boost::asio;
namespace http = boost::beast::http;

struct HookClient::Connection {
  asio::io_context io{1};
  asio::ssl::context tls{asio::ssl::context::tls_client};
  asio::ssl::stream<asio::ip::tcp::socket> stream{io, tls};
  boost::beast::flat_buffer buffer;
};

HookClient::HookClient(unsigned port) : port_(port) {}
HookClient::~HookClient() = default;

int HookClient::post(const std::string& target, const std::map<std::string, std::string, std::less<>>& headers,
                     const std::string& body) {
  const bool kept = connection_ != nullptr;
  const int status = attempt(target, headers, body);
  return status == 0 && kept ? attempt(target, headers, body) : status;
}

int HookClient::attempt(const std::string& target, const std::map<std::string, std::string, std::less<>>& headers,
                        const std::string& body) {
  boost::system::error_code failed, not_written;
  if (!connection_) {
    connection_ = std::make_unique<Connection>();
    auto& socket = connection_->stream.next_layer();
    socket.connect({asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(port_)}, failed);
    if (!failed) socket.set_option(asio::ip::tcp::no_delay(true), failed);
    if (!failed) connection_->stream.handshake(asio::ssl::stream_base::client, failed);
  }
  http::request<http::string_body> request{http::verb::post, target, 11};
  request.set(http::field::host, "127.0.0.1");
  for (const auto& [name, value] : headers) request.set(name, value);
  request.body() = body;
  request.prepare_payload();
  http::response<http::string_body> response;
  // What is refused is answered before it was read.
  if (!failed) http::write(connection_->stream, request, not_written);
  if (!failed) http::read(connection_->stream, connection_->buffer, response, failed);
  if (failed || not_written || !response.keep_alive()) connection_.reset();
  return failed ? 0 : static_cast<int>(response.result_int());
}

}  // namespace holdfast
