#include "app/install_manifests.h"

#include <initializer_list>
#include <string_view>
#include <utility>

#include "app/override_policy.h"
#include "app/own_definitions.h"

namespace holdfast {
namespace {

using Words = std::initializer_list<std::string_view>;

constexpr const char* kAccount = "holdfast";

json::array words(const Words& list) {
  json::array made;
  for (const std::string_view word : list) made.emplace_back(word);
  return made;
}

json::object rule(Words groups, Words resources, Words verbs) {
  return {{"apiGroups", words(groups)}, {"resources", words(resources)}, {"verbs", words(verbs)}};
}

class Installation {
 public:
  explicit Installation(const InstallOptions& options) : options_(options) {}

  std::vector<json::object> manifests() {
    if (options_.definitions_only) {
      definitions();
      return std::move(made_);
    }
    made_.push_back(namespace_object());
    definitions();
    made_.push_back(object("v1", "ServiceAccount", kAccount, {}));
    for (json::object& one : override_guard(options_, labels())) made_.push_back(std::move(one));
    role("holdfast-controller", {{"rules", controller_rules()}});
    managed_role();
    for (const char* name : {"holdfast-controller", "holdfast-managed"}) binding(name);
    if (!options_.own_namespace_only) cluster_view();
    if (options_.previews && !options_.own_namespace_only) preview_role();
    made_.push_back(deployment());
    return std::move(made_);
  }

 private:
  // A namespaced one of ours, with what is given besides its metadata.
  [[nodiscard]] json::object object(std::string_view version, std::string_view kind, std::string_view name,
                                    json::object rest) const {
    json::object made{{"apiVersion", version},
                      {"kind", kind},
                      {"metadata", {{"name", name}, {"namespace", options_.namespace_}, {"labels", labels()}}}};
    for (auto& [key, value] : rest) made[key] = std::move(value);
    return made;
  }

  [[nodiscard]] json::object labels() const {
    return {{"app.kubernetes.io/name", "holdfast"}, {"app.kubernetes.io/instance", options_.installation}};
  }

  // Pods here meet the strictest of the Pod Security Standards.
  [[nodiscard]] json::object namespace_object() const {
    json::object all = labels();
    for (const char* mode : {"enforce", "audit", "warn"})
      all[std::string("pod-security.kubernetes.io/") + mode] = "restricted";
    return {{"apiVersion", "v1"},
            {"kind", "Namespace"},
            {"metadata", {{"name", options_.namespace_}, {"labels", std::move(all)}}}};
  }

  void definitions() {
    for (json::value& definition : own_definitions()) made_.push_back(std::move(definition.get_object()));
  }

  // Of the cluster, or of the one namespace.
  void role(std::string_view name, json::object rest, json::object more_labels = {}) {
    json::object made = object("rbac.authorization.k8s.io/v1", options_.own_namespace_only ? "Role" : "ClusterRole",
                               name, std::move(rest));
    json::object& metadata = made["metadata"].get_object();
    if (!options_.own_namespace_only) metadata.erase("namespace");
    for (auto& [label, value] : more_labels) metadata["labels"].get_object()[label] = std::move(value);
    made_.push_back(std::move(made));
  }

  void binding(std::string_view of) {
    const std::string kind = options_.own_namespace_only ? "Role" : "ClusterRole";
    json::object made =
        object("rbac.authorization.k8s.io/v1", kind + "Binding", of,
               {{"roleRef", {{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", kind}, {"name", of}}},
                {"subjects",
                 json::array{{{"kind", "ServiceAccount"}, {"name", kAccount}, {"namespace", options_.namespace_}}}}});
    if (!options_.own_namespace_only) made["metadata"].get_object().erase("namespace");
    made_.push_back(std::move(made));
  }

  static json::array controller_rules() {
    return {rule({"holdfast.dev"}, {"applications"}, {"get", "list", "watch", "patch", "create", "delete"}),
            rule({"holdfast.dev"}, {"applicationsets"}, {"get", "list", "watch", "patch"}),
            rule({"holdfast.dev"}, {"applicationsets/status"}, {"get", "patch"}),
            rule({"holdfast.dev"}, {"applications/status"}, {"get", "patch"}),
            rule({"holdfast.dev"}, {"overrides"}, {"get", "list", "watch", "patch"}),
            rule({"holdfast.dev"}, {"overrides/status"}, {"get", "patch"}),
            // Inventories, what was learned, approvals; the key that seals what was learned, and what sources name.
            rule({""}, {"configmaps"}, {"get", "list", "watch", "create", "update", "patch", "delete"}),
            rule({""}, {"secrets"}, {"get", "list", "watch", "create", "patch", "delete"}),
            rule({"events.k8s.io"}, {"events"}, {"create"}),
            rule({"coordination.k8s.io"}, {"leases"}, {"get", "create", "update"})};
  }

  // What only a look at the whole cluster can tell: which types there are, and what rewrites what is written.
  void cluster_view() {
    role("holdfast-view",
         {{"rules", json::array{rule({"apiextensions.k8s.io"}, {"customresourcedefinitions"}, {"get", "list", "watch"}),
                                rule({"apiregistration.k8s.io"}, {"apiservices"}, {"get", "list", "watch"}),
                                rule({"admissionregistration.k8s.io"},
                                     {"mutatingwebhookconfigurations", "mutatingadmissionpolicies",
                                      "mutatingadmissionpolicybindings"},
                                     {"get", "list", "watch"}),
                                rule({""}, {"namespaces"}, {"get", "list", "watch"})}}});
    binding("holdfast-view");
  }

  // The namespaces of previews, and what limits them (docs/previews.md).
  void preview_role() {
    role("holdfast-previews",
         {{"rules", json::array{rule({""}, {"namespaces"}, {"get", "list", "watch", "create", "patch", "delete"}),
                                rule({""}, {"resourcequotas", "limitranges"}, {"get", "create", "patch", "delete"})}}});
    binding("holdfast-previews");
  }

  // What applications usually have. Not roles and their bindings: who may write those may become anybody.
  static json::array workload_rules() {
    const Words all{"get", "list", "watch", "create", "update", "patch", "delete"};
    return {rule({""},
                 {"configmaps", "secrets", "services", "serviceaccounts", "persistentvolumeclaims", "endpoints",
                  "limitranges", "resourcequotas", "pods", "replicationcontrollers"},
                 all),
            rule({"apps"}, {"deployments", "statefulsets", "daemonsets", "replicasets"}, all),
            rule({"batch"}, {"jobs", "cronjobs"}, all),
            rule({"autoscaling"}, {"horizontalpodautoscalers"}, all),
            rule({"networking.k8s.io"}, {"ingresses", "networkpolicies"}, all),
            rule({"policy"}, {"poddisruptionbudgets"}, all)};
  }

  void managed_role() {
    if (options_.own_namespace_only) return role("holdfast-managed", {{"rules", workload_rules()}});
    role(
        "holdfast-managed",
        {{"aggregationRule", {{"clusterRoleSelectors", json::array{{{"matchLabels", {{kManagedRoleLabel, "true"}}}}}}}},
         {"rules", json::array()}});
    json::array rules = workload_rules();
    rules.push_back(rule({""}, {"namespaces"}, {"create", "update", "patch", "delete"}));
    role("holdfast-workloads", {{"rules", std::move(rules)}}, {{kManagedRoleLabel, "true"}});
  }

  [[nodiscard]] json::object container() const {
    json::array arguments{"run", "--installation", options_.installation, "--cache-dir", "/cache", "--log-format",
                          "json"};
    if (options_.previews && !options_.own_namespace_only) arguments.emplace_back("--previews");
    return {{"name", "holdfast"},
            {"image", options_.image},
            {"args", std::move(arguments)},
            {"resources", {{"requests", {{"cpu", "100m"}, {"memory", "128Mi"}}}, {"limits", {{"memory", "1Gi"}}}}},
            {"securityContext",
             {{"allowPrivilegeEscalation", false},
              {"readOnlyRootFilesystem", true},
              {"capabilities", {{"drop", json::array{"ALL"}}}}}},
            {"volumeMounts",
             json::array{{{"name", "cache"}, {"mountPath", "/cache"}}, {{"name", "tmp"}, {"mountPath", "/tmp"}}}}};
  }

  // Two never write at once: one is gone before the next begins.
  [[nodiscard]] json::object deployment() const {
    json::object pod{{"serviceAccountName", kAccount},
                     {"terminationGracePeriodSeconds", 30},
                     {"securityContext",
                      {{"runAsNonRoot", true},
                       {"runAsUser", 65532},
                       {"fsGroup", 65532},
                       {"seccompProfile", {{"type", "RuntimeDefault"}}}}},
                     {"containers", json::array{container()}},
                     {"volumes", json::array{{{"name", "cache"}, {"emptyDir", {{"sizeLimit", "2Gi"}}}},
                                             {{"name", "tmp"}, {"emptyDir", {{"sizeLimit", "1Gi"}}}}}}};
    return object("apps/v1", "Deployment", "holdfast",
                  {{"spec",
                    {{"replicas", 1},
                     {"strategy", {{"type", "Recreate"}}},
                     {"selector", {{"matchLabels", labels()}}},
                     {"template", {{"metadata", {{"labels", labels()}}}, {"spec", std::move(pod)}}}}}});
  }

  const InstallOptions& options_;
  std::vector<json::object> made_;
};

}  // namespace

std::vector<json::object> install_manifests(const InstallOptions& options) { return Installation(options).manifests(); }

}  // namespace holdfast
