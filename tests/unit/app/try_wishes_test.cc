#include "app/try_wishes.h"

#include <gtest/gtest.h>

#include "app/kept_value.h"
#include "sources/manifests.h"

namespace holdfast {
namespace {

constexpr const char* kWeb = R"(apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers:
      - {name: web, image: "web:1", resources: {requests: {cpu: 100m}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: page}
data: {color: blue}
)";

ManifestSetPtr set_of(const std::string& yaml) {
  return parse_manifests(FileSet{"main@sha1:1", {{"web.yaml", yaml}}}).value();
}

OverridePatch patch(const std::string& path, const json::value& value) {
  return {{"", "Deployment", "", "web"}, path, value};
}

TEST(TryWishes, find_the_object_that_is_meant) {
  const ManifestSetPtr set = set_of(kWeb);
  TryOptions options;
  options.scale = 3;
  options.images = {"web=web:2"};
  options.sets = {"data.color=red", "spec.template.spec.containers[web].resources.requests.cpu=500m"};
  const auto patches = wished_patches(options, set.get());
  ASSERT_TRUE(patches) << describe(patches.error());
  ASSERT_EQ(patches->size(), 4U);
  EXPECT_EQ((*patches)[0].path, "spec.replicas");
  EXPECT_EQ((*patches)[1].path, "spec.template.spec.containers[web].image");
  EXPECT_EQ((*patches)[1].target.kind, "Deployment");
  EXPECT_EQ((*patches)[2].target.kind, "ConfigMap");
  EXPECT_EQ((*patches)[3].value, json::value("500m"));
}

TEST(TryWishes, say_what_is_missing) {
  const ManifestSetPtr set = set_of(kWeb);
  const auto error = [&](TryOptions options, const ManifestSet* of) {
    const auto read = wished_patches(options, of);
    return read ? std::string("it was read") : describe(read.error());
  };
  TryOptions image;
  image.images = {"wbe=x"};
  EXPECT_EQ(error(image, set.get()), "no object of the application has a container wbe");
  TryOptions unknown;
  unknown.scale = 1;
  EXPECT_TRUE(error(unknown, nullptr).contains("--object Kind/name"));
  TryOptions object;
  object.scale = 1;
  object.object = "Deployment/wbe";
  EXPECT_TRUE(error(object, set.get()).contains("it has Deployment/web"));
  TryOptions bare;
  bare.sets = {"spec.replicas"};
  EXPECT_TRUE(error(bare, set.get()).contains("has no ="));
}

TEST(KeptValue, finds_the_value_of_a_chart_by_what_it_is_and_what_it_is_called) {
  const std::vector<SourceFile> files{
      {"web/values.yaml", "small: 100m\nweb:\n  resources:\n    requests:\n      cpu: 100m  # enough\n"}};
  const auto values =
      values_like(files, "spec.template.spec.containers[web].resources.requests.cpu", json::value("100m"));
  EXPECT_EQ(describe_values(values), "web.resources.requests.cpu (web/values.yaml:5)");
  EXPECT_TRUE(values_like(files, "spec.replicas", json::value(3)).empty());
}

TEST(KeptValue, writes_a_patch_for_a_kustomization) {
  const std::string text = kustomize_patch(patch("spec.template.spec.containers[web].image", "web:2"), "apps/v1");
  EXPECT_EQ(text,
            "patches:\n- target: {kind: Deployment, name: web}\n  patch: |-\n    apiVersion: apps/v1\n"
            "    kind: Deployment\n    metadata:\n      name: web\n    spec:\n      template:\n        spec:\n"
            "          containers:\n          - name: web\n            image: \"web:2\"\n");
}

}  // namespace
}  // namespace holdfast
