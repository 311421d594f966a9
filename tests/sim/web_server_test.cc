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
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <thread>

#include "cluster/child_process.h"
#include "unit/sources/temporary_folder.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
using testing::HasSubstr;
using testing::StartsWith;
using namespace std::chrono_literals;

class Echo final : public WebHandler {
 public:
  std::optional<WebAnswer> refuse(const ReceivedRequest& head) override {
    if (head.target == "/refused") return WebAnswer{404};
    return std::nullopt;
  }
  WebAnswer answer(ReceivedRequest request) override {
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
    start(options);
  }
  void start(const WebServerOptions& options) {
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

  // What the server's certificate is of.
  std::string name_served() {
    asio::ssl::context tls(asio::ssl::context::tls_client);
    asio::ssl::stream<asio::ip::tcp::socket> stream(connect(), tls);
    stream.handshake(asio::ssl::stream_base::client);
    char name[64] = {};
    X509* const certificate = SSL_get1_peer_certificate(stream.native_handle());
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
    X509_free(certificate);
    return name;
  }

  Echo handler_;
  asio::io_context io_{1}, client_{1};
  std::unique_ptr<WebServer> server_;
  std::jthread thread_;
};

TEST_F(WebServerTest, answers_and_keeps_the_connection) {
  start(WebLimits{});
  const std::string answer = answer_to(
      "POST /a HTTP/1.1\r\nHost: x\r\nX-Twice: 1\r\nX-TWICE: 2\r\nContent-Length: 3\r\n\r\nabc"
      "GET /b?c=d HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("POST /a 1, 2 3\n"));
  EXPECT_THAT(answer, HasSubstr("GET /b?c=d  0\n"));
}

TEST_F(WebServerTest, a_body_beyond_the_bound_is_refused_as_soon_as_that_is_known) {
  start(WebLimits{.body_bytes = 1'000});
  EXPECT_THAT(answer_to("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n"), StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(answer_to("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" +
                        std::string(1'001, 'x') + "\r\n0\r\n\r\n"),
              StartsWith("HTTP/1.1 413"));
  EXPECT_EQ(handler_.answered, 0);
  EXPECT_THAT(answer_to("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n" +
                        std::string(1'000, 'x')),
              HasSubstr("POST /  1000"));
}

// Beast's own way of reading one asserts that its end is in one piece. Often enough for one piece to be seen alone.
TEST_F(WebServerTest, a_body_of_chunks_may_come_byte_by_byte) {
  start(WebLimits{});
  const std::string head = "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string body : {"0\r\n\r\n", "3\r\nabc\r\n0\r\n\r\n", "1;x=y\r\na\r\n2\r\nbc\r\n0\r\nA: b\r\n\r\n"}) {
    for (int i = 0; i < 100; ++i) {
      auto socket = connect();
      socket.set_option(asio::ip::tcp::no_delay(true));
      asio::write(socket, asio::buffer(head));
      for (const char& byte : body) asio::write(socket, asio::buffer(&byte, 1));
      ASSERT_THAT(rest(socket), HasSubstr(body.size() == 5 ? "POST /  0\n" : "POST /  3\n")) << i;
    }
  }
}

TEST_F(WebServerTest, a_head_beyond_the_bound_or_that_is_no_http_is_refused) {
  start(WebLimits{.head_bytes = 500});
  EXPECT_THAT(answer_to("GET / HTTP/1.1\r\nX: " + std::string(1'000, 'x') + "\r\n\r\n"), StartsWith("HTTP/1.1 431"));
  EXPECT_THAT(answer_to("hello\r\n\r\n"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(answer_to("GET /refused HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 404"));
}

TEST_F(WebServerTest, whoever_is_slow_is_cut) {
  start(WebLimits{.head = 50ms, .body = 50ms});
  EXPECT_EQ(answer_to("GET / HT"), "");
  EXPECT_EQ(answer_to("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na"), "");
  EXPECT_EQ(handler_.answered, 0);
}

TEST_F(WebServerTest, bodies_under_way_share_one_bound) {
  start(WebLimits{.body_bytes = 1'000, .all_bodies_bytes = 1'500});
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
  start(WebLimits{.connections = 3});
  auto one = connect(), two = connect(), three = connect();
  EXPECT_THAT(answer_to("GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), HasSubstr("GET /a"));
  EXPECT_EQ(rest(one), "");
}

// A certificate of that name, with its key, in one file.
void make_certificate(const std::string& file, const std::string& name) {
  const cluster::Finished made =
      cluster::run({"/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-subj", "/CN=" + name, "-days", "2", "-keyout", file, "-out", file});
  ASSERT_EQ(made.exit_code, 0) << made.err;
}

TEST_F(WebServerTest, B1_a_certificate_that_was_renewed_is_served_and_a_broken_one_is_not) {
  const TemporaryFolder folder;
  make_certificate(folder / "tls.pem", "old");
  std::atomic<int> minutes = 0;
  WebServerOptions options;
  options.certificate_file = options.key_file = folder / "tls.pem";
  options.now = [&minutes] { return Clock::time_point(std::chrono::minutes(minutes)); };
  start(options);
  EXPECT_EQ(name_served(), "old");
  folder.write("tls.pem", "half a cert");
  minutes = 10;
  EXPECT_EQ(name_served(), "old");
  make_certificate(folder / "tls.pem", "new");
  EXPECT_EQ(name_served(), "old");  // it is looked at again after a while alone
  minutes = 20;
  EXPECT_EQ(name_served(), "new");
}

TEST_F(WebServerTest, says_what_is_wrong_with_where_it_is_to_listen) {
  EXPECT_THAT(WebServer::listen(io_.get_executor(), handler_, {.address = "here"}).error().message, HasSubstr("here"));
  start(WebLimits{});
  WebServerOptions taken;
  taken.port = static_cast<std::uint16_t>(server_->port());
  EXPECT_EQ(WebServer::listen(io_.get_executor(), handler_, taken).error().kind, ErrorKind::Unreachable);
  WebServerOptions half;
  half.certificate_file = "/nonexistent";
  EXPECT_FALSE(WebServer::listen(io_.get_executor(), handler_, half));
}

}  // namespace
}  // namespace holdfast
