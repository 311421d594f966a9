#include "holdfast/model/api_status.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

constexpr std::string_view kTooLarge =
    R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Timeout: Too large resource version: 99999999, current: 26255","reason":"Timeout","details":{"causes":[{"reason":"ResourceVersionTooLarge","message":"Too large resource version"}],"retryAfterSeconds":1},"code":504})";

TEST(ApiStatus, V38_too_large_resource_version_has_cause_and_wait) {
  const ApiStatus status = parse_api_status(504, "application/json", kTooLarge);
  EXPECT_EQ(status.code, 504);
  EXPECT_EQ(status.reason, "Timeout");
  EXPECT_TRUE(status.has_cause("ResourceVersionTooLarge"));
  EXPECT_FALSE(status.has_cause("FieldManagerConflict"));
  EXPECT_EQ(status.details.retry_after, std::chrono::seconds(1));
}

TEST(ApiStatus, V14_conflicts_have_only_causes) {
  const ApiStatus status = parse_api_status(
      409, "application/json",
      R"({"kind":"Status","message":"Apply failed","reason":"Conflict","details":{"causes":[{"reason":"FieldManagerConflict","message":"conflict with \"m\"","field":".data.k"}]},"code":409})");
  ASSERT_EQ(status.causes.size(), 1U);
  EXPECT_EQ(status.causes[0], (ApiStatusCause{"FieldManagerConflict", "conflict with \"m\"", ".data.k"}));
  EXPECT_TRUE(status.details.name.empty());
}

TEST(ApiStatus, V4_details_name_the_object) {
  const ApiStatus status = parse_api_status(
      404, "application/json",
      R"({"kind":"Status","message":"x","reason":"NotFound","details":{"name":"nons","group":"g","kind":"namespaces","uid":"u-1"},"code":404})");
  EXPECT_EQ(status.details.name, "nons");
  EXPECT_EQ(status.details.group, "g");
  EXPECT_EQ(status.details.kind, "namespaces");
  EXPECT_EQ(status.details.uid, Uid{"u-1"});
}

TEST(ApiStatus, V51_plain_text_gives_its_first_line) {
  const ApiStatus status = parse_api_status(429, "text/plain", "Too many requests, please try again later.\nmore\n");
  EXPECT_EQ(status.code, 429);
  EXPECT_EQ(status.message, "Too many requests, please try again later.");
  EXPECT_TRUE(status.reason.empty());
}

TEST(ApiStatus, an_empty_or_strange_body_still_says_something) {
  EXPECT_EQ(parse_api_status(502, "", "").message, "HTTP status 502");
  EXPECT_EQ(parse_api_status(502, "application/json", "{\"kind\":\"ConfigMap\"}").message, "HTTP status 502");
  EXPECT_EQ(parse_api_status(502, "application/json", "{broken").message, "{broken");
}

TEST(ApiStatus, a_stream_error_brings_its_own_code) {
  EXPECT_EQ(parse_api_status(200, "application/json", R"({"kind":"Status","code":410,"reason":"Expired"})").code, 410);
}

TEST(ApiStatus, long_messages_are_cut_between_characters) {
  const std::string text(40 * 1024 + 1, 'x');
  const std::string umlauts = [] {
    std::string all = "x";
    while (all.size() < 40 * 1024) all += "\u00fc";
    return all;
  }();
  EXPECT_EQ(parse_api_status(422, "application/json", R"({"kind":"Status","message":")" + text + "\"}").message.size(),
            32U * 1024U);
  EXPECT_EQ(
      parse_api_status(422, "application/json", R"({"kind":"Status","message":")" + umlauts + "\"}").message.size(),
      32U * 1024U - 1U);
}

TEST(ApiStatus, errors_are_one_line_and_of_a_kind) {
  ApiStatus status;
  status.code = 403;
  status.message = "first\n  second.";
  const Error error = to_error(status, "/api/v1/configmaps");
  EXPECT_EQ(error.kind, ErrorKind::Forbidden);
  EXPECT_EQ(error.message, "first second [403]");
  EXPECT_EQ(error.where, "/api/v1/configmaps");
  EXPECT_FALSE(error.hint.empty());
  status.code = 401;
  EXPECT_EQ(to_error(status, "").kind, ErrorKind::Unauthorized);
  status.code = 503;
  EXPECT_EQ(to_error(status, "").kind, ErrorKind::Busy);
  status.code = 410;
  EXPECT_EQ(to_error(status, "").kind, ErrorKind::Gone);
}

}  // namespace
}  // namespace holdfast
