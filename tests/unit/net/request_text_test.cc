#include "net/request_text.h"

#include <gtest/gtest.h>

#include "net/user_agent.h"

namespace holdfast {
namespace {

ClientConfig server() {
  ClientConfig config;
  config.host = "fd00::1";
  config.port = "6443";
  config.base_path = "/k8s";
  config.user_agent = "holdfast/0 (linux/amd64)";
  return config;
}

ApiRequest get(std::string target) {
  ApiRequest request;
  request.target = std::move(target);
  return request;
}

std::string text(const ClientConfig& config, const ApiRequest& request, const Secret* token = nullptr) {
  const auto result = request_text(config, request, token);
  return result ? std::string(result->reveal()) : "error: " + describe(result.error());
}

TEST(RequestText, a_get_has_no_body_and_no_length) {
  EXPECT_EQ(text(server(), get("/api/v1/pods?limit=500")),
            "GET /k8s/api/v1/pods?limit=500 HTTP/1.1\r\n"
            "Host: [fd00::1]:6443\r\n"
            "User-Agent: holdfast/0 (linux/amd64)\r\n"
            "Accept: application/json\r\n\r\n");
}

TEST(RequestText, a_write_carries_its_body_and_its_length) {
  auto request = get("/x");
  request.method = Method::Patch;
  request.content_type = "application/apply-patch+yaml";
  request.body = "{\"a\":1}";
  const Secret token{"t0k"};
  const auto all = text(server(), request, &token);
  EXPECT_NE(all.find("Authorization: Bearer t0k\r\n"), std::string::npos) << all;
  EXPECT_NE(all.find("Content-Type: application/apply-patch+yaml\r\nContent-Length: 7\r\n\r\n{\"a\":1}"),
            std::string::npos)
      << all;
}

TEST(RequestText, B3_without_tls_no_token_is_sent) {
  auto config = server();
  config.tls = false;
  const Secret token{"t0k"};
  EXPECT_EQ(text(config, get("/x"), &token).find("t0k"), std::string::npos);
}

TEST(RequestText, A16_B4_gzip_is_asked_for_by_lists_alone_and_never_where_it_is_disabled) {
  auto request = get("/x");
  EXPECT_EQ(text(server(), request).find("Accept-Encoding"), std::string::npos);
  request.accept_gzip = true;
  EXPECT_NE(text(server(), request).find("Accept-Encoding: gzip\r\n"), std::string::npos);
  auto config = server();
  config.disable_compression = true;
  EXPECT_EQ(text(config, request).find("Accept-Encoding"), std::string::npos);
}

TEST(RequestText, A17_a_watch_closes_its_connection) {
  const auto single = request_text(server(), get("/x"), nullptr, ConnectionUse::Single);
  ASSERT_TRUE(single);
  EXPECT_NE(single->reveal().find("Connection: close\r\n"), std::string::npos);
  EXPECT_EQ(text(server(), get("/x")).find("Connection:"), std::string::npos);
}

TEST(RequestText, A19_an_etag_seen_before_goes_along) {
  auto request = get("/apis");
  request.if_none_match = "\"abc\"";
  EXPECT_NE(text(server(), request).find("If-None-Match: \"abc\"\r\n"), std::string::npos);
}

TEST(RequestText, B6_whom_to_impersonate) {
  auto config = server();
  config.impersonation = {"jane", "u-1", {"admins", "staff"}, {{"scopes", "view"}, {"scopes", "edit"}, {"a/b %", "x"}}};
  EXPECT_NE(text(config, get("/x"))
                .find("Impersonate-User: jane\r\nImpersonate-Uid: u-1\r\nImpersonate-Group: admins\r\n"
                      "Impersonate-Group: staff\r\nImpersonate-Extra-scopes: view\r\nImpersonate-Extra-scopes: "
                      "edit\r\nImpersonate-Extra-a%2Fb%20%25: x\r\n"),
            std::string::npos)
      << text(config, get("/x"));
}

TEST(RequestText, B6_groups_without_a_user_and_names_that_break_out_are_refused) {
  auto config = server();
  config.impersonation.groups = {"admins"};
  EXPECT_TRUE(text(config, get("/x")).starts_with("error: "));
  config.impersonation = {"jane\r\nX: y", "", {}, {}};
  EXPECT_TRUE(text(config, get("/x")).starts_with("error: "));
}

TEST(RequestText, B6_an_account_by_its_name_alone) {
  auto request = get("/x");
  request.impersonate = ServiceAccount{"team-a", "deployer"};
  const std::string sent = text(server(), request);
  EXPECT_NE(sent.find("Impersonate-User: system:serviceaccount:team-a:deployer\r\n"), std::string::npos) << sent;
  EXPECT_EQ(sent.find("Impersonate-Group"), std::string::npos);
  EXPECT_EQ(text(server(), get("/x")).find("Impersonate"), std::string::npos);
  request.impersonate->name = "x\r\nImpersonate-Group: system:masters";
  EXPECT_TRUE(text(server(), request).starts_with("error: "));
}

// The one would be lost, and with it what the other may not do.
TEST(RequestText, B6_who_impersonates_already_acts_for_no_account) {
  auto config = server();
  config.impersonation = {"jane", "", {}, {}};
  auto request = get("/x");
  request.impersonate = ServiceAccount{"team-a", "deployer"};
  EXPECT_TRUE(text(config, request).starts_with("error: "));
}

TEST(RequestText, B7_we_say_who_we_are_in_the_words_of_kubernetes) {
  const std::string agent = user_agent("holdfast", "0.1.0");
  EXPECT_TRUE(agent == "holdfast/0.1.0 (linux/amd64)" || agent == "holdfast/0.1.0 (linux/arm64)") << agent;
  EXPECT_NE(text(server(), get("/x")).find("User-Agent: holdfast/"), std::string::npos);
}

TEST(RequestText, nothing_breaks_out_of_its_line) {
  EXPECT_TRUE(text(server(), get("/x HTTP/1.1\r\nA: b")).starts_with("error: "));
  EXPECT_TRUE(text(server(), get("x")).starts_with("error: "));
  auto request = get("/x");
  request.accept = "a\r\nB: c";
  EXPECT_TRUE(text(server(), request).starts_with("error: "));
  const Secret token{"two\r\nlines"};
  const auto refused = request_text(server(), get("/x"), &token);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::Unauthorized);
  EXPECT_EQ(describe(refused.error()).find("two"), std::string::npos);
}

}  // namespace
}  // namespace holdfast
