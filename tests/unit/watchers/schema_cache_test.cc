#include "watchers/schema_cache.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <map>
#include <vector>

namespace holdfast {
namespace {

namespace asio = boost::asio;
using std::chrono::seconds;

const GroupVersionKind kDeployment{"apps", "v1", "Deployment"};

// Answers when it is next run, as a server does.
class FakeServer final : public ApiServer {
 public:
  std::map<std::string, Result<ApiResponse>> answers;
  std::vector<std::string> asked;
  asio::awaitable<Result<ApiResponse>> send(ApiRequest request) override {
    asked.push_back(request.target);
    co_await asio::post(asio::use_awaitable);
    co_return answers.at(request.target);
  }
};

class FakeSink final : public SchemaSink {
 public:
  void schemas_changed() override { ++changes; }
  void schema_failed(const Error& error) override { failures.push_back(error); }
  int changes = 0;
  std::vector<Error> failures;
};

ApiResponse ok(const std::string& body) { return {200, "application/json", {}, body, {}}; }

const std::string kIndex = R"({"paths":{"apis/apps/v1":{"serverRelativeURL":"/openapi/v3/apis/apps/v1?hash=D"}}})";
const std::string kDocument =
    R"({"components":{"schemas":{"t.Deployment":{"type":"object","properties":{"spec":{"type":"object"}},)"
    R"("x-kubernetes-group-version-kind":[{"group":"apps","version":"v1","kind":"Deployment"}]}}}})";

class SchemaCacheTest : public testing::Test {
 protected:
  SchemaCacheTest() {
    server_.answers["/openapi/v3"] = ok(kIndex);
    server_.answers["/openapi/v3/apis/apps/v1?hash=D"] = ok(kDocument);
    asio::co_spawn(io_, cache_.run(), [](std::exception_ptr failure) {
      if (failure) std::rethrow_exception(failure);
    });
  }
  ~SchemaCacheTest() override {
    cache_.stop();
    settle();
  }
  void settle() {
    io_.restart();
    io_.poll();
  }
  void pass(std::chrono::milliseconds time) {
    time_.advance_to(time_.now() + time);
    settle();
  }

  VirtualTime time_;
  asio::io_context io_;
  FakeServer server_;
  FakeSink sink_;
  SchemaCache cache_{io_.get_executor(), io_.get_executor(), server_, sink_, [] { return 0.0; }};
};

TEST_F(SchemaCacheTest, C11_asks_for_what_is_wanted_and_keeps_it) {
  settle();
  EXPECT_TRUE(server_.asked.empty());
  cache_.want(kDeployment);
  EXPECT_TRUE(cache_.type_of(kDeployment).coming);
  settle();
  EXPECT_EQ(server_.asked, (std::vector<std::string>{"/openapi/v3", "/openapi/v3/apis/apps/v1?hash=D"}));
  ASSERT_NE(cache_.type_of(kDeployment).type, nullptr);
  EXPECT_EQ(sink_.changes, 2);
  cache_.want(kDeployment);
  cache_.refresh();
  EXPECT_EQ(cache_.type_of(kDeployment).type, nullptr);
  settle();
  EXPECT_EQ(server_.asked.size(), 3U);  // the index alone
  EXPECT_NE(cache_.type_of(kDeployment).type, nullptr);
}

TEST_F(SchemaCacheTest, a_failure_is_told_and_tried_again) {
  server_.answers["/openapi/v3"] = fail(ErrorKind::Unreachable, "no route");
  cache_.want(kDeployment);
  settle();
  ASSERT_EQ(sink_.failures.size(), 1U);
  EXPECT_FALSE(cache_.type_of(kDeployment).coming);
  server_.answers["/openapi/v3"] = ok(kIndex);
  pass(seconds(2));
  EXPECT_NE(cache_.type_of(kDeployment).type, nullptr);
  EXPECT_EQ(sink_.failures.size(), 1U);
}

TEST_F(SchemaCacheTest, a_type_outlives_the_cache) {
  TypeSchema kept;
  {
    FakeSink sink;
    asio::io_context io;
    SchemaCache cache(io.get_executor(), io.get_executor(), server_, sink, [] { return 0.0; });
    asio::co_spawn(io, cache.run(), [](std::exception_ptr) {});
    cache.want(kDeployment);
    io.poll();
    kept = cache.type_of(kDeployment);
    cache.stop();
    io.poll();
  }
  ASSERT_NE(kept.type, nullptr);
  EXPECT_NE(kept.type->map->find_field("spec"), nullptr);
}

TEST_F(SchemaCacheTest, stops_while_a_question_is_under_way) {
  cache_.want(kDeployment);
  io_.poll_one();
  cache_.stop();
  settle();
  EXPECT_EQ(sink_.changes, 0);
  EXPECT_TRUE(io_.stopped());
}

}  // namespace
}  // namespace holdfast
