// What a stranger may cost a WebServer, over real sockets on loopback.
#include "net/web_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <thread>

namespace holdfast {
namespace {

namespace asio = boost::asio;
using testing::HasSubstr;
using testing::StartsWith;
using namespace std::chrono_literals;

class Echo final : public WebHandler {
 public:
  std::optional<WebAnswer> refuse(const WebRequest& head) override {
    if (head.target == "/refused") return WebAnswer{404};
    return std::nullopt;
  }
  WebAnswer answer(WebRequest request) override {
    ++answered;
    return {200, "text/plain",
            request.method + " " + request.target + " " + std::string(request.header("x-twice")) + " " +
                std::to_string(request.body.size()) + "\n"};
  }
  std::atomic<int> answered = 0;
};

class WebServerTest : public testing::Test {
 protected:
  ~WebServerTest() override {
    if (!thread_.joinable()) return;
    asio::post(io_, [this] { server_->stop(); });
    thread_.join();
  }
  void start(const WebLimits& limits) {
    WebServerOptions options;
    options.limits = limits;
    server_ = WebServer::listen(io_.get_executor(), handler_, options).value();
    asio::co_spawn(io_, server_->run(), [](std::exception_ptr failure) {
      if (failure) std::rethrow_exception(failure);
    });
    thread_ = std::jthread([this] { io_.run(); });
  }
  asio::ip::tcp::socket connect() {
    asio::ip::tcp::socket socket(client_);
    socket.connect({asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(server_->port())});
    return socket;
  }
  // Everything until the other side closes.
  static std::string rest(asio::ip::tcp::socket& socket) {
    std::string text;
    boost::system::error_code ended;
    asio::read(socket, asio::dynamic_buffer(text), ended);
    return text;
  }
  std::string answer_to(const std::string& request) {
    auto socket = connect();
    boost::system::error_code failed;
    asio::write(socket, asio::buffer(request), failed);
    return rest(socket);
  }

  Echo handler_;
  asio::io_context io_{1}, client_{1};
  std::unique_ptr<WebServer> server_;
  std::jthread thread_;
};

TEST_F(WebServerTest, answers_and_keeps_the_connection) {
  start({});
  const std::string answer = answer_to(
      "POST /a HTTP/1.1\r\nHost: x\r\nX-Twice: 1\r\nX-TWICE: 2\r\nContent-Length: 3\r\n\r\nabc"
      "GET /b?c=d HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("POST /a 1, 2 3\n"));
  EXPECT_THAT(answer, HasSubstr("GET /b?c=d  0\n"));
}

TEST_F(WebServerTest, a_body_beyond_the_bound_is_refused_as_soon_as_that_is_known) {
  start({.body_bytes = 1'000});
  EXPECT_THAT(answer_to("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n"), StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(answer_to("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" +
                        std::string(1'001, 'x') + "\r\n0\r\n\r\n"),
              StartsWith("HTTP/1.1 413"));
  EXPECT_EQ(handler_.answered, 0);
  EXPECT_THAT(answer_to("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n" +
                        std::string(1'000, 'x')),
              HasSubstr("POST /  1000"));
}

TEST_F(WebServerTest, a_head_beyond_the_bound_or_that_is_no_http_is_refused) {
  start({.head_bytes = 500});
  EXPECT_THAT(answer_to("GET / HTTP/1.1\r\nX: " + std::string(1'000, 'x') + "\r\n\r\n"), StartsWith("HTTP/1.1 431"));
  EXPECT_THAT(answer_to("hello\r\n\r\n"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(answer_to("GET /refused HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 404"));
}

TEST_F(WebServerTest, whoever_is_slow_is_cut) {
  start({.head = 50ms, .body = 50ms});
  EXPECT_EQ(answer_to("GET / HT"), "");
  EXPECT_EQ(answer_to("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na"), "");
  EXPECT_EQ(handler_.answered, 0);
}

TEST_F(WebServerTest, bodies_under_way_share_one_bound) {
  start({.body_bytes = 1'000, .all_bodies_bytes = 1'500});
  auto first = connect();
  asio::write(first, asio::buffer(std::string("POST /first HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: "
                                              "100-continue\r\nContent-Length: 1000\r\n\r\n")));
  std::string go_on(25, '\0');
  asio::read(first, asio::buffer(go_on));  // so that it is under way
  EXPECT_EQ(go_on, "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_THAT(answer_to("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n"), StartsWith("HTTP/1.1 503"));
  asio::write(first, asio::buffer(std::string(1'000, 'x')));
  EXPECT_THAT(rest(first), HasSubstr("POST /first  1000"));
  EXPECT_THAT(answer_to("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 900\r\n\r\n" +
                        std::string(900, 'x')),
              HasSubstr("POST /  900"));
}

TEST_F(WebServerTest, whoever_says_nothing_makes_room) {
  start({.connections = 3});
  auto one = connect(), two = connect(), three = connect();
  EXPECT_THAT(answer_to("GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), HasSubstr("GET /a"));
  EXPECT_EQ(rest(one), "");
}

TEST_F(WebServerTest, says_what_is_wrong_with_where_it_is_to_listen) {
  EXPECT_THAT(WebServer::listen(io_.get_executor(), handler_, {.address = "here"}).error().message, HasSubstr("here"));
  start({});
  WebServerOptions taken;
  taken.port = static_cast<std::uint16_t>(server_->port());
  EXPECT_EQ(WebServer::listen(io_.get_executor(), handler_, taken).error().kind, ErrorKind::Unreachable);
  WebServerOptions half;
  half.certificate_file = "/nonexistent";
  EXPECT_FALSE(WebServer::listen(io_.get_executor(), handler_, half));
}

}  // namespace
}  // namespace holdfast
