#include "net/request_text.h"

#include <gtest/gtest.h>

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
