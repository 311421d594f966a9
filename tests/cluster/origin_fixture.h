// A server that plays a registry or a chart repository, and the origin that reads from it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>

#include "cluster/artifact_pushes.h"
#include "cluster/scripted_registry.h"
#include "cluster/scripted_server.h"
#include "sources/artifact_origin.h"
#include "unit/sources/temporary_folder.h"

namespace holdfast::cluster {

class OriginTest : public testing::Test {
 protected:
  OriginTest() : server([this](const ScriptedServer::Seen& request) { return registry.answer(request); }) {
    artifact = flux_artifact({{"apps/web.yaml", config_map("web")}});
    registry.push("latest", artifact);
  }

  std::unique_ptr<ArtifactOrigin> origin(ArtifactRequest request = {}, std::string url = {}) {
    if (url.empty()) url = "oci://" + server.authority() + "/team/web";
    auto made = make_artifact_origin({std::move(url), std::move(request), stop.get_token(), silence}, store);
    EXPECT_TRUE(made) << describe(made.error());
    (*made)->use(access);
    return std::move(*made);
  }
  std::unique_ptr<ArtifactOrigin> chart(const std::string& semver = {}) {
    return origin({.tag = {}, .semver = semver, .digest = {}, .chart = "web", .layer_media_type = {}},
                  "http://" + server.authority() + "/charts");
  }

  // The file that each artifact here has, or what is wrong.
  static std::string opened(ArtifactOrigin& from, const std::string& file = "apps/web.yaml") {
    const auto at = from.resolve();
    if (!at) return describe(at.error());
    const auto tree = from.open(*at);
    if (!tree) return describe(tree.error());
    const auto content = (*tree)->read(file);
    return content ? *content : describe(content.error());
  }
  static Error failure(ArtifactOrigin& from) {
    const auto at = from.resolve();
    if (!at) return at.error();
    const auto tree = from.open(*at);
    if (!tree) return tree.error();
    ADD_FAILURE() << "it was opened";
    return {};
  }

  TemporaryFolder folder;
  ArtifactStore store = ArtifactStore::open({folder / "artifacts"}).value();
  ScriptedRegistry registry;
  PushedArtifact artifact;
  ArtifactAccess access;
  std::stop_source stop;
  std::chrono::milliseconds silence{30'000};
  ScriptedServer server;
};

}  // namespace holdfast::cluster
