#include "app/live_listing.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <deque>
#include <optional>

namespace holdfast {
namespace {

namespace asio = boost::asio;

const ApiResource kConfigMaps{{"", "v1", "ConfigMap"}, "configmaps", true, {}};

// Answers one after the other, and notes what was asked.
struct Server final : ApiServer {
  asio::awaitable<Result<ApiResponse>> send(ApiRequest request) override {
    asked.push_back(request.target);
    if (answers.empty()) co_return fail(ErrorKind::Unreachable, "nobody there");
    ApiResponse answer = std::move(answers.front());
    answers.pop_front();
    co_return answer;
  }

  void page(const std::string& name, const std::string& token) {
    answers.push_back({200,
                       "application/json",
                       {},
                       R"({"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"9","continue":")" +
                           token + R"("},"items":[{"metadata":{"name":")" + name +
                           R"(","namespace":"w","uid":"u","resourceVersion":"1"}}]})"});
  }
  void refuse(int code, const std::string& reason) {
    answers.push_back({code,
                       "application/json",
                       {},
                       R"({"kind":"Status","apiVersion":"v1","status":"Failure","message":"no","reason":")" + reason +
                           R"(","code":)" + std::to_string(code) + "}"});
  }
  std::vector<std::string> asked;
  std::deque<ApiResponse> answers;
};

Result<LiveObjects> list(Server& server, std::set<std::string> namespaces = {}) {
  std::optional<Result<LiveObjects>> result;
  asio::io_context io;
  asio::co_spawn(io, list_live(server, kConfigMaps, "holdfast", std::move(namespaces)),
                 [&](std::exception_ptr, Result<LiveObjects> objects) { result.emplace(std::move(objects)); });
  io.run();
  return std::move(*result);
}

std::string names(const Result<LiveObjects>& objects) {
  if (!objects) return describe(objects.error());
  std::string text;
  for (const auto& [key, live] : *objects) text += key.name + (live->body.empty() ? "?" : "") + " ";
  return text;
}

TEST(LiveListing, A2_reads_page_after_page_of_what_carries_our_label) {
  Server server;
  server.page("a", "more+1");
  server.page("b", "");
  EXPECT_EQ(names(list(server)), "a b ");
  ASSERT_EQ(server.asked.size(), 2U);
  EXPECT_EQ(server.asked[0], "/api/v1/configmaps?labelSelector=holdfast.dev%2Finstallation%3Dholdfast&limit=500");
  EXPECT_EQ(server.asked[1], server.asked[0] + "&continue=more%2B1");
}

TEST(LiveListing, A2_begins_anew_where_the_continuation_has_expired_and_mixes_no_pages) {
  Server server;
  server.page("gone", "token");
  server.refuse(410, "Expired");
  server.page("a", "");
  EXPECT_EQ(names(list(server)), "a ");
}

TEST(LiveListing, A23_what_is_forbidden_everywhere_is_listed_where_it_is_wanted) {
  Server server;
  server.refuse(403, "Forbidden");
  server.page("a", "");
  server.page("b", "");
  EXPECT_EQ(names(list(server, {"v", "w"})), "a b ");
  EXPECT_TRUE(server.asked[1].starts_with("/api/v1/namespaces/v/configmaps?")) << server.asked[1];
  EXPECT_TRUE(server.asked[2].starts_with("/api/v1/namespaces/w/configmaps?")) << server.asked[2];
}

TEST(LiveListing, A23_a_list_that_fails_is_never_an_empty_one) {
  Server server;
  server.page("a", "token");
  server.refuse(500, "InternalError");
  EXPECT_FALSE(list(server));
  Server forbidden;
  forbidden.refuse(403, "Forbidden");
  forbidden.refuse(403, "Forbidden");
  EXPECT_FALSE(list(forbidden, {"w"}));
  Server cut;
  cut.answers.push_back({200, "application/json", {}, R"({"metadata":{"resourceVersion":"9"},"items":[)"});
  EXPECT_FALSE(list(cut));
}

}  // namespace
}  // namespace holdfast
