#include "engine/prepare.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <set>

#include "engine/apply_order.h"
#include "engine/confinement.h"
#include "engine/dependencies.h"
#include "engine/hook.h"
#include "engine/normalize.h"
#include "holdfast/base/edit_distance.h"
#include "holdfast/model/override.h"

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
      : catalog_(catalog),
        options_(options),
        revision_(without_trial(manifests.revision)),
        defined_here_(types_defined_in(manifests)) {
    for (const Manifest& manifest : manifests.manifests) add(manifest);
  }
  PreparedSet take() {
    check_dependencies();
    return std::move(set_);
  }

 private:
  void add(const Manifest& manifest) {
    const Result<ObjectOptions> own = read_object_options(manifest.body);
    if (!own) {
      refuse(manifest, own.error());
      return;
    }
    const ApiResource* resource = catalog_.find(manifest.gvk);
    if (resource == nullptr) {
      if (own->management != Management::None) refuse_type(manifest);
      return;
    }
    if (!own->remark.empty()) set_.remarks.push_back({ErrorKind::Invalid, own->remark, manifest.origin, {}});
    add(manifest, *resource, *own);
    if (!own->hook || !own->again_after || !runs(manifest)) return;
    ObjectOptions after = *own;
    after.hook = HookPhase::After;
    add(manifest, *resource, after);
  }

  static bool runs(const Manifest& manifest) {
    return manifest.name.empty() || runs_to_an_end(manifest.gvk.group_kind());
  }

  void add(const Manifest& manifest, const ApiResource& resource, const ObjectOptions& own) {
    auto made = make(manifest, resource, own);
    if (!made) {
      refuse(manifest, std::move(made.error()));
      return;
    }
    const ObjectKey key = made->key;
    if (made->options.management == Management::None) {
      set_.left_alone.insert(key);
      return;
    }
    const auto [place, inserted] = set_.desired.try_emplace(key, std::move(*made));
    if (!inserted)
      refuse(manifest, {ErrorKind::Invalid,
                        fmt::format("{} is also in {}", to_string(key), place->second.origin),
                        {},
                        "keep one of the two"});
  }

  Result<Desired> make(const Manifest& manifest, const ApiResource& resource, const ObjectOptions& own) {
    if (manifest.name.empty() && !own.hook) return fail(ErrorKind::Invalid, "metadata.name is missing");
    if (!resource.namespaced && !manifest.namespace_.empty())
      return fail(ErrorKind::Invalid, fmt::format("a {} lives in no namespace", manifest.gvk.kind), {},
                  "remove metadata.namespace");
    const std::string& namespace_ = manifest.namespace_.empty() ? options_.default_namespace : manifest.namespace_;
    if (resource.namespaced && namespace_.empty())
      return fail(ErrorKind::Invalid, fmt::format("a {} needs a namespace", manifest.gvk.kind), {},
                  "set metadata.namespace, or give --namespace");
    if (auto visible = check_visible(resource, namespace_); !visible)
      return std::unexpected(std::move(visible.error()));
    Desired desired;
    desired.key = {manifest.gvk.group, manifest.gvk.kind, resource.namespaced ? namespace_ : "", manifest.name};
    if (options_.confined)
      if (auto stays = check_confined(desired.key, options_.default_namespace); !stays)
        return std::unexpected(std::move(stays.error()));
    desired.resource = resource;
    desired.origin = manifest.origin;
    desired.body = manifest.body;
    if (auto normal = normalize(desired.body, manifest.gvk.group_kind()); !normal)
      return std::unexpected(normal.error());
    desired.options = own;
    if (own.hook && own.management != Management::None) make_hook(desired, runs(manifest));
    set_identity(desired);
    seal(desired);
    if (desired.apply_body.size() > kMaxBodyBytes)
      return fail(ErrorKind::TooLarge, fmt::format("its {} bytes are more than the API server takes, {}",
                                                   desired.apply_body.size(), kMaxBodyBytes));
    desired.rank = apply_rank(desired.key.group_kind(), !is_builtin_group(desired.key.group));
    return desired;
  }

  [[nodiscard]] Result<void> check_visible(const ApiResource& resource, const std::string& namespace_) const {
    const std::string& only = options_.only_namespace;
    if (only.empty() || (resource.namespaced && namespace_ == only)) return {};
    return fail(ErrorKind::Invalid,
                resource.namespaced
                    ? fmt::format("it is in the namespace {}, and this daemon sees {} alone", namespace_, only)
                    : fmt::format("a {} is in no namespace, and this daemon sees {} alone", resource.gvk.kind, only),
                {}, "leave it to an installation of the whole cluster (holdfast install without --namespace-only)");
  }

  // One Job for each application, revision and hook: the same name whenever it is made again, also by another version
  // of Holdfast (ask 34).
  void make_hook(Desired& desired, bool runs) {
    json::object& metadata = desired.body.at("metadata").get_object();
    const std::string name =
        desired.key.name.empty() ? std::string(string_at(metadata, {"generateName"})) : desired.key.name;
    if (runs) metadata.erase("generateName");
    std::string content = options_.applyset_id + "\n" + revision_ + "\n" + canonical_json(desired.body);
    if (runs && desired.options.again_after && desired.options.hook == HookPhase::After) content += "\nafter";
    const std::string making = to_hex(sha256(content));
    if (!runs) {
      if (desired.options.hook_deletion.succeeded) desired.making = making.substr(0, 10);
      return;
    }
    desired.making.emplace();
    desired.options.management = Management::Once;
    const ObjectKey written = desired.key;
    desired.key.name = name_of_making(name, making);
    if (!written.name.empty()) hook_names_[written] = desired.key;
  }

  void check_dependencies() {
    for (auto& [key, desired] : set_.desired)
      for (ObjectKey& other : desired.options.depends_on)
        if (const auto hook = hook_names_.find(other); hook != hook_names_.end()) other = hook->second;
    const auto may_come = [this](const ObjectKey& key) {
      return std::ranges::any_of(set_.unprepared, [&](const UnpreparedManifest& manifest) {
        return manifest.gvk.group_kind() == key.group_kind() && manifest.name == key.name;
      });
    };
    for (auto& [key, error] : refuse_dependencies(set_.desired, may_come)) {
      const Desired& desired = set_.desired.at(key);
      set_.unprepared.push_back({desired.resource.gvk, key.namespace_, key.name, error, false, wave_of(desired)});
      set_.desired.erase(key);
    }
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
    const Result<ObjectOptions> own = read_object_options(manifest.body);
    set_.unprepared.push_back(
        {manifest.gvk, manifest.namespace_, manifest.name, std::move(error), may_come, own ? wave_of(*own) : Wave{}});
  }

  const ApiCatalog& catalog_;
  const PrepareOptions& options_;
  const std::string revision_;  // a hook is none of a trial's: it runs again where it is another one
  std::set<GroupVersionKind> defined_here_;
  std::map<ObjectKey, ObjectKey> hook_names_;  // as written, and as made
  PreparedSet set_;
};

}  // namespace

Wave wave_of(const ObjectOptions& options) {
  const HookPhase during = options.hook.value_or(HookPhase::During);
  const int phase = during == HookPhase::Before ? -1 : during == HookPhase::After ? 1 : 0;
  return {phase, options.wave};
}

Wave wave_of(const Desired& desired) { return wave_of(desired.options); }

std::string to_string(const Wave& wave) {
  if (wave.phase == 0) return "wave " + std::to_string(wave.number);
  return wave.phase < 0 ? "the hooks before" : "the hooks after";
}

void seal(Desired& desired) {
  json::object rest = desired.body;
  const std::string metadata = canonical_json(rest.at("metadata"));
  rest.erase("metadata");
  // metadata first, so that a uid can be put in without reading it all again.
  desired.apply_body = "{\"metadata\":" + metadata + "," + canonical_json(rest).substr(1);
  desired.hash = sha256(desired.apply_body);
  desired.empties = collect_empty_paths(desired.body);
}

namespace {

std::string with_metadata(const Desired& desired, const std::string& members) {
  static constexpr std::string_view kStart = "{\"metadata\":{";
  return std::string(kStart) + members + "," + desired.apply_body.substr(kStart.size());
}

std::string uid_member(const Uid& uid) { return "\"uid\":" + to_json(json::value(uid.value.substr(0, kMaxUidBytes))); }

}  // namespace

std::string apply_body_with_uid(const Desired& desired, const Uid& uid) {
  return with_metadata(desired, uid_member(uid));
}

std::string apply_body_on_version(const Desired& desired, const Uid& uid, const ResourceVersion& version) {
  return with_metadata(desired, "\"resourceVersion\":" + to_json(json::value(version.value)) + "," + uid_member(uid));
}

PreparedSet prepare(const ManifestSet& manifests, const ApiCatalog& catalog, const PrepareOptions& options) {
  return Preparer(manifests, catalog, options).take();
}

}  // namespace holdfast
