#include "sim/place.h"

#include <map>

#include "simulator/http_message.h"

namespace holdfast::sim {

namespace {

const std::map<std::string, GroupKind>& kinds() {
  static const std::map<std::string, GroupKind> kKinds{
      {kConfigMaps, {"", "ConfigMap"}},
      {kNamespaces, {"", "Namespace"}},
      {kDeployments, {"apps", "Deployment"}},
      {kDefinitions, {"apiextensions.k8s.io", "CustomResourceDefinition"}},
      {kBoats, {"ex.io", "Boat"}}};
  return kKinds;
}

}  // namespace

std::string to_string(const Place& place) { return to_string(key_of(place)); }

std::string path_of(const Place& place, const std::string& boats) {
  const std::size_t dot = place.type.find('.');
  const std::string plural = place.type.substr(0, dot);
  const std::string group = dot == std::string::npos ? "" : place.type.substr(dot + 1);
  std::string path = group.empty() ? "/api/v1" : "/apis/" + group + "/" + (place.type == kBoats ? boats : "v1");
  if (!place.namespace_.empty()) path += "/namespaces/" + place.namespace_;
  return path + "/" + plural + (place.name.empty() ? "" : "/" + place.name);
}

Place place_of(const std::string& path) {
  Place place;
  const auto parts = split_path(path.substr(0, path.find('?')));
  if (!parts || parts->size() < 3) return place;
  const bool core = parts->front() == "api";
  std::size_t at = core ? 2 : 3;
  if (parts->size() > at + 2 && (*parts)[at] == "namespaces") {
    place.namespace_ = (*parts)[at + 1];
    at += 2;
  }
  if (at < parts->size()) place.type = (*parts)[at] + (core ? "" : "." + (*parts)[1]);
  if (at + 1 < parts->size()) place.name = (*parts)[at + 1];
  return place;
}

ObjectKey key_of(const Place& place) {
  const GroupKind& kind = kinds().at(place.type);
  return {kind.group, kind.kind, place.namespace_, place.name};
}

Place place_of(const ObjectKey& key) {
  for (const auto& [type, kind] : kinds())
    if (kind == key.group_kind()) return {type, key.namespace_, key.name};
  return {};
}

}  // namespace holdfast::sim
