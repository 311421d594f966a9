#include "simulator/table_cells.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "holdfast/base/timestamp.h"
#include "simulator/selector.h"

namespace holdfast {
namespace {

using Cell = json::value (*)(const json::object&);

std::int64_t number_at(const json::object& object, std::string_view path) {
  const std::string text = text_at_path(object, path);
  return text.empty() ? 0 : std::strtoll(text.c_str(), nullptr, 10);
}

std::string joined_members(const json::object& object, std::initializer_list<std::string_view> path) {
  const json::value* map = find(object, path);
  std::vector<std::string> pairs;
  if (map != nullptr && map->is_object())
    for (const auto& [name, value] : map->get_object())
      pairs.push_back(fmt::format("{}={}", std::string_view(name), string_at(value, {})));
  return pairs.empty() ? "<none>" : fmt::format("{}", fmt::join(pairs, ","));
}

std::string joined_items(const json::value* list, std::string_view member) {
  std::vector<std::string> texts;
  if (list != nullptr && list->is_array())
    for (const json::value& item : list->get_array())
      if (const std::string_view text = member.empty() ? string_at(item, {}) : string_at(item, {member}); !text.empty())
        texts.emplace_back(text);
  return texts.empty() ? "<none>" : fmt::format("{}", fmt::join(texts, ","));
}

std::size_t size_at(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr) return 0;
  if (value->is_object()) return value->get_object().size();
  return value->is_array() ? value->get_array().size() : 0;
}

const json::value* containers_of(const json::object& object) {
  const json::value* found = find(object, {"spec", "template", "spec", "containers"});
  if (found == nullptr) found = find(object, {"spec", "jobTemplate", "spec", "template", "spec", "containers"});
  return found != nullptr ? found : find(object, {"spec", "containers"});
}

json::value ready_of_replicas(const json::object& object) {
  return json::value(
      fmt::format("{}/{}", number_at(object, "status.readyReplicas"), number_at(object, "spec.replicas")));
}

json::value service_ports(const json::object& object) {
  std::vector<std::string> texts;
  const json::value* ports = find(object, {"spec", "ports"});
  if (ports != nullptr && ports->is_array())
    for (const json::value& port : ports->get_array()) {
      const json::value *number = find(port, {"port"}), *node = find(port, {"nodePort"});
      texts.push_back(fmt::format("{}{}/{}", number == nullptr ? "" : to_json(*number),
                                  node == nullptr ? "" : ":" + to_json(*node), string_at(port, {"protocol"})));
    }
  return json::value(texts.empty() ? "<none>" : fmt::format("{}", fmt::join(texts, ",")));
}

json::value pod_ready(const json::object& object) {
  std::size_t ready = 0;
  const json::value* statuses = find(object, {"status", "containerStatuses"});
  if (statuses != nullptr && statuses->is_array())
    for (const json::value& status : statuses->get_array())
      if (const json::value* one = find(status, {"ready"}); one != nullptr && one->is_bool() && one->get_bool())
        ++ready;
  const json::value* containers = containers_of(object);
  const std::size_t all = containers != nullptr && containers->is_array() ? containers->get_array().size() : 0;
  return json::value(fmt::format("{}/{}", ready, all));
}

json::value job_status(const json::object& object) {
  const json::value* conditions = find(object, {"status", "conditions"});
  if (conditions != nullptr && conditions->is_array())
    for (const json::value& condition : conditions->get_array())
      if (string_at(condition, {"status"}) == "True" &&
          (string_at(condition, {"type"}) == "Complete" || string_at(condition, {"type"}) == "Failed"))
        return json::value(string_at(condition, {"type"}));
  return json::value("Running");
}

json::value selector_cell(const json::object& object) {
  if (find(object, {"spec", "selector", "matchLabels"}) != nullptr)
    return json::value(joined_members(object, {"spec", "selector", "matchLabels"}));
  return json::value(joined_members(object, {"spec", "selector"}));
}

json::value text_or(const json::object& object, std::string_view path, std::string_view otherwise) {
  const std::string text = text_at_path(object, path);
  return json::value(text.empty() ? otherwise : std::string_view(text));
}

// "RWO,RWX": the initials of what a volume can be mounted for.
json::value access_modes(const json::object& object) {
  static constexpr std::pair<std::string_view, std::string_view> known[] = {
      {"ReadWriteOnce", "RWO"}, {"ReadOnlyMany", "ROX"}, {"ReadWriteMany", "RWX"}, {"ReadWriteOncePod", "RWOP"}};
  std::vector<std::string_view> texts;
  const json::value* modes = find(object, {"spec", "accessModes"});
  if (modes != nullptr && modes->is_array())
    for (const auto& [mode, initials] : known)
      for (const json::value& one : modes->get_array())
        if (string_at(one, {}) == mode) texts.push_back(initials);
  return json::value(fmt::format("{}", fmt::join(texts, ",")));
}

json::value volume_claim(const json::object& object) {
  const std::string_view name = string_at(object, {"spec", "claimRef", "name"});
  if (name.empty()) return json::value("");
  return json::value(fmt::format("{}/{}", string_at(object, {"spec", "claimRef", "namespace"}), name));
}

bool flag_at(const json::object& object, std::string_view path) { return text_at_path(object, path) == "true"; }

json::value endpoint_addresses(const json::object& object) {
  std::vector<std::string> texts;
  if (const json::value* subsets = object.if_contains("subsets"); subsets != nullptr && subsets->is_array())
    for (const json::value& subset : subsets->get_array()) {
      const json::value *addresses = find(subset, {"addresses"}), *ports = find(subset, {"ports"});
      if (addresses == nullptr || !addresses->is_array() || ports == nullptr || !ports->is_array()) continue;
      for (const json::value& port : ports->get_array())
        for (const json::value& address : addresses->get_array())
          if (const json::value* number = find(port, {"port"}))
            texts.push_back(fmt::format("{}:{}", string_at(address, {"ip"}), to_json(*number)));
    }
  return json::value(texts.empty() ? "<none>" : fmt::format("{}", fmt::join(texts, ",")));
}

// Of a binding: the names of the subjects of one kind.
json::value subjects_cell(const json::object& object, std::string_view kind) {
  std::vector<std::string> names;
  if (const json::value* subjects = object.if_contains("subjects"); subjects != nullptr && subjects->is_array())
    for (const json::value& subject : subjects->get_array()) {
      if (string_at(subject, {"kind"}) != kind) continue;
      const std::string_view space = string_at(subject, {"namespace"});
      names.push_back(kind == "ServiceAccount" ? fmt::format("{}/{}", space, string_at(subject, {"name"}))
                                               : std::string(string_at(subject, {"name"})));
    }
  return json::value(fmt::format("{}", fmt::join(names, ", ")));
}

// Each target with what is known of it, which is nothing here: no metrics are simulated.
json::value autoscaler_targets(const json::object& object) {
  std::vector<std::string> texts;
  if (const json::value* metrics = find(object, {"spec", "metrics"}); metrics != nullptr && metrics->is_array())
    for (const json::value& metric : metrics->get_array())
      if (const json::value* share = find(metric, {"resource", "target", "averageUtilization"}))
        texts.push_back(fmt::format("{}: <unknown>/{}%", string_at(metric, {"resource", "name"}), to_json(*share)));
  return json::value(texts.empty() ? "<none>" : fmt::format("{}", fmt::join(texts, ", ")));
}

json::value slice_addresses(const json::object& object) {
  std::vector<std::string> texts;
  if (const json::value* endpoints = object.if_contains("endpoints"); endpoints != nullptr && endpoints->is_array())
    for (const json::value& endpoint : endpoints->get_array())
      if (const json::value* addresses = find(endpoint, {"addresses"}); addresses != nullptr && addresses->is_array())
        for (const json::value& address : addresses->get_array()) texts.emplace_back(string_at(address, {}));
  return json::value(texts.empty() ? "<unset>" : fmt::format("{}", fmt::join(texts, ",")));
}

json::value slice_ports(const json::object& object) {
  std::vector<std::string> texts;
  if (const json::value* ports = object.if_contains("ports"); ports != nullptr && ports->is_array())
    for (const json::value& port : ports->get_array())
      if (const json::value* number = find(port, {"port"})) texts.push_back(to_json(*number));
  return json::value(texts.empty() ? "<unset>" : fmt::format("{}", fmt::join(texts, ",")));
}

struct KnownCell {
  std::string_view kind, column;  // an empty kind: any
  std::string_view path;          // a scalar at a path, where `compute` is null
  Cell compute;
};
constexpr KnownCell kCells[] = {
    {"ConfigMap", "Data", "",
     [](const json::object& o) { return json::value(size_at(o, "data") + size_at(o, "binaryData")); }},
    {"Secret", "Data", "", [](const json::object& o) { return json::value(size_at(o, "data")); }},
    {"Secret", "Type", "type", nullptr},
    {"ServiceAccount", "Secrets", "", [](const json::object& o) { return json::value(size_at(o, "secrets")); }},
    {"Service", "Type", "spec.type", nullptr},
    {"Service", "Cluster-IP", "spec.clusterIP", nullptr},
    {"Service", "External-IP", "", [](const json::object&) { return json::value("<none>"); }},
    {"Service", "Port(s)", "", service_ports},
    {"Deployment", "Ready", "", ready_of_replicas},
    {"Deployment", "Up-to-date", "",
     [](const json::object& o) { return json::value(number_at(o, "status.updatedReplicas")); }},
    {"Deployment", "Available", "",
     [](const json::object& o) { return json::value(number_at(o, "status.availableReplicas")); }},
    {"ReplicationController", "Desired", "spec.replicas", nullptr},
    {"ReplicationController", "Current", "status.replicas", nullptr},
    {"ReplicationController", "Ready", "status.readyReplicas", nullptr},
    {"StatefulSet", "Ready", "", ready_of_replicas},
    {"ReplicaSet", "Desired", "spec.replicas", nullptr},
    {"ReplicaSet", "Current", "status.replicas", nullptr},
    {"ReplicaSet", "Ready", "status.readyReplicas", nullptr},
    {"DaemonSet", "Desired", "status.desiredNumberScheduled", nullptr},
    {"DaemonSet", "Current", "status.currentNumberScheduled", nullptr},
    {"DaemonSet", "Ready", "status.numberReady", nullptr},
    {"DaemonSet", "Up-to-date", "status.updatedNumberScheduled", nullptr},
    {"DaemonSet", "Available", "status.numberAvailable", nullptr},
    {"DaemonSet", "Node Selector", "",
     [](const json::object& o) {
       return json::value(joined_members(o, {"spec", "template", "spec", "nodeSelector"}));
     }},
    {"Job", "Status", "", job_status},
    {"Job", "Completions", "",
     [](const json::object& o) {
       return json::value(fmt::format("{}/{}", number_at(o, "status.succeeded"), number_at(o, "spec.completions")));
     }},
    {"Job", "Duration", "", [](const json::object&) { return json::value(""); }},
    {"CronJob", "Schedule", "spec.schedule", nullptr},
    {"CronJob", "Timezone", "spec.timeZone", nullptr},
    {"CronJob", "Suspend", "",
     [](const json::object& o) { return json::value(text_at_path(o, "spec.suspend") == "true" ? "True" : "False"); }},
    {"CronJob", "Active", "", [](const json::object&) { return json::value(0); }},
    {"Pod", "Ready", "", pod_ready},
    {"Pod", "Status", "status.phase", nullptr},
    {"Pod", "Restarts", "", [](const json::object&) { return json::value("0"); }},
    {"Pod", "IP", "status.podIP", nullptr},
    {"Pod", "Node", "spec.nodeName", nullptr},
    {"Namespace", "Status", "status.phase", nullptr},
    {"PersistentVolumeClaim", "Status", "status.phase", nullptr},
    {"PersistentVolumeClaim", "Volume", "", [](const json::object& o) { return text_or(o, "spec.volumeName", ""); }},
    {"PersistentVolumeClaim", "Capacity", "",
     [](const json::object& o) { return text_or(o, "status.capacity.storage", ""); }},
    {"PersistentVolumeClaim", "Access Modes", "", [](const json::object&) { return json::value(""); }},
    {"PersistentVolumeClaim", "StorageClass", "",
     [](const json::object& o) { return text_or(o, "spec.storageClassName", ""); }},
    {"PersistentVolumeClaim", "VolumeAttributesClass", "", [](const json::object&) { return json::value("<unset>"); }},
    {"PersistentVolumeClaim", "VolumeMode", "spec.volumeMode", nullptr},
    {"PersistentVolume", "Status", "status.phase", nullptr},
    {"PersistentVolume", "Capacity", "spec.capacity.storage", nullptr},
    {"PersistentVolume", "Access Modes", "", access_modes},
    {"PersistentVolume", "Reclaim Policy", "spec.persistentVolumeReclaimPolicy", nullptr},
    {"PersistentVolume", "Claim", "", volume_claim},
    {"PersistentVolume", "StorageClass", "",
     [](const json::object& o) { return text_or(o, "spec.storageClassName", ""); }},
    {"PersistentVolume", "VolumeAttributesClass", "",
     [](const json::object& o) { return text_or(o, "spec.volumeAttributesClassName", "<unset>"); }},
    {"PersistentVolume", "Reason", "", [](const json::object& o) { return text_or(o, "status.reason", ""); }},
    {"PersistentVolume", "VolumeMode", "spec.volumeMode", nullptr},
    {"ResourceQuota", "Request", "", [](const json::object&) { return json::value(""); }},
    {"ResourceQuota", "Limit", "", [](const json::object&) { return json::value(""); }},
    {"Endpoints", "Endpoints", "", endpoint_addresses},
    {"EndpointSlice", "AddressType", "addressType", nullptr},
    {"EndpointSlice", "Ports", "", slice_ports},
    {"EndpointSlice", "Endpoints", "", slice_addresses},
    {"IngressClass", "Controller", "spec.controller", nullptr},
    {"StorageClass", "AllowVolumeExpansion", "",
     [](const json::object& o) { return json::value(flag_at(o, "allowVolumeExpansion")); }},
    {"PriorityClass", "Global-Default", "",
     [](const json::object& o) { return json::value(flag_at(o, "globalDefault")); }},
    {"PriorityClass", "PreemptionPolicy", "preemptionPolicy", nullptr},
    {"StorageClass", "Provisioner", "provisioner", nullptr},
    {"StorageClass", "ReclaimPolicy", "reclaimPolicy", nullptr},
    {"StorageClass", "VolumeBindingMode", "volumeBindingMode", nullptr},
    {"HorizontalPodAutoscaler", "MinPods", "spec.minReplicas", nullptr},
    {"HorizontalPodAutoscaler", "Targets", "", autoscaler_targets},
    {"HorizontalPodAutoscaler", "MaxPods", "",
     [](const json::object& o) { return json::value(number_at(o, "spec.maxReplicas")); }},
    {"HorizontalPodAutoscaler", "Replicas", "",
     [](const json::object& o) { return json::value(number_at(o, "status.currentReplicas")); }},
    {"HorizontalPodAutoscaler", "Reference", "",
     [](const json::object& o) {
       return json::value(fmt::format("{}/{}", string_at(o, {"spec", "scaleTargetRef", "kind"}),
                                      string_at(o, {"spec", "scaleTargetRef", "name"})));
     }},
    {"Ingress", "Class", "spec.ingressClassName", nullptr},
    {"Ingress", "Hosts", "",
     [](const json::object& o) { return json::value(joined_items(find(o, {"spec", "rules"}), "host")); }},
    {"Ingress", "Address", "", [](const json::object&) { return json::value(""); }},
    {"Ingress", "Ports", "",
     [](const json::object& o) { return json::value(find(o, {"spec", "tls"}) == nullptr ? "80" : "80, 443"); }},
    {"NetworkPolicy", "Pod-Selector", "",
     [](const json::object& o) { return json::value(joined_members(o, {"spec", "podSelector", "matchLabels"})); }},
    {"PodDisruptionBudget", "Min Available", "",
     [](const json::object& o) { return text_or(o, "spec.minAvailable", "N/A"); }},
    {"PodDisruptionBudget", "Max Unavailable", "",
     [](const json::object& o) { return text_or(o, "spec.maxUnavailable", "N/A"); }},
    {"PodDisruptionBudget", "Allowed Disruptions", "status.disruptionsAllowed", nullptr},
    {"RoleBinding", "Role", "",
     [](const json::object& o) {
       return json::value(fmt::format("{}/{}", string_at(o, {"roleRef", "kind"}), string_at(o, {"roleRef", "name"})));
     }},
    {"ClusterRoleBinding", "Role", "",
     [](const json::object& o) {
       return json::value(fmt::format("{}/{}", string_at(o, {"roleRef", "kind"}), string_at(o, {"roleRef", "name"})));
     }},
    {"", "Users", "", [](const json::object& o) { return subjects_cell(o, "User"); }},
    {"", "Groups", "", [](const json::object& o) { return subjects_cell(o, "Group"); }},
    {"", "ServiceAccounts", "", [](const json::object& o) { return subjects_cell(o, "ServiceAccount"); }},
    {"Lease", "Holder", "spec.holderIdentity", nullptr},
    {"PriorityClass", "Value", "value", nullptr},
    {"", "Name", "", [](const json::object& o) { return text_or(o, "metadata.name", ""); }},
    {"", "Created At", "metadata.creationTimestamp", nullptr},
    {"", "Containers", "", [](const json::object& o) { return json::value(joined_items(containers_of(o), "name")); }},
    {"", "Images", "", [](const json::object& o) { return json::value(joined_items(containers_of(o), "image")); }},
    {"", "Selector", "", selector_cell},
};

// The first value of a CRD's column path: ".spec.size", ".status.conditions[?(@.type=='Ready')].status", ".a[0]".
const json::value* at_json_path(const json::value* at, std::string_view path) {
  while (at != nullptr && !path.empty()) {
    if (path.front() == '.') {
      path.remove_prefix(1);
    } else if (path.front() == '[') {
      const std::size_t end = path.find(']');
      const json::array* list = at->if_array();
      if (end == std::string_view::npos || list == nullptr) return nullptr;
      const std::string_view inside = path.substr(1, end - 1);
      path.remove_prefix(end + 1);
      at = nullptr;
      if (inside.starts_with("?(@.")) {
        const std::size_t equals = inside.find("==");
        if (equals == std::string_view::npos) return nullptr;
        std::string_view name = inside.substr(4, equals - 4), wanted = inside.substr(equals + 2);
        while (!wanted.empty() && std::string_view("'\" )").find(wanted.back()) != std::string_view::npos)
          wanted.remove_suffix(1);
        while (!wanted.empty() && std::string_view("'\" ").find(wanted.front()) != std::string_view::npos)
          wanted.remove_prefix(1);
        for (const json::value& item : *list)
          if (at == nullptr && string_at(item, {name}) == wanted) at = &item;
      } else {
        const std::size_t position = std::strtoul(std::string(inside).c_str(), nullptr, 10);
        if (position < list->size()) at = &(*list)[position];
      }
    } else {
      const std::size_t end = std::min(path.find_first_of(".["), path.size());
      at = find(*at, {path.substr(0, end)});
      path.remove_prefix(end);
    }
  }
  return at;
}

std::string age_text(const std::string& time, SimulatedTime now) {
  const auto created = parse_timestamp(time);
  return created ? human_duration(now - *created) : "<unknown>";
}

json::value custom_cell(const TableColumn& column, const json::object& object, SimulatedTime now) {
  const json::value whole(object);
  const json::value* found = at_json_path(&whole, column.json_path);
  if (found == nullptr || found->is_null()) return json::value();
  if (column.type == "date") return json::value(age_text(std::string(string_at(*found, {})), now));
  if (column.type == "string" && !found->is_string()) return json::value(to_json(*found));
  return *found;
}

json::value builtin_cell(const ResourceType& type, const TableColumn& column, const json::object& object,
                         SimulatedTime now) {
  if (column.name == "Age") return json::value(age_text(text_at_path(object, "metadata.creationTimestamp"), now));
  for (const KnownCell& cell : kCells) {
    if ((!cell.kind.empty() && cell.kind != type.gvk.kind) || cell.column != column.name) continue;
    if (cell.compute != nullptr) return cell.compute(object);
    if (column.type == "integer") return json::value(number_at(object, cell.path));
    const std::string text = text_at_path(object, cell.path);
    return json::value(text.empty() ? "<none>" : text);
  }
  if (column.type == "integer") return json::value(0);
  return json::value("<none>");
}

}  // namespace

std::string human_duration(std::chrono::milliseconds age) {
  const auto seconds = std::max<std::int64_t>(0, age.count() / 1000);
  const std::int64_t minutes = seconds / 60, hours = minutes / 60, days = hours / 24;
  const auto with_rest = [](std::int64_t whole, char unit, std::int64_t rest, char rest_unit) {
    return rest == 0 ? fmt::format("{}{}", whole, unit) : fmt::format("{}{}{}{}", whole, unit, rest, rest_unit);
  };
  if (seconds < 120) return fmt::format("{}s", seconds);
  if (minutes < 10) return with_rest(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return fmt::format("{}m", minutes);
  if (hours < 8) return with_rest(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return fmt::format("{}h", hours);
  if (days < 8) return with_rest(days, 'd', hours % 24, 'h');
  return fmt::format("{}d", days);
}

json::array table_cells(const ResourceType& type, const json::object& object, SimulatedTime now) {
  json::array cells;
  for (const TableColumn& column : type.columns)
    cells.push_back(type.custom ? custom_cell(column, object, now) : builtin_cell(type, column, object, now));
  return cells;
}

}  // namespace holdfast
