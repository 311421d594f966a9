// Artifacts as Sources: when they are loaded again, and where their objects stand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <optional>

#include "cluster/artifact_pushes.h"
#include "cluster/scripted_registry.h"
#include "cluster/scripted_server.h"
#include "holdfast/base/digest.h"
#include "sources/source.h"
#include "unit/sources/temporary_folder.h"

namespace holdfast::cluster {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using testing::HasSubstr;

// One Secret, as it is now; nobody hears of a change.
class OneSecret final : public ClusterValues {
 public:
  ClusterValue value;
  asio::awaitable<Result<ClusterValuePtr>> read(ValueReference wanted) override {
    if (wanted.namespace_ != "shop" || wanted.name != "pull") co_return fail(ErrorKind::NotFound, "there is no Secret");
    co_return std::make_shared<const ClusterValue>(value);
  }
  asio::awaitable<Result<void>> changed(SeenValues /*seen*/) override { co_return Result<void>(); }
};

class ArtifactSourceTest : public testing::Test {
 protected:
  ArtifactSourceTest() : server([this](const ScriptedServer::Seen& request) { return registry.answer(request); }) {
    options.repo = "oci://" + server.authority() + "/team/web";
    options.path = "apps";
    options.interval = 1h;
    options.cache_folder = folder / "cache";
  }

  std::string push(const Files& files) {
    const PushedArtifact artifact = flux_artifact(files);
    registry.push("latest", artifact);
    return artifact.digest();
  }
  std::unique_ptr<Source> source() {
    auto made = make_source(io.get_executor(), options);
    EXPECT_TRUE(made) << describe(made.error());
    return std::move(*made);
  }
  template <class Value>
  Value result_of(asio::awaitable<Value> task) {
    std::optional<Value> result;
    asio::co_spawn(io, std::move(task), [&](std::exception_ptr thrown, Value value) {
      EXPECT_FALSE(thrown);
      result = std::move(value);
    });
    io.restart();
    io.run();
    return std::move(*result);
  }
  Result<ManifestSetPtr> load(Source& from) { return result_of(from.load()); }

  asio::io_context io;
  TemporaryFolder folder;
  ScriptedRegistry registry;
  ScriptedServer server;
  SourceOptions options;
};

TEST_F(ArtifactSourceTest, it_has_the_manifests_below_its_path_and_is_the_same_as_long_as_the_tag_is) {
  const std::string digest =
      push({{"apps/web.yaml", config_map("web")}, {"apps/.hidden.yaml", ""}, {"other/db.yaml", config_map("db")}});
  const auto web = source();
  const auto first = load(*web);
  ASSERT_TRUE(first) << describe(first.error());
  EXPECT_EQ((*first)->revision, "latest@" + digest);
  ASSERT_EQ((*first)->manifests.size(), 1U);
  EXPECT_EQ((*first)->manifests[0].name, "web");
  EXPECT_EQ((*first)->manifests[0].origin, "apps/web.yaml:1");
  EXPECT_THAT(web->notes(), testing::ElementsAre("apps/.hidden.yaml is hidden and is left out"));
  EXPECT_EQ(*load(*web), *first) << "the same pointer";
  const auto afresh = result_of(web->read_afresh());
  ASSERT_TRUE(afresh);
  EXPECT_NE(*afresh, *first);
  EXPECT_TRUE(same_manifests(**afresh, **first));
}

TEST_F(ArtifactSourceTest, a_revision_that_changes_nothing_below_the_path_is_seen_and_not_rendered_anew) {
  push({{"apps/web.yaml", config_map("web")}, {"other/db.yaml", config_map("db")}});
  const auto web = source();
  const auto first = load(*web);
  ASSERT_TRUE(first);
  const std::string next = push({{"apps/web.yaml", config_map("web")}, {"other/db.yaml", config_map("db", "2")}});
  EXPECT_EQ(*load(*web), *first) << "the same pointer";
  EXPECT_EQ(web->last_read().revision, "latest@" + next);
  EXPECT_EQ(*load(*web), *first);
}

TEST_F(ArtifactSourceTest, what_is_on_record_is_read_while_the_registry_is_away_if_it_was_here_before) {
  const std::string digest = push({{"apps/web.yaml", config_map("web")}});
  ASSERT_TRUE(load(*source()));
  const PushedArtifact never_here = flux_artifact({{"apps/web.yaml", config_map("web", "2")}});
  server.follow([](const ScriptedServer::Seen&) { return Answer{503}; });
  const auto web = source();
  EXPECT_EQ(load(*web).error().kind, ErrorKind::Busy);
  const auto recorded = result_of(web->read_recorded({"latest@" + digest, {}}));
  ASSERT_TRUE(recorded) << describe(recorded.error());
  EXPECT_EQ((*recorded)->revision, "latest@" + digest);
  EXPECT_EQ((*recorded)->manifests.size(), 1U);
  EXPECT_FALSE(result_of(web->read_recorded({"latest@" + never_here.digest(), {}})));
  EXPECT_FALSE(result_of(web->read_recorded({"main@sha1:" + std::string(40, 'a'), {}})));
}

TEST_F(ArtifactSourceTest, a_push_that_is_told_ends_the_waiting) {
  push({{"apps/web.yaml", config_map("web")}});
  const auto web = source();
  ASSERT_TRUE(load(*web));
  web->nudge();
  EXPECT_TRUE(result_of(web->changed()));
  push({{"apps/web.yaml", config_map("web", "2")}});
  EXPECT_EQ(load(*web).value()->manifests[0].body.at("data").at("key"), "2");
}

TEST_F(ArtifactSourceTest, what_is_pinned_by_its_digest_is_not_waited_for_once_it_is_here) {
  options.artifact.digest = push({{"apps/web.yaml", config_map("web")}});
  options.interval = 1ms;
  server.follow([](const ScriptedServer::Seen&) { return Answer{500}; });
  const auto web = source();
  EXPECT_FALSE(load(*web));
  EXPECT_TRUE(result_of(web->changed())) << "it is not here yet";
  server.follow([this](const ScriptedServer::Seen& request) { return registry.answer(request); });
  ASSERT_TRUE(load(*web));
  server.forget();
  bool completed = false;
  auto waiting = web->changed();
  asio::co_spawn(io, std::move(waiting), [&](const std::exception_ptr&, const Result<void>&) { completed = true; });
  io.restart();
  io.run_for(50ms);
  EXPECT_FALSE(completed);
  web->nudge();
  io.restart();
  io.run();
  EXPECT_TRUE(completed);
  ASSERT_TRUE(load(*web));
  EXPECT_TRUE(server.seen().empty());
}

TEST_F(ArtifactSourceTest, what_is_wrong_with_manifests_is_told_by_file_and_line_and_nothing_of_it_is_used) {
  push({{"apps/a.yaml", "kind: ConfigMap\n"}, {"apps/b.yaml", "a: [\n"}, {"apps/c.yaml", config_map("c")}});
  const auto refused = load(*source());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::Invalid);
  EXPECT_THAT(refused.error().message, HasSubstr("apps/a.yaml:1"));
  EXPECT_THAT(refused.error().message, HasSubstr("apps/b.yaml:"));
  push({{"other/c.yaml", config_map("c")}});
  EXPECT_EQ(load(*source()).error().kind, ErrorKind::NotFound) << "an empty state is never made by mistake";
}

TEST_F(ArtifactSourceTest, ask_38_why_tells_the_line_and_what_the_artifact_was_made_of) {
  PushedArtifact artifact = flux_artifact({{"apps/web.yaml", config_map("web")}});
  artifact.manifest.insert(1, R"("annotations":{"org.opencontainers.image.revision":"main@sha1:abc"},)");
  registry.push("latest", artifact);
  const auto web = source();
  EXPECT_FALSE(result_of(web->trace({"apps/web.yaml:1", "ConfigMap", "web", {}})));
  ASSERT_TRUE(load(*web));
  const auto traced = result_of(web->trace({"apps/web.yaml:1", "ConfigMap", "web", {}}));
  ASSERT_TRUE(traced) << describe(traced.error());
  EXPECT_EQ(traced->file, "apps/web.yaml");
  EXPECT_EQ(traced->revision, "latest@" + artifact.digest());
  EXPECT_THAT(traced->no_commits, HasSubstr("made of main@sha1:abc"));
}

TEST_F(ArtifactSourceTest, a_pull_secret_lets_in_and_is_read_again_when_it_changes) {
  push({{"apps/web.yaml", config_map("web")}});
  const auto basic = [](const std::string& password) { return "Basic " + base64_encode("reader:" + password); };
  server.follow([&](const ScriptedServer::Seen& request) {
    if (request.authorization == basic("right")) return registry.answer(request);
    return Answer{401, "", {{"WWW-Authenticate", "Basic realm=\"here\""}}};
  });
  OneSecret values;
  const auto say = [&](const std::string& version, const std::string& password) {
    const std::string config =
        R"({"auths":{")" + server.authority() + R"(":{"username":"reader","password":")" + password + R"("}}})";
    values.value = {version, {{".dockerconfigjson", Secret(config)}}};
  };
  options.values = &values;
  options.access.namespace_ = "shop";
  options.access.credentials_secret = "pull";
  const auto web = source();
  say("1", "canary-wrong");
  const auto refused = load(*web);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::Unauthorized);
  EXPECT_THAT(refused.error().hint, HasSubstr("Secret shop/pull"));
  EXPECT_FALSE(describe(refused.error()).contains("canary"));
  say("2", "right");
  EXPECT_TRUE(load(*web));
  values.value = {"3", {{"token", Secret("x")}}};
  EXPECT_THAT(load(*web).error().hint, HasSubstr("kubectl create secret docker-registry"));
}

TEST_F(ArtifactSourceTest, a_stopped_one_says_so) {
  push({{"apps/web.yaml", config_map("web")}});
  const auto web = source();
  web->stop();
  EXPECT_EQ(load(*web).error().kind, ErrorKind::Cancelled);
  EXPECT_EQ(result_of(web->changed()).error().kind, ErrorKind::Cancelled);
}

TEST_F(ArtifactSourceTest, what_contradicts_itself_is_refused_before_anything_is_asked) {
  const auto refused = [&](const SourceOptions& with) {
    const auto made = make_source(io.get_executor(), with);
    return made ? std::string() : describe(made.error());
  };
  SourceOptions files = options, outside = options, tagged = options, signed_ = options;
  signed_.access.signatures.emplace();
  EXPECT_THAT(refused(signed_), HasSubstr("spec.source.verify"));
  files.use_files = true;
  outside.path = "../x";
  tagged.repo += ":v1";
  EXPECT_THAT(refused(files), HasSubstr("spec.source.files"));
  EXPECT_THAT(refused(outside), HasSubstr("leaves the repository"));
  EXPECT_THAT(refused(tagged), HasSubstr("spec.source.ref.tag"));
  EXPECT_TRUE(server.seen().empty());
}

}  // namespace
}  // namespace holdfast::cluster
