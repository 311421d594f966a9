#include "sources/manifests.h"

#include <gtest/gtest.h>

#include "holdfast/model/object_key.h"
#include "tests/unit/sources/temporary_folder.h"

namespace holdfast {
namespace {

std::expected<ManifestSetPtr, std::vector<Error>> parse(std::vector<SourceFile> files) {
  return parse_manifests(FileSet{"main@sha1:0", std::move(files)});
}

std::string first_error(const std::string& content, const std::string& path = "f.yaml") {
  auto parsed = parse({{path, content}});
  return parsed ? "" : describe(parsed.error().front());
}

TEST(Manifests, order_origin_and_identity) {
  auto parsed = parse({{"a.yaml", config_map("one") + "---\n" + config_map("two")},
                       {"b.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: prod}\n"}});
  ASSERT_TRUE(parsed) << describe(parsed.error().front());
  const auto& manifests = (*parsed)->manifests;
  ASSERT_EQ(manifests.size(), 3u);
  EXPECT_EQ((*parsed)->revision, "main@sha1:0");
  EXPECT_EQ(manifests[1].name, "two");
  EXPECT_EQ(manifests[1].origin, "a.yaml:8");
  EXPECT_EQ(manifests[2].gvk, (GroupVersionKind{"apps", "v1", "Deployment"}));
  EXPECT_EQ(manifests[2].namespace_, "prod");
}

TEST(Manifests, lists_are_flattened_with_the_line_of_each_item) {
  auto parsed =
      parse({{"l.yaml",
              "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata: {name: a}\n"
              "- apiVersion: v1\n  kind: Secret\n  metadata: {name: b}\n---\napiVersion: v1\nkind: ConfigMapList\n"
              "items:\n- metadata: {name: c}\n"}});
  ASSERT_TRUE(parsed) << describe(parsed.error().front());
  const auto& manifests = (*parsed)->manifests;
  ASSERT_EQ(manifests.size(), 3u);
  EXPECT_EQ(manifests[1].origin, "l.yaml:7");
  EXPECT_EQ(manifests[2].gvk.kind, "ConfigMap");
}

TEST(Manifests, the_same_object_twice_names_both_places) {
  auto parsed = parse({{"a.yaml", config_map("web")}, {"b.yaml", "# x\n" + config_map("web")}});
  ASSERT_FALSE(parsed);
  EXPECT_EQ(describe(parsed.error().front()), "b.yaml:2: " + to_string(ObjectKey{"", "ConfigMap", "", "web"}) +
                                                  " is written twice, first in a.yaml:1 (keep one of the two)");
}

TEST(Manifests, the_same_object_in_two_versions_is_the_same_object) {
  EXPECT_NE(
      first_error("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n---\napiVersion: apps/v1beta1\nkind: "
                  "Deployment\nmetadata: {name: a}\n")
          .find("written twice"),
      std::string::npos);
}

TEST(Manifests, generateName_is_refused) {
  EXPECT_NE(first_error("apiVersion: v1\nkind: Pod\nmetadata: {generateName: x-}\n").find("generateName"),
            std::string::npos);
}

TEST(Manifests, what_every_manifest_needs) {
  EXPECT_NE(first_error("kind: Pod\nmetadata: {name: a}\n").find("apiVersion is missing"), std::string::npos);
  EXPECT_NE(first_error("apiVersion: v1\nmetadata: {name: a}\n").find("kind is missing"), std::string::npos);
  EXPECT_NE(first_error("apiVersion: v1\nkind: Pod\n").find("has no metadata"), std::string::npos);
  EXPECT_NE(first_error("apiVersion: v1\nkind: Pod\nmetadata: {name: 123}\n").find("quote the name"),
            std::string::npos);
  EXPECT_NE(first_error("- a\n").find("f.yaml:1: a manifest must be an object"), std::string::npos);
}

TEST(Manifests, an_error_is_one_line_whatever_was_written) {
  const std::string error = first_error("apiVersion: a/b/'c\n\n  d'\nkind: Pod\nmetadata: {name: a}\n");
  EXPECT_NE(error.find("more than one slash"), std::string::npos) << error;
  EXPECT_EQ(first_error("apiVersion: \"a/b/\\nc\"\nkind: Pod\nmetadata: {name: a}\n").find('\n'), std::string::npos);
}

TEST(Manifests, renderers_are_refused_with_the_way_out) {
  EXPECT_NE(first_error("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n")
                .find("point the path at its folder"),
            std::string::npos);
  EXPECT_NE(first_error("apiVersion: v2\nname: x\n", "web/Chart.yaml").find("point the path at the chart's own folder"),
            std::string::npos);
}

TEST(Manifests, all_errors_of_all_files_come_at_once_and_no_set) {
  auto parsed = parse({{"a.yaml", "kind: Pod\n"}, {"b.yaml", config_map("fine")}, {"c.yaml", "a: [\n"}});
  ASSERT_FALSE(parsed);
  ASSERT_EQ(parsed.error().size(), 2u);
  EXPECT_EQ(parsed.error()[1].where.substr(0, 7), "c.yaml:");
}

TEST(Manifests, at_most_twenty_errors) {
  std::string many;
  for (int i = 0; i < 100; ++i) many += "---\nkind: Pod\n";
  auto parsed = parse({{"a.yaml", many}});
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().size(), kManifestErrorLimit);
}

TEST(Manifests, json_with_surrogate_escapes_is_read) {
  auto parsed = parse(
      {{"a.json", R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"\ud83d\ude00"}})"}});
  ASSERT_TRUE(parsed) << describe(parsed.error().front());
  EXPECT_EQ(string_at((*parsed)->manifests[0].body, {"data", "k"}), "\xF0\x9F\x98\x80");
}

TEST(Manifests, a_file_without_any_document_is_fine) {
  auto parsed = parse({{"a.yaml", "# later\n"}});
  ASSERT_TRUE(parsed);
  EXPECT_TRUE((*parsed)->manifests.empty());
}

}  // namespace
}  // namespace holdfast
