#include "sources/push_payload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "sources/repository_identity.h"
#include "unit/sources/push_deliveries.h"

namespace holdfast {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kSecret = "a secret that signs here";

Result<DecodedPush> decoded(Forge forge, std::string body, const std::string& event = {}) {
  return decode_push(forge, delivery(forge, "web", kSecret, std::move(body), event));
}

std::set<std::string> identities(const PushHint& hint) {
  std::set<std::string> found;
  for (const std::string& url : hint.urls) found.insert(repository_identity(url));
  return found;
}

TEST(PushPayload, of_git_forges_names_the_repository_the_ref_and_both_commits) {
  for (Forge forge : {Forge::GitHub, Forge::GitLab, Forge::Gitea, Forge::Bitbucket, Forge::BitbucketServer,
                      Forge::AzureDevOps, Forge::Generic}) {
    const auto push = decoded(forge, push_body(forge, {}));
    ASSERT_TRUE(push) << words_of(forge).type << describe(push.error());
    ASSERT_THAT(push->hints, SizeIs(1)) << words_of(forge).type;
    const PushHint& hint = push->hints.front();
    EXPECT_THAT(identities(hint),
                ElementsAre(forge == Forge::Bitbucket ? "bitbucket.org/team/web" : "git.example/team/web"));
    EXPECT_EQ(hint.ref, "refs/heads/main");
    EXPECT_EQ(hint.old_commit, kOldCommit);
    EXPECT_EQ(hint.new_commit, kNewCommit);
  }
}

TEST(PushPayload, of_registries_names_the_image_and_its_tag) {
  const std::map<Forge, std::string> images{
      {Forge::Registry, "git.example/team/web"}, {Forge::DockerHub, "docker.io/team/web"},
      {Forge::Harbor, "git.example/team/web"},   {Forge::Ghcr, "ghcr.io/team/web"},
      {Forge::Quay, "quay.io/team/web"},         {Forge::Acr, "git.example/team/web"}};
  for (const auto& [forge, image] : images) {
    const auto push = decoded(forge, push_body(forge, {}));
    ASSERT_TRUE(push) << words_of(forge).type << describe(push.error());
    ASSERT_THAT(push->hints, SizeIs(1)) << words_of(forge).type;
    EXPECT_THAT(identities(push->hints.front()), ElementsAre(image));
    EXPECT_EQ(push->hints.front().ref, "v1.2.0") << words_of(forge).type;
  }
  const auto nexus = decoded(Forge::Nexus, push_body(Forge::Nexus, {}));
  ASSERT_TRUE(nexus);
  EXPECT_THAT(nexus->hints, ElementsAre(PushHint{}));  // it names no host, so the configuration has to
}

TEST(PushPayload, what_is_no_id_is_no_commit) {
  PushedRef strange;
  strange.after = std::string(40, '0') + "pusit";
  for (const Forge forge : {Forge::GitHub, Forge::GitLab, Forge::Gitea})
    EXPECT_EQ(decoded(forge, push_body(forge, strange))->hints.front().new_commit, "") << words_of(forge).type;
}

TEST(PushPayload, a_deleted_ref_has_no_new_commit_and_a_new_one_no_old) {
  PushedRef deleted;
  deleted.after = kNoCommit;
  PushedRef created;
  created.before = kNoCommit;
  created.ref = "refs/tags/v1";
  for (Forge forge : {Forge::GitHub, Forge::GitLab, Forge::Gitea, Forge::BitbucketServer, Forge::AzureDevOps}) {
    EXPECT_EQ(decoded(forge, push_body(forge, deleted))->hints.front().new_commit, "") << words_of(forge).type;
    const auto push = decoded(forge, push_body(forge, created));
    EXPECT_EQ(push->hints.front().old_commit, "") << words_of(forge).type;
    EXPECT_EQ(push->hints.front().ref, "refs/tags/v1") << words_of(forge).type;
  }
  const auto gone = decoded(Forge::Bitbucket, R"({"repository":{"full_name":"team/web"},"push":{"changes":[
      {"new":null,"old":{"type":"tag","name":"v1","target":{"hash":"aa"}}}]}})");
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->hints.front().ref, "refs/tags/v1");
  EXPECT_EQ(gone->hints.front().new_commit, "");
}

TEST(PushPayload, pings_and_other_events_move_no_ref) {
  const std::vector<std::tuple<Forge, std::string, std::string>> events{
      {Forge::GitHub, "ping", R"({"zen":"Keep it logically awesome.","hook_id":1})"},
      {Forge::GitHub, "issues", R"({"action":"opened"})"},
      {Forge::Gitea, "issues", R"({"action":"opened"})"},
      {Forge::GitLab, "", R"({"object_kind":"note"})"},
      {Forge::Bitbucket, "issue:created", R"({"issue":{}})"},
      {Forge::BitbucketServer, "diagnostics:ping", R"({"test":true})"},
      {Forge::AzureDevOps, "", R"({"eventType":"build.complete"})"},
      {Forge::Registry, "", R"({"events":[{"action":"pull","target":{"repository":"a","tag":"b"}}]})"},
      {Forge::Harbor, "", R"({"type":"PULL_ARTIFACT","event_data":{}})"},
      {Forge::Acr, "", R"({"id":"1","action":"ping"})"},
      {Forge::Ghcr, "package", R"({"action":"published","package":{"package_type":"npm","name":"web"}})"},
      {Forge::Nexus, "", R"({"action":"DELETED"})"}};
  for (const auto& [forge, event, body] : events) {
    const auto push = decoded(forge, body, event);
    ASSERT_TRUE(push) << words_of(forge).type << describe(push.error());
    EXPECT_THAT(push->hints, IsEmpty()) << words_of(forge).type;
  }
}

TEST(PushPayload, what_a_sender_does_not_send_is_an_error_that_says_what_to_do) {
  for (const ForgeWords& words : all_forges()) {
    if (words.forge == Forge::Generic) continue;
    for (const char* body : {"", "{", "[]", "7", "\"push\"", "null"})
      EXPECT_FALSE(decoded(words.forge, body)) << words.type << " " << body;
  }
  for (Forge forge : {Forge::GitHub, Forge::GitLab, Forge::Gitea, Forge::Bitbucket, Forge::BitbucketServer,
                      Forge::AzureDevOps, Forge::Registry, Forge::DockerHub, Forge::Harbor, Forge::Quay, Forge::Acr}) {
    const auto push = decoded(forge, "{}");
    ASSERT_FALSE(push) << words_of(forge).type;
    EXPECT_EQ(push.error().hint, "is the receiver's type that of its sender?");
  }
}

// A signed body that says nothing means that something has changed, and every truncation of a good one is an error or
// a hint within its bounds.
TEST(PushPayload, truncated_bodies_are_errors) {
  for (const ForgeWords& words : all_forges()) {
    if (words.forge == Forge::Generic) continue;
    const std::string body = push_body(words.forge, {});
    for (std::size_t length = 0; length < body.size(); length += 7)
      EXPECT_FALSE(decoded(words.forge, body.substr(0, length))) << words.type << " " << length;
  }
  EXPECT_THAT(decoded(Forge::Generic, "")->hints, ElementsAre(PushHint{}));
  EXPECT_THAT(decoded(Forge::Generic, "deployed!")->hints, ElementsAre(PushHint{}));
  EXPECT_THAT(decoded(Forge::Generic, "{}")->hints, ElementsAre(PushHint{}));
}

// As a fuzzer would, but for every field in turn: another type of value where a text was.
TEST(PushPayload, values_of_other_types_are_never_taken_for_texts) {
  for (const ForgeWords& words : all_forges()) {
    std::string body = push_body(words.forge, {});
    for (std::size_t at = body.find(":\""); at != std::string::npos; at = body.find(":\"", at + 1)) {
      const std::size_t end = body.find('"', at + 2);
      for (const char* value : {":null", ":7", ":[]", ":{}", ":true"}) {
        const auto push = decoded(words.forge, body.substr(0, at) + value + body.substr(end + 1));
        if (!push) continue;
        for (const PushHint& hint : push->hints) EXPECT_LE(hint.urls.size(), kMostHintUrls);
      }
    }
  }
}

TEST(PushPayload, a_push_of_very_many_refs_is_one_hint_without_a_ref) {
  std::string changes;
  for (int i = 0; i < 300; ++i)
    changes +=
        fmt::format(R"({}{{"ref":{{"id":"refs/heads/b{}"}},"fromHash":"aa","toHash":"bb"}})", i == 0 ? "" : ",", i);
  const auto push =
      decoded(Forge::BitbucketServer,
              R"({"repository":{"links":{"clone":[{"href":"https://bb.example/scm/team/web.git"}]}},"changes":[)" +
                  changes + "]}");
  ASSERT_TRUE(push);
  ASSERT_THAT(push->hints, SizeIs(1));
  EXPECT_EQ(push->hints.front().ref, "");
  EXPECT_THAT(identities(push->hints.front()), ElementsAre("bb.example/team/web"));
}

TEST(PushPayload, texts_with_control_characters_or_beyond_all_bounds_do_not_count) {
  PushedRef pushed;
  pushed.ref = "refs/heads/a\\nb";
  EXPECT_EQ(decoded(Forge::GitHub, push_body(Forge::GitHub, pushed))->hints.front().ref, "");
  pushed.ref = "refs/heads/" + std::string(5'000, 'x');
  EXPECT_EQ(decoded(Forge::GitHub, push_body(Forge::GitHub, pushed))->hints.front().ref, "");
  pushed = {};
  pushed.path = std::string(5'000, 'x');
  EXPECT_THAT(decoded(Forge::GitHub, push_body(Forge::GitHub, pushed))->hints.front().urls, IsEmpty());
}

TEST(PushPayload, a_password_in_a_url_goes_no_further) {
  const auto push = decoded(Forge::Generic, R"({"repository":"https://ann:canary@git.example/team/web.git"})");
  ASSERT_TRUE(push);
  EXPECT_THAT(to_text(push->hints.front()), testing::Not(testing::HasSubstr("canary")));
  EXPECT_THAT(identities(push->hints.front()), ElementsAre("git.example/team/web"));
}

TEST(PushPayload, github_and_gitea_may_send_forms) {
  std::string encoded = "payload=";
  for (const char c : push_body(Forge::GitHub, {})) encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  for (Forge forge : {Forge::GitHub, Forge::Gitea}) {
    ReceivedRequest request = delivery(forge, "web", kSecret, encoded);
    request.headers["content-type"] = "application/x-www-form-urlencoded";
    const auto push = decode_push(forge, request);
    ASSERT_TRUE(push) << describe(push.error());
    EXPECT_EQ(push->hints.front().new_commit, kNewCommit);
    request.body = push_body(forge, {});  // as curl sends it, by its default
    EXPECT_TRUE(decode_push(forge, request));
  }
}

TEST(PushPayload, gitlab_system_hooks_and_branches_that_are_created) {
  const auto update = decoded(
      Forge::GitLab, R"({"event_name":"repository_update","project":{"git_http_url":"https://git.example/team/web.git"},
      "changes":[{"before":"aa","after":"bb","ref":"refs/heads/x"},{"before":"cc","after":"dd","ref":"refs/heads/y"}]})");
  ASSERT_TRUE(update);
  ASSERT_THAT(update->hints, SizeIs(2));
  EXPECT_EQ(update->hints[1].ref, "refs/heads/y");
  const auto created =
      decoded(Forge::Gitea,
              R"({"ref":"v2","ref_type":"tag","repository":{"clone_url":"https://git.example/team/web"}})", "create");
  ASSERT_TRUE(created);
  EXPECT_EQ(created->hints.front().ref, "refs/tags/v2");
}

TEST(PushHint, survives_the_way_through_a_relay) {
  const PushHint hint{
      {"https://git.example/team/web.git", "git@git.example:team/web.git"}, "refs/heads/main", "aa", "bb"};
  EXPECT_EQ(parse_push_hint(to_text(hint)).value(), hint);
  EXPECT_EQ(parse_push_hint(to_text({})).value(), PushHint{});
  for (const char* text : {"", "{}", "[]", R"({"urls":7})", R"({"urls":[7]})", R"({"urls":[],"ref":7})"})
    EXPECT_FALSE(parse_push_hint(text)) << text;
}

}  // namespace
}  // namespace holdfast
