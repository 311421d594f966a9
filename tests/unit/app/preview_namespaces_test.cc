// The namespaces of previews: none is made that is not on record before.
#include "app/preview_namespaces.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

namespace holdfast {
namespace {

namespace asio = boost::asio;

// Takes no status while `fails`, and has what was made.
class Server final : public ApiServer {
 public:
  asio::awaitable<Result<ApiResponse>> send(ApiRequest request) override {
    const bool status = request.target.contains("/status?");
    if (status && fails) co_return answer(500, R"({"kind":"Status","message":"not now","reason":"InternalError"})");
    if (status) recorded = request.body;
    if (request.method == Method::Post) made.push_back(request.body);
    if (request.method != Method::Post) co_return answer(200, "{}");
    json::object body = parse_json(request.body).value().as_object();
    body["metadata"].as_object()["uid"] = "u-1";
    co_return answer(201, to_json(body));
  }
  bool fails = true;
  std::string recorded;
  std::vector<std::string> made;

 private:
  static ApiResponse answer(int status, std::string body) { return {status, "application/json", {}, std::move(body)}; }
};

TEST(PreviewNamespaces, none_is_made_that_could_not_be_recorded) {
  Server server;
  PreviewNamespaces namespaces(server, {"teams", "previews"}, Uid{"set"}, "holdfast");
  const auto make = [&] {
    asio::io_context io;
    Result<void> made = fail(ErrorKind::Busy, "not ended");
    asio::co_spawn(io, namespaces.make("web-a", PreviewSpec{}, "preview-a"),
                   [&](std::exception_ptr failure, Result<void> result) {
                     if (failure) std::rethrow_exception(failure);
                     made = std::move(result);
                   });
    io.run();
    return made.has_value();
  };
  EXPECT_FALSE(make());
  EXPECT_FALSE(make());
  EXPECT_TRUE(server.made.empty()) << server.made.front();
  server.fails = false;
  EXPECT_TRUE(make());
  ASSERT_EQ(server.made.size(), 1U);
  const std::string token = namespaces.records().at("web-a").token;
  EXPECT_TRUE(server.made.front().contains(token));
  EXPECT_TRUE(server.recorded.contains(token));
  EXPECT_TRUE(server.recorded.contains("u-1"));
}

}  // namespace
}  // namespace holdfast
