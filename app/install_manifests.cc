#include "app/install_manifests.h"

#include <initializer_list>
#include <string_view>
#include <utility>

#include "app/access_rules.h"
#include "app/approval_policy.h"
#include "app/install_tenants.h"
#include "app/override_policy.h"
#include "app/own_definitions.h"

namespace holdfast {
namespace {

constexpr const char* kAccount = "holdfast";

// Verbs of whoever looks, and of whoever manages.
constexpr Words kLook{"get", "list", "watch"};
constexpr Words kAll{"get", "list", "watch", "create", "update", "patch", "delete"};
constexpr int kProbesPort = 8081;

json::object rule(Words groups, Words resources, Words verbs) { return access_rule(groups, resources, verbs); }

class Installation {
 public:
  explicit Installation(const InstallOptions& options) : options_(options) {}

  std::vector<json::object> manifests() {
    if (options_.definitions_only) {
      definitions();
      if (in_one_namespace()) guard();
      return std::move(made_);
    }
    // Whoever installs into one namespace mostly has no right to make either.
    if (!in_one_namespace()) {
      made_.push_back(namespace_object());
      definitions();
    }
    made_.push_back(object("v1", "ServiceAccount", kAccount, {}));
    if (!in_one_namespace()) guard();
    role("controller", {{"rules", controller_rules()}});
    managed_role();
    for (const char* name : {"controller", "managed"}) binding(name);
    if (!in_one_namespace()) cluster_view();
    if (options_.previews && !in_one_namespace()) preview_role();
    lease_role();
    for (json::object& one : tenant_roles(options_, {options_.namespace_, kAccount}, labels()))
      made_.push_back(std::move(one));
    made_.push_back(deployment());
    return std::move(made_);
  }

 private:
  [[nodiscard]] bool in_one_namespace() const { return !options_.only_namespace.empty(); }
  // Each installation of a cluster has roles of its own.
  [[nodiscard]] std::string name_of_role(std::string_view of) const {
    return options_.installation + "-" + std::string(of);
  }

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

  void guard() {
    for (json::object& one : override_guard(options_, labels())) made_.push_back(std::move(one));
    for (json::value& one : approval_policy()) made_.push_back(std::move(one.get_object()));
  }

  // Of the cluster, or of the one namespace.
  void role(std::string_view of, json::object rest, json::object more_labels = {}) {
    json::object made = object("rbac.authorization.k8s.io/v1", in_one_namespace() ? "Role" : "ClusterRole",
                               name_of_role(of), std::move(rest));
    json::object& metadata = made["metadata"].get_object();
    if (!in_one_namespace()) metadata.erase("namespace");
    for (auto& [label, value] : more_labels) metadata["labels"].get_object()[label] = std::move(value);
    made_.push_back(std::move(made));
  }

  void binding(std::string_view of) { bind(of, in_one_namespace() ? "Role" : "ClusterRole"); }

  void bind(std::string_view of, const std::string& kind) {
    json::object made =
        object("rbac.authorization.k8s.io/v1", kind + "Binding", name_of_role(of),
               {{"roleRef", {{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", kind}, {"name", name_of_role(of)}}},
                {"subjects",
                 json::array{{{"kind", "ServiceAccount"}, {"name", kAccount}, {"namespace", options_.namespace_}}}}});
    if (kind == "ClusterRole") made["metadata"].get_object().erase("namespace");
    made_.push_back(std::move(made));
  }

  // Inventories, what was learned, approvals; the key that seals what was learned, and what sources name. With tenancy
  // they are written in the namespaces of tenants alone (install_tenants.h).
  [[nodiscard]] json::array controller_rules() const {
    const Words records = options_.tenancy ? kLook : kAll;
    return {rule({"holdfast.dev"}, {"applications"}, {"get", "list", "watch", "patch", "create", "delete"}),
            rule({"holdfast.dev"}, {"applicationsets"}, {"get", "list", "watch", "patch"}),
            rule({"holdfast.dev"}, {"applicationsets/status"}, {"get", "patch"}),
            rule({"holdfast.dev"}, {"overrides"}, {"get", "list", "watch", "patch"}),
            rule({"holdfast.dev"}, {"overrides/status"}, {"get", "patch"}),
            rule({"holdfast.dev"}, {"applications/status"}, {"get", "patch"}),
            rule({""}, {"configmaps", "secrets"}, records),
            rule({"events.k8s.io"}, {"events"}, {"create"})};
  }

  // So that two daemons never write at once: in the daemon's own namespace.
  void lease_role() {
    made_.push_back(
        object("rbac.authorization.k8s.io/v1", "Role", name_of_role("lease"),
               {{"rules", json::array{rule({"coordination.k8s.io"}, {"leases"}, {"get", "create", "update"})}}}));
    bind("lease", "Role");
  }

  // What only a look at the whole cluster can tell: which types there are, and what rewrites what is written.
  void cluster_view() {
    role("view", {{"rules", json::array{rule({"apiextensions.k8s.io"}, {"customresourcedefinitions"}, kLook),
                                        rule({"apiregistration.k8s.io"}, {"apiservices"}, kLook),
                                        rule({"admissionregistration.k8s.io"},
                                             {"mutatingwebhookconfigurations", "mutatingadmissionpolicies",
                                              "mutatingadmissionpolicybindings"},
                                             kLook),
                                        rule({""}, {"namespaces"}, kLook)}}});
    binding("view");
  }

  // The namespaces of previews, and what limits them (docs/previews.md).
  void preview_role() {
    role("previews",
         {{"rules", json::array{rule({""}, {"namespaces"}, {"get", "list", "watch", "create", "patch", "delete"}),
                                rule({""}, {"resourcequotas", "limitranges"}, {"get", "create", "patch", "delete"})}}});
    binding("previews");
  }

  // What applications usually have. Not roles and their bindings: who may write those may become anybody. With tenancy
  // they are only watched: whatever is written is written as an account.
  [[nodiscard]] json::array workload_rules() const {
    const Words verbs = options_.tenancy ? kLook : kAll;
    return {rule({""},
                 {"configmaps", "secrets", "services", "serviceaccounts", "persistentvolumeclaims", "endpoints",
                  "limitranges", "resourcequotas", "pods", "replicationcontrollers"},
                 verbs),
            rule({"apps"}, {"deployments", "statefulsets", "daemonsets", "replicasets"}, verbs),
            rule({"batch"}, {"jobs", "cronjobs"}, verbs),
            rule({"autoscaling"}, {"horizontalpodautoscalers"}, verbs),
            rule({"networking.k8s.io"}, {"ingresses", "networkpolicies"}, verbs),
            rule({"policy"}, {"poddisruptionbudgets"}, verbs)};
  }

  void managed_role() {
    if (in_one_namespace()) return role("managed", {{"rules", workload_rules()}});
    role("managed", {{"aggregationRule",
                      {{"clusterRoleSelectors", json::array{{{"matchLabels", {{kManagedRoleLabel, "true"}}}}}}}},
                     {"rules", json::array()}});
    json::array rules = workload_rules();
    if (!options_.tenancy) rules.push_back(rule({""}, {"namespaces"}, {"create", "update", "patch", "delete"}));
    role("workloads", {{"rules", std::move(rules)}}, {{kManagedRoleLabel, "true"}});
  }

  [[nodiscard]] json::array arguments() const {
    json::array made{"run",         "--installation", options_.installation,
                     "--lease",     "--probes",       "0.0.0.0:" + std::to_string(kProbesPort),
                     "--cache-dir", "/cache",         "--log-format",
                     "json"};
    if (options_.previews && !in_one_namespace()) made.emplace_back("--previews");
    if (options_.tenancy) made.emplace_back("--tenancy");
    if (in_one_namespace()) {
      made.emplace_back("--namespace-only");
      made.emplace_back(options_.only_namespace);
    }
    return made;
  }

  static json::object probe(const char* path, int period_s) {
    return {{"httpGet", {{"path", path}, {"port", "probes"}}},
            {"periodSeconds", period_s},
            {"timeoutSeconds", 5},
            {"failureThreshold", 3}};
  }

  [[nodiscard]] json::object container() const {
    return {{"name", "holdfast"},
            {"image", options_.image},
            {"args", arguments()},
            {"ports", json::array{{{"name", "probes"}, {"containerPort", kProbesPort}}}},
            {"livenessProbe", probe("/healthz", 10)},
            {"readinessProbe", probe("/readyz", 5)},
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
