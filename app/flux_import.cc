#include "app/flux_import.h"

#include <spdlog/fmt/fmt.h>

#include <map>
#include <set>
#include <utility>

#include "app/flux_kinds.h"

namespace holdfast {
namespace {

constexpr std::int64_t kDay_s = 86'400;

// Those whose work goes on in another way, or that somebody else has to do.
constexpr std::pair<std::string_view, std::string_view> kOtherKinds[] = {
    {"Alert", "scrape the metrics, or watch the Events of Applications"},
    {"ArtifactGenerator", "folders of one repository are found; what merges several has no equivalent"},
    {"Bucket", "put the files into a Git repository or an artifact of a registry"},
    {"ImagePolicy", "keep it with Flux: it writes to Git, and Holdfast follows"},
    {"ImageRepository", "keep it with Flux: it writes to Git, and Holdfast follows"},
    {"ImageUpdateAutomation", "keep it with Flux: it writes to Git, and Holdfast follows"},
    {"Provider", "scrape the metrics, or watch the Events of Applications"},
    {"Receiver", "have the forge call `holdfast receiver` (holdfast receiver --print-setup)"},
};

bool is_of_flux(const json::value& object) {
  const std::string_view version = string_at(object, {"apiVersion"});
  return version.substr(0, version.find('/')).ends_with(".fluxcd.io");
}

class FluxImport {
 public:
  FluxImport(const FluxObjects& all, Imported& imported) : all_(all), imported_(imported) {
    for (const char* kind : {"Kustomization", "HelmRelease"})
      for (const json::value* object : all_.of_kind(kind)) choose_name(*object);
  }

  void take(const json::value& object) {
    ImportedDocument document;
    const std::string own(string_at(object, {"metadata", "namespace"})), name(string_at(object, {"metadata", "name"}));
    const std::string kind(string_at(object, {"kind"}));
    document.from = foreign_name(object);
    document.object = new_application(names_.at({kind, own, name}), own);
    {
      ForeignFields spec(find(object, {"spec"}), "spec", document.notes);
      document.complete = spec.present();
      json::object ours;
      if (kind == "HelmRelease")
        take_flux_release(all_, own, name, spec, ours, document);
      else
        take_flux_kustomization(all_, own, spec, ours, document);
      take_common(kind, own, spec, ours);
      json::object& all = document.object["spec"].as_object();
      for (auto& [key, value] : ours) all[key] = std::move(value);
    }
    imported_.documents.push_back(std::move(document));
  }

 private:
  // A Kustomization and a HelmRelease may have the same name, two Applications not.
  void choose_name(const json::value& object) {
    const std::string own(string_at(object, {"metadata", "namespace"})), name(string_at(object, {"metadata", "name"}));
    const std::string kind(string_at(object, {"kind"}));
    std::string label = application_label(name);
    for (int next = 2; !used_.insert({own, label}).second; ++next)
      label = fmt::format("{}-{}", application_label(name.substr(0, 36)), next);
    names_[{kind, own, name}] = label;
  }

  void take_common(const std::string& kind, const std::string& own, ForeignFields& spec, json::object& ours) {
    take_dependencies(kind, own, spec, ours);
    if (const std::string timeout = bounded_duration(spec.text("timeout"), kDay_s); !timeout.empty())
      ours["timeout"] = timeout;
    if (const auto suspended = spec.flag("suspend"); suspended.value_or(false)) ours["suspend"] = true;
    const std::string account = spec.text("serviceAccountName");
    if (!account.empty() && application_has("spec.serviceAccountName"))
      ours["serviceAccountName"] = account;
    else if (!account.empty())
      spec.note("serviceAccountName", fmt::format("acted as {}", account), "limit what the daemon's account may do");
    // Drift is met when it happens, and what failed is tried again with growing waits.
    spec.settled({"interval", "retryInterval", "persistentClient", "maxHistory"});
  }

  void take_dependencies(const std::string& kind, const std::string& own, ForeignFields& spec, json::object& ours) {
    json::array list;
    for (ForeignFields& dependency : spec.each("dependsOn")) {
      const std::string name = dependency.text("name"), other = dependency.text("namespace");
      if (!dependency.text("readyExpr").empty())
        dependency.note("readyExpr", "said when it is ready", "it is ready when its objects are healthy");
      const auto known = names_.find({kind, own, name});
      if (!other.empty() && other != own)
        dependency.note("namespace", fmt::format("waited for {}/{}", other, name),
                        "Applications wait for those of their own namespace: have both in one");
      else if (known == names_.end())
        dependency.note("name", fmt::format("waited for {}, which is not among what was read", name),
                        "give it as well, or add it to spec.dependsOn when its Application is there");
      else
        list.push_back({{"name", known->second}});
    }
    if (!list.empty()) ours["dependsOn"] = std::move(list);
  }

  const FluxObjects& all_;
  Imported& imported_;
  std::set<std::pair<std::string, std::string>> used_;
  std::map<std::tuple<std::string, std::string, std::string>, std::string> names_;
};

}  // namespace

Imported import_flux(const std::vector<json::value>& objects) {
  std::vector<json::value> theirs;
  for (const json::value& object : objects)
    if (is_of_flux(object)) theirs.push_back(object);
  Imported imported;
  const FluxObjects all(theirs, imported.notes);
  for (const auto& [kind, instead] : kOtherKinds)
    for (const json::value* object : all.of_kind(kind))
      imported.notes.push_back({foreign_name(*object), "becomes no Application", std::string(instead), false});
  FluxImport import(all, imported);
  for (const char* kind : {"Kustomization", "HelmRelease"})
    for (const json::value* object : all.of_kind(kind)) import.take(*object);
  return imported;
}

}  // namespace holdfast
