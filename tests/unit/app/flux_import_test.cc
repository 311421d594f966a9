#include "app/flux_import.h"

#include "unit/app/import_text.h"

namespace holdfast {
namespace {

constexpr std::string_view kRepository = R"(
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: platform, namespace: flux-system}
spec:
  interval: 1m0s
  url: ssh://git@git.example/platform
  ref: {branch: main}
  secretRef: {name: platform-key}
---
)";

Imported import(const std::string& yaml) { return import_flux(objects_of(std::string(kRepository) + yaml)); }

std::string kustomization(const std::string& spec) {
  return "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
         "metadata: {name: apps, namespace: flux-system}\nspec:\n"
         "  sourceRef: {kind: GitRepository, name: platform}\n" +
         spec;
}

TEST(FluxImport, a_kustomization_becomes_an_application_with_its_source) {
  const Imported imported = import(kustomization(
      "  interval: 10m\n  path: ./apps/production\n  prune: true\n  wait: true\n  timeout: 3m\n  suspend: true\n"));
  const ImportedDocument& apps = document_named(imported, "apps");
  EXPECT_EQ(
      part(apps, {"spec", "source"}),
      R"({"interval":"1m","path":"apps/production","ref":{"branch":"main"},"repoURL":"ssh://git@git.example/platform",)"
      R"("secretRef":{"name":"platform-key"}})");
  EXPECT_EQ(part(apps, {"spec", "prune"}), "true");
  EXPECT_EQ(part(apps, {"spec", "wait"}), "true");
  EXPECT_EQ(part(apps, {"spec", "timeout"}), "\"3m\"");
  EXPECT_EQ(part(apps, {"spec", "suspend"}), "true");
  EXPECT_EQ(part(apps, {"metadata", "namespace"}), "\"flux-system\"");
  EXPECT_TRUE(apps.complete);
  expect_readable(apps);
}

TEST(FluxImport, what_is_left_out_means_what_it_means_there) {
  const Imported imported = import(kustomization("  interval: 10m\n"));
  const ImportedDocument& apps = document_named(imported, "apps");
  EXPECT_EQ(part(apps, {"spec", "prune"}), "false");
  EXPECT_EQ(part(apps, {"spec", "wait"}), "false");
  EXPECT_EQ(part(apps, {"spec", "source", "path"}), "(absent)");
  const Imported branchless =
      import_flux(objects_of("apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: platform, "
                             "namespace: flux-system}\n"
                             "spec: {url: 'https://git.example/p', interval: 5m}\n---\n" +
                             kustomization("  prune: true\n")));
  EXPECT_EQ(part(document_named(branchless, "apps"), {"spec", "source", "ref"}), R"({"branch":"master"})");
}

TEST(FluxImport, overlays_variables_and_decryption_are_taken) {
  const Imported imported = import(kustomization(R"(
  targetNamespace: shop
  namePrefix: eu-
  images: [{name: web, newTag: "1.2"}]
  patches:
  - patch: '[{"op": "remove", "path": "/spec"}]'
    target: {kind: Deployment}
  commonMetadata: {labels: {team: a}}
  decryption: {provider: sops, secretRef: {name: sops-age}}
  postBuild:
    substitute: {cluster: prod}
    substituteFrom: [{kind: Secret, name: settings, optional: true}]
)"));
  const ImportedDocument& apps = document_named(imported, "apps");
  EXPECT_EQ(part(apps, {"spec", "source", "kustomize", "namespace"}), "\"shop\"");
  EXPECT_EQ(part(apps, {"spec", "source", "kustomize", "images"}), R"([{"name":"web","newTag":"1.2"}])");
  EXPECT_TRUE(part(apps, {"spec", "source", "kustomize", "patches"}).contains(R"("kind":".*")"));
  EXPECT_EQ(part(apps, {"spec", "decryption"}), R"({"provider":"sops","secretRef":{"name":"sops-age"}})");
  EXPECT_EQ(
      part(apps, {"spec", "postBuild"}),
      R"({"substitute":{"cluster":"prod"},"substituteFrom":[{"kind":"Secret","name":"settings","optional":true}]})");
  expect_readable(apps);
}

TEST(FluxImport, what_has_no_equivalent_is_named_and_so_is_what_is_unknown) {
  const Imported imported =
      import(kustomization("  force: true\n  healthCheckExprs: [{kind: A}]\n  somethingNew: {a: 1}\n  dependsOn: "
                           "[{name: x, namespace: y}]\n"));
  const ImportedDocument& apps = document_named(imported, "apps");
  for (const char* field : {"spec.force", "spec.healthCheckExprs", "spec.somethingNew", "spec.dependsOn[0].namespace"})
    EXPECT_TRUE(is_noted(apps, field)) << field;
  EXPECT_TRUE(imported_yaml(imported).contains("# ! spec.somethingNew: is not known to this import"));
}

TEST(FluxImport, one_that_goes_to_another_cluster_or_lacks_its_source_is_a_comment) {
  const Imported elsewhere = import(kustomization("  kubeConfig: {secretRef: {name: other}}\n"));
  EXPECT_FALSE(document_named(elsewhere, "apps").complete);
  const Imported sourceless = import_flux(objects_of(kustomization("  prune: true\n")));
  EXPECT_FALSE(document_named(sourceless, "apps").complete);
  EXPECT_TRUE(imported_yaml(sourceless).contains("# apiVersion: holdfast.dev/v1alpha1"));
  EXPECT_FALSE(imported_yaml(sourceless).contains("\napiVersion"));
}

TEST(FluxImport, an_artifact_that_is_a_folder_of_a_repository_is_found_there) {
  std::string apps = kustomization("  path: ./production\n  prune: true\n");
  apps.replace(apps.find("GitRepository, name: platform"), 29, "ExternalArtifact, name: apps");
  const Imported imported = import(apps + R"(
---
apiVersion: source.extensions.fluxcd.io/v1beta1
kind: ArtifactGenerator
metadata: {name: parts, namespace: flux-system}
spec:
  sources: [{alias: all, kind: GitRepository, name: platform}]
  artifacts:
  - name: apps
    copy:
    - {from: "@all/deploy/base/**", to: "@artifact/base/"}
    - {from: "@all/deploy/production/**", to: "@artifact/production/"}
)");
  EXPECT_EQ(part(document_named(imported, "apps"), {"spec", "source", "path"}), "\"deploy/production\"");
  EXPECT_TRUE(document_named(imported, "apps").complete);
}

TEST(FluxImport, a_release_from_a_chart_repository_and_from_a_registry) {
  const Imported imported = import(R"(
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: charts, namespace: shop}
spec: {interval: 5m, url: "https://charts.example"}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: shop}
spec:
  interval: 50m
  chart: {spec: {chart: web, version: ">=1.0.0", sourceRef: {kind: HelmRepository, name: charts}}}
  install: {strategy: {name: RetryOnFailure}, createNamespace: true}
  valuesFrom: [{kind: ConfigMap, name: values}]
  values: {replicas: 2}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: certs, namespace: shop}
spec: {interval: 24h, url: "oci://registry.example/charts/certs", ref: {semver: 1.x}, layerSelector: {mediaType: a/b, operation: copy}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: certs, namespace: shop}
spec: {interval: 12h, chartRef: {kind: OCIRepository, name: certs}, targetNamespace: certs, driftDetection: {mode: enabled}}
)");
  const ImportedDocument &web = document_named(imported, "web"), &certs = document_named(imported, "certs");
  EXPECT_EQ(part(web, {"spec", "source"}),
            R"({"chart":"web","helm":{"valuesObject":{"replicas":2}},"interval":"5m","ref":{"semver":">=1.0.0"},)"
            R"("repoURL":"https://charts.example"})");
  EXPECT_EQ(part(web, {"spec", "destination"}), R"({"namespace":"shop"})");
  EXPECT_TRUE(is_noted(web, "spec.valuesFrom"));
  EXPECT_TRUE(is_noted(web, "spec.install.createNamespace"));
  EXPECT_EQ(part(certs, {"spec", "source"}),
            R"({"chart":"certs","helm":{"releaseName":"certs-certs"},"interval":"24h","ref":{"semver":"1.x"},)"
            R"("repoURL":"oci://registry.example/charts"})");
  EXPECT_EQ(part(certs, {"spec", "destination"}), R"({"namespace":"certs"})");
  expect_readable(web);
  expect_readable(certs);
}

TEST(FluxImport, names_that_meet_are_told_apart_and_dependencies_follow) {
  const Imported imported = import(kustomization("  dependsOn: [{name: base}]\n") + R"(
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: base, namespace: flux-system}
spec: {sourceRef: {kind: GitRepository, name: platform}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: apps, namespace: flux-system}
spec: {chart: {spec: {chart: ./charts/a, sourceRef: {kind: GitRepository, name: platform}, valuesFiles: [charts/a/prod.yaml]}}}
)");
  EXPECT_EQ(part(document_named(imported, "apps"), {"spec", "dependsOn"}), R"([{"name":"base"}])");
  const ImportedDocument& release = document_named(imported, "apps-2");
  EXPECT_EQ(part(release, {"spec", "source", "path"}), "\"charts/a\"");
  EXPECT_EQ(part(release, {"spec", "source", "helm"}), R"({"releaseName":"apps","valueFiles":["prod.yaml"]})");
}

}  // namespace
}  // namespace holdfast
