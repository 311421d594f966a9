#include "app/file_cluster.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "engine/inventory_record.h"
#include "simulator/api_handler.h"
#include "simulator/custom_type.h"

namespace holdfast {
namespace {

constexpr std::size_t kNamesShown = 5;

bool is_definition(const json::value& object) {
  return string_at(object, {"kind"}) == "CustomResourceDefinition" &&
         string_at(object, {"apiVersion"}).starts_with("apiextensions.k8s.io/");
}

GroupVersionKind gvk_of(const json::value& object) {
  return make_gvk(string_at(object, {"apiVersion"}), string_at(object, {"kind"}));
}

// "boats.ex.io"; as CRDs mostly have it.
std::string plural_of(std::string kind) {
  for (char& c : kind)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  const bool hisses = kind.ends_with('s') || kind.ends_with('x') || kind.ends_with("ch");
  if (kind.ends_with('y') && kind.size() > 1 && !std::string_view("aeiou").contains(kind[kind.size() - 2]))
    return kind.substr(0, kind.size() - 1) + "ies";
  return kind + (hisses ? "es" : "s");
}

ResourceTypePtr deduced_type(const GroupVersionKind& gvk, bool namespaced) {
  auto type = std::make_shared<ResourceType>();
  type->gvk = gvk;
  type->custom = true;
  type->plural = plural_of(gvk.kind);
  type->singular = type->plural.substr(0, type->plural.size() - 1);
  type->namespaced = namespaced;
  type->verbs = {"delete", "get", "list", "patch", "create", "update", "watch"};
  type->merge_type = Schema::deduced_type();
  return type;
}

std::string some_of(const std::set<std::string>& names) {
  std::vector<std::string> shown;
  for (const std::string& name : names)
    if (shown.size() < kNamesShown) shown.push_back(name);
  const std::size_t more = names.size() - shown.size();
  return fmt::format("{}{}", fmt::join(shown, ", "), more == 0 ? "" : fmt::format(" and {} more", more));
}

}  // namespace

// What is served; and how a file becomes that.
class FileCluster::Contents {
 public:
  Contents(std::vector<json::value> objects, const WantedApplications& applications)
      : objects_(std::move(objects)), applications_(applications), handler_(store_, types_, clock_, random_) {}

  Result<void> fill() {
    for (const json::value& object : objects_)
      if (string_at(object, {"metadata", "name"}).empty())
        return fail(ErrorKind::Invalid, fmt::format("a {} without a name", string_at(object, {"kind"})), {},
                    "the file has to hold objects as kubectl get -o yaml prints them");
    define_types();
    for (json::value& object : objects_) put(object);
    make_namespaces();
    for (const auto& application : applications_) make_inventory(application->setup);
    return {};
  }

  SimulatedAnswer handle(const SimulatedRequest& request) { return handler_.handle(request); }

  [[nodiscard]] std::vector<std::string> notes() const {
    std::vector<std::string> notes{
        "no server was asked: what admission webhooks, policies, quotas and permissions would say is not known, and "
        "defaults are those of the Kubernetes that this program was built with"};
    if (!unowned_.empty())
      notes.push_back(
          fmt::format("{} of the objects have no managedFields ({}), so that what Git no longer has stays "
                      "unseen in them; kubectl get --show-managed-fields prints them",
                      unowned_.size(), some_of(unowned_)));
    if (!deduced_.empty())
      notes.push_back("without a schema, in which any field is allowed and a list is one value: " + some_of(deduced_));
    if (!without_inventory_.empty())
      notes.push_back(
          fmt::format("without its inventory, what has left Git is told by labels: {}", some_of(without_inventory_)));
    if (const std::set<std::string> absent = types_without_objects(); !absent.empty())
      notes.push_back("of these the file holds none, so that all count as absent: " + some_of(absent));
    return notes;
  }

 private:
  // By the definitions of the file; then what is left, by those in Git or by what the objects look like.
  void define_types() {
    for (const json::value& object : objects_)
      if (is_definition(object)) define(object.get_object());
    std::set<GroupVersionKind> live, wanted;
    std::map<GroupVersionKind, bool> namespaced;
    for (const json::value& object : objects_) {
      live.insert(gvk_of(object));
      namespaced[gvk_of(object)] |= !string_at(object, {"metadata", "namespace"}).empty();
    }
    for (const auto& application : applications_)
      for (const Manifest& manifest : application->manifests->manifests) {
        wanted.insert(manifest.gvk);
        wanted_.insert({manifest.gvk.group_kind(), manifest.name});
        namespaced.try_emplace(manifest.gvk, true);  // as most are
      }
    std::set<GroupVersionKind> all = live;
    all.insert(wanted.begin(), wanted.end());
    std::map<std::string, std::vector<ResourceTypePtr>> made;
    for (const GroupVersionKind& gvk : all) {
      if (is_defined(gvk)) continue;
      const json::object* const definition = wanted_definition(gvk);
      if (definition != nullptr && live.contains(gvk)) define(*definition);
      if (definition != nullptr) continue;  // it comes with the desired state
      const ResourceTypePtr type = deduced_type(gvk, namespaced[gvk]);
      made[type->store_key()].push_back(type);
      if (wanted.contains(gvk)) deduced_.insert(to_string(gvk));
    }
    for (const auto& [store_key, versions] : made) types_.set_custom(store_key, versions);
  }

  // Also where it is not in this version, or a kind that Kubernetes itself does not have: that is a mistake in Git.
  [[nodiscard]] bool is_defined(const GroupVersionKind& gvk) const {
    const bool builtin = types_.has_group(gvk.group) && !types_.is_custom_group(gvk.group);
    return builtin || std::ranges::any_of(types_.all(), [&](const ResourceTypePtr& type) {
             return type->gvk.group_kind() == gvk.group_kind();
           });
  }

  void define(const json::object& definition) {
    types_.set_custom(std::string(string_at(definition, {"metadata", "name"})),
                      types_of_definition(definition, types_));
  }

  [[nodiscard]] const json::object* wanted_definition(const GroupVersionKind& gvk) const {
    for (const auto& application : applications_)
      for (const Manifest& manifest : application->manifests->manifests)
        if (manifest.gvk.kind == "CustomResourceDefinition" &&
            string_at(manifest.body, {"spec", "group"}) == gvk.group &&
            string_at(manifest.body, {"spec", "names", "kind"}) == gvk.kind)
          return &manifest.body;
    return nullptr;
  }

  void put(const json::value& object) {
    const ResourceTypePtr type = types_.find_kind(gvk_of(object));
    if (type == nullptr) return;  // of no type that could be desired
    json::object body = object.get_object();
    json::object& metadata = body["metadata"].as_object();
    const std::string name(string_at(object, {"metadata", "name"}));
    std::string home(string_at(object, {"metadata", "namespace"}));
    if (!type->namespaced) home.clear();
    if (type->namespaced && home.empty()) metadata["namespace"] = home = "default";
    if (string_at(object, {"metadata", "uid"}).empty()) metadata["uid"] = random_.uuid();
    if (metadata.if_contains("managedFields") == nullptr && wanted_.contains({type->gvk.group_kind(), name}))
      unowned_.insert(fmt::format("{} {}{}{}", type->gvk.kind, home, home.empty() ? "" : "/", name));
    kinds_.insert(type->gvk.group_kind());
    homes_.insert(home);
    store_.put(type->store_key(), home, name, std::move(body));
  }

  // Those that objects are in, or are to be in, are there; unless Git brings them and nothing speaks of them.
  void make_namespaces() {
    std::set<std::string> homes = homes_, brought;
    for (const auto& application : applications_) {
      homes.insert(application->setup.prepare.default_namespace);
      homes.insert(application->setup.inventory.namespace_);
      for (const Manifest& manifest : application->manifests->manifests) {
        homes.insert(manifest.namespace_);
        if (manifest.gvk.kind == "Namespace" && manifest.gvk.group.empty()) brought.insert(manifest.name);
      }
    }
    for (const std::string& name : homes) {
      if (name.empty() || brought.contains(name) || store_.find("namespaces", "", name) != nullptr) continue;
      store_.put("namespaces", "", name,
                 {{"apiVersion", "v1"},
                  {"kind", "Namespace"},
                  {"metadata", {{"name", name}, {"uid", random_.uuid()}}},
                  {"status", {{"phase", "Active"}}}});
    }
  }

  // Where the file lacks it, what carries the application's label is in it.
  void make_inventory(const ApplicationSetup& setup) {
    const InventoryLocation& location = setup.inventory;
    if (store_.find("configmaps", location.namespace_, location.name) != nullptr) return;
    Inventory inventory;
    for (const json::value& object : objects_) {
      if (string_at(object, {"metadata", "labels", kApplySetLabel}) != setup.prepare.applyset_id) continue;
      const GroupVersionKind gvk = gvk_of(object);
      inventory.entries[{gvk.group, gvk.kind, std::string(string_at(object, {"metadata", "namespace"})),
                         std::string(string_at(object, {"metadata", "name"}))}] =
          Uid{std::string(string_at(object, {"metadata", "uid"}))};
    }
    if (inventory.entries.empty()) return;
    without_inventory_.insert(setup.name);
    json::object record = to_config_map(inventory, location);
    record["metadata"].as_object()["uid"] = random_.uuid();
    store_.put("configmaps", location.namespace_, location.name, std::move(record));
  }

  [[nodiscard]] std::set<std::string> types_without_objects() const {
    std::set<std::string> absent;
    for (const auto& application : applications_)
      for (const Manifest& manifest : application->manifests->manifests)
        if (!kinds_.contains(manifest.gvk.group_kind())) absent.insert(to_string(manifest.gvk.group_kind()));
    return absent;
  }

  std::vector<json::value> objects_;
  const WantedApplications& applications_;
  TypeRegistry types_;
  ObjectStore store_;
  WallClock clock_;
  SeededRandom random_{1};
  ApiHandler handler_;
  std::set<std::string> unowned_, deduced_, without_inventory_, homes_;
  std::set<GroupKind> kinds_;
  std::set<std::pair<GroupKind, std::string>> wanted_;  // types and names in Git
};

FileCluster::FileCluster() = default;
FileCluster::~FileCluster() = default;

Result<std::unique_ptr<FileCluster>> FileCluster::make(std::vector<json::value> objects,
                                                       const WantedApplications& applications) {
  std::unique_ptr<FileCluster> cluster(new FileCluster());
  cluster->contents_ = std::make_unique<Contents>(std::move(objects), applications);
  if (Result<void> filled = cluster->contents_->fill(); !filled) return std::unexpected(filled.error());
  cluster->notes_ = cluster->contents_->notes();
  return cluster;
}

boost::asio::awaitable<Result<ApiResponse>> FileCluster::send(ApiRequest request) {
  SimulatedRequest asked;
  asked.method = to_string(request.method);
  asked.target = std::move(request.target);
  asked.content_type = std::move(request.content_type);
  asked.accept = std::move(request.accept);
  asked.if_none_match = std::move(request.if_none_match);
  asked.body = std::move(request.body);
  if (asked.method != "GET" && !asked.target.contains("dryRun=All"))
    co_return fail(ErrorKind::Internal, "a file is not written to", asked.target);
  SimulatedAnswer answer = contents_->handle(asked);
  ApiResponse response;
  response.status = answer.response.status;
  response.content_type = std::move(answer.response.content_type);
  response.body = std::move(answer.response.body);
  co_return response;
}

}  // namespace holdfast
