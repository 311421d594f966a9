// What becomes of a write when the fence ends that it left behind: a peer that is this program itself, and that reads
// nothing before it is told to.
#include "holdfast/ports/write_fence.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <functional>
#include <optional>

#include "net/http_client.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kLarge = 32UL * 1024 * 1024;  // more than the buffers of a connection take

// Its term begins when it is asked first, which is when the connection is there.
class Fence final : public WriteFence {
 public:
  [[nodiscard]] SteadyClock::time_point ends() const override {
    if (!end) end = SteadyClock::now() + term;
    return *end;
  }
  [[nodiscard]] std::chrono::milliseconds grace() const override { return unacknowledged; }
  std::chrono::milliseconds term = 1h, unacknowledged = 1h;
  mutable std::optional<SteadyClock::time_point> end;
};

class Peer {
 public:
  Peer() : listening_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::bind(listening_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listening_, 1), 0);
    EXPECT_EQ(::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~Peer() {
    ::close(listening_);
    if (connection_ >= 0) ::close(connection_);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  [[nodiscard]] std::string port() const { return std::to_string(port_); }

  void accept() {
    if (connection_ < 0) connection_ = ::accept(listening_, nullptr, nullptr);
  }
  // Something of a request is there.
  bool was_asked() {
    pollfd waiting{connection_ < 0 ? listening_ : connection_, POLLIN, 0};
    if (::poll(&waiting, 1, 0) != 1) return false;
    if (connection_ >= 0) return true;
    accept();
    return was_asked();
  }
  // All that has come, and how it ended: 0, or why it broke.
  std::pair<std::size_t, int> read_to_the_end() {
    accept();
    std::string piece(65'536, '\0');
    for (std::size_t all = 0;;) {
      const ssize_t got = ::recv(connection_, piece.data(), piece.size(), 0);
      if (got <= 0) return {all, got == 0 ? 0 : errno};
      all += static_cast<std::size_t>(got);
    }
  }
  void answer() {
    accept();
    std::string piece(4'096, '\0');
    EXPECT_GT(::recv(connection_, piece.data(), piece.size(), 0), 0);
    constexpr std::string_view kAnswer =
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}";
    EXPECT_EQ(::send(connection_, kAnswer.data(), kAnswer.size(), 0), static_cast<ssize_t>(kAnswer.size()));
  }

 private:
  int listening_, connection_ = -1;
  std::uint16_t port_ = 0;
};

class WriteFenceTest : public testing::Test {
 protected:
  WriteFenceTest() {
    ClientConfig config;
    config.host = "127.0.0.1";
    config.port = peer_.port();
    config.tls = false;
    auto client = HttpClient::create(io_.get_executor(), std::move(config));
    EXPECT_TRUE(client);
    client_ = std::move(*client);
    client_->set_write_fence(fence_);
  }
  void send(Method method, std::size_t body_bytes) {
    ApiRequest request;
    request.method = method;
    request.target = "/";
    if (body_bytes > 0) request.content_type = "application/json";
    request.body = std::string(body_bytes, 'x');
    request.deadline = 60s;
    asio::co_spawn(
        io_, [this, request]() -> asio::awaitable<void> { answer_ = co_await client_->send(request); },
        [](std::exception_ptr failure) {
          if (failure) std::rethrow_exception(failure);
        });
  }
  void after(std::chrono::milliseconds span, std::function<void()> act) {
    timer_.expires_after(span);
    timer_.async_wait([act = std::move(act)](const boost::system::error_code& error) {
      if (!error) act();
    });
  }
  void when_asked(std::function<void()> act) {
    after(5ms, [this, act = std::move(act)]() mutable { peer_.was_asked() ? act() : when_asked(std::move(act)); });
  }
  // Until the answer is there, and nothing is under way.
  std::chrono::milliseconds run() {
    const auto begun = SteadyClock::now();
    io_.run();
    io_.restart();
    return std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - begun);
  }

  asio::io_context io_{1};
  asio::steady_timer timer_{io_};
  Peer peer_;
  std::shared_ptr<Fence> fence_ = std::make_shared<Fence>();
  std::unique_ptr<HttpClient> client_;
  Result<ApiResponse> answer_ = fail(ErrorKind::Internal, "there is none yet");
};

TEST_F(WriteFenceTest, what_has_not_arrived_when_it_ends_never_does) {
  fence_->term = 200ms;
  send(Method::Patch, kLarge);
  EXPECT_LT(run(), 20s);
  ASSERT_FALSE(answer_);
  EXPECT_EQ(answer_.error().kind, ErrorKind::Unreachable);
  EXPECT_TRUE(describe(answer_.error()).contains("does not hold the lease")) << describe(answer_.error());
  const auto [arrived, end] = peer_.read_to_the_end();
  EXPECT_LT(arrived, kLarge);
  EXPECT_EQ(end, ECONNRESET);
}

TEST_F(WriteFenceTest, an_answer_is_not_waited_for_any_longer) {
  fence_->term = 200ms;
  send(Method::Patch, 10);
  EXPECT_LT(run(), 20s);
  ASSERT_FALSE(answer_);
  EXPECT_EQ(answer_.error().kind, ErrorKind::UnknownOutcome) << "all of it had left";
  EXPECT_EQ(peer_.read_to_the_end().second, ECONNRESET) << "who still waits to deal with it is told";
}

TEST_F(WriteFenceTest, while_it_is_put_off_a_write_goes_on) {
  fence_->term = 200ms;
  when_asked([this] {
    fence_->end = SteadyClock::now() + 1h;
    after(400ms, [this] { peer_.answer(); });
  });
  send(Method::Patch, 10);
  run();
  EXPECT_TRUE(answer_) << describe(answer_.error());
}

TEST_F(WriteFenceTest, one_that_ends_before_its_time_cuts_writes_alone) {
  send(Method::Patch, 10);
  when_asked([this] {
    fence_->end = SteadyClock::time_point::min();
    client_->cut_writes();
  });
  EXPECT_LT(run(), 20s);
  ASSERT_FALSE(answer_);
  EXPECT_EQ(answer_.error().kind, ErrorKind::UnknownOutcome);
}

TEST_F(WriteFenceTest, a_read_is_not_cut) {
  send(Method::Get, 0);
  when_asked([this] {
    fence_->end = SteadyClock::time_point::min();
    client_->cut_writes();
    peer_.answer();
  });
  run();
  EXPECT_TRUE(answer_) << describe(answer_.error());
}

// The kernel's doing, so that it is so for a process that stands still.
TEST_F(WriteFenceTest, a_peer_that_takes_nothing_for_longer_than_the_grace_gets_no_more) {
  fence_->unacknowledged = 500ms;
  send(Method::Patch, kLarge);
  EXPECT_LT(run(), 20s);
  ASSERT_FALSE(answer_);
  EXPECT_EQ(answer_.error().kind, ErrorKind::Unreachable);
  EXPECT_LT(peer_.read_to_the_end().first, kLarge);
}

TEST_F(WriteFenceTest, a_connection_whose_write_is_over_is_closed_as_any_other) {
  send(Method::Patch, 10);
  when_asked([this] { peer_.answer(); });
  run();
  ASSERT_TRUE(answer_) << describe(answer_.error());
  client_->close_all();
  EXPECT_EQ(peer_.read_to_the_end(), std::pair(std::size_t{0}, 0));
}

}  // namespace
}  // namespace holdfast
