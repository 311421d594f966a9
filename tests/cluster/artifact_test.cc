// Artifacts from a real registry and charts made by the real helm, held in a real cluster.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "cluster/application.h"
#include "cluster/eventually.h"
#include "cluster/registry_server.h"
#include "cluster/scripted_server.h"
#include "holdfast/base/digest.h"
#include "sources/artifact_origin.h"

namespace holdfast::cluster {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr auto kDeadline = 30s;

class ArtifactTest : public testing::Test {
 protected:
  ArtifactTest()
      : plane(ControlPlane::shared()),
        app(plane, name_of_test("oci")),
        folder(fs::path(app.repository.directory()).parent_path()),
        registry(folder / "registry") {
    app.kubectl.must({"create", "namespace", app.name});
    std::ofstream(folder / "password") << RegistryServer::kPassword << "\n";
    configure("ref: {tag: latest}");
  }

  // The application reads team/web; `fields` are more of its source.
  void configure(const std::string& fields) const {
    std::ofstream(folder / "holdfast.yaml")
        << "apiVersion: holdfast.dev/v1alpha1\nkind: Application\nmetadata: {name: web}\nspec:\n  source:\n"
        << "    repoURL: oci://" << registry.authority() << "/team/web\n    path: apps\n    interval: 1s\n"
        << "    credentials: {username: reader, passwordFile: password, caFile: " << registry.certificate() << "}\n"
        << "    " << fields << "\n";
  }
  [[nodiscard]] std::vector<std::string> arguments(const std::string& verb) const {
    return {verb,
            "--config",
            (folder / "holdfast.yaml").string(),
            "--kubeconfig",
            plane.kubeconfig(),
            "--namespace",
            app.name,
            "--installation",
            app.name,
            "--cache-dir",
            app.repository.cache()};
  }
  [[nodiscard]] Finished once() const {
    std::vector<std::string> all = arguments("run");
    all.emplace_back("--once");
    return HoldfastProcess::run(all);
  }
  void start() { daemon = std::make_unique<HoldfastProcess>(arguments("run")); }
  std::string wait_for(const std::string& text, std::size_t from = 0) {
    return daemon->wait_for_line(text, kDeadline, from);
  }

  std::string push(const std::string& tag, const std::map<std::string, std::string>& colors) const {
    Files files;
    for (const auto& [name, color] : colors) files["apps/" + name + ".yaml"] = app.config_map(name, color);
    const PushedArtifact artifact = flux_artifact(files);
    registry.push("team/web", tag, artifact);
    return artifact.digest();
  }
  [[nodiscard]] std::string color(const std::string& object) const { return app.field(object, "{.data.color}"); }
  void paint(const std::string& object, const std::string& color) const {
    app.kubectl.must({"-n", app.name, "patch", "configmap", object, "--type=merge", "-p",
                      R"({"data":{"color":")" + color + R"("}})"});
  }
  [[nodiscard]] std::size_t deletes() const {
    plane.settle_audit();
    return plane.count_requests(holdfast_user, began, [&](const AuditedRequest& request) {
      return request.namespace_ == app.name && request.verb.starts_with("delete");
    });
  }
  // What is not said or kept anywhere.
  void expect_no_canary(const std::string& all) const {
    EXPECT_FALSE(all.contains("canary")) << all;
    const Finished kept = run({"/usr/bin/grep", "-rlE", "canary|Basic |Bearer ", app.repository.cache()});
    EXPECT_EQ(kept.exit_code, 1) << kept.out;
  }

  // The registry as the daemon sees it, without a daemon.
  std::unique_ptr<ArtifactOrigin> origin(const std::string& url, ArtifactRequest request) {
    store.emplace(ArtifactStore::open({(folder / "artifacts").string()}).value());
    auto made = make_artifact_origin({url, std::move(request), {}}, *store);
    EXPECT_TRUE(made) << describe(made.error());
    ArtifactAccess access;
    access.login = RegistryLogin{RegistryServer::kUser, Secret(RegistryServer::kPassword)};
    access.ca_file = registry.certificate();
    (*made)->use(std::move(access));
    return std::move(*made);
  }

  // A chart of that version, packed by helm; the path of the archive.
  std::string packed_chart(const std::string& version) const {
    const fs::path chart = folder / "chart/web";
    fs::create_directories(chart / "templates");
    std::ofstream(chart / "Chart.yaml") << "apiVersion: v2\nname: web\nversion: " << version << "\n";
    std::ofstream(chart / "templates/web.yaml") << app.config_map("web", "{{ .Values.color }}");
    std::ofstream(chart / "values.yaml") << "color: blue\n";
    fs::create_directories(folder / "charts");
    helm({"package", chart.string(), "--destination", (folder / "charts").string()});
    return (folder / "charts" / ("web-" + version + ".tgz")).string();
  }
  void helm(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), required_environment("HOLDFAST_HELM"));
    const Finished done =
        run(arguments, "", {{"HOME", folder.string()}, {"HELM_REGISTRY_CONFIG", (folder / "helm.json").string()}});
    if (done.exit_code != 0) throw std::runtime_error("helm failed: " + done.err);
  }

  ControlPlane plane;
  Application app;
  fs::path folder;
  RegistryServer registry;
  std::optional<ArtifactStore> store;
  std::unique_ptr<HoldfastProcess> daemon;
  std::chrono::system_clock::time_point began = std::chrono::system_clock::now();
};

TEST_F(ArtifactTest, a_tag_is_followed_and_its_deletion_deletes_nothing) {
  const std::string first = push("latest", {{"one", "blue"}, {"two", "blue"}});
  start();
  wait_for("the cluster is at latest@" + first);
  EXPECT_EQ(color("one"), "blue");
  EXPECT_EQ(color("two"), "blue");

  const std::string second = push("latest", {{"one", "green"}, {"two", "blue"}});
  wait_for("the cluster is at latest@" + second);
  EXPECT_EQ(color("one"), "green");

  const std::size_t from = daemon->line_count();
  registry.remove("team/web", second);
  EXPECT_THAT(wait_for("has no tag latest", from), HasSubstr("still holding latest@" + second));
  paint("one", "red");
  wait_for("put back", from);
  EXPECT_EQ(color("one"), "green");
  EXPECT_EQ(color("two"), "blue");
  EXPECT_EQ(deletes(), 0U);
  expect_no_canary(daemon->output());
}

TEST_F(ArtifactTest, while_the_registry_is_away_the_last_revision_is_healed_and_afterwards_the_next_one_comes) {
  const std::string first = push("latest", {{"one", "blue"}, {"two", "blue"}});
  start();
  wait_for("the cluster is at latest@" + first);
  const std::size_t from = daemon->line_count();
  registry.stop();
  wait_for("still holding latest@" + first, from);
  paint("one", "red");
  wait_for("put back", from);
  EXPECT_EQ(color("one"), "blue");
  EXPECT_EQ(deletes(), 0U);
  registry.start();
  const std::string second = push("latest", {{"one", "green"}});
  wait_for("the cluster is at latest@" + second, from);
  EXPECT_EQ(color("one"), "green");
  EXPECT_EQ(color("two"), "") << "what left the artifact left the cluster";
}

TEST_F(ArtifactTest, a_daemon_that_starts_while_the_registry_is_away_heals_what_is_on_record) {
  const std::string first = push("latest", {{"one", "blue"}, {"two", "blue"}});
  start();
  wait_for("the cluster is at latest@" + first);
  ASSERT_EQ(daemon->stop(10s), 0);
  registry.stop();
  paint("one", "red");
  start();
  wait_for("holding latest@" + first + ", which is on record");
  EXPECT_TRUE(eventually([&] { return color("one") == "blue"; }, kDeadline)) << daemon->output();
  EXPECT_EQ(color("two"), "blue");
  ASSERT_EQ(daemon->stop(10s), 0);

  fs::remove_all(app.repository.cache());
  paint("one", "red");
  start();
  wait_for("what is on record cannot be read either, so nothing is written");
  EXPECT_EQ(color("one"), "red");
  EXPECT_EQ(deletes(), 0U);
}

TEST_F(ArtifactTest, of_a_range_the_newest_tag_is_held_and_a_digest_is_asked_for_once) {
  push("1.0.0", {{"one", "blue"}});
  const std::string newest = push("1.2.0", {{"one", "green"}});
  push("2.0.0", {{"one", "red"}});
  configure("ref: {semver: ^1}");
  EXPECT_EQ(once().exit_code, 0);
  EXPECT_EQ(color("one"), "green");
  configure("ref: {digest: \"" + newest + "\"}");
  registry.stop();
  const Finished pinned = once();
  EXPECT_EQ(pinned.exit_code, 0) << pinned.err << pinned.out;
}

TEST_F(ArtifactTest, a_wrong_password_or_authority_writes_nothing_and_says_what_to_check) {
  push("latest", {{"one", "blue"}});
  std::ofstream(folder / "password") << "canary-wrong\n";
  const Finished refused = once();
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, HasSubstr("the registry wants other credentials"));
  EXPECT_THAT(refused.err, HasSubstr("passwordFile"));
  expect_no_canary(refused.err + refused.out);
  std::ofstream(folder / "password") << RegistryServer::kPassword << "\n";
  configure("ref: {tag: latest}");
  const Finished made = run({"/usr/bin/openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=other",
                             "-days", "2", "-keyout", registry.certificate(), "-out", registry.certificate()});
  ASSERT_EQ(made.exit_code, 0);
  const Finished untrusted = once();
  EXPECT_EQ(untrusted.exit_code, 1);
  EXPECT_THAT(untrusted.err, HasSubstr("caFile"));
  EXPECT_EQ(color("one"), "");
}

TEST_F(ArtifactTest, a_blob_that_was_tampered_with_in_the_registry_changes_nothing) {
  const std::string first = push("latest", {{"one", "blue"}, {"two", "blue"}});
  start();
  wait_for("the cluster is at latest@" + first);
  const PushedArtifact next = flux_artifact({{"apps/one.yaml", app.config_map("one", "green")}});
  const std::string layer = next.blobs.front();
  registry.push("team/web", "staged", next);
  std::string forged = archive_of({{"apps/one.yaml", app.config_map("one", "red")}});
  forged.resize(layer.size());
  std::ofstream(registry.file_of(digest_of(layer)), std::ios::binary | std::ios::trunc) << forged;
  registry.push("team/web", "latest", next);
  EXPECT_THAT(wait_for("and not " + digest_of(layer)), HasSubstr("still holding latest@" + first));
  EXPECT_EQ(color("one"), "blue");
  EXPECT_EQ(color("two"), "blue");
  EXPECT_EQ(deletes(), 0U);
}

TEST_F(ArtifactTest, what_helm_pushes_is_read_as_a_chart) {
  const std::string archive = packed_chart("1.2.0+build.7");
  helm({"registry", "login", registry.authority(), "--username", RegistryServer::kUser, "--password",
        RegistryServer::kPassword, "--ca-file", registry.certificate()});
  helm({"push", archive, "oci://" + registry.authority() + "/charts", "--ca-file", registry.certificate()});
  const auto chart = origin("oci://" + registry.authority() + "/charts",
                            {.tag = {}, .semver = "^1", .digest = {}, .chart = "web", .layer_media_type = {}});
  const auto at = chart->resolve();
  ASSERT_TRUE(at) << describe(at.error());
  EXPECT_TRUE(at->revision.starts_with("1.2.0_build.7@sha256:")) << at->revision;
  const auto tree = chart->open(*at);
  ASSERT_TRUE(tree) << describe(tree.error());
  EXPECT_THAT((*tree)->read("Chart.yaml").value(), HasSubstr("name: web"));
  EXPECT_THAT((*tree)->read("templates/web.yaml").value(), HasSubstr("{{ .Values.color }}"));
}

TEST_F(ArtifactTest, what_helm_indexes_is_read_as_a_chart_repository) {
  packed_chart("1.1.0");
  packed_chart("1.2.0");
  packed_chart("2.0.0-rc.1");
  helm({"repo", "index", (folder / "charts").string()});
  const ScriptedServer files([this](const ScriptedServer::Seen& request) -> Answer {
    std::ifstream in(folder / request.target.substr(1), std::ios::binary);
    if (!in) return {404};
    return {200, std::string(std::istreambuf_iterator<char>(in), {})};
  });
  const auto chart = origin("http://" + files.authority() + "/charts",
                            {.tag = {}, .semver = {}, .digest = {}, .chart = "web", .layer_media_type = {}});
  const auto at = chart->resolve();
  ASSERT_TRUE(at) << describe(at.error());
  EXPECT_TRUE(at->revision.starts_with("1.2.0@sha256:")) << at->revision;
  const auto tree = chart->open(*at);
  ASSERT_TRUE(tree) << describe(tree.error());
  EXPECT_THAT((*tree)->read("Chart.yaml").value(), HasSubstr("version: 1.2.0"));
}

}  // namespace
}  // namespace holdfast::cluster
