#include "sources/push_proof.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/sources/push_deliveries.h"

namespace holdfast {
namespace {

constexpr std::string_view kSecret = "the secret of these tests";

std::vector<Secret> secrets() { return {Secret("an older one, still accepted"), Secret(std::string(kSecret))}; }

bool proves(Forge forge, const ReceivedRequest& request, const std::vector<Secret>& with = secrets()) {
  const std::size_t behind = request.target.find("/hook/web/");
  const std::string token = behind == std::string::npos ? "" : request.target.substr(behind + 10);
  return prove_push({forge, "web", with, token}, request).has_value();
}

TEST(PushProof, every_sender_is_believed_with_its_secret_and_with_no_other) {
  for (const ForgeWords& words : all_forges()) {
    const std::string body = push_body(words.forge, {});
    const ReceivedRequest good = delivery(words.forge, "web", kSecret, body);
    EXPECT_TRUE(proves(words.forge, good)) << words.type;
    EXPECT_TRUE(proves(words.forge, delivery(words.forge, "web", "an older one, still accepted", body))) << words.type;
    EXPECT_FALSE(proves(words.forge, delivery(words.forge, "web", "another secret altogether", body))) << words.type;
    EXPECT_FALSE(proves(words.forge, good, {})) << words.type << ": without a secret nobody is believed";
    EXPECT_FALSE(proves(words.forge, good, {Secret("")})) << words.type;
  }
}

TEST(PushProof, what_is_missing_or_truncated_is_not_believed) {
  for (const ForgeWords& words : all_forges()) {
    const ReceivedRequest good = delivery(words.forge, "web", kSecret, push_body(words.forge, {}));
    ReceivedRequest bare = good;
    bare.headers.clear();
    bare.target = "/hook/web";
    EXPECT_FALSE(proves(words.forge, bare)) << words.type;
    ReceivedRequest cut = good;
    for (auto& [name, value] : cut.headers)
      if (name != "content-type" && !value.empty()) value.pop_back();
    if (words.proof == ProofKind::PathToken) cut.target.pop_back();
    EXPECT_FALSE(proves(words.forge, cut)) << words.type;
  }
}

TEST(PushProof, a_changed_body_spoils_a_signature) {
  for (const ForgeWords& words : all_forges()) {
    if (words.proof != ProofKind::Sha256Signature && words.proof != ProofKind::Sha1Signature) continue;
    ReceivedRequest changed = delivery(words.forge, "web", kSecret, push_body(words.forge, {}));
    changed.body.back() = ' ';
    EXPECT_FALSE(proves(words.forge, changed)) << words.type;
    changed.body.clear();
    EXPECT_FALSE(proves(words.forge, changed)) << words.type;
  }
}

TEST(PushProof, weaker_signatures_are_not_taken_where_there_is_a_better_one) {
  ReceivedRequest request = delivery(Forge::GitHub, "web", kSecret, push_body(Forge::GitHub, {}));
  request.headers.erase("x-hub-signature-256");
  request.headers["x-hub-signature"] = "sha1=" + sha1_hmac_hex(kSecret, request.body);
  EXPECT_FALSE(proves(Forge::GitHub, request));
  ReceivedRequest generic = delivery(Forge::Generic, "web", kSecret, "{}");
  generic.headers["x-signature"] = "sha1=" + sha1_hmac_hex(kSecret, generic.body);
  const auto proven = prove_push({Forge::Generic, "web", secrets()}, generic);
  ASSERT_FALSE(proven);
  EXPECT_THAT(describe(proven.error()), testing::HasSubstr("sha256"));
}

TEST(PushProof, azure_may_show_a_header_instead_of_a_password) {
  ReceivedRequest request = delivery(Forge::AzureDevOps, "web", kSecret, push_body(Forge::AzureDevOps, {}));
  request.headers.erase("authorization");
  request.headers["x-holdfast-token"] = kSecret;
  EXPECT_TRUE(proves(Forge::AzureDevOps, request));
  request.headers["x-holdfast-token"] = "the secret of these tesst";
  EXPECT_FALSE(proves(Forge::AzureDevOps, request));
  for (const char* header : {"Basic", "Basic ", "Basic !!!", "Basic aG9sZGZhc3Q=", "Bearer", "Bearer "}) {
    request.headers.erase("x-holdfast-token");
    request.headers["authorization"] = header;
    EXPECT_FALSE(proves(Forge::AzureDevOps, request)) << header;
  }
}

TEST(PushProof, a_secret_may_be_the_whole_header) {
  for (const char* whole : {"Basic a whole header", "Basic aG9sZGZhc3Q6aGVhZGVy", "Bearer a whole header"}) {
    ReceivedRequest request = delivery(Forge::Harbor, "web", whole, push_body(Forge::Harbor, {}));
    request.headers["authorization"] = whole;
    const Secret secret{std::string(whole)};
    EXPECT_TRUE(prove_push({Forge::Harbor, "web", {&secret, 1}}, request)) << whole;
    request.headers["authorization"] += "x";
    EXPECT_FALSE(prove_push({Forge::Harbor, "web", {&secret, 1}}, request)) << whole;
  }
}

TEST(PushProof, a_header_that_comes_twice_fits_nothing) {
  ReceivedRequest request = delivery(Forge::GitLab, "web", kSecret, push_body(Forge::GitLab, {}));
  request.headers["x-gitlab-token"] = std::string(kSecret) + ", " + std::string(kSecret);
  EXPECT_FALSE(proves(Forge::GitLab, request));
}

TEST(PushProof, a_path_token_is_of_one_receiver_and_does_not_show_the_secret) {
  const std::string token = path_token("web", Secret(std::string(kSecret)));
  EXPECT_EQ(token.size(), 64U);
  EXPECT_NE(token, path_token("web2", Secret(std::string(kSecret))));
  EXPECT_THAT(token, testing::Not(testing::HasSubstr(std::string(kSecret))));
}

TEST(PushProof, no_error_shows_a_secret) {
  for (const ForgeWords& words : all_forges()) {
    ReceivedRequest bad = delivery(words.forge, "web", "another secret altogether", push_body(words.forge, {}));
    const auto proven = prove_push({words.forge, "web", secrets()}, bad);
    ASSERT_FALSE(proven);
    EXPECT_THAT(describe(proven.error()), testing::Not(testing::HasSubstr("of these tests")));
    EXPECT_THAT(describe(proven.error()), testing::Not(testing::HasSubstr("altogether")));
  }
}

}  // namespace
}  // namespace holdfast
