// Where an object of the simulated world is, whatever version it is addressed in.
#pragma once

#include <compare>
#include <string>

#include "holdfast/model/object_key.h"

namespace holdfast::sim {

struct Place {
  std::string type;  // as the simulator's store names it: "configmaps", "boats.ex.io"
  std::string namespace_, name;
  auto operator<=>(const Place&) const = default;
};

inline constexpr const char* kConfigMaps = "configmaps";
inline constexpr const char* kNamespaces = "namespaces";
inline constexpr const char* kDeployments = "deployments.apps";
inline constexpr const char* kDefinitions = "customresourcedefinitions.apiextensions.k8s.io";
inline constexpr const char* kBoats = "boats.ex.io";

std::string to_string(const Place& place);
// "/api/v1/namespaces/web/configmaps/object0"; `boats` is the version in which custom resources are addressed.
std::string path_of(const Place& place, const std::string& boats);
Place place_of(const std::string& path);  // with or without a query
ObjectKey key_of(const Place& place);
Place place_of(const ObjectKey& key);

}  // namespace holdfast::sim
