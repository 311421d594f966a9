#include "engine/normalize.h"

#include <spdlog/fmt/fmt.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/apply_order.h"
#include "holdfast/base/digest.h"
#include "holdfast/merge/list_index.h"

namespace holdfast {
namespace {

json::object* object_at(json::object& object, std::string_view name) {
  json::value* value = object.if_contains(name);
  return value == nullptr ? nullptr : value->if_object();
}

json::array* list_at(json::object& object, std::string_view name) {
  json::value* value = object.if_contains(name);
  return value == nullptr ? nullptr : value->if_array();
}

// Nulls among the items of a list stay: there they have a position, and the API server says what it thinks of them.
void drop_nulls(json::value& value) {
  if (json::array* list = value.if_array()) {
    for (json::value& item : *list) drop_nulls(item);
    return;
  }
  json::object* object = value.if_object();
  if (object == nullptr) return;
  for (auto member = object->begin(); member != object->end();) {
    if (member->value().is_null()) {
      member = object->erase(member);
    } else {
      drop_nulls(member->value());
      ++member;
    }
  }
}

Result<void> clean_metadata(json::object& body) {
  json::object* metadata = object_at(body, "metadata");
  if (metadata == nullptr) return fail(ErrorKind::Invalid, "metadata is no mapping");
  for (const std::string_view name : {"managedFields", "creationTimestamp", "uid", "resourceVersion", "generation",
                                      "selfLink", "deletionTimestamp", "deletionGracePeriodSeconds"})
    metadata->erase(name);
  for (const std::string_view name : {"labels", "annotations"})
    if (metadata->contains(name) && object_at(*metadata, name) == nullptr)
      return fail(ErrorKind::Invalid, fmt::format("metadata.{} is no mapping", name));
  if (json::object* annotations = object_at(*metadata, "annotations"))
    annotations->erase("kubectl.kubernetes.io/last-applied-configuration");
  // An apply of {} to a map whose entries have owners of their own does nothing, but we would own the {} and take what
  // others put into it for a change (C8). Published CRDs have it.
  for (const std::string_view name : {"labels", "annotations"})
    if (const json::object* map = object_at(*metadata, name); map != nullptr && map->empty()) metadata->erase(name);
  return {};
}

// The server records ownership of stringData, never of the data it becomes, so nothing would ever be healed (V24).
Result<void> move_string_data(json::object& secret) {
  const json::value* plain = secret.if_contains("stringData");
  if (plain == nullptr) return {};
  if (!plain->is_object()) return fail(ErrorKind::Invalid, "stringData is no mapping");
  json::value& data = secret["data"];
  if (data.is_null()) data.emplace_object();
  if (!data.is_object()) return fail(ErrorKind::Invalid, "data is no mapping");
  const json::object strings = secret.at("stringData").get_object();
  for (const auto& [name, value] : strings) {
    if (!value.is_string())
      return fail(ErrorKind::Invalid, fmt::format("stringData.{} is no string", std::string_view(name)), {},
                  "put quotes around it");
    data.get_object()[name] = base64_encode(std::string_view(value.get_string()));
  }
  secret.erase("stringData");
  return {};
}

// The server answers duplicates with a permanent 500 (V7), and only one at a time.
Result<void> check_unique(const json::object& owner, std::string_view list, const std::vector<std::string>& keys,
                          const std::string& where) {
  const json::value* items = owner.if_contains(list);
  if (items == nullptr || !items->is_array()) return {};
  std::set<std::string> seen;
  for (const json::value& item : items->get_array()) {
    if (!item.is_object()) continue;
    const PathElement key = key_element(item.get_object(), keys);
    if (key.key_fields().size() == keys.size() && !seen.insert(key.text()).second)
      return fail(ErrorKind::Invalid, fmt::format("{}.{} has two items {}", where, list, to_string({key})));
  }
  return {};
}

void default_protocol(json::object& owner) {
  json::array* ports = list_at(owner, "ports");
  if (ports == nullptr) return;
  for (json::value& port : *ports)
    if (json::object* object = port.if_object(); object != nullptr && !object->contains("protocol"))
      object->emplace("protocol", "TCP");
}

Result<void> normalize_pod_spec(json::object& spec) {
  for (const std::string_view list : {"initContainers", "containers", "ephemeralContainers"}) {
    if (auto unique = check_unique(spec, list, {"name"}, "the pod's spec"); !unique) return unique;
    json::array* containers = list_at(spec, list);
    if (containers == nullptr) continue;
    for (json::value& item : *containers) {
      json::object* container = item.if_object();
      if (container == nullptr) continue;
      default_protocol(*container);
      const std::string where = fmt::format("container {}", string_at(*container, {"name"}));
      if (auto unique = check_unique(*container, "ports", {"containerPort", "protocol"}, where); !unique) return unique;
      if (auto unique = check_unique(*container, "env", {"name"}, where); !unique) return unique;
    }
  }
  return check_unique(spec, "volumes", {"name"}, "the pod's spec");
}

// Where a built-in type keeps its pod spec; empty where it has none.
std::vector<std::string_view> pod_spec_path(const GroupKind& type) {
  static const std::set<GroupKind> kTemplated = {{"apps", "Deployment"}, {"apps", "StatefulSet"},
                                                 {"apps", "DaemonSet"},  {"apps", "ReplicaSet"},
                                                 {"batch", "Job"},       {"", "ReplicationController"}};
  if (kTemplated.contains(type)) return {"spec", "template", "spec"};
  if (type == GroupKind{"", "Pod"}) return {"spec"};
  if (type == GroupKind{"", "PodTemplate"}) return {"template", "spec"};
  if (type == GroupKind{"batch", "CronJob"}) return {"spec", "jobTemplate", "spec", "template", "spec"};
  return {};
}

}  // namespace

Result<void> normalize(json::object& body, const GroupKind& type) {
  body.erase("status");
  json::value whole(std::move(body));
  drop_nulls(whole);
  body = std::move(whole.get_object());
  if (auto cleaned = clean_metadata(body); !cleaned) return cleaned;
  if (type == GroupKind{"", "Secret"}) return move_string_data(body);
  if (type == GroupKind{"", "Service"}) {
    json::object* spec = object_at(body, "spec");
    if (spec == nullptr) return {};
    default_protocol(*spec);
    return check_unique(*spec, "ports", {"port", "protocol"}, "spec");
  }
  const auto path = pod_spec_path(type);
  json::object* at = path.empty() ? nullptr : &body;
  for (const std::string_view name : path)
    if (at != nullptr) at = object_at(*at, name);
  return at == nullptr ? Result<void>{} : normalize_pod_spec(*at);
}

}  // namespace holdfast
