#include "simulator/builtin_defaults.h"

#include <spdlog/fmt/fmt.h>

#include "holdfast/base/digest.h"

namespace holdfast {
namespace {

using json::object;

void set_default(object& target, std::string_view name, json::value fallback) {
  const json::value* there = target.if_contains(name);
  if (there == nullptr || there->is_null()) target[name] = std::move(fallback);
}

object* object_at(object& target, std::string_view name) {
  json::value* value = target.if_contains(name);
  return value == nullptr ? nullptr : value->if_object();
}

object& make_object(object& target, std::string_view name) {
  json::value& value = target[name];
  if (!value.is_object()) value = object();
  return value.get_object();
}

template <class Visit>
void for_each_in(object& target, std::string_view name, Visit visit) {
  json::value* list = target.if_contains(name);
  if (list == nullptr || !list->is_array()) return;
  for (json::value& item : list->get_array())
    if (item.is_object()) visit(item.get_object());
}

void default_probe(object& container, std::string_view name) {
  object* probe = object_at(container, name);
  if (probe == nullptr) return;
  set_default(*probe, "timeoutSeconds", 1);
  set_default(*probe, "periodSeconds", 10);
  set_default(*probe, "successThreshold", 1);
  set_default(*probe, "failureThreshold", 3);
  if (object* get = object_at(*probe, "httpGet")) {
    set_default(*get, "path", "/");
    set_default(*get, "scheme", "HTTP");
  }
  if (object* grpc = object_at(*probe, "grpc")) set_default(*grpc, "service", "");
}

// "nginx" and "nginx:latest" are pulled always.
bool is_latest(std::string_view image) {
  if (image.find('@') != std::string_view::npos) return false;
  const std::size_t colon = image.rfind(':');
  if (colon == std::string_view::npos || image.find('/', colon) != std::string_view::npos) return true;
  return image.substr(colon + 1) == "latest";
}

// Requests of what is limited and not requested: of a pod, and not yet of a template for pods.
void default_requests(object& container) {
  object* resources = object_at(container, "resources");
  const object* limits = resources == nullptr ? nullptr : object_at(*resources, "limits");
  if (limits == nullptr) return;
  const object wanted = *limits;
  object& requests = make_object(*resources, "requests");
  for (const auto& [name, value] : wanted) set_default(requests, name, value);
}

void default_container(object& container) {
  set_default(container, "terminationMessagePath", "/dev/termination-log");
  set_default(container, "terminationMessagePolicy", "File");
  set_default(container, "imagePullPolicy", is_latest(string_at(container, {"image"})) ? "Always" : "IfNotPresent");
  make_object(container, "resources");
  for (const std::string_view probe : {"livenessProbe", "readinessProbe", "startupProbe"})
    default_probe(container, probe);
  for_each_in(container, "ports", [](object& port) { set_default(port, "protocol", "TCP"); });
  for_each_in(container, "env", [](object& variable) {
    object* from = object_at(variable, "valueFrom");
    object* field = from == nullptr ? nullptr : object_at(*from, "fieldRef");
    if (field != nullptr) set_default(*field, "apiVersion", "v1");
  });
}

void default_projected(object& projected) {
  set_default(projected, "defaultMode", 420);
  for_each_in(projected, "sources", [](object& source) {
    if (object* token = object_at(source, "serviceAccountToken")) set_default(*token, "expirationSeconds", 3600);
  });
}

void default_volume(object& volume) {
  if (object* map = object_at(volume, "configMap")) set_default(*map, "defaultMode", 420);
  if (object* secret = object_at(volume, "secret")) set_default(*secret, "defaultMode", 420);
  if (object* api = object_at(volume, "downwardAPI")) set_default(*api, "defaultMode", 420);
  if (object* projected = object_at(volume, "projected")) default_projected(*projected);
  if (object* path = object_at(volume, "hostPath")) set_default(*path, "type", "");
  if (volume.size() == 1) volume["emptyDir"] = object();
}

void default_pod_spec(object& spec) {
  set_default(spec, "restartPolicy", "Always");
  set_default(spec, "terminationGracePeriodSeconds", 30);
  set_default(spec, "dnsPolicy", "ClusterFirst");
  set_default(spec, "securityContext", object());
  set_default(spec, "schedulerName", "default-scheduler");
  // A copy: an insertion moves what the object has.
  if (const std::string account(string_at(spec, {"serviceAccountName"})); !account.empty())
    spec["serviceAccount"] = account;
  for_each_in(spec, "containers", default_container);
  for_each_in(spec, "initContainers", default_container);
  for_each_in(spec, "volumes", default_volume);
}

void default_pod(object& spec) {
  default_pod_spec(spec);
  for_each_in(spec, "containers", default_requests);
  for_each_in(spec, "initContainers", default_requests);
  set_default(spec, "enableServiceLinks", true);
}

void default_volume_object(object& spec) {
  set_default(spec, "persistentVolumeReclaimPolicy", "Retain");
  set_default(spec, "volumeMode", "Filesystem");
  if (object* path = object_at(spec, "hostPath")) set_default(*path, "type", "");
}

// The labels of its pods are also its own, unless it has some.
void label_as_template(object& controller) {
  const json::value* labels = find(controller, {"spec", "template", "metadata", "labels"});
  if (labels != nullptr) set_default(make_object(controller, "metadata"), "labels", *labels);
}

void default_template(object& spec) {
  object& pod = make_object(spec, "template");
  make_object(pod, "metadata");
  default_pod_spec(make_object(pod, "spec"));
}

void default_deployment(object& spec) {
  set_default(spec, "replicas", 1);
  set_default(spec, "revisionHistoryLimit", 10);
  set_default(spec, "progressDeadlineSeconds", 600);
  object& strategy = make_object(spec, "strategy");
  set_default(strategy, "type", "RollingUpdate");
  if (string_at(strategy, {"type"}) == "RollingUpdate") {
    object& rolling = make_object(strategy, "rollingUpdate");
    set_default(rolling, "maxUnavailable", "25%");
    set_default(rolling, "maxSurge", "25%");
  }
  default_template(spec);
}

void default_claim(object& claim) {
  object& spec = make_object(claim, "spec");
  set_default(spec, "volumeMode", "Filesystem");
  set_default(make_object(claim, "status"), "phase", "Pending");
}

void default_stateful_set(object& spec) {
  set_default(spec, "replicas", 1);
  set_default(spec, "revisionHistoryLimit", 10);
  set_default(spec, "podManagementPolicy", "OrderedReady");
  object& strategy = make_object(spec, "updateStrategy");
  set_default(strategy, "type", "RollingUpdate");
  if (string_at(strategy, {"type"}) == "RollingUpdate")
    set_default(make_object(strategy, "rollingUpdate"), "partition", 0);
  object& retention = make_object(spec, "persistentVolumeClaimRetentionPolicy");
  set_default(retention, "whenDeleted", "Retain");
  set_default(retention, "whenScaled", "Retain");
  for_each_in(spec, "volumeClaimTemplates", [](object& claim) {
    set_default(claim, "apiVersion", "v1");
    set_default(claim, "kind", "PersistentVolumeClaim");
    default_claim(claim);
  });
  default_template(spec);
}

void default_daemon_set(object& spec) {
  set_default(spec, "revisionHistoryLimit", 10);
  object& strategy = make_object(spec, "updateStrategy");
  set_default(strategy, "type", "RollingUpdate");
  if (string_at(strategy, {"type"}) == "RollingUpdate") {
    object& rolling = make_object(strategy, "rollingUpdate");
    set_default(rolling, "maxUnavailable", 1);
    set_default(rolling, "maxSurge", 0);
  }
  default_template(spec);
}

void number_template(object& daemon_set) {
  set_default(make_object(make_object(daemon_set, "metadata"), "annotations"),
              "deprecated.daemonset.template.generation", "1");
}

void default_job(object& spec) {
  if (!spec.contains("completions") && !spec.contains("parallelism")) spec["completions"] = 1;
  set_default(spec, "parallelism", 1);
  set_default(spec, "backoffLimit", 6);
  set_default(spec, "completionMode", "NonIndexed");
  set_default(spec, "suspend", false);
  set_default(spec, "manualSelector", false);
  set_default(spec, "podReplacementPolicy", "TerminatingOrFailed");
  default_template(spec);
}

void default_cron_job(object& spec) {
  set_default(spec, "concurrencyPolicy", "Allow");
  set_default(spec, "suspend", false);
  set_default(spec, "successfulJobsHistoryLimit", 3);
  set_default(spec, "failedJobsHistoryLimit", 1);
  object& job = make_object(spec, "jobTemplate");
  make_object(job, "metadata");
  default_template(make_object(job, "spec"));
}

void default_service(object& spec) {
  set_default(spec, "sessionAffinity", "None");
  set_default(spec, "type", "ClusterIP");
  const std::string type(string_at(spec, {"type"}));
  if (type != "ExternalName") set_default(spec, "internalTrafficPolicy", "Cluster");
  if (type == "NodePort" || type == "LoadBalancer") set_default(spec, "externalTrafficPolicy", "Cluster");
  if (type == "LoadBalancer") set_default(spec, "allocateLoadBalancerNodePorts", true);
  for_each_in(spec, "ports", [](object& port) {
    set_default(port, "protocol", "TCP");
    const json::value* number = port.if_contains("port");
    if (number != nullptr) set_default(port, "targetPort", *number);
  });
}

void default_autoscaler(object& spec) {
  set_default(spec, "minReplicas", 1);
  if (spec.contains("metrics")) return;
  spec["metrics"] =
      json::array{{{"type", "Resource"},
                   {"resource", {{"name", "cpu"}, {"target", {{"type", "Utilization"}, {"averageUtilization", 80}}}}}}};
}

void default_network_policy(object& spec) {
  if (!spec.contains("policyTypes")) {
    json::array types{"Ingress"};
    if (spec.contains("egress")) types.push_back("Egress");
    spec["policyTypes"] = std::move(types);
  }
  for (const std::string_view direction : {"ingress", "egress"})
    for_each_in(spec, direction, [](object& rule) {
      for_each_in(rule, "ports", [](object& port) { set_default(port, "protocol", "TCP"); });
    });
}

void default_definition(object& spec) {
  set_default(make_object(spec, "conversion"), "strategy", "None");
  object& names = make_object(spec, "names");
  const std::string kind(string_at(names, {"kind"}));
  std::string singular = kind;
  for (char& letter : singular)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  set_default(names, "singular", json::value(singular));
  set_default(names, "listKind", json::value(kind + "List"));
}

void default_binding(object& binding) {
  if (object* role = object_at(binding, "roleRef")) set_default(*role, "apiGroup", "rbac.authorization.k8s.io");
  for_each_in(binding, "subjects", [](object& subject) {
    if (string_at(subject, {"kind"}) != "ServiceAccount") set_default(subject, "apiGroup", "rbac.authorization.k8s.io");
  });
}

// stringData is folded into data and forgotten (V24).
void fold_string_data(object& secret) {
  set_default(secret, "type", "Opaque");
  const object* texts = object_at(secret, "stringData");
  if (texts == nullptr) return;
  const object written = *texts;
  object& data = make_object(secret, "data");
  for (const auto& [name, value] : written)
    if (value.is_string()) data[name] = base64_encode(value.get_string());
  secret.erase("stringData");
}

using SpecDefaults = void (*)(object&);
struct KindDefaults {
  std::string_view group, kind;
  SpecDefaults of_spec, of_object;
};
constexpr KindDefaults kDefaults[] = {
    {"", "Pod", default_pod, nullptr},
    {"", "PersistentVolume", default_volume_object, nullptr},
    {"", "Endpoints", nullptr,
     [](object& endpoints) {
       for_each_in(endpoints, "subsets", [](object& subset) {
         for_each_in(subset, "ports", [](object& port) { set_default(port, "protocol", "TCP"); });
       });
     }},
    {"discovery.k8s.io", "EndpointSlice", nullptr,
     [](object& slice) {
       for_each_in(slice, "ports", [](object& port) {
         set_default(port, "name", "");
         set_default(port, "protocol", "TCP");
       });
     }},
    {"scheduling.k8s.io", "PriorityClass", nullptr,
     [](object& priority) { set_default(priority, "preemptionPolicy", "PreemptLowerPriority"); }},
    {"", "Service", default_service, nullptr},
    {"", "Secret", nullptr, fold_string_data},
    {"", "PersistentVolumeClaim", nullptr, default_claim},
    {"", "ReplicationController",
     [](object& spec) {
       set_default(spec, "replicas", 1);
       default_template(spec);
     },
     label_as_template},
    {"apps", "Deployment", default_deployment, nullptr},
    {"apps", "ReplicaSet",
     [](object& spec) {
       set_default(spec, "replicas", 1);
       default_template(spec);
     },
     nullptr},
    {"apps", "StatefulSet", default_stateful_set, nullptr},
    {"apps", "DaemonSet", default_daemon_set, number_template},
    {"batch", "Job", default_job, nullptr},
    {"batch", "CronJob", default_cron_job, nullptr},
    {"autoscaling", "HorizontalPodAutoscaler", default_autoscaler, nullptr},
    {"networking.k8s.io", "NetworkPolicy", default_network_policy, nullptr},
    {"apiextensions.k8s.io", "CustomResourceDefinition", default_definition, nullptr},
    {"rbac.authorization.k8s.io", "RoleBinding", nullptr, default_binding},
    {"rbac.authorization.k8s.io", "ClusterRoleBinding", nullptr, default_binding},
    {"storage.k8s.io", "StorageClass", nullptr,
     [](object& storage) {
       set_default(storage, "reclaimPolicy", "Delete");
       set_default(storage, "volumeBindingMode", "Immediate");
     }},
};

void allocate_address(object& spec, SeededRandom& random) {
  if (string_at(spec, {"type"}) == "ExternalName") return;
  if (string_at(spec, {"clusterIP"}).empty())
    spec["clusterIP"] = fmt::format("10.0.{}.{}", random.below(256), 1 + random.below(254));
  set_default(spec, "clusterIPs", json::array{spec["clusterIP"]});
  if (string_at(spec, {"clusterIP"}) == "None" && !spec.contains("selector")) {  // whoever writes its endpoints decides
    set_default(spec, "ipFamilies", json::array{"IPv4", "IPv6"});
    set_default(spec, "ipFamilyPolicy", "RequireDualStack");
  }
  set_default(spec, "ipFamilies", json::array{"IPv4"});
  set_default(spec, "ipFamilyPolicy", "SingleStack");
  if (string_at(spec, {"type"}) == "ClusterIP") return;
  for_each_in(spec, "ports", [&](object& port) { set_default(port, "nodePort", 30000 + random.below(2768)); });
}

// What admission adds to a pod: the priority of no class, and how long it stays on a node that is not ready.
void admit_pod(object& pod) {
  object& spec = make_object(pod, "spec");
  set_default(spec, "priority", 0);
  set_default(spec, "preemptionPolicy", "PreemptLowerPriority");
  json::array tolerations;
  for (const char* condition : {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"})
    tolerations.push_back(
        {{"key", condition}, {"operator", "Exists"}, {"effect", "NoExecute"}, {"tolerationSeconds", 300}});
  set_default(spec, "tolerations", std::move(tolerations));
  object& status = make_object(pod, "status");
  set_default(status, "phase", "Pending");
  set_default(status, "qosClass", "BestEffort");
}

void select_by_uid(object& job) {
  object& spec = make_object(job, "spec");
  if (spec.contains("selector")) return;
  const std::string uid(string_at(job, {"metadata", "uid"})), name(string_at(job, {"metadata", "name"}));
  spec["selector"] = {{"matchLabels", {{"batch.kubernetes.io/controller-uid", uid}}}};
  object& pod = make_object(spec, "template");
  for (object* metadata : {&make_object(job, "metadata"), &make_object(pod, "metadata")}) {
    object& labels = make_object(*metadata, "labels");
    labels["batch.kubernetes.io/controller-uid"] = uid;
    labels["batch.kubernetes.io/job-name"] = name;
    labels["controller-uid"] = uid;
    labels["job-name"] = name;
  }
}

}  // namespace

void add_builtin_defaults(const GroupKind& kind, object& target) {
  for (const KindDefaults& defaults : kDefaults) {
    if (defaults.group != kind.group || defaults.kind != kind.kind) continue;
    if (defaults.of_spec != nullptr) defaults.of_spec(make_object(target, "spec"));
    if (defaults.of_object != nullptr) defaults.of_object(target);
  }
  if (kind == GroupKind{"", "Namespace"}) {
    const std::string name(string_at(target, {"metadata", "name"}));  // a copy: an insertion moves what the object has
    make_object(make_object(target, "metadata"), "labels")["kubernetes.io/metadata.name"] = name;
  }
}

void prepare_builtin_creation(const GroupKind& kind, object& target, SeededRandom& random) {
  if (kind == GroupKind{"", "Service"}) allocate_address(make_object(target, "spec"), random);
  if (kind == GroupKind{"batch", "Job"}) select_by_uid(target);
  if (kind == GroupKind{"", "Namespace"}) {
    make_object(target, "spec")["finalizers"] = json::array{"kubernetes"};
    make_object(target, "status")["phase"] = "Active";
  }
  if (kind == GroupKind{"", "Pod"}) admit_pod(target);
  if (kind == GroupKind{"", "PersistentVolume"}) {
    set_default(make_object(target, "metadata"), "finalizers", json::array{"kubernetes.io/pv-protection"});
    object& status = make_object(target, "status");
    set_default(status, "phase", "Pending");
    set_default(status, "lastPhaseTransitionTime", *find(target, {"metadata", "creationTimestamp"}));
  }
  if (kind == GroupKind{"apiextensions.k8s.io", "CustomResourceDefinition"}) {
    object& status = make_object(target, "status");
    set_default(status, "conditions", json::value());
    json::array stored;
    for_each_in(make_object(target, "spec"), "versions", [&](const object& version) {
      const json::value* storage = version.if_contains("storage");
      if (storage != nullptr && storage->is_bool() && storage->get_bool()) stored.push_back(version.at("name"));
    });
    status["storedVersions"] = std::move(stored);
  }
  if (kind == GroupKind{"apps", "StatefulSet"}) set_default(make_object(target, "status"), "availableReplicas", 0);
  if (kind == GroupKind{"autoscaling", "HorizontalPodAutoscaler"})
    set_default(make_object(target, "status"), "currentMetrics", json::value());
  if (kind == GroupKind{"", "PersistentVolumeClaim"})
    set_default(make_object(target, "metadata"), "finalizers", json::array{"kubernetes.io/pvc-protection"});
}

void keep_allocated(const GroupKind& kind, const object& live, object& next) {
  if (kind != GroupKind{"", "Service"}) return;
  const json::value *from = find(live, {"spec"}), *into = find(next, {"spec"});
  if (from == nullptr || !from->is_object() || into == nullptr || !into->is_object()) return;
  object& spec = make_object(next, "spec");
  if (string_at(spec, {"type"}) == "ExternalName" || !string_at(spec, {"clusterIP"}).empty()) return;
  for (const std::string_view name : {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"})
    if (const json::value* value = from->get_object().if_contains(name)) spec[name] = *value;
}

}  // namespace holdfast
