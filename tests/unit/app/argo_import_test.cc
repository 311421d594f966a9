#include "app/argo_import.h"

#include "app/argo_source.h"
#include "unit/app/import_text.h"

namespace holdfast {
namespace {

std::string application(const std::string& spec, const std::string& metadata = "") {
  return "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: shop.web, namespace: argocd" +
         metadata + "}\nspec:\n  project: default\n" + spec;
}
constexpr const char* kHere = "  destination: {server: 'https://kubernetes.default.svc', namespace: shop}\n";

Imported import(const std::string& yaml, const std::string& destination = "") {
  const ArgoImportOptions options{destination};
  return import_argo(objects_of(yaml), options);
}

TEST(ArgoImport, an_application_that_heals_and_prunes) {
  const Imported imported = import(application(
      std::string("  source: {repoURL: 'https://git.example/p.git', path: web, targetRevision: HEAD}\n") + kHere +
          "  syncPolicy: {automated: {prune: true, selfHeal: true}, syncOptions: [CreateNamespace=true, "
          "ServerSideApply=true]}\n",
      ", finalizers: [resources-finalizer.argocd.argoproj.io]"));
  const ImportedDocument& web = document_named(imported, "shop-web");
  EXPECT_EQ(part(web, {"spec", "source"}), R"({"path":"web","repoURL":"https://git.example/p.git"})");
  EXPECT_EQ(part(web, {"spec", "destination"}), R"({"namespace":"shop"})");
  EXPECT_EQ(part(web, {"spec", "prune"}), "true");
  EXPECT_EQ(part(web, {"spec", "drift"}), "(absent)");
  EXPECT_EQ(part(web, {"spec", "deletionPolicy"}), "\"Prune\"");
  EXPECT_TRUE(is_noted(web, "spec.syncPolicy.syncOptions"));
  EXPECT_TRUE(is_noted(web, "spec.source.directory"));  // what is there is not known: folders below may count or not
  expect_readable(web);
}

TEST(ArgoImport, what_a_person_had_to_apply_is_not_applied_unasked_and_what_did_not_heal_only_warns) {
  const std::string source =
      "  source: {repoURL: 'https://git.example/p.git', path: web, directory: {recurse: true}}\n";
  const ImportedDocument manual = document_named(import(application(source + kHere)), "shop-web");
  EXPECT_TRUE(part(manual, {"spec", "suspend"}) == "true" || part(manual, {"spec", "policy"}) == "\"Approve\"");
  EXPECT_EQ(part(manual, {"spec", "prune"}), "false");
  EXPECT_TRUE(is_noted(manual, "spec.syncPolicy.automated"));
  const ImportedDocument once =
      document_named(import(application(source + kHere + "  syncPolicy: {automated: {}}\n")), "shop-web");
  EXPECT_EQ(part(once, {"spec", "drift"}), R"({"policy":"Warn"})");
  expect_readable(once);
}

TEST(ArgoImport, charts_keep_their_release_their_values_and_parameters) {
  const Imported imported = import(application(std::string(R"(  source:
    repoURL: registry.example/charts
    chart: web
    targetRevision: 1.2.*
    helm:
      valueFiles: [values-prod.yaml]
      values: "a: 1"
      parameters: [{name: b, value: "2", forceString: true}]
      fileParameters: [{name: c, path: d}]
)") + kHere));
  const ImportedDocument& web = document_named(imported, "shop-web");
  EXPECT_EQ(
      part(web, {"spec", "source"}),
      R"({"chart":"web","helm":{"parameters":[{"forceString":true,"name":"b","value":"2"}],"releaseName":"shop.web",)"
      R"("valueFiles":["values-prod.yaml"],"values":"a: 1"},"ref":{"semver":"1.2.*"},"repoURL":"oci://registry.example/charts"})");
  EXPECT_TRUE(is_noted(web, "spec.source.helm.fileParameters"));
  expect_readable(web);
}

TEST(ArgoImport, images_and_labels_of_kustomize) {
  const Imported imported = import(application(std::string(R"(  source:
    repoURL: https://git.example/p.git
    path: web
    kustomize:
      images: ["web=registry.example:5000/web:v2", "registry.example/db@sha256:00", "cache:7"]
      commonLabels: {team: a}
      labelWithoutSelector: true
      replicas: [{name: web, count: 2}]
)") + kHere));
  const ImportedDocument& web = document_named(imported, "shop-web");
  EXPECT_EQ(part(web, {"spec", "source", "kustomize", "images"}),
            R"([{"name":"web","newName":"registry.example:5000/web","newTag":"v2"},)"
            R"({"digest":"sha256:00","name":"registry.example/db"},{"name":"cache","newTag":"7"}])");
  EXPECT_EQ(part(web, {"spec", "source", "kustomize", "commonLabels"}), "(absent)");
  EXPECT_TRUE(part(web, {"spec", "source", "kustomize", "patches"}).contains("team"));
  EXPECT_TRUE(is_noted(web, "spec.source.kustomize.replicas"));
  expect_readable(web);
}

TEST(ArgoImport, what_is_ignored_counts_each_for_itself) {
  const Imported imported =
      import(application(std::string(R"(  source: {repoURL: 'https://git.example/p.git', path: web}
  ignoreDifferences:
  - group: apps
    kind: Deployment
    jsonPointers: [/spec/replicas]
    jqPathExpressions: [.spec.paused, '.spec.template.spec.containers[] | select(.name == "x")']
    managedFieldsManagers: [keda-operator]
)") + kHere));
  const ImportedDocument& web = document_named(imported, "shop-web");
  EXPECT_EQ(part(web, {"spec", "ignore"}),
            R"([{"paths":["/spec/replicas",".spec.paused"],"target":{"group":"apps","kind":"Deployment"}},)"
            R"({"managers":["keda-operator"],"target":{"group":"apps","kind":"Deployment"}}])");
  EXPECT_TRUE(is_noted(web, "spec.ignoreDifferences[0].jqPathExpressions"));
  expect_readable(web);
}

TEST(ArgoImport, another_cluster_is_not_this_one_unless_it_is_said_to_be) {
  const std::string there = application(
      "  source: {repoURL: 'https://git.example/p.git', path: web}\n  destination: {name: production, namespace: "
      "shop}\n");
  EXPECT_FALSE(document_named(import(there), "shop-web").complete);
  EXPECT_TRUE(document_named(import(there, "production"), "shop-web").complete);
}

TEST(ArgoImport, several_sources_become_several_and_values_from_another_are_told) {
  const Imported imported = import(application(std::string(R"(  sources:
  - {repoURL: 'https://charts.example', chart: web, targetRevision: 1.0.0, helm: {valueFiles: [$values/prod.yaml]}}
  - {repoURL: 'https://git.example/p.git', targetRevision: main, ref: values}
)") + kHere));
  ASSERT_EQ(imported.documents.size(), 2U);
  EXPECT_FALSE(document_named(imported, "shop-web").complete);
  EXPECT_TRUE(is_noted(document_named(imported, "shop-web"), "spec.sources[0].helm.valueFiles"));
}

TEST(ArgoImport, projects_and_sets_are_told_of) {
  const Imported imported = import(R"(
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: shop, namespace: argocd}
spec: {sourceRepos: ['*'], syncWindows: [{kind: allow}], newThing: [1]}
---
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: all, namespace: argocd}
spec: {}
)");
  std::string all;
  for (const ImportNote& note : imported.notes) all += to_string(note) + "\n";
  for (const char* field : {"spec.sourceRepos", "spec.syncWindows", "spec.newThing", "ApplicationSet argocd/all"})
    EXPECT_TRUE(all.contains(field)) << all;
}

TEST(ArgoImport, revisions) {
  bool guessed = false;
  EXPECT_EQ(canonical_json(json::value(argo_ref("main", false, guessed))), R"({"branch":"main"})");
  EXPECT_TRUE(guessed);
  EXPECT_EQ(canonical_json(json::value(argo_ref("v1.2.3", false, guessed))), R"({"tag":"v1.2.3"})");
  EXPECT_EQ(canonical_json(json::value(argo_ref("1.2.x", false, guessed))), R"({"semver":"1.2.x"})");
  EXPECT_EQ(canonical_json(json::value(argo_ref("refs/heads/a/b", false, guessed))), R"({"branch":"a/b"})");
  EXPECT_FALSE(guessed);
  EXPECT_EQ(canonical_json(json::value(argo_ref(std::string(40, 'a'), false, guessed))),
            R"({"commit":")" + std::string(40, 'a') + "\"}");
}

}  // namespace
}  // namespace holdfast
