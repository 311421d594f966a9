#include "watchers/reflector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>
#include <deque>
#include <exception>

namespace holdfast {
namespace {

namespace asio = boost::asio;
using testing::ElementsAre;

const ApiResource kConfigMaps{{"", "v1", "ConfigMap"}, "configmaps", true, {"list", "watch"}};

std::string item(const std::string& name, const std::string& version) {
  return R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":")" + name +
         R"(","namespace":"web","uid":"u","resourceVersion":")" + version + "\"}}";
}
std::string list_body(const std::string& version, const std::string& items) {
  return R"({"kind":"ConfigMapList","metadata":{"resourceVersion":")" + version + R"("},"items":[)" + items + "]}";
}

// Never answers until it is cancelled, as a quiet server does.
asio::awaitable<void> wait_for_ever() {
  asio::steady_timer timer(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
  co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

struct Script {
  std::deque<std::string> lists;                // bodies; none left: never answers
  std::deque<std::deque<std::string>> streams;  // chunks; "" ends; none left: quiet
  std::vector<std::string> targets;
  int closed = 0;
};

class FakeStream final : public ResponseStream {
 public:
  FakeStream(Script& script, std::deque<std::string> chunks) : script_(script), chunks_(std::move(chunks)) {}
  int status() const override { return 200; }
  const std::string& content_type() const override { return type_; }
  std::optional<std::chrono::seconds> retry_after() const override { return std::nullopt; }
  asio::awaitable<Result<std::size_t>> read_some(std::span<char> into) override {
    if (chunks_.empty()) {
      quiet_ = std::make_unique<asio::steady_timer>(co_await asio::this_coro::executor,
                                                    asio::steady_timer::time_point::max());
      co_await quiet_->async_wait(asio::as_tuple(asio::use_awaitable));
      co_return fail(ErrorKind::Cancelled, "cancelled");
    }
    const std::string chunk = chunks_.front();
    chunks_.pop_front();
    std::memcpy(into.data(), chunk.data(), chunk.size());
    co_return chunk.size();
  }
  void close() override {
    ++script_.closed;
    if (quiet_) quiet_->cancel();
  }

 private:
  Script& script_;
  std::deque<std::string> chunks_;
  std::unique_ptr<asio::steady_timer> quiet_;  // of a read that waits
  std::string type_ = "application/json";
};

class FakeServer final : public ApiServer, public WatchTransport {
 public:
  explicit FakeServer(Script& script) : script_(script) {}
  asio::awaitable<Result<ApiResponse>> send(ApiRequest request) override {
    script_.targets.push_back(request.target);
    if (script_.lists.empty()) {
      co_await wait_for_ever();
      co_return fail(ErrorKind::Cancelled, "cancelled");
    }
    ApiResponse answer{200, "application/json", {}, script_.lists.front()};
    script_.lists.pop_front();
    co_return answer;
  }
  asio::awaitable<Result<std::unique_ptr<ResponseStream>>> open(ApiRequest request,
                                                                std::chrono::milliseconds) override {
    script_.targets.push_back(request.target);
    std::deque<std::string> chunks;
    if (!script_.streams.empty()) {
      chunks = script_.streams.front();
      script_.streams.pop_front();
    }
    std::unique_ptr<ResponseStream> stream = std::make_unique<FakeStream>(script_, std::move(chunks));
    co_return stream;
  }

 private:
  Script& script_;
};

class Recorder final : public ReflectorSink {
 public:
  std::vector<std::string> lines;
  std::function<void(const std::string&)> on_line = [](const std::string&) {};
  void changed(std::span<const StoreEvent> events, std::chrono::steady_clock::time_point) override {
    for (const StoreEvent& event : events) {
      switch (event.kind) {
        case StoreEventKind::Upserted:
          say("up " + event.key.name + "@" + event.after->resource_version.value);
          break;
        case StoreEventKind::Deleted:
          say("del " + event.key.name);
          break;
        case StoreEventKind::Synced:
          say("synced");
          break;
      }
    }
  }
  void status_changed(const ApiResource&, const ReflectorStatus& status) override { say(to_string(status.state)); }

 private:
  void say(const std::string& line) {
    lines.push_back(line);
    on_line(line);
  }
};

// Of a server without streaming lists, whose bookmarks have been seen.
std::shared_ptr<ClusterKnowledge> plain_lists() {
  auto knowledge = std::make_shared<ClusterKnowledge>();
  knowledge->streaming.refuse({"", "ConfigMap"});
  for (int i = 0; i < BookmarkRhythm::kEnough; ++i) knowledge->bookmarks[{"", "ConfigMap"}].seen();
  return knowledge;
}

class ReflectorTest : public testing::Test {
 protected:
  asio::io_context io_;
  Script script_;
  FakeServer server_{script_};
  Store store_;
  StoreWriter writer_{store_};
  Recorder sink_;
  std::shared_ptr<ClusterKnowledge> knowledge_ = plain_lists();
  Reflector reflector_{server_, server_, kConfigMaps, "", writer_, sink_, [] { return 0.0; }, {knowledge_}};
  bool ended_ = false;
  std::exception_ptr thrown_;

  void spawn() {
    asio::co_spawn(io_, reflector_.run(), [this](std::exception_ptr thrown) {
      ended_ = true;
      thrown_ = thrown;
    });
  }
  void run_until_quiet() {
    io_.restart();
    while (io_.poll() != 0) {
    }
  }
};

TEST_F(ReflectorTest, lists_watches_and_resumes) {
  script_.lists = {list_body("10", item("a", "3"))};
  script_.streams = {{"{\"type\":\"MODIFIED\",\"obj",
                      "ect\":" + item("a", "11") + "}\n{\"type\":\"ADDED\",\"object\":" + item("b", "12") + "}\n", ""}};
  spawn();
  run_until_quiet();
  EXPECT_THAT(sink_.lines, ElementsAre("Listing", "up a@3", "synced", "Watching", "up a@11", "up b@12"));
  EXPECT_THAT(
      script_.targets,
      ElementsAre("/api/v1/configmaps?limit=500",
                  "/api/v1/configmaps?watch=true&allowWatchBookmarks=true&resourceVersion=10&timeoutSeconds=300",
                  "/api/v1/configmaps?watch=true&allowWatchBookmarks=true&resourceVersion=12&timeoutSeconds=300"));
  EXPECT_TRUE(store_.synced({"", "ConfigMap"}));
  EXPECT_EQ(store_.size({"", "ConfigMap"}), 2U);
  reflector_.stop();
  run_until_quiet();
  EXPECT_TRUE(ended_);
  EXPECT_EQ(thrown_, nullptr);
  EXPECT_FALSE(store_.synced({"", "ConfigMap"}));
  EXPECT_EQ(script_.closed, 2);
}

TEST_F(ReflectorTest, A9_an_error_event_ends_the_stream_and_what_follows_it_is_not_applied) {
  script_.lists = {list_body("10", ""), list_body("30", item("c", "25"))};
  script_.streams = {{"{\"type\":\"ADDED\",\"object\":" + item("a", "11") +
                      "}\n{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410,\"reason\":\"Expired\"}}\n"
                      "{\"type\":\"ADDED\",\"object\":" +
                      item("never", "13") + "}\n"}};
  spawn();
  run_until_quiet();
  EXPECT_THAT(sink_.lines, ElementsAre("Listing", "synced", "Watching", "up a@11", "Listing", "del a", "up c@25",
                                       "synced", "Watching"));
  reflector_.stop();
  run_until_quiet();
  EXPECT_TRUE(ended_);
}

class StreamingReflectorTest : public testing::Test {
 protected:
  VirtualTime time_;
};

TEST_F(StreamingReflectorTest, A7_A22_a_stream_holds_its_place_among_the_lists_until_it_has_told_all) {
  asio::io_context io;
  Script script;
  FakeServer server(script);
  Store store;
  StoreWriter writer(store);
  Recorder sink;
  const std::string events = "{\"type\":\"ADDED\",\"object\":" + item("a", "3") + "}\n";
  const std::string end =
      R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"10","annotations":{"k8s.io/initial-events-end":"true"}}}})"
      "\n";
  script.streams = {{events, end}};
  const auto lists = std::make_shared<Gate>(io.get_executor(), 1);
  std::optional<Gate::Pass> somebody;
  asio::co_spawn(io, lists->enter(Clock::time_point::max()),
                 [&](std::exception_ptr, Result<Gate::Pass> pass) { somebody = std::move(*pass); });
  io.poll();
  Reflector reflector(server, server, kConfigMaps, "", writer, sink, [] { return 0.0; },
                      {std::make_shared<ClusterKnowledge>(), lists});
  asio::co_spawn(io, reflector.run(), [](std::exception_ptr) {});
  io.restart();
  io.poll();
  EXPECT_TRUE(script.targets.empty());  // it is not its turn
  somebody.reset();
  io.restart();
  io.poll();
  EXPECT_THAT(sink.lines, ElementsAre("Listing", "up a@3", "synced", "Watching"));
  bool entered = false;
  asio::co_spawn(io, lists->enter(Clock::time_point::max()),
                 [&](std::exception_ptr, const Result<Gate::Pass>&) { entered = true; });
  io.restart();
  io.poll();
  EXPECT_TRUE(entered);
  reflector.stop();
  io.restart();
  io.poll();
}

TEST_F(StreamingReflectorTest, A12_A8_a_stream_that_stays_silent_is_closed_and_the_list_asked_for) {
  asio::io_context io;
  Script script;
  FakeServer server(script);
  Store store;
  StoreWriter writer(store);
  Recorder sink;
  Reflector reflector(server, server, kConfigMaps, "", writer, sink, [] { return 0.0; });
  asio::co_spawn(io, reflector.run(), [](std::exception_ptr) {});
  io.poll();
  ASSERT_EQ(script.targets.size(), 1U);
  script.lists = {list_body("10", item("a", "3"))};
  time_.advance_to(Clock::now() + std::chrono::seconds(59));
  io.restart();
  io.poll();
  EXPECT_EQ(script.targets.size(), 1U);
  time_.advance_to(Clock::now() + std::chrono::seconds(2));
  io.restart();
  io.poll();
  EXPECT_THAT(sink.lines, ElementsAre("Listing", "up a@3", "synced", "Watching"));
  EXPECT_GT(script.closed, 0);
  reflector.stop();
  io.restart();
  io.poll();
}

TEST_F(ReflectorTest, stop_reaches_a_list_that_is_not_answered) {
  spawn();
  run_until_quiet();
  EXPECT_FALSE(ended_);
  reflector_.stop();
  run_until_quiet();
  EXPECT_TRUE(ended_);
  EXPECT_EQ(thrown_, nullptr);
  EXPECT_THAT(sink_.lines, ElementsAre("Listing"));
}

TEST_F(ReflectorTest, stop_reaches_a_backoff) {
  script_.lists = {"broken"};
  spawn();
  run_until_quiet();
  EXPECT_THAT(sink_.lines, ElementsAre("Listing", "Retrying"));
  reflector_.stop();
  run_until_quiet();
  EXPECT_TRUE(ended_);
}

TEST_F(ReflectorTest, stop_from_the_sink_ends_before_the_next_event) {
  script_.lists = {list_body("10", "")};
  script_.streams = {{"{\"type\":\"ADDED\",\"object\":" + item("a", "11") +
                      "}\n{\"type\":\"ADDED\",\"object\":" + item("b", "12") + "}\n"}};
  sink_.on_line = [this](const std::string& line) {
    if (line == "up a@11") reflector_.stop();
  };
  spawn();
  run_until_quiet();
  EXPECT_TRUE(ended_);
  EXPECT_EQ(thrown_, nullptr);
  EXPECT_EQ(sink_.lines.back(), "up a@11");
}

TEST_F(ReflectorTest, stop_from_the_very_first_status_sends_nothing) {
  sink_.on_line = [this](const std::string&) { reflector_.stop(); };
  spawn();
  run_until_quiet();
  EXPECT_TRUE(ended_);
  EXPECT_EQ(thrown_, nullptr);
  EXPECT_TRUE(script_.targets.empty());
}

TEST_F(ReflectorTest, stop_before_run_sends_nothing) {
  reflector_.stop();
  spawn();
  run_until_quiet();
  EXPECT_TRUE(ended_);
  EXPECT_TRUE(script_.targets.empty());
}

TEST_F(ReflectorTest, an_exception_ends_in_a_status_and_not_in_the_owner) {
  script_.lists = {list_body("10", "")};
  bool once = true;
  sink_.on_line = [&once](const std::string& line) {
    if (line == "synced" && std::exchange(once, false)) throw std::runtime_error("bug");
  };
  spawn();
  run_until_quiet();
  EXPECT_TRUE(ended_);
  EXPECT_EQ(thrown_, nullptr);
  EXPECT_EQ(sink_.lines.back(), "Failed");
  EXPECT_FALSE(store_.synced({"", "ConfigMap"}));
}

}  // namespace
}  // namespace holdfast
