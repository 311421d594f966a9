#include "engine/adoption.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "engine/desired_walk.h"
#include "engine/handover.h"
#include "holdfast/merge/managed_fields.h"

namespace holdfast {
namespace {

constexpr std::string_view kBeforeFirstApply = "before-first-apply";
constexpr std::string_view kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";

// Who writes whole manifests, by what names and operations. Argo CD applied on the client's side under the name of its
// binary; Helm 4 and current Flux controllers apply on the server's side.
struct Applier {
  std::string_view manager;
  bool applies = false, updates = false;
};
constexpr Applier kAppliers[] = {{"kubectl-client-side-apply", false, true},
                                 {"kubectl-create", false, true},
                                 {"kubectl-replace", false, true},
                                 {"kubectl", true, false},
                                 {"helm", true, true},
                                 {"Helm", false, true},
                                 {"flux", true, false},
                                 {"kustomize-controller", true, true},
                                 {"helm-controller", true, true},
                                 {"argocd-controller", true, true},
                                 {"argocd-application-controller", false, true}};

bool is_predecessor(const FieldOwner& owner, const std::vector<std::string>& former) {
  if (!owner.subresource.empty()) return false;
  if (std::ranges::find(former, owner.manager) != former.end()) return true;
  return std::ranges::any_of(kAppliers, [&](const Applier& known) {
    return owner.manager == known.manager && (owner.operation == "Apply" ? known.applies : known.updates);
  });
}

bool is_status(const FieldPath& path) { return path[0].text() == "status"; }

// The API server counts a change of a Deployment's annotations as a change of its generation. So those by which other
// tools keep their books stay there where Git does not have them, and stay theirs: an object that is taken over as it
// is has the generation that it had.
bool is_book_of_others(const Desired& desired, const FieldSet& declared, const FieldPath& path) {
  constexpr std::string_view kBooks[] = {kLastApplied, "argocd.argoproj.io/tracking-id"};
  const GroupVersionKind& type = desired.resource.gvk;
  if (type.kind != "Deployment" || type.group != "apps" || path.size() != 3) return false;
  return path[0].text() == "metadata" && path[1].text() == "annotations" &&
         std::ranges::find(kBooks, path[2].text()) != std::end(kBooks) && !touches(declared, path);
}

// With the map that holds them.
FieldSet books_of_others(const Desired& desired, const FieldSet& declared, const FieldSet& fields) {
  FieldSet books;
  fields.for_each([&](const FieldPath& path) {
    if (!is_book_of_others(desired, declared, path)) return;
    books.insert(path);
    books.insert({path[0], path[1]});
  });
  return books;
}

FieldSet filtered(const FieldSet& set, const std::function<bool(const FieldPath&)>& keep) {
  FieldSet kept;
  set.for_each([&](const FieldPath& path) {
    if (keep(path)) kept.insert(path);
  });
  return kept;
}

// managedFields being rewritten: entries of others stay to the byte.
class Rewrite {
 public:
  static Result<Rewrite> of(const Desired& desired, const json::value& live, const FieldManager& manager) {
    auto entries = parse_managed_fields(live);
    if (!entries) return std::unexpected(entries.error());
    Rewrite rewrite(desired, live, manager, std::move(*entries));
    return rewrite;
  }

  [[nodiscard]] const std::vector<ManagedFieldsEntry>& entries() const { return entries_; }
  [[nodiscard]] bool is_ours(const ManagedFieldsEntry& entry) const { return is_applied_by(entry.owner, manager_); }

  // Moves what `taken` says from an entry to ours, and drops what neither it nor `kept` says.
  void split(std::size_t at, const FieldSet& taken, FieldSet kept) {
    ours_.insert_all(taken);
    latest_ = std::max(latest_, entries_[at].owner.time);
    left_[at] = std::move(kept);
    changed_ = true;
  }

  [[nodiscard]] std::optional<std::string> patch() const {
    if (!changed_) return std::nullopt;
    const json::value* raw = find(live_, {"metadata", "managedFields"});
    json::array rewritten;
    FieldSet ours = ours_;
    std::string time = latest_;
    for (const ManagedFieldsEntry& entry : entries_)
      if (is_ours(entry)) {
        ours.insert_all(entry.fields);
        time = entry.owner.time;
      }
    if (!ours.empty()) rewritten.push_back(our_entry(ours, time));
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      if (is_ours(entries_[i])) continue;
      const auto left = left_.find(i);
      if (left == left_.end())
        rewritten.push_back(raw->get_array()[i]);
      else if (!left->second.empty())
        rewritten.push_back(with_fields(raw->get_array()[i], left->second));
    }
    if (rewritten.empty()) rewritten.push_back(json::object{});
    return patch_text(live_, std::move(rewritten));
  }

  static std::string patch_text(const json::value& live, json::array entries) {
    json::array patch;
    patch.push_back(
        json::object{{"op", "replace"}, {"path", "/metadata/managedFields"}, {"value", std::move(entries)}});
    patch.push_back(json::object{{"op", "replace"},
                                 {"path", "/metadata/resourceVersion"},
                                 {"value", string_at(live, {"metadata", "resourceVersion"})}});
    return to_json(patch);
  }

 private:
  Rewrite(const Desired& desired, const json::value& live, FieldManager manager,
          std::vector<ManagedFieldsEntry> entries)
      : live_(live),
        manager_(std::move(manager)),
        api_version_(desired.resource.gvk.api_version()),
        entries_(std::move(entries)) {}

  [[nodiscard]] json::value our_entry(const FieldSet& fields, const std::string& time) const {
    json::object entry{
        {"manager", manager_.value}, {"operation", "Apply"}, {"apiVersion", api_version_}, {"fieldsType", "FieldsV1"}};
    if (!time.empty()) entry["time"] = time;
    return with_fields(std::move(entry), fields);
  }

  static json::value with_fields(json::value entry, const FieldSet& fields) {
    entry.get_object()["fieldsV1"] = parse_json(fields.serialize()).value_or(json::object{});
    return entry;
  }

  const json::value& live_;
  FieldManager manager_;
  std::string api_version_;
  std::vector<ManagedFieldsEntry> entries_;
  FieldSet ours_;
  std::string latest_;
  std::map<std::size_t, FieldSet> left_;
  bool changed_ = false;
};

Result<std::string> version_of(const json::value& live) {
  const std::string_view version = string_at(live, {"metadata", "resourceVersion"});
  if (version.empty()) return fail(ErrorKind::Invalid, "a live object has no resourceVersion");
  return std::string(version);
}

// What kubectl applied last, as far as its annotation tells.
FieldSet last_applied(const json::value& live, const FieldSet& shapes) {
  const std::string_view text = string_at(live, {"metadata", "annotations", kLastApplied});
  const Result<json::value> applied = parse_json(text);
  if (!applied || !applied->is_object()) return {};
  FieldSet fields = desired_fields(applied->get_object(), shapes);
  fields.insert({PathElement::field("metadata"), PathElement::field("annotations"), PathElement::field(kLastApplied)});
  return fields;
}

std::string slashed(std::string_view namespace_, std::string_view name) {
  return namespace_.empty() ? std::string(name) : fmt::format("{}/{}", namespace_, name);
}

std::optional<std::string> argo_application(const json::value& live) {
  const std::string_view tracked = string_at(live, {"metadata", "annotations", "argocd.argoproj.io/tracking-id"});
  if (!tracked.empty()) return std::string(tracked.substr(0, tracked.find(':')));
  const std::string_view instance = string_at(live, {"metadata", "labels", "argocd.argoproj.io/instance"});
  if (!instance.empty()) return std::string(instance);
  // Argo CD's customary label is everybody's: it counts where Argo CD has written to the object.
  const std::string_view shared = string_at(live, {"metadata", "labels", "app.kubernetes.io/instance"});
  const json::value* entries = find(live, {"metadata", "managedFields"});
  if (shared.empty() || entries == nullptr || !entries->is_array()) return std::nullopt;
  const bool wrote = std::ranges::any_of(entries->get_array(), [](const json::value& entry) {
    const std::string_view writer = string_at(entry, {"manager"});
    return writer == "argocd-controller" || writer == "argocd-application-controller";
  });
  return wrote ? std::optional(std::string(shared)) : std::nullopt;
}

}  // namespace

Result<std::optional<std::string>> adoption_patch(const Desired& desired, const json::value& live,
                                                  const FieldManager& manager, const std::vector<std::string>& former) {
  if (const auto version = version_of(live); !version) return std::unexpected(version.error());
  auto rewrite = Rewrite::of(desired, live, manager);
  if (!rewrite) return std::unexpected(rewrite.error());
  const FieldSet declared = desired_fields(desired.body, shapes_of(rewrite->entries()));
  for (std::size_t i = 0; i < rewrite->entries().size(); ++i) {
    const ManagedFieldsEntry& entry = rewrite->entries()[i];
    const bool own = rewrite->is_ours(entry) || is_applied_by(entry.owner, handover_manager(manager));
    if (own || !is_predecessor(entry.owner, former)) continue;
    const FieldSet books = books_of_others(desired, declared, entry.fields);
    const auto stays = [&](const FieldPath& path) { return is_status(path) || books.contains(path); };
    const FieldSet taken = filtered(entry.fields, [&](const FieldPath& path) { return !stays(path); });
    FieldSet kept = filtered(entry.fields, stays);
    if (!taken.empty()) rewrite->split(i, taken, std::move(kept));
  }
  return rewrite->patch();
}

Result<std::optional<std::string>> leftover_patch(const Desired& desired, const json::value& live,
                                                  const FieldManager& manager) {
  if (const auto version = version_of(live); !version) return std::unexpected(version.error());
  auto rewrite = Rewrite::of(desired, live, manager);
  if (!rewrite) return std::unexpected(rewrite.error());
  const FieldSet shapes = shapes_of(rewrite->entries());
  const FieldSet declared = desired_fields(desired.body, shapes);
  const FieldSet applied = last_applied(live, shapes);
  for (std::size_t i = 0; i < rewrite->entries().size(); ++i) {
    const ManagedFieldsEntry& entry = rewrite->entries()[i];
    if (entry.owner.manager != kBeforeFirstApply || !entry.owner.subresource.empty()) continue;
    const FieldSet taken =
        filtered(entry.fields, [&](const FieldPath& path) { return !is_status(path) && touches(applied, path); });
    FieldSet kept = filtered(entry.fields, [&](const FieldPath& path) {
      return is_status(path) || (!touches(applied, path) && !touches(declared, path));
    });
    if (!(kept == entry.fields)) rewrite->split(i, taken, std::move(kept));
  }
  return rewrite->patch();
}

Result<std::optional<std::string>> version_patch(const Desired& desired, const json::value& live) {
  if (const auto version = version_of(live); !version) return std::unexpected(version.error());
  const auto readable = parse_managed_fields(live);
  if (!readable) return std::unexpected(readable.error());
  const json::value* raw = find(live, {"metadata", "managedFields"});
  if (raw == nullptr || !raw->is_array()) return std::nullopt;
  const std::string wanted = desired.resource.gvk.api_version();
  json::array entries = raw->get_array();
  bool changed = false;
  for (json::value& entry : entries) {
    if (string_at(entry, {"apiVersion"}) == wanted) continue;
    entry.get_object()["apiVersion"] = wanted;
    changed = true;
  }
  if (!changed) return std::nullopt;
  return Rewrite::patch_text(live, std::move(entries));
}

Result<std::string> reset_patch(const json::value& live) {
  if (const auto version = version_of(live); !version) return std::unexpected(version.error());
  return Rewrite::patch_text(live, json::array{json::object{}});
}

std::optional<std::string> managing_tool(const json::value& live) {
  const auto label = [&](std::string_view name) { return string_at(live, {"metadata", "labels", name}); };
  const auto annotation = [&](std::string_view name) { return string_at(live, {"metadata", "annotations", name}); };
  // Before Helm: Flux installs charts as Helm releases, and it is Flux that would put them back.
  for (const auto& [group, kind] : {std::pair{"kustomize", "Kustomization"}, std::pair{"helm", "HelmRelease"}}) {
    const std::string_view name = label(fmt::format("{}.toolkit.fluxcd.io/name", group));
    if (name.empty()) continue;
    const std::string_view namespace_ = label(fmt::format("{}.toolkit.fluxcd.io/namespace", group));
    return fmt::format("the Flux {} {}", kind, slashed(namespace_, name));
  }
  if (const auto application = argo_application(live)) return "the Argo CD application " + *application;
  const std::string_view release = annotation("meta.helm.sh/release-name");
  if (!release.empty() && label("app.kubernetes.io/managed-by") == "Helm")
    return fmt::format("the Helm release {}", slashed(annotation("meta.helm.sh/release-namespace"), release));
  return std::nullopt;
}

}  // namespace holdfast
