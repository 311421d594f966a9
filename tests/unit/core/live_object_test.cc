#include <gtest/gtest.h>

#include "holdfast/model/object.h"

namespace holdfast {
namespace {

const GroupVersionKind kConfigMap{"", "v1", "ConfigMap"};
const GroupVersionKind kDeployment{"apps", "v1", "Deployment"};

TEST(LiveObject, V34_a_typed_body_is_kept_to_the_byte) {
  const std::string body =
      R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a","namespace":"web","uid":"u1","resourceVersion":"7","managedFields":[{"manager":"m","name":"no"}]},"data":{"name":"x"}})";
  const Result<LivePtr> object = read_live_object(body, kDeployment);
  ASSERT_TRUE(object) << describe(object.error());
  EXPECT_EQ((*object)->body, body);
  EXPECT_EQ((*object)->key, (ObjectKey{"", "ConfigMap", "web", "a"}));
  EXPECT_EQ((*object)->gvk, kConfigMap);
  EXPECT_EQ((*object)->uid, Uid{"u1"});
  EXPECT_EQ((*object)->resource_version, ResourceVersion{"7"});
  EXPECT_FALSE((*object)->terminating);
}

TEST(LiveObject, V44_list_items_get_kind_and_version_where_a_read_shows_them) {
  const Result<LivePtr> object = read_live_object(
      R"({"metadata":{"name":"d","namespace":"web","uid":"u","resourceVersion":"8"},"spec":{}})", kDeployment);
  ASSERT_TRUE(object) << describe(object.error());
  EXPECT_EQ(
      (*object)->body,
      R"({"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"d","namespace":"web","uid":"u","resourceVersion":"8"},"spec":{}})");
  EXPECT_EQ((*object)->gvk, kDeployment);
}

TEST(LiveObject, custom_resources_have_their_keys_sorted) {
  const std::string body =
      R"({"apiVersion":"ex.io/v1","kind":"Widget","metadata":{"deletionTimestamp":"2025-01-01T00:00:00Z","name":"w","resourceVersion":"9","uid":"u"},"spec":{"metadata":{"name":"inner"}}})";
  const Result<LivePtr> object = read_live_object(body, {});
  ASSERT_TRUE(object) << describe(object.error());
  EXPECT_EQ((*object)->key, (ObjectKey{"ex.io", "Widget", "", "w"}));
  EXPECT_TRUE((*object)->terminating);
}

// Both ways of reading say the same.
std::string kept_by(const std::string& annotations, const std::string& place = "annotations") {
  const std::string body =
      R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a","uid":"u","resourceVersion":"1",")" + place +
      "\":" + annotations + "}}";
  const Result<LivePtr> object = read_live_object(body, kConfigMap);
  const Result<json::value> value = parse_json(body);
  EXPECT_TRUE(object.has_value() && value.has_value()) << annotations;
  if (!object || !value) return {};
  const std::string_view streamed =
      (*object)->ownership == nullptr ? std::string_view() : (*object)->ownership->kept_by;
  EXPECT_EQ(streamed, ownership_of(*value).kept_by) << annotations;
  return std::string(streamed);
}

TEST(LiveObject, D12_annotations_that_forbid_to_prune_are_read_in_all_spellings) {
  EXPECT_EQ(kept_by(R"({"holdfast.dev/prune":"disabled"})"), "holdfast.dev/prune");
  EXPECT_EQ(kept_by(R"({"holdfast.dev\/prune":"disa\u0062led"})"), "holdfast.dev/prune");
  EXPECT_EQ(kept_by(R"({"x":{"y":1},"kustomize.toolkit.fluxcd.io/prune":"disabled"})"),
            "kustomize.toolkit.fluxcd.io/prune");
  EXPECT_EQ(kept_by(R"({"argocd.argoproj.io/sync-options":"Validate=false, Prune=false"})"),
            "argocd.argoproj.io/sync-options");
  EXPECT_EQ(kept_by(R"({"argocd.argoproj.io/sync-options":"Delete=false"})"), "argocd.argoproj.io/sync-options");
  EXPECT_EQ(kept_by(R"({"helm.sh/resource-policy":"keep"})"), "helm.sh/resource-policy");
  EXPECT_EQ(kept_by(R"({"client.lifecycle.config.k8s.io/deletion":"detach"})"),
            "client.lifecycle.config.k8s.io/deletion");
}

TEST(LiveObject, D12_what_argo_cd_would_ask_about_is_kept_and_flux_marks_count_as_labels_in_any_case) {
  for (const char* option : {"Prune=confirm", "PruneLast=true,Delete=confirm"})
    EXPECT_EQ(kept_by(R"({"argocd.argoproj.io/sync-options":")" + std::string(option) + "\"}"),
              "argocd.argoproj.io/sync-options");
  for (const char* place : {"annotations", "labels"}) {
    EXPECT_EQ(kept_by(R"({"kustomize.toolkit.fluxcd.io/prune":"Disabled"})", place),
              "kustomize.toolkit.fluxcd.io/prune");
    EXPECT_EQ(kept_by(R"({"kustomize.toolkit.fluxcd.io/reconcile":"disabled"})", place),
              "kustomize.toolkit.fluxcd.io/reconcile");
    EXPECT_EQ(kept_by(R"({"kustomize.toolkit.fluxcd.io/prune":"disable"})", place), "");
  }
  EXPECT_EQ(kept_by(R"({"holdfast.dev/prune":"disabled"})", "labels"), "");
}

TEST(LiveObject, D12_other_annotations_and_values_forbid_nothing) {
  for (const char* const annotations :
       {"{}", "null", R"([])", R"({"holdfast.dev/prune":"enabled"})", R"({"holdfast.dev/prune":""})",
        R"({"holdfast.dev/prune":true})", R"({"holdfast.dev/prune":"disabled,enabled"})",
        R"({"argocd.argoproj.io/sync-options":"Prune=true,,"})", R"({"helm.sh/resource-policy":"Keep"})",
        R"({"note":"holdfast.dev/prune"})"})
    EXPECT_EQ(kept_by(annotations), "") << annotations;
}

TEST(LiveObject, A15_an_object_without_identity_is_a_protocol_error) {
  for (const char* const body :
       {R"({"metadata":{"uid":"u","resourceVersion":"1"}})", R"({"metadata":{"name":"n","resourceVersion":"1"}})",
        R"({"metadata":{"name":"n","uid":"u"}})", R"({"metadata":{"name":"n","uid":"u","resourceVersion":""}})",
        R"({"kind":"X","metadata":{"name":"n","uid":"u","resourceVersion":"1"}})",
        R"({"metadata":{"name":7,"uid":"u","resourceVersion":"1"}})", "{}", "[]", "", "null"}) {
    const Result<LivePtr> object = read_live_object(body, kConfigMap);
    ASSERT_FALSE(object) << body;
    EXPECT_EQ(object.error().kind, ErrorKind::Protocol) << body;
  }
}

TEST(LiveObject, A15_two_metadata_make_no_object) {
  EXPECT_FALSE(read_live_object(
      R"({"metadata":{"name":"a","uid":"u1","resourceVersion":"7"},"metadata":{"name":"b","resourceVersion":"8"}})",
      kConfigMap));
}

TEST(LiveObject, cut_or_doubled_text_is_refused) {
  const std::string body = R"({"kind":"C","apiVersion":"v1","metadata":{"name":"n","uid":"u","resourceVersion":"1"}})";
  ASSERT_TRUE(read_live_object(body, {}));
  for (std::size_t size = 0; size < body.size(); ++size)
    EXPECT_FALSE(read_live_object(std::string_view(body).substr(0, size), {})) << size;
  EXPECT_FALSE(read_live_object(body + body, {}));
}

TEST(LiveObject, A15_more_than_16_MiB_is_too_large) {
  const std::string body(16 * 1024 * 1024 + 1, ' ');
  const Result<LivePtr> object = read_live_object(body, kConfigMap);
  ASSERT_FALSE(object);
  EXPECT_EQ(object.error().kind, ErrorKind::TooLarge);
}

}  // namespace
}  // namespace holdfast
