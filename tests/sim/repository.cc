#include "sim/repository.h"

namespace holdfast::sim {
namespace {

constexpr std::uint64_t kNames = 8;

json::object version(const std::string& name, bool used) {
  const json::value schema = parse_json(R"({"type":"object","properties":{"spec":{"type":"object","properties":{
    "crew":{"type":"integer","default":3},"port":{"type":"string","default":"Kiel"},"color":{"type":"string"},
    "cargo":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"],
      "items":{"type":"object","required":["name"],
               "properties":{"name":{"type":"string"},"tons":{"type":"integer"}}}}}}}})")
                                 .value();
  return {{"name", name}, {"served", used}, {"storage", used}, {"schema", {{"openAPIV3Schema", schema}}}};
}

json::object deployment_spec(const std::string& image) {
  return {{"replicas", 2},
          {"selector", {{"matchLabels", {{"app", "site"}}}}},
          {"template",
           {{"metadata", {{"labels", {{"app", "site"}}}}},
            {"spec",
             {{"containers",
               json::array{{{"name", "site"}, {"image", image}, {"ports", json::array{{{"containerPort", 80}}}}}}}}}}}};
}

}  // namespace

Repository::Repository(std::string name) : name_(std::move(name)) {
  set({kNamespaces, "", name_}, "");
  for (std::uint64_t i = 0; i < kNames / 2; ++i) set({kConfigMaps, name_, "object" + std::to_string(i)}, "colour0");
  if (name_ == "web") {
    set({kDeployments, name_, "site"}, "nginx:0");
    return;
  }
  write_type();
  for (std::uint64_t i = 0; i < kNames / 2; ++i) set({kBoats, name_, "boat" + std::to_string(i)}, "colour0");
}

void Repository::set(const Place& place, const std::string& value) {
  const ObjectKey key = key_of(place);
  Manifest made;
  const std::string versioned = place.type == kBoats ? boats_ : "v1";
  made.gvk = {key.group, versioned, key.kind};
  made.name = place.name;
  made.namespace_ = place.namespace_;
  made.origin = place.name + ".yaml:1";
  json::object metadata{{"name", place.name}};
  if (!place.namespace_.empty()) metadata["namespace"] = place.namespace_;
  made.body = {{"apiVersion", made.gvk.api_version()}, {"kind", key.kind}, {"metadata", std::move(metadata)}};
  if (place.type == kConfigMaps) made.body["data"] = {{"color", value}, {"size", "large"}};
  if (place.type == kDeployments) made.body["spec"] = deployment_spec(value);
  if (place.type == kBoats)
    made.body["spec"] = {{"color", value},
                         {"cargo", json::array{{{"name", "rum"}, {"tons", 3}}, {{"name", "tea"}, {"tons", 5}}}}};
  objects_[place] = std::move(made);
  known_.insert(place);
}

// The old version stays in the list, as the API server demands of one in which objects may be stored.
void Repository::write_type() {
  const Place place{kDefinitions, "", "boats.ex.io"};
  set(place, "");
  objects_[place].body["spec"] = {
      {"group", "ex.io"},
      {"scope", "Namespaced"},
      {"names", {{"kind", "Boat"}, {"listKind", "BoatList"}, {"plural", "boats"}, {"singular", "boat"}}},
      {"versions", json::array{version("v1", boats_ == "v1"), version("v2", boats_ == "v2")}}};
}

std::string Repository::move_type() {
  ++commits_;
  boats_ = boats_ == "v1" ? "v2" : "v1";
  write_type();
  for (auto& [place, manifest] : objects_) {
    if (place.type != kBoats) continue;
    manifest.gvk.version = boats_;
    manifest.body["apiVersion"] = "ex.io/" + boats_;
  }
  return name_ + " commit " + std::to_string(commits_) + ": boats are written in " + boats_;
}

ManifestSetPtr Repository::manifests() const {
  auto set = std::make_shared<ManifestSet>();
  set->revision = "main@sha1:" + std::to_string(commits_);
  for (const auto& [place, manifest] : objects_) set->manifests.push_back(manifest);
  return set;
}

std::set<GroupKind> Repository::types() const {
  std::set<GroupKind> types;
  for (const auto& [place, manifest] : objects_) types.insert(key_of(place).group_kind());
  return types;
}

Place Repository::some_place(SeededRandom& random) const {
  const std::uint64_t number = random.below(kNames);
  if (random.below(3) != 0) return {kConfigMaps, name_, "object" + std::to_string(number)};
  if (name_ == "web") return {kDeployments, name_, "site"};
  return {kBoats, name_, "boat" + std::to_string(number)};
}

std::string Repository::commit(SeededRandom& random) {
  const Place place = some_place(random);
  ++commits_;
  const std::string what = name_ + " commit " + std::to_string(commits_) + " of " + to_string(place);
  const bool removes = place.type != kDeployments && objects_.contains(place) && random.coin() && objects_.size() > 5;
  if (!removes) {
    set(place, (place.type == kDeployments ? "nginx:" : "colour") + std::to_string(commits_));
    return what;
  }
  objects_.erase(place);
  return what + ": removed";
}

}  // namespace holdfast::sim
