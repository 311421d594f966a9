// Registries with all that they may do wrong, played by a server that a test tells what to say.
#include <fstream>
#include <thread>

#include "cluster/eventually.h"
#include "cluster/origin_fixture.h"
#include "holdfast/base/digest.h"

namespace holdfast::cluster {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using Seen = ScriptedServer::Seen;

constexpr const char* kPassword = "canary-right-7f3a";

class ArtifactOriginTest : public OriginTest {
 protected:
  // From now on the registry wants a token, of that service; one is good for `uses` requests.
  void want_tokens(ScriptedServer& service, unsigned uses, const std::string& login) {
    auto left = std::make_shared<std::atomic<unsigned>>(0);
    auto number = std::make_shared<std::atomic<unsigned>>(0);
    service.follow([left, number, uses, login](const Seen& request) -> Answer {
      if (!login.empty() && request.authorization != login) return {401};
      *left = uses;
      return {200, R"({"token":"canary-token-)" + std::to_string(++*number) + R"(","expires_in":300})"};
    });
    server.follow([this, left, number, realm = service.authority()](const Seen& request) -> Answer {
      if (request.authorization == "Bearer canary-token-" + std::to_string(*number) && *left > 0) {
        --*left;
        return registry.answer(request);
      }
      return {401, "", {{"WWW-Authenticate", "Bearer realm=\"http://" + realm + "/token\",service=\"here\""}}};
    });
  }
};

TEST_F(ArtifactOriginTest, an_idle_artifact_costs_one_request_a_look_and_is_fetched_once) {
  const auto web = origin();
  const auto at = web->resolve();
  ASSERT_TRUE(at) << describe(at.error());
  EXPECT_EQ(at->revision, "latest@" + artifact.digest());
  EXPECT_EQ(opened(*web), config_map("web"));
  EXPECT_EQ(opened(*origin()), config_map("web"));
  EXPECT_EQ(server.count("GET", "/v2/team/web/blobs/"), 1U);
  EXPECT_EQ(server.count("GET", "/v2/team/web/manifests/"), 1U);
  server.forget();
  ASSERT_TRUE(web->resolve());
  EXPECT_EQ(server.seen().size(), 1U);
  EXPECT_EQ(server.count("HEAD", "/v2/team/web/manifests/latest"), 1U);
}

TEST_F(ArtifactOriginTest, a_tag_that_moved_is_followed_and_one_that_was_deleted_is_not_found) {
  const auto web = origin({.tag = "v1", .semver = {}, .digest = {}, .chart = {}, .layer_media_type = {}});
  registry.push("v1", artifact);
  EXPECT_EQ(opened(*web), config_map("web"));
  registry.push("v1", flux_artifact({{"apps/web.yaml", config_map("web", "2")}}));
  EXPECT_EQ(opened(*web), config_map("web", "2"));
  registry.tags.erase("v1");
  const Error gone = failure(*web);
  EXPECT_EQ(gone.kind, ErrorKind::NotFound);
  EXPECT_THAT(gone.message, HasSubstr("has no tag v1"));
  const Error nowhere = failure(*origin({}, "oci://" + server.authority() + "/other"));
  EXPECT_EQ(nowhere.kind, ErrorKind::NotFound);
  EXPECT_THAT(nowhere.message, HasSubstr("no such repository"));
}

TEST_F(ArtifactOriginTest, what_is_asked_for_by_its_digest_is_asked_for_once) {
  const auto pinned =
      origin({.tag = {}, .semver = {}, .digest = artifact.digest(), .chart = {}, .layer_media_type = {}});
  EXPECT_EQ(pinned->resolve()->revision, artifact.digest());
  EXPECT_EQ(opened(*pinned), config_map("web"));
  server.forget();
  EXPECT_EQ(opened(*pinned), config_map("web"));
  EXPECT_TRUE(pinned->fixed());
  EXPECT_TRUE(server.seen().empty());
}

TEST_F(ArtifactOriginTest, the_newest_tag_of_a_range_is_found_over_all_pages) {
  registry.push("v1.2.0", artifact);
  registry.push("1.10.0", artifact);
  server.follow([this](const Seen& request) -> Answer {
    if (request.target == "/v2/team/web/tags/list?n=1000")
      return {200,
              R"({"tags":["latest","v1","v1.2.0"]})",
              {{"Link", "</v2/team/web/tags/list?n=1000&last=v1.2.0>; rel=\"next\""}}};
    if (request.target == "/v2/team/web/tags/list?n=1000&last=v1.2.0") return {200, R"({"tags":["1.10.0","2.0.0"]})"};
    return registry.answer(request);
  });
  const auto of_range = [&](const char* range) {
    const auto at = origin({.tag = {}, .semver = range, .digest = {}, .chart = {}, .layer_media_type = {}})->resolve();
    return at ? at->revision : describe(at.error());
  };
  EXPECT_EQ(of_range("1.x"), "1.10.0@" + artifact.digest());
  EXPECT_EQ(of_range("~1.2"), "v1.2.0@" + artifact.digest());
  EXPECT_THAT(of_range("^3"), HasSubstr("none of the 5 tags is a version in ^3"));
}

TEST_F(ArtifactOriginTest, a_list_of_tags_does_not_lead_to_another_server) {
  const ScriptedServer other([](const Seen&) { return Answer{200, R"({"tags":["9.0.0"]})"}; });
  server.follow([&](const Seen&) -> Answer {
    return {200, R"({"tags":["1.0.0"]})", {{"Link", "<http://" + other.authority() + "/v2/tags>; rel=\"next\""}}};
  });
  EXPECT_EQ(failure(*origin({.tag = {}, .semver = "*", .digest = {}, .chart = {}, .layer_media_type = {}})).kind,
            ErrorKind::Protocol);
  EXPECT_TRUE(other.seen().empty());
}

TEST_F(ArtifactOriginTest, tokens_are_asked_for_as_nobody_or_with_the_password_and_used_until_they_run_out) {
  for (const bool named : {false, true}) {
    ScriptedServer service([](const Seen&) { return Answer{}; });
    access.login.reset();
    if (named) access.login = RegistryLogin{"reader", Secret(kPassword)};
    want_tokens(service, 4, named ? "Basic " + base64_encode(std::string("reader:") + kPassword) : "");
    const auto web = origin();
    const std::size_t before = server.seen().size();
    ASSERT_TRUE(web->resolve());
    EXPECT_EQ(service.seen().size(), 1U);
    EXPECT_EQ(service.seen()[0].target, "/token?service=here&scope=repository%3Ateam%2Fweb%3Apull");
    EXPECT_EQ(server.seen().size() - before, 2U);
    for (int look = 0; look < 3; ++look) ASSERT_TRUE(web->resolve());
    EXPECT_EQ(server.seen().size() - before, 5U) << "a look costs one request";
    ASSERT_TRUE(web->resolve()) << "the token is no longer taken";
    EXPECT_EQ(service.seen().size(), 2U);
    for (const Seen& seen : server.seen())
      EXPECT_FALSE(seen.authorization.starts_with("Basic")) << "not for the registry";
  }
}

TEST_F(ArtifactOriginTest, a_wrong_password_is_said_and_not_shown) {
  ScriptedServer service([](const Seen&) { return Answer{}; });
  want_tokens(service, 4, "Basic another");
  access.login = RegistryLogin{"reader", Secret(kPassword)};
  const Error refused = failure(*origin());
  EXPECT_EQ(refused.kind, ErrorKind::Unauthorized);
  EXPECT_THAT(refused.hint, HasSubstr("passwordFile"));
  EXPECT_FALSE(describe(refused).contains("canary")) << describe(refused);
}

TEST_F(ArtifactOriginTest, a_token_goes_with_the_password_that_it_was_given_for) {
  ScriptedServer service([](const Seen&) { return Answer{}; });
  want_tokens(service, 100, "Basic " + base64_encode(std::string("reader:") + kPassword));
  access.login = RegistryLogin{"reader", Secret(kPassword)};
  const auto web = origin();
  ASSERT_TRUE(web->resolve());
  access.login = RegistryLogin{"reader", Secret("canary-withdrawn")};
  web->use(access);
  EXPECT_EQ(failure(*web).kind, ErrorKind::Unauthorized);
}

TEST_F(ArtifactOriginTest, a_token_service_without_tls_elsewhere_is_told_nothing) {
  access.login = RegistryLogin{"reader", Secret(kPassword)};
  server.follow([](const Seen&) {
    return Answer{401, "", {{"WWW-Authenticate", "Bearer realm=\"http://tokens.example/token\",service=\"x\""}}};
  });
  EXPECT_EQ(failure(*origin()).kind, ErrorKind::Protocol);
}

TEST_F(ArtifactOriginTest, basic_authentication_is_answered_out_of_dockers_file) {
  const std::string both = base64_encode(std::string("reader:") + kPassword);
  server.follow([&](const Seen& request) {
    if (request.authorization == "Basic " + both) return registry.answer(request);
    return Answer{401, "", {{"WWW-Authenticate", "Basic realm=\"here\""}}};
  });
  EXPECT_EQ(failure(*origin()).kind, ErrorKind::Unauthorized);
  access.docker_config_file = folder / "config.json";
  const auto web = origin();
  EXPECT_THAT(describe(failure(*web)), HasSubstr("dockerConfigFile"));
  folder.write("config.json", R"({"auths":{")" + server.authority() + R"(":{"auth":")" + both + R"("}}})");
  EXPECT_EQ(opened(*web), config_map("web")) << "it is read again";
}

TEST_F(ArtifactOriginTest, a_blob_that_is_elsewhere_is_fetched_there_without_our_password) {
  const ScriptedServer elsewhere([this](const Seen&) { return Answer{200, artifact.blobs.front()}; });
  access.login = RegistryLogin{"reader", Secret(kPassword)};
  server.follow([&](const Seen& request) -> Answer {
    if (request.authorization.empty()) return {401, "", {{"WWW-Authenticate", "Basic realm=\"here\""}}};
    if (request.target.contains("/blobs/"))
      return {307, "", {{"Location", "http://" + elsewhere.authority() + "/signed?canary=1"}}};
    return registry.answer(request);
  });
  EXPECT_EQ(opened(*origin()), config_map("web"));
  ASSERT_EQ(elsewhere.seen().size(), 1U);
  EXPECT_EQ(elsewhere.seen()[0].authorization, "");
}

TEST_F(ArtifactOriginTest, redirects_without_end_or_out_of_what_is_safe_are_not_followed) {
  for (const char* location : {"/v2/team/web/again", "http://registry.example/x", "ftp://127.0.0.1/x", "::"}) {
    server.follow([&](const Seen&) { return Answer{302, "", {{"Location", location}}}; });
    server.forget();
    EXPECT_EQ(failure(*origin()).kind, ErrorKind::Protocol) << location;
    EXPECT_LE(server.seen().size(), 6U);
  }
}

TEST_F(ArtifactOriginTest, bytes_that_have_another_digest_are_never_used) {
  const std::string good = artifact.blobs.front(), digest = digest_of(good);
  registry.blobs[digest] = archive_of({{"apps/web.yaml", config_map("forged")}});
  registry.blobs[digest].resize(good.size());
  const Error forged = failure(*origin());
  EXPECT_EQ(forged.kind, ErrorKind::Protocol);
  EXPECT_THAT(forged.message, HasSubstr("and not " + digest));
  registry.blobs[digest] = good + "more";
  EXPECT_EQ(failure(*origin()).kind, ErrorKind::TooLarge);
  registry.blobs[digest] = good;
  registry.manifests[artifact.digest()] = flux_artifact({{"a.yaml", ""}}).manifest;
  EXPECT_EQ(opened(*origin()), config_map("web")) << "the manifest was kept, and is the right one";
  std::filesystem::remove(folder / ("artifacts/sha256/" + artifact.digest().substr(7)));
  EXPECT_EQ(failure(*origin()).kind, ErrorKind::Protocol);
  registry.manifests[artifact.digest()] = artifact.manifest;
  EXPECT_EQ(opened(*origin()), config_map("web"));
}

TEST_F(ArtifactOriginTest, what_was_damaged_in_the_cache_is_fetched_again) {
  EXPECT_EQ(opened(*origin()), config_map("web"));
  for (const auto& one : std::filesystem::directory_iterator(folder / "artifacts/sha256"))
    std::ofstream(one.path(), std::ios::app) << "x";
  EXPECT_EQ(opened(*origin()), config_map("web"));
  EXPECT_EQ(server.count("GET", "/v2/team/web/blobs/"), 2U);
}

TEST_F(ArtifactOriginTest, a_connection_that_is_cut_leaves_nothing_and_the_next_one_succeeds) {
  for (const std::size_t sent : {std::size_t{0}, std::size_t{1}, artifact.blobs.front().size() - 1}) {
    server.follow([this, sent](const Seen& request) {
      Answer answer = registry.answer(request);
      if (request.target.contains("/blobs/")) answer.sent_bytes = sent;
      return answer;
    });
    EXPECT_EQ(failure(*origin()).kind, ErrorKind::Unreachable) << sent;
  }
  server.follow([this](const Seen& request) { return registry.answer(request); });
  EXPECT_EQ(opened(*origin()), config_map("web"));
}

TEST_F(ArtifactOriginTest, a_server_that_falls_silent_is_given_up) {
  silence = 100ms;
  for (const char* part : {"/manifests/latest", "/blobs/"}) {
    server.follow([this, part](const Seen& request) {
      Answer answer = registry.answer(request);
      answer.hold = request.target.contains(part);
      answer.mute = answer.hold && request.method == "HEAD";
      if (answer.hold) answer.sent_bytes = 1;
      return answer;
    });
    EXPECT_EQ(failure(*origin()).kind, ErrorKind::Timeout) << part;
  }
}

TEST_F(ArtifactOriginTest, a_daemon_that_stops_does_not_wait_for_a_server) {
  server.follow([this](const Seen& request) {
    Answer answer = registry.answer(request);
    answer.hold = request.target.contains("/blobs/");
    if (answer.hold) answer.sent_bytes = 1;
    return answer;
  });
  const auto web = origin();
  std::jthread stopper([&] {
    eventually([&] { return server.count("GET", "/v2/team/web/blobs/") == 1; }, 20s);
    stop.request_stop();
  });
  EXPECT_EQ(failure(*web).kind, ErrorKind::Cancelled);
  EXPECT_EQ(failure(*web).kind, ErrorKind::Cancelled);
}

TEST_F(ArtifactOriginTest, what_a_registry_answers_is_what_is_reported) {
  const auto answers = [&](Answer answer) {
    server.follow([answer](const Seen&) { return answer; });
    return failure(*origin());
  };
  EXPECT_EQ(answers({403}).kind, ErrorKind::Forbidden);
  EXPECT_EQ(answers({401}).kind, ErrorKind::Unauthorized);
  EXPECT_EQ(answers({500}).kind, ErrorKind::Busy);
  const Error later = answers({429, "", {{"Retry-After", "7"}}});
  EXPECT_EQ(later.kind, ErrorKind::Busy);
  EXPECT_EQ(later.retry_after, 7s);
  EXPECT_EQ(answers({200, "no manifest"}).kind, ErrorKind::Protocol);
  EXPECT_EQ(answers({200, std::string(5'000'000, 'x')}).kind, ErrorKind::TooLarge);
}

TEST_F(ArtifactOriginTest, a_registry_that_knows_no_head_or_tells_no_digest_is_asked_otherwise) {
  server.follow([this](const Seen& request) {
    if (request.method == "HEAD") return Answer{405};
    return registry.answer(request);
  });
  EXPECT_EQ(opened(*origin()), config_map("web"));
  server.follow([this](const Seen& request) {
    Answer answer = registry.answer(request);
    answer.headers.clear();
    return answer;
  });
  EXPECT_EQ(origin()->resolve()->digest, artifact.digest());
}

TEST_F(ArtifactOriginTest, plain_layers_single_files_and_charts_are_read_as_their_tools_push_them) {
  registry.push("latest", artifact_of("application/vnd.oci.empty.v1+json",
                                      {{kOciLayer, archive_of({{"apps/web.yaml", "plain"}})}}));
  EXPECT_EQ(opened(*origin()), "plain");
  registry.push("latest", artifact_of("application/vnd.unknown.config.v1+json",
                                      {{"application/vnd.oci.image.layer.v1.tar",
                                        "single",
                                        {{"org.opencontainers.image.title", "apps/web.yaml"}}}}));
  EXPECT_EQ(opened(*origin()), "single");
  registry.push("latest", chart_artifact({{"web/Chart.yaml", "name: web"}, {"web/templates/web.yaml", "{{ 1 }}"}}));
  EXPECT_EQ(opened(*origin(), "Chart.yaml"), "name: web");
  registry.push("latest", artifact_of("x", {{kFluxLayer, archive_of({{"a.yaml", "1"}})},
                                            {kOciLayer, archive_of({{"apps/web.yaml", "chosen"}})}}));
  EXPECT_THAT(describe(failure(*origin())), HasSubstr("layerSelector.mediaType"));
  EXPECT_EQ(opened(*origin({.tag = {}, .semver = {}, .digest = {}, .chart = {}, .layer_media_type = kOciLayer})),
            "chosen");
}

TEST_F(ArtifactOriginTest, a_chart_below_a_registry_is_its_newest_version_and_plus_is_written_as_underscore) {
  registry.push("1.2.0_build.7", chart_artifact({{"web/Chart.yaml", "name: web"}}));
  server.follow([this](const Seen& request) {
    if (request.target.ends_with("/tags/list?n=1000")) return Answer{200, R"({"tags":["1.1.0","1.2.0_build.7"]})"};
    return registry.answer(request);
  });
  const auto web = origin({.tag = {}, .semver = {}, .digest = {}, .chart = "web", .layer_media_type = {}},
                          "oci://" + server.authority() + "/team");
  EXPECT_TRUE(web->resolve()->revision.starts_with("1.2.0_build.7@sha256:"));
  EXPECT_EQ(opened(*web, "Chart.yaml"), "name: web");
}

}  // namespace
}  // namespace holdfast::cluster
