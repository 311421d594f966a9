// What is decided before and after the programs run; with the programs themselves: tests/renders.
#include "sources/renderer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "sources/directory_tree.h"
#include "sources/kustomization.h"
#include "sources/kustomize_files.h"
#include "sources/kustomize_renderer.h"
#include "sources/rendered_text.h"
#include "sources/tree_paths.h"
#include "tests/unit/sources/temporary_folder.h"

namespace holdfast {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string path_or_error(const Result<TreePaths::Place>& place) {
  return place ? place->path : describe(place.error());
}

TEST(TreePaths, links_and_dots_are_followed_and_what_was_looked_at_is_remembered) {
  const TemporaryFolder folder;
  folder.write("a/b/c.yaml", "x");
  std::filesystem::create_symlink("../a/b", folder / "link");
  std::filesystem::remove(folder / "link");
  std::filesystem::create_symlink("a/b", folder / "link");
  std::filesystem::create_symlink("loop", folder / "loop");
  std::filesystem::create_symlink("../outside", folder / "out");
  auto tree = open_directory_tree(folder.path()).value();
  TreePaths paths(*tree);
  EXPECT_EQ(path_or_error(paths.find("a/b", "../../link/c.yaml")), "a/b/c.yaml");
  EXPECT_EQ(path_or_error(paths.find("a", "./b//c.yaml")), "a/b/c.yaml");
  EXPECT_EQ(path_or_error(paths.find("link", "../b")), "a/b") << "as in a file system, behind the link";
  EXPECT_THAT(path_or_error(paths.find("", "loop")), HasSubstr("circles"));
  EXPECT_THAT(path_or_error(paths.find("", "out")), HasSubstr("leaves the repository"));
  EXPECT_THAT(path_or_error(paths.find("a", "../../x")), HasSubstr("leaves the repository"));
  EXPECT_THAT(path_or_error(paths.find("", "/etc/passwd")), HasSubstr("absolute"));
  EXPECT_THAT(path_or_error(paths.find("", "missing")), HasSubstr("no such file"));
  EXPECT_EQ(paths.links().at("link"), "a/b");
  const auto inputs = paths.inputs();
  ASSERT_TRUE(std::ranges::find(inputs, "missing", &RenderInput::path) != inputs.end());
  EXPECT_EQ(std::ranges::find(inputs, "missing", &RenderInput::path)->id, "");
}

std::vector<std::string> references(std::string_view text) {
  const auto read = read_kustomization(text, "web/kustomization.yaml");
  if (!read) return {describe(read.error())};
  std::vector<std::string> all;
  for (const KustomizationReference& one : *read)
    all.push_back(one.path + (one.folder ? "/" : "") + (one.certain ? "" : "?"));
  return all;
}

TEST(Kustomization, all_fields_that_speak_of_files_are_read) {
  EXPECT_THAT(references("resources: [a.yaml, ../base]\nbases: [b]\ncomponents: [c]\ncrds: [d.json]\n"
                         "configurations: [e.yaml]\nopenapi: {path: f.json}\n"),
              ElementsAre("a.yaml/", "../base/", "b/", "c/", "d.json", "e.yaml", "f.json"));
  EXPECT_THAT(references("patches:\n- path: a.yaml\n- patch: |-\n    - op: remove\n      path: /x\n"
                         "patchesStrategicMerge: [b.yaml, \"kind: X\\nspec: {}\"]\n"
                         "patchesJson6902: [{path: c.yaml}]\nreplacements: [{path: d.yaml}, {source: {}}]\n"),
              ElementsAre("b.yaml?", "a.yaml", "c.yaml", "d.yaml"));
  EXPECT_THAT(references("configMapGenerator:\n- files: [a.txt, key=b.txt]\n  envs: [c.env]\n  env: d.env\n"
                         "secretGenerator: [{files: [e]}]\n"),
              ElementsAre("a.txt", "b.txt", "c.env", "d.env", "e"));
  EXPECT_THAT(references("generators: [a.yaml]\ntransformers:\n- |\n  kind: PatchTransformer\n  path: b.yaml\n"),
              ElementsAre("a.yaml/?", "b.yaml?"));
}

TEST(Kustomization, charts_and_what_is_no_object_are_refused) {
  EXPECT_THAT(references("resources: [a.yaml]\nhelmCharts: []\n").front(), HasSubstr("web/kustomization.yaml:2"));
  EXPECT_THAT(references("[a]").front(), HasSubstr("has to be an object"));
  EXPECT_THAT(references("a: [").front(), HasSubstr("web/kustomization.yaml"));
}

TEST(Kustomization, addresses_are_told_from_paths) {
  for (const char* remote : {"https://x/y", "github.com/a/b", "git@github.com:a/b", "ssh://x/y.git", "x/y?ref=main",
                             "git::https://x", "example.org/a.git//b"})
    EXPECT_TRUE(is_remote_reference(remote)) << remote;
  for (const char* path : {"../base", "a.yaml", "github", "a.b/c"}) EXPECT_FALSE(is_remote_reference(path)) << path;
}

TEST(KustomizeFiles, exactly_what_is_spoken_of_is_found_once) {
  const TemporaryFolder folder;
  folder.write("web/kustomization.yaml", "resources: [../base, ../base, a.yaml]\ncomponents: [../part]\n");
  folder.write("web/a.yaml", config_map("a"));
  folder.write("web/unused.yaml", config_map("unused"));
  folder.write("base/Kustomization", "resources: [b.yaml]\n");
  folder.write("base/b.yaml", config_map("b"));
  folder.write("part/kustomization.yml", "kind: Component\npatches: [{path: p.yaml}]\n");
  folder.write("part/p.yaml", config_map("a", "2"));
  auto tree = open_directory_tree(folder.path()).value();
  KustomizeFiles files(*tree);
  ASSERT_EQ(files.add("web", "the path").value_or("failed"), "web");
  EXPECT_THAT(files.files(), ElementsAre("base/Kustomization", "base/b.yaml", "part/kustomization.yml", "part/p.yaml",
                                         "web/a.yaml", "web/kustomization.yaml"));
}

TEST(Renderer, is_told_by_what_is_there) {
  const TemporaryFolder folder;
  folder.write("plain/a.yaml", config_map("a"));
  folder.write("kustomize/Kustomization", "resources: []\n");
  folder.write("kustomize/Chart.yaml", "name: x\n");
  folder.write("helm/Chart.yaml", "name: x\n");
  auto tree = open_directory_tree(folder.path()).value();
  const auto kind = [&](const char* path) { return detect_renderer(*tree, path).value().kind; };
  EXPECT_EQ(kind("plain"), RendererKind::Directory);
  EXPECT_EQ(kind("plain/a.yaml"), RendererKind::Directory);
  EXPECT_EQ(kind("kustomize"), RendererKind::Kustomize);
  EXPECT_EQ(kind("helm"), RendererKind::Helm);
  EXPECT_FALSE(detect_renderer(*tree, "missing"));
}

TEST(Renderer, the_version_is_read_and_one_too_old_is_refused) {
  const auto version = [](RenderTool tool, bool kubectl, const char* told) {
    const auto read = checked_version(tool, kubectl, told);
    return read ? *read : describe(read.error());
  };
  EXPECT_EQ(version(RenderTool::Kustomize, false, "v5.7.1\n"), "v5.7.1");
  EXPECT_EQ(version(RenderTool::Kustomize, false, "{Version:kustomize/v5.0.1 GitCommit:x}"),
            "this program does not say "
            "its version as kustomize does (name another program with --kustomize-program)");
  EXPECT_EQ(version(RenderTool::Kustomize, true, "Client Version: v1.32.4\nKustomize Version: v5.5.0\n"), "v5.5.0");
  EXPECT_EQ(version(RenderTool::Helm, false, "version.BuildInfo{Version:\"v3.20.2\", GitCommit:\"\"}"), "v3.20.2");
  EXPECT_THAT(version(RenderTool::Kustomize, false, "v4.5.7"), HasSubstr("kustomize v4.5.7 is too old; v5.0"));
  EXPECT_THAT(version(RenderTool::Helm, false, "Version:\"v2.17.0\""), HasSubstr("too old"));
  EXPECT_THAT(version(RenderTool::Helm, false, "hello"), HasSubstr("does not say its version"));
}

TEST(Renderer, a_programs_message_loses_folders_warnings_and_its_prefix) {
  EXPECT_EQ(renderer_message("# Warning: 'bases' is deprecated.\nError: accumulating: '/tmp/r.1/tree/a.yaml': bad\n",
                             "/tmp/r.1"),
            "accumulating: 'tree/a.yaml': bad");
  EXPECT_EQ(renderer_message("Error: parse error\n\nUse --debug flag to render out invalid YAML\n", "/x"),
            "parse error");
  EXPECT_EQ(renderer_message("", "/x"), "it failed without a word");
}

TEST(Renderer, an_overlay_says_only_what_is_asked_for) {
  EXPECT_EQ(overlay_text({}, "apps/web"), "");
  KustomizeSpec spec;
  spec.name_prefix = "a-";
  spec.components = {"../part"};
  EXPECT_EQ(
      *parse_json(overlay_text(spec, "apps/web")),
      *parse_json(R"({"apiVersion":"kustomize.config.k8s.io/v1beta1","kind":"Kustomization",)"
                  R"("resources":["../tree/apps/web"],"namePrefix":"a-","components":["../tree/apps/web/../part"]})"));
}

TEST(Renderer, objects_are_found_again_in_their_files_by_name) {
  WrittenNames names;
  names.scan(
      "# c\n---\nkind: ConfigMap\nmetadata:\n  name: web\n---\n\nkind: Service\nmetadata:\n  labels: {}\n  name: "
      "\"api\" # x\n",
      "a.yaml");
  EXPECT_EQ(names.find("ConfigMap", "web"), "a.yaml:3");
  EXPECT_EQ(names.find("ConfigMap", "dev-web"), "a.yaml:3");
  EXPECT_EQ(names.find("Service", "api-x"), "a.yaml:8");
  EXPECT_EQ(names.find("Service", "other"), "");
  names.scan("kind: Secret\nmetadata:\n    labels:\n        name: no\n    name: db\n", "deep.yaml");
  EXPECT_EQ(names.find("Secret", "db"), "deep.yaml:1") << "as sops indents";
  EXPECT_EQ(names.find("Secret", "no"), "");
  names.scan("kind: ConfigMap\nmetadata:\n  name: web\n", "b.yaml");
  EXPECT_EQ(names.find("ConfigMap", "dev-web"), "") << "either of two";
}

// ---- the cache
// -------------------------------------------------------------------------------------------------------

std::vector<std::filesystem::path> entries(const std::string& folder) {
  std::vector<std::filesystem::path> all;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) all.push_back(entry.path());
  return all;
}

TEST(RenderCache, keeps_what_two_share_and_believes_nothing_that_was_changed) {
  const TemporaryFolder folder;
  RenderCache one(folder / "cache"), other(folder / "cache");
  const Sha256 key = sha256("key");
  EXPECT_EQ(one.find(key), std::nullopt);
  one.keep(key, "text");
  EXPECT_EQ(other.find(key), "text");
  EXPECT_EQ(other.find(sha256("another")), std::nullopt);
  for (const char* wrong : {"", "text", "holdfast rendering 1 0000\ntext"}) {
    std::ofstream(entries(folder / "cache").at(0), std::ios::trunc) << wrong;
    EXPECT_EQ(one.find(key), std::nullopt) << wrong;
    EXPECT_TRUE(entries(folder / "cache").empty()) << "it is removed";
    one.keep(key, "text");
  }
  std::fstream(entries(folder / "cache").at(0), std::ios::in | std::ios::out | std::ios::ate) << "more";
  EXPECT_EQ(one.find(key), std::nullopt);
}

TEST(RenderCache, is_bounded_and_what_was_used_last_stays) {
  const TemporaryFolder folder;
  RenderCache cache(folder / "cache", 10'000);
  const std::string text(1000, 'x');
  for (int i = 0; i < 50; ++i) {
    cache.keep(sha256(std::to_string(i)), text);
    EXPECT_NE(cache.find(sha256(std::to_string(i))), std::nullopt) << i;
  }
  EXPECT_LE(entries(folder / "cache").size(), 11U);
  cache.keep(sha256("large"), std::string(9000, 'x'));
  EXPECT_EQ(cache.find(sha256("large")), std::nullopt) << "one entry is a quarter of it at most";
}

TEST(RenderCache, without_a_folder_or_where_none_can_be_made_nothing_is_kept) {
  RenderCache none("");
  none.keep(sha256("a"), "text");
  EXPECT_EQ(none.find(sha256("a")), std::nullopt);
  RenderCache impossible("/dev/null/cache");
  impossible.keep(sha256("a"), "text");
  EXPECT_EQ(impossible.find(sha256("a")), std::nullopt);
}

}  // namespace
}  // namespace holdfast
