// An application that is confined to its namespace has nothing elsewhere, however its source says so.
#include "engine/confinement.h"

#include "engine/prepare.h"
#include "unit/engine/live_bodies.h"

namespace holdfast {
namespace {

using holdfast::live_bodies::body_of;

ApiCatalog catalog() {
  ApiCatalog made;
  const auto add = [&](GroupVersionKind gvk, const char* plural, bool namespaced) {
    made.preferred[gvk.group_kind()] = gvk.version;
    made.resources[gvk] = {gvk, plural, namespaced, {"patch"}};
  };
  add({"", "v1", "ConfigMap"}, "configmaps", true);
  add({"", "v1", "ResourceQuota"}, "resourcequotas", true);
  add({"", "v1", "LimitRange"}, "limitranges", true);
  add({"", "v1", "Namespace"}, "namespaces", false);
  add({"batch", "v1", "Job"}, "jobs", true);
  add({"rbac.authorization.k8s.io", "v1", "ClusterRole"}, "clusterroles", false);
  add({"holdfast.dev", "v1alpha1", "Application"}, "applications", true);
  add({"argoproj.io", "v1alpha1", "Application"}, "applications", true);
  add({"argoproj.io", "v1alpha1", "Rollout"}, "rollouts", true);
  add({"kustomize.toolkit.fluxcd.io", "v1", "Kustomization"}, "kustomizations", true);
  return made;
}

Manifest manifest(const std::string& version, const std::string& kind, const std::string& metadata) {
  Manifest made;
  made.body = body_of(R"({"apiVersion":")" + version + R"(","kind":")" + kind + R"(","metadata":)" + metadata + "}")
                  .as_object();
  made.gvk = make_gvk(version, kind);
  made.name = string_at(made.body, {"metadata", "name"});
  made.namespace_ = string_at(made.body, {"metadata", "namespace"});
  made.origin = "a.yaml:1";
  return made;
}

PreparedSet prepared(std::vector<Manifest> manifests) {
  PrepareOptions options{"preview-x", "prod", "applyset-x-v1", {"holdfast"}};
  options.confined = true;
  return prepare(ManifestSet{"r", std::move(manifests)}, catalog(), options);
}

void expect_refused(const Manifest& one, const std::string& why) {
  const PreparedSet set = prepared({one, manifest("v1", "ConfigMap", R"({"name":"page"})")});
  EXPECT_EQ(set.desired.size(), 1U) << "what stays inside is applied all the same";
  ASSERT_EQ(set.unprepared.size(), 1U) << one.gvk.kind;
  EXPECT_EQ(set.unprepared[0].error.kind, ErrorKind::Forbidden);
  EXPECT_TRUE(describe(set.unprepared[0].error).contains(why)) << describe(set.unprepared[0].error);
}

TEST(Confinement, what_is_in_its_namespace_is_applied) {
  const PreparedSet set =
      prepared({manifest("v1", "ConfigMap", R"({"name":"a"})"),
                manifest("v1", "ConfigMap", R"({"name":"b","namespace":"preview-x"})"),
                manifest("v1", "ResourceQuota", R"({"name":"tighter"})"),
                manifest("argoproj.io/v1alpha1", "Rollout", R"({"name":"web"})"),
                manifest("batch/v1", "Job", R"({"name":"j","annotations":{"holdfast.dev/hook":"pre"}})")});
  EXPECT_EQ(set.desired.size(), 5U);
  EXPECT_TRUE(set.unprepared.empty());
}

TEST(Confinement, what_is_elsewhere_is_refused) {
  expect_refused(manifest("v1", "ConfigMap", R"({"name":"page2","namespace":"shop"})"), "it is in the namespace shop");
  expect_refused(manifest("v1", "Namespace", R"({"name":"preview-x"})"), "a Namespace lives in no namespace");
  expect_refused(manifest("rbac.authorization.k8s.io/v1", "ClusterRole", R"({"name":"all"})"),
                 "a ClusterRole lives in");
}

TEST(Confinement, a_hook_and_what_is_made_once_or_left_alone_are_no_way_out) {
  for (const char* annotation :
       {R"("holdfast.dev/hook":"pre")", R"("argocd.argoproj.io/hook":"PostSync")", R"("helm.sh/hook":"pre-install")",
        R"("holdfast.dev/manage":"once")", R"("holdfast.dev/manage":"none")"})
    expect_refused(manifest("batch/v1", "Job",
                            std::string(R"({"name":"j","namespace":"shop","annotations":{)") + annotation + "}}"),
                   "it is in the namespace shop");
}

TEST(Confinement, what_makes_others_write_elsewhere_is_refused) {
  expect_refused(manifest("holdfast.dev/v1alpha1", "Application", R"({"name":"all"})"), "makes others write elsewhere");
  expect_refused(manifest("argoproj.io/v1alpha1", "Application", R"({"name":"all"})"), "makes others write elsewhere");
  expect_refused(manifest("kustomize.toolkit.fluxcd.io/v1", "Kustomization", R"({"name":"all"})"),
                 "makes others write elsewhere");
}

TEST(Confinement, the_limits_of_a_preview_are_not_its_own_to_change) {
  expect_refused(manifest("v1", "ResourceQuota", R"({"name":"holdfast-preview"})"), "limits what runs here");
  expect_refused(manifest("v1", "LimitRange", R"({"name":"holdfast-preview"})"), "limits what runs here");
}

}  // namespace
}  // namespace holdfast
