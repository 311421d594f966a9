#include "engine/prepare.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <set>

#include "engine/apply_order.h"
#include "engine/normalize.h"

namespace holdfast {
namespace {

constexpr std::size_t kMaxBodyBytes = std::size_t{3} * 1024 * 1024;
constexpr std::size_t kMaxUidBytes = 256;

// The types that this set's own CustomResourceDefinitions will bring.
std::set<GroupVersionKind> types_defined_in(const ManifestSet& manifests) {
  std::set<GroupVersionKind> types;
  for (const Manifest& manifest : manifests.manifests) {
    if (manifest.gvk.group_kind() != GroupKind{"apiextensions.k8s.io", "CustomResourceDefinition"}) continue;
    const json::value* versions = find(manifest.body, {"spec", "versions"});
    if (versions == nullptr || !versions->is_array()) continue;
    for (const json::value& version : versions->get_array())
      types.insert({std::string(string_at(manifest.body, {"spec", "group"})), std::string(string_at(version, {"name"})),
                    std::string(string_at(manifest.body, {"spec", "names", "kind"}))});
  }
  return types;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({replaced, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row[b.size()];
}

std::string nearest(const ApiCatalog& catalog, const GroupVersionKind& wanted) {
  const GroupVersionKind* best = nullptr;
  std::size_t best_distance = 4;
  for (const auto& [gvk, resource] : catalog.resources) {
    if (gvk.group_kind() == wanted.group_kind()) return fmt::format("the server has it as {}", gvk.api_version());
    if (wanted.kind.size() > 63 || gvk.kind.size() > 63) continue;
    const std::size_t distance = edit_distance(gvk.kind, wanted.kind) + (gvk.group == wanted.group ? 0 : 1);
    if (distance >= best_distance) continue;
    best = &gvk;
    best_distance = distance;
  }
  if (best != nullptr) return fmt::format("did you mean {}?", to_string(*best));
  return "install its CustomResourceDefinition, or put it into the same source";
}

class Preparer {
 public:
  Preparer(const ManifestSet& manifests, const ApiCatalog& catalog, const PrepareOptions& options)
      : catalog_(catalog), options_(options), defined_here_(types_defined_in(manifests)) {
    for (const Manifest& manifest : manifests.manifests) add(manifest);
  }
  PreparedSet take() { return std::move(set_); }

 private:
  void add(const Manifest& manifest) {
    const ApiResource* resource = catalog_.find(manifest.gvk);
    if (resource == nullptr) {
      refuse_type(manifest);
      return;
    }
    auto made = make(manifest, *resource);
    if (!made) {
      refuse(manifest, std::move(made.error()));
      return;
    }
    const ObjectKey key = made->key;
    const auto [place, inserted] = set_.desired.try_emplace(key, std::move(*made));
    if (!inserted)
      refuse(manifest, {ErrorKind::Invalid,
                        fmt::format("{} is also in {}", to_string(key), place->second.origin),
                        {},
                        "keep one of the two"});
  }

  Result<Desired> make(const Manifest& manifest, const ApiResource& resource) {
    if (manifest.name.empty()) return fail(ErrorKind::Invalid, "metadata.name is missing");
    if (!resource.namespaced && !manifest.namespace_.empty())
      return fail(ErrorKind::Invalid, fmt::format("a {} lives in no namespace", manifest.gvk.kind), {},
                  "remove metadata.namespace");
    const std::string& namespace_ = manifest.namespace_.empty() ? options_.default_namespace : manifest.namespace_;
    if (resource.namespaced && namespace_.empty())
      return fail(ErrorKind::Invalid, fmt::format("a {} needs a namespace", manifest.gvk.kind), {},
                  "set metadata.namespace, or give --namespace");
    Desired desired;
    desired.key = {manifest.gvk.group, manifest.gvk.kind, resource.namespaced ? namespace_ : "", manifest.name};
    desired.resource = resource;
    desired.origin = manifest.origin;
    desired.body = manifest.body;
    if (auto normal = normalize(desired.body, manifest.gvk.group_kind()); !normal)
      return std::unexpected(normal.error());
    set_identity(desired);
    serialize(desired);
    if (desired.apply_body.size() > kMaxBodyBytes)
      return fail(ErrorKind::TooLarge, fmt::format("its {} bytes are more than the API server takes, {}",
                                                   desired.apply_body.size(), kMaxBodyBytes));
    desired.rank = apply_rank(desired.key.group_kind(), !is_builtin_group(desired.key.group));
    desired.empties = collect_empty_paths(desired.body);
    return desired;
  }

  void set_identity(Desired& desired) const {
    json::object& metadata = desired.body.at("metadata").get_object();
    metadata["name"] = desired.key.name;
    if (!desired.key.namespace_.empty()) metadata["namespace"] = desired.key.namespace_;
    json::value& labels = metadata["labels"];
    if (labels.is_null()) labels.emplace_object();
    labels.get_object()["holdfast.dev/installation"] = options_.installation;
    labels.get_object()["applyset.kubernetes.io/part-of"] = options_.applyset_id;
  }

  // metadata first, so that a uid can be put in without reading it all again.
  static void serialize(Desired& desired) {
    json::object rest = desired.body;
    const std::string metadata = canonical_json(rest.at("metadata"));
    rest.erase("metadata");
    desired.apply_body = "{\"metadata\":" + metadata + "," + canonical_json(rest).substr(1);
    desired.hash = sha256(desired.apply_body);
  }

  void refuse_type(const Manifest& manifest) {
    const std::string type = to_string(manifest.gvk);
    if (defined_here_.contains(manifest.gvk)) {
      refuse(manifest,
             {ErrorKind::NotFound,
              fmt::format("{} is not served yet", type),
              {},
              "its CustomResourceDefinition is in the same source"},
             true);
    } else if (catalog_.unknown_groups.contains(manifest.gvk.group)) {
      refuse(manifest,
             {ErrorKind::Busy, fmt::format("the API group of {} does not answer at the moment", type), {}, {}}, true);
    } else {
      refuse(manifest,
             {ErrorKind::NotFound, fmt::format("the cluster has no {}", type), {}, nearest(catalog_, manifest.gvk)});
    }
  }

  void refuse(const Manifest& manifest, Error error, bool may_come = false) {
    error.where = manifest.origin;
    set_.unprepared.push_back({manifest.gvk, manifest.namespace_, manifest.name, std::move(error), may_come});
  }

  const ApiCatalog& catalog_;
  const PrepareOptions& options_;
  std::set<GroupVersionKind> defined_here_;
  PreparedSet set_;
};

}  // namespace

std::string apply_body_with_uid(const Desired& desired, const Uid& uid) {
  static constexpr std::string_view kStart = "{\"metadata\":{";
  return std::string(kStart) + "\"uid\":" + to_json(json::value(uid.value.substr(0, kMaxUidBytes))) + "," +
         desired.apply_body.substr(kStart.size());
}

PreparedSet prepare(const ManifestSet& manifests, const ApiCatalog& catalog, const PrepareOptions& options) {
  return Preparer(manifests, catalog, options).take();
}

}  // namespace holdfast
