// Single Secrets and ConfigMaps: how many watches they cost, when a change of them is told, and that what cannot be
// read is never taken for absent.
#include "watchers/value_follower.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>
#include <list>

#include "holdfast/base/digest.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

const ValueReference kToken{ValueReference::Kind::Secret, "web", "token"};

std::string secret(const std::string& version, const std::string& value) {
  return R"({"kind":"Secret","apiVersion":"v1","metadata":{"name":"token","namespace":"web","uid":"u","resourceVersion":")" +
         version + R"("},"data":{"password":")" + base64_encode(value) + "\"}}";
}

// One Secret, served to GETs, to lists and to watches that first send what is there.
class OneSecret final : public ApiServer, public WatchTransport {
 public:
  std::string object;  // empty: there is none
  int refusal = 0;     // of everything
  int refusal_of_watches = 0;
  bool away = false;
  std::vector<std::string> gets, watches;
  std::size_t open_now = 0;

  void put(const std::string& version, const std::string& value) {
    const char* const type = object.empty() ? "ADDED" : "MODIFIED";
    object = secret(version, value);
    tell(std::string(R"({"type":")") + type + R"(","object":)" + object + "}\n");
  }
  void remove(const std::string& version) {
    tell(R"({"type":"DELETED","object":)" + secret(version, "") + "}\n");
    object.clear();
  }

  asio::awaitable<Result<ApiResponse>> send(ApiRequest request) override {
    gets.push_back(request.target);
    if (away) co_return fail(ErrorKind::Unreachable, "connection refused");
    if (refusal != 0) co_return ApiResponse{refusal, "application/json", {}, R"({"kind":"Status","message":"no"})"};
    if (!object.empty()) co_return ApiResponse{200, "application/json", {}, object};
    co_return ApiResponse{404,
                          "application/json",
                          {},
                          R"({"kind":"Status","reason":"NotFound","message":"gone","details":{"name":"token"}})"};
  }
  asio::awaitable<Result<std::unique_ptr<ResponseStream>>> open(ApiRequest request,
                                                                std::chrono::milliseconds) override {
    watches.push_back(request.target);
    if (away) co_return fail(ErrorKind::Unreachable, "connection refused");
    const int status = refusal_of_watches != 0 ? refusal_of_watches : refusal;
    auto stream = std::make_unique<Stream>(*this, status == 0 ? 200 : status);
    if (status != 0) {
      stream->feed(R"({"kind":"Status","message":"no"})");
    } else {
      if (!object.empty()) stream->feed(R"({"type":"ADDED","object":)" + object + "}\n");
      stream->feed(
          R"({"type":"BOOKMARK","object":{"kind":"Secret","apiVersion":"v1","metadata":{"resourceVersion":"100",)"
          R"("annotations":{"k8s.io/initial-events-end":"true"}}}})"
          "\n");
    }
    co_return std::move(stream);
  }

 private:
  class Stream final : public ResponseStream {
   public:
    Stream(OneSecret& of, int status) : of_(of), status_(status), timer_(of.executor) {
      ++of_.open_now;
      of_.streams_.push_back(this);
    }
    ~Stream() override {
      --of_.open_now;
      of_.streams_.remove(this);
    }
    void feed(const std::string& text) {
      text_ += text;
      timer_.cancel();
    }
    [[nodiscard]] int status() const override { return status_; }
    [[nodiscard]] const std::string& content_type() const override { return type_; }
    [[nodiscard]] std::optional<std::chrono::seconds> retry_after() const override { return std::nullopt; }
    asio::awaitable<Result<std::size_t>> read_some(std::span<char> into) override {
      if (text_.empty() && status_ != 200) co_return 0;
      if (text_.empty() && !closed_) {
        timer_.expires_at(Clock::time_point::max());
        co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
      }
      if (closed_ || text_.empty()) co_return fail(ErrorKind::Cancelled, "closed");
      const std::size_t size = std::min(text_.size(), into.size());
      std::memcpy(into.data(), text_.data(), size);
      text_.erase(0, size);
      co_return size;
    }
    void close() override {
      closed_ = true;
      timer_.cancel();
    }

   private:
    OneSecret& of_;
    int status_;
    bool closed_ = false;
    std::string text_, type_ = "application/json";
    Timer timer_;
  };

  void tell(const std::string& event) {
    for (Stream* const stream : streams_) stream->feed(event);
  }
  std::list<Stream*> streams_;

 public:
  asio::any_io_executor executor;
};

class ValueFollowerTest : public testing::Test {
 protected:
  ValueFollowerTest() { server.executor = io.get_executor(); }
  ~ValueFollowerTest() override {
    follower.stop();
    asio::co_spawn(io, follower.ended(), [](std::exception_ptr failure) { EXPECT_EQ(failure, nullptr); });
    settle();
  }

  void settle() {
    io.restart();
    io.poll();
  }
  void pass(std::chrono::seconds time) {
    for (auto end = clock.now() + time; clock.now() < end;) {
      clock.advance_to(std::min(std::max(clock.next_due(), clock.now() + 1ms), end));
      settle();
    }
  }
  Result<ClusterValuePtr> read() {
    std::optional<Result<ClusterValuePtr>> answer;
    asio::co_spawn(io, follower.read(kToken), [&](std::exception_ptr failure, Result<ClusterValuePtr> read) {
      EXPECT_EQ(failure, nullptr);
      answer = std::move(read);
    });
    settle();
    EXPECT_TRUE(answer.has_value());
    return std::move(*answer);
  }
  std::string password() {
    const auto value = read();
    if (!value) return describe(value.error());
    return std::string((*value)->data.at("password").reveal());
  }

  struct Asker {
    std::optional<Result<void>> told;
    asio::cancellation_signal cancel;
  };
  // Lives as long as its coroutine may.
  Asker& ask(const std::string& seen) {
    Asker& asker = askers_.emplace_back();
    asio::co_spawn(io, follower.changed({{kToken, seen}}),
                   asio::bind_cancellation_slot(asker.cancel.slot(),
                                                [&told = asker.told](std::exception_ptr failure, Result<void> changed) {
                                                  EXPECT_EQ(failure, nullptr);
                                                  told = changed;
                                                }));
    settle();
    return asker;
  }

  std::list<Asker> askers_;
  VirtualTime clock;
  asio::io_context io;
  OneSecret server;
  ValueFollower follower{io.get_executor(), server, server, [] { return 0.5; }};
};

TEST_F(ValueFollowerTest, reads_one_by_name) {
  server.put("5", "swordfish");
  EXPECT_EQ(password(), "swordfish");
  EXPECT_THAT(server.gets, testing::ElementsAre("/api/v1/namespaces/web/secrets/token"));
  EXPECT_TRUE(server.watches.empty());
}

TEST_F(ValueFollowerTest, many_askers_share_one_watch_of_that_very_name) {
  server.put("5", "swordfish");
  const Asker &first = ask("5"), &second = ask("5"), &late = ask("4");
  EXPECT_TRUE(late.told.has_value());  // what it had read was older
  EXPECT_FALSE(first.told || second.told);
  ASSERT_EQ(server.watches.size(), 1U);
  EXPECT_THAT(server.watches[0], HasSubstr("/api/v1/namespaces/web/secrets?watch=true"));
  EXPECT_THAT(server.watches[0], HasSubstr("&fieldSelector=metadata.name%3Dtoken"));
  server.put("6", "shark");
  settle();
  EXPECT_TRUE(first.told && *first.told);
  EXPECT_TRUE(second.told && *second.told);
  EXPECT_EQ(password(), "shark");  // from the watch
  EXPECT_TRUE(server.gets.empty());
}

TEST_F(ValueFollowerTest, what_changes_while_nobody_waits_is_told_afterwards) {
  server.put("5", "swordfish");
  ask("4");
  server.put("6", "shark");
  settle();
  const Asker &behind = ask("5"), &up_to_date = ask("6");
  EXPECT_TRUE(behind.told.has_value());
  EXPECT_FALSE(up_to_date.told.has_value());
}

TEST_F(ValueFollowerTest, a_watch_ends_when_nobody_asked_for_a_minute) {
  server.put("5", "swordfish");
  Asker& first = ask("5");
  first.cancel.emit(asio::cancellation_type::terminal);
  settle();
  ASSERT_TRUE(first.told.has_value());
  EXPECT_EQ(first.told->error().kind, ErrorKind::Cancelled);
  pass(30s);
  Asker& second = ask("5");  // is back in time
  pass(120s);
  EXPECT_EQ(server.watches.size(), 1U);
  EXPECT_EQ(server.open_now, 1U);
  second.cancel.emit(asio::cancellation_type::terminal);
  settle();
  pass(61s);
  EXPECT_EQ(follower.watches(), 0U);
  EXPECT_EQ(server.open_now, 0U);
}

TEST_F(ValueFollowerTest, absent_is_what_the_server_says_and_nothing_else) {
  EXPECT_EQ(read().error().kind, ErrorKind::NotFound);
  server.refusal = 403;
  EXPECT_EQ(read().error().kind, ErrorKind::Forbidden);
  server.refusal = 404;  // of a proxy, about something else
  EXPECT_EQ(read().error().kind, ErrorKind::Protocol);
  server.refusal = 0;
  server.away = true;
  EXPECT_EQ(read().error().kind, ErrorKind::Unreachable);
}

TEST_F(ValueFollowerTest, a_deletion_is_a_change_and_so_is_its_return) {
  server.put("5", "swordfish");
  const Asker& first = ask("5");
  server.remove("106");
  settle();
  EXPECT_TRUE(first.told.has_value());
  EXPECT_EQ(read().error().kind, ErrorKind::NotFound);
  const Asker& second = ask("");
  EXPECT_FALSE(second.told.has_value());
  server.put("107", "shark");
  settle();
  EXPECT_TRUE(second.told.has_value());
}

TEST_F(ValueFollowerTest, A20_a_watch_that_is_refused_is_no_deletion_and_get_alone_is_enough) {
  server.put("5", "swordfish");
  server.refusal_of_watches = 403;
  const Asker& asker = ask("5");
  pass(180s);
  EXPECT_FALSE(asker.told.has_value());
  EXPECT_EQ(password(), "swordfish");
  server.put("6", "shark");
  pass(61s);
  EXPECT_TRUE(asker.told.has_value());
}

TEST_F(ValueFollowerTest, nothing_is_told_while_the_server_is_away) {
  server.away = true;
  const Asker& asker = ask("5");
  pass(600s);
  EXPECT_FALSE(asker.told.has_value());
}

TEST_F(ValueFollowerTest, stopped_it_cancels_whoever_waits) {
  const Asker& asker = ask("");
  follower.stop();
  settle();
  ASSERT_TRUE(asker.told.has_value());
  EXPECT_EQ(asker.told->error().kind, ErrorKind::Cancelled);
  EXPECT_EQ(read().error().kind, ErrorKind::Cancelled);
}

TEST(ClusterValue, a_config_map_has_texts_and_bytes) {
  const ValueReference reference{ValueReference::Kind::ConfigMap, "web", "settings"};
  const auto value = read_cluster_value(
      reference, R"({"metadata":{"resourceVersion":"1"},"data":{"a":"eA=="},"binaryData":{"b":"eA=="}})");
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ((*value)->data.at("a").reveal(), "eA==");
  EXPECT_EQ((*value)->data.at("b").reveal(), "x");
}

TEST(ClusterValue, what_is_no_base64_is_refused_without_its_text) {
  const auto value =
      read_cluster_value(kToken, R"({"metadata":{"resourceVersion":"1"},"data":{"password":"sword fish!"}})");
  ASSERT_FALSE(value.has_value());
  EXPECT_THAT(describe(value.error()),
              AllOf(HasSubstr("password"), HasSubstr("Secret web/token"), Not(HasSubstr("fish"))));
}

}  // namespace
}  // namespace holdfast
