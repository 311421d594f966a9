// From Flux and from Argo CD to Holdfast on a real API server: nothing is made anew, nothing restarts, and whoever is
// killed on the way goes on where it was. Their objects are as they leave them: definitions with their fields, field
// managers, labels and annotations.
#include <gtest/gtest.h>

#include <csignal>
#include <map>

#include "cluster/installed.h"

namespace holdfast::cluster {
namespace {

using namespace std::chrono_literals;

std::string definition(const std::string& group, const std::string& version, const std::string& kind,
                       const std::string& plural, const std::string& fields) {
  return "---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: " + plural + "." +
         group + "}\nspec:\n  group: " + group + "\n  scope: Namespaced\n  names: {kind: " + kind +
         ", plural: " + plural + "}\n  versions:\n  - name: " + version +
         "\n    served: true\n    storage: true\n    subresources: {status: {}}\n    schema:\n      openAPIV3Schema:\n"
         "        type: object\n        properties:\n          spec:\n            type: object\n            "
         "properties: {" +
         fields + "}\n          status: {type: object, x-kubernetes-preserve-unknown-fields: true}\n" +
         (kind == "Application" ? "          operation: {type: object, x-kubernetes-preserve-unknown-fields: true}\n"
                                : "");
}

const std::string kText = "{type: string}", kFlag = "{type: boolean}",
                  kAny = "{type: object, x-kubernetes-preserve-unknown-fields: true}";

struct Tool {
  std::string name;    // of the import
  std::string object;  // "kustomizations.kustomize.toolkit.fluxcd.io"
  std::size_t steps;   // that do something
};
const Tool kFlux{"flux", "kustomizations.kustomize.toolkit.fluxcd.io", 5},
    kArgo{"argocd", "applications.argoproj.io", 4};

class Takeover : public InstalledOnce<Takeover> {
 protected:
  Takeover() {
    install({"--definitions-only"});
    wait_for_definitions();
    const std::string theirs =
        definition("kustomize.toolkit.fluxcd.io", "v1", "Kustomization", "kustomizations",
                   "suspend: " + kFlag + ", prune: " + kFlag + ", path: " + kText + ", interval: " + kText +
                       ", targetNamespace: " + kText + ", deletionPolicy: " + kText + ", sourceRef: " + kAny) +
        definition("source.toolkit.fluxcd.io", "v1", "GitRepository", "gitrepositories",
                   "url: " + kText + ", interval: " + kText + ", ref: " + kAny) +
        definition("argoproj.io", "v1alpha1", "Application", "applications",
                   "project: " + kText + ", source: " + kAny + ", destination: " + kAny + ", syncPolicy: " + kAny);
    apply(theirs);
    for (const char* name : {"kustomizations.kustomize.toolkit.fluxcd.io", "gitrepositories.source.toolkit.fluxcd.io",
                             "applications.argoproj.io"})
      kubectl_.wait_until_established(name, kDeadline);
  }

  [[nodiscard]] std::string manifests() const {
    return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: " + space_ +
           "}\nspec:\n  replicas: 1\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: "
           "web}}\n"
           "    spec: {containers: [{name: web, image: 'web:1', ports: [{containerPort: 80}]}]}\n---\n"
           "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: " +
           space_ +
           "}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n---\n"
           "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: page, namespace: " +
           space_ + "}\ndata: {color: blue}\n";
  }

  // The namespace as the tool has made it, and what it has in Git.
  void begin(const Tool& tool, const std::string& space) {
    space_ = space;
    namespaces({space_});
    repository_.write(space_ + "/all.yaml", manifests());
    repository_.commit("Add " + space_);
    apply(tool.name == "flux" ? flux_objects() : argo_object());
    apply_as(tool);
    for (const char* kind : {"deployment/web", "service/web", "configmap/page"}) before_[kind] = identity(kind);
    const std::string generation = kubectl_.field(space_, "deployment", "web", "{.metadata.generation}");
    kubectl_.must({"-n", space_, "patch", "deployment", "web", "--subresource=status", "--type=merge", "-p",
                   R"({"status":{"observedGeneration":)" + generation +
                       R"(,"replicas":1,"updatedReplicas":1,"readyReplicas":1,)"
                       R"("availableReplicas":1,"conditions":[{"type":"Available","status":"True"},)"
                       R"({"type":"Progressing","status":"True","reason":"NewReplicaSetAvailable"}]}})"});
  }

  [[nodiscard]] std::string url() const { return server_.url() + "/work"; }
  [[nodiscard]] std::string flux_objects() const {
    return "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: platform, namespace: " +
           space_ + "}\nspec: {url: '" + url() + "', interval: 1s, ref: {branch: main}}\n---\n" +
           "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: " + space_ +
           ", namespace: " + space_ + ", finalizers: [finalizers.fluxcd.io]}\nspec: {path: ./" + space_ +
           ", prune: true, interval: 10m, sourceRef: {kind: GitRepository, name: platform}}\n";
  }
  [[nodiscard]] std::string argo_object() const {
    return "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: " + space_ +
           ", namespace: " + space_ +
           ", finalizers: [resources-finalizer.argocd.argoproj.io]}\nspec:\n  project: default\n  source: {repoURL: '" +
           url() + "', path: " + space_ +
           ", targetRevision: main}\n  destination: {server: 'https://kubernetes.default.svc', namespace: " + space_ +
           "}\n  syncPolicy: {automated: {prune: true, selfHeal: true}}\n";
  }
  // Flux applies on the server's side and labels; Argo CD on the client's, and annotates.
  void apply_as(const Tool& tool) const {
    if (tool.name == "flux") {
      kubectl_.must({"apply", "--server-side", "--field-manager=kustomize-controller", "-f", "-"}, manifests());
      for (const char* what : {"deployment/web", "service/web", "configmap/page"})
        kubectl_.must({"-n", space_, "label", what, "--field-manager=kustomize-controller",
                       "kustomize.toolkit.fluxcd.io/name=" + space_,
                       "kustomize.toolkit.fluxcd.io/namespace=" + space_});
      return;
    }
    kubectl_.must({"apply", "--field-manager=argocd-controller", "-f", "-"}, manifests());
    for (const char* what : {"deployment/web", "service/web", "configmap/page"})
      kubectl_.must({"-n", space_, "annotate", what, "--field-manager=argocd-controller",
                     "argocd.argoproj.io/tracking-id=" + space_ + ":x/y:z"});
  }

  // What may not change: who it is, and what its controllers act on.
  [[nodiscard]] std::string identity(const std::string& what) const {
    return kubectl_.must({"-n", space_, "get", what, "-o", "jsonpath={.metadata.uid} {.metadata.generation}"});
  }
  void expect_untouched(const std::string& when) const {
    for (const auto& [what, identity_before] : before_)
      EXPECT_EQ(identity(what), identity_before) << what << " " << when;
  }

  void start_daemon() { daemon_ = run(plane_.kubeconfig()); }
  [[nodiscard]] std::vector<std::string> take_over(const Tool& tool, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments{"import", tool.name, "--take-over", "--kubeconfig", plane_.kubeconfig(),
                                       "-n",     space_,    "--timeout",   "20s"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  void expect_taken_over(const Tool& tool) {
    const Finished last = HoldfastProcess::run(take_over(tool));
    EXPECT_EQ(last.exit_code, 0) << last.out << last.err << daemon_->output();
    EXPECT_EQ(kubectl_.field(space_, tool.object, space_, "{.metadata.name}"), "");
    expect_untouched("at the end");
    EXPECT_EQ(kubectl_.field(space_, "configmap", "page", "{.data.color}"), "blue");
    kubectl_.must({"-n", space_, "patch", "configmap", "page", "--type=merge", "-p", R"({"data":{"color":"red"}})"});
    EXPECT_TRUE(
        eventually([&] { return kubectl_.field(space_, "configmap", "page", "{.data.color}") == "blue"; }, kDeadline))
        << daemon_->output();
    // Nothing of the old tool is left on the objects, but its books on a Deployment, whose generation they count for.
    for (const std::string what : {"deployment/web", "configmap/page"}) {
      const std::string all = kubectl_.must({"-n", space_, "get", what, "-o", "json", "--show-managed-fields"});
      const bool books = tool.name == "argocd" && what == "deployment/web";
      for (const char* mark :
           {"kustomize-controller", "argocd-controller", "kustomize.toolkit.fluxcd.io", "tracking-id"})
        EXPECT_FALSE(all.contains(mark) && !books) << mark << "\n" << all;
      EXPECT_EQ(all.contains("last-applied-configuration"), books) << all;
    }
  }

  std::string space_;
  std::map<std::string, std::string> before_;
};

TEST_F(Takeover, of_flux_changes_no_uid_and_restarts_nothing) {
  begin(kFlux, "flux-whole");
  start_daemon();
  const Finished shown = HoldfastProcess::run(take_over(kFlux, {"--dry-run"}));
  EXPECT_EQ(shown.exit_code, 1) << shown.err;
  for (const char* step :
       {"1. suspend Kustomization flux-whole/flux-whole", "2. have Kustomization flux-whole/flux-whole prune no",
        "3. apply the Application flux-whole/flux-whole", "6. delete"})
    EXPECT_TRUE(shown.out.contains(step)) << shown.out << shown.err;
  EXPECT_EQ(kubectl_.field(space_, kFlux.object, space_, "{.spec.suspend}"), "");
  expect_taken_over(kFlux);
}

TEST_F(Takeover, of_argo_changes_no_uid_and_restarts_nothing) {
  begin(kArgo, "argo-whole");
  start_daemon();
  expect_taken_over(kArgo);
}

TEST_F(Takeover, goes_on_where_it_was_ended_between_any_two_steps) {
  start_daemon();
  for (const Tool& tool : {kFlux, kArgo})
    for (std::size_t steps = 1; steps < tool.steps; ++steps) {
      begin(tool, tool.name + "-step-" + std::to_string(steps));
      for (std::size_t i = 0; i < steps; ++i) {
        const Finished one = HoldfastProcess::run(take_over(tool, {"--step"}));
        ASSERT_EQ(one.exit_code, 1) << one.out << one.err << daemon_->output();
        expect_untouched("after step " + std::to_string(i + 1) + " of " + tool.name);
      }
      expect_taken_over(tool);
    }
}

TEST_F(Takeover, goes_on_where_it_was_killed) {
  start_daemon();
  for (const Tool& tool : {kFlux, kArgo})
    for (const char* step :
         {"done: suspend", "done: apply", "wait until the Application", "done: take its finalizer"}) {
      static int number = 0;
      begin(tool, tool.name + "-kill-" + std::to_string(++number));
      {
        HoldfastProcess killed(take_over(tool));
        killed.wait_for_line(step, kDeadline);
        killed.signal(SIGKILL);
        killed.wait_exit(kDeadline);
      }
      expect_untouched(std::string("when it was killed at ") + step);
      expect_taken_over(tool);
    }
}

}  // namespace
}  // namespace holdfast::cluster
