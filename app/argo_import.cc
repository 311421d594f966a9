#include "app/argo_import.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "app/argo_source.h"

namespace holdfast {
namespace {

constexpr std::string_view kInCluster = "https://kubernetes.default.svc";
constexpr std::string_view kCascading = "resources-finalizer.argocd.argoproj.io";

constexpr NoEquivalent kOfSpec[] = {
    {"sourceHydrator", "had Argo CD write what is rendered to a branch", "point spec.source at that branch", true},
    {"info", "was shown to people", "put it into annotations"},
};

constexpr NoEquivalent kOfProject[] = {
    {"sourceRepos", "said which repositories may be used", "have a ValidatingAdmissionPolicy on Applications say it"},
    {"destinations", "said where Applications may go",
     "give each namespace's Applications a serviceAccountName of their own, with rights there alone"},
    {"clusterResourceWhitelist", "allowed kinds of the cluster", "say it by the roles of that account"},
    {"clusterResourceBlacklist", "forbade kinds of the cluster", "say it by the roles of that account"},
    {"namespaceResourceWhitelist", "allowed kinds", "say it by the roles of that account"},
    {"namespaceResourceBlacklist", "forbade kinds", "say it by the roles of that account"},
    {"destinationServiceAccounts", "said whose rights are used", "write spec.serviceAccountName"},
    {"roles", "said who may do what", "give people roles of Kubernetes on applications.holdfast.dev"},
    {"syncWindows", "said when it may be applied", "there are no windows: suspend and resume, or approve plans"},
    {"orphanedResources", "warned of objects of nobody", "what an application holds is in holdfast get"},
    {"signatureKeys", "held commits to signatures", "write spec.source.verify of the Applications"},
    {"sourceNamespaces", "let other namespaces have Applications", "an Application may be in any namespace"},
    {"permitOnlyProjectScopedClusters", "tied clusters to it", "a daemon has one cluster"},
};

// What each option of syncPolicy.syncOptions comes to; those that go without saying have no word.
struct SyncOption {
  std::string_view option, what, instead;
};
constexpr SyncOption kSyncOptions[] = {
    {"CreateNamespace=true", "made the namespace", "put a Namespace into Git"},
    {"Replace=true", "replaced objects", "the annotation holdfast.dev/replace: enabled, on those that need it"},
    {"Force=true", "replaced objects", "the annotation holdfast.dev/replace: enabled, on those that need it"},
    {"Validate=false", "let unknown fields pass", "remove them: they are refused here"},
    {"PrunePropagationPolicy=orphan", "left the dependents of what is pruned", "give them to Git"},
    {"ApplyOutOfSyncOnly=true", {}, {}},
    {"FailOnSharedResource=true", {}, {}},
    {"PruneLast=true", {}, {}},
    {"PrunePropagationPolicy=background", {}, {}},
    {"PrunePropagationPolicy=foreground", {}, {}},
    {"RespectIgnoreDifferences=true", {}, {}},
    {"ServerSideApply=true", {}, {}},
    {"SkipDryRunOnMissingResource=true", {}, {}},
};

class ArgoImport {
 public:
  ArgoImport(const ArgoImportOptions& options, Imported& imported) : options_(options), imported_(imported) {}

  void take(const json::value& object) {
    const std::string name(string_at(object, {"metadata", "name"}));
    const json::value* list = find(object, {"spec", "sources"});
    const std::size_t count = list != nullptr && list->is_array() ? list->get_array().size() : 0;
    if (count == 0) return one(object, name, -1);
    for (std::size_t i = 0; i < count; ++i)
      one(object, i == 0 ? name : fmt::format("{}-{}", name.substr(0, 36), i + 1), static_cast<int>(i));
  }

 private:
  // `at`: which of its `sources`, or -1 for `source`.
  void one(const json::value& object, const std::string& name, int at) {
    const std::string own(string_at(object, {"metadata", "namespace"}));
    ImportedDocument document;
    document.from = foreign_name(object);
    std::string label = name;
    for (int next = 2; !used_.insert({own, application_label(label)}).second; ++next)
      label = fmt::format("{}-{}", name.substr(0, 36), next);
    document.object = new_application(label, own);
    {
      ForeignFields spec(find(object, {"spec"}), "spec", document.notes);
      document.complete = spec.present();
      const ArgoSourceContext context{std::string(string_at(object, {"metadata", "name"})),
                                      std::string(string_at(object, {"status", "sourceType"}))};
      take_source(spec, context, at, document);
      json::object ours;
      take_destination(spec, document, ours);
      take_policy(spec, ours);
      take_ignored(spec, ours);
      take_finalizers(object, document, ours);
      if (const std::string project = spec.text("project"); !project.empty() && project != "default")
        spec.note("project", fmt::format("held it to what {} allows", project), "see what is said of that AppProject");
      spec.settled({"revisionHistoryLimit"});
      spec.without(kOfSpec);
      json::object& all = document.object["spec"].as_object();
      for (auto& [key, value] : ours) all[key] = std::move(value);
    }
    imported_.documents.push_back(std::move(document));
  }

  static void take_source(ForeignFields& spec, const ArgoSourceContext& context, int at, ImportedDocument& document) {
    ForeignFields single = spec.below("source");
    std::vector<ForeignFields> several = spec.each("sources");
    if (at < 0) {
      if (single.present()) take_argo_source(single, context, document);
      document.complete = document.complete && single.present();
      return;
    }
    std::vector<ImportNote> elsewhere;
    for (std::size_t i = 0; i < several.size(); ++i) {
      if (i == static_cast<std::size_t>(at)) {
        if (!several[i].text("ref").empty()) {
          document.complete = false;
          several[i].note("ref", "gave its files to other sources", "bring what they need to where they are", true);
        }
        take_argo_source(several[i], context, document);
        if (several.size() > 1)
          spec.note("sources", "were one Application",
                    "they are several here: let them wait for one another by dependsOn");
      } else {
        // Said where its own document is.
        several[i].settled(
            {"repoURL", "path", "targetRevision", "chart", "helm", "kustomize", "directory", "plugin", "ref", "name"});
      }
    }
  }

  void take_destination(ForeignFields& spec, ImportedDocument& document, json::object& ours) const {
    ForeignFields destination = spec.below("destination");
    const std::string server = destination.text("server"), name = destination.text("name"),
                      into = destination.text("namespace");
    const bool here = options_.destination.empty()
                          ? server == kInCluster || name == "in-cluster" || (server.empty() && name.empty())
                          : server == options_.destination || name == options_.destination;
    if (!here) {
      document.complete = false;
      destination.note(server.empty() ? "name" : "server", fmt::format("{} is another cluster", server + name),
                       "run a daemon for it, and import there with --destination " + server + name, true);
    }
    if (!into.empty()) ours["destination"] = json::object{{"namespace", into}};
  }

  void take_policy(ForeignFields& spec, json::object& ours) const {
    ForeignFields policy = spec.below("syncPolicy");
    ForeignFields automated = policy.below("automated");
    const bool is_automated = automated.present() && automated.flag("enabled").value_or(true);
    bool prune = automated.flag("prune").value_or(false);
    const bool heals = automated.flag("selfHeal").value_or(false);
    automated.settled({"allowEmpty"});  // nothing is believed empty here, and the limit of pruning holds
    if (!is_automated) {
      if (application_has("spec.policy"))
        ours["policy"] = "Approve";
      else
        ours["suspend"] = true;
      policy.note(
          "automated", "was off: a person said when to apply",
          application_has("spec.policy") ? "plans wait for holdfast approve" : "it is suspended, until you resume it");
    } else if (!heals) {
      ours["drift"] = json::object{{"policy", "Warn"}};
    }
    for (const std::string& option : policy.texts("syncOptions")) {
      if (option == "Prune=false") prune = false;
      take_option(policy, option);
    }
    ours["prune"] = prune;
    // What failed is tried again with growing waits, without an end.
    policy.settled({"retry"});
    const NoEquivalent rest[] = {
        {"managedNamespaceMetadata", "labelled the namespace", "put the Namespace with its labels into Git", true}};
    policy.without(rest);
  }

  static void take_option(ForeignFields& policy, const std::string& option) {
    if (option == "Prune=false" || option == "Validate=true" || option == "CreateNamespace=false") return;
    const auto known = std::ranges::find(kSyncOptions, option, &SyncOption::option);
    if (known == std::end(kSyncOptions))
      policy.note("syncOptions", fmt::format("{} is not known to this import", option),
                  "look up what it does before you switch", true);
    else if (!known->what.empty())
      policy.note("syncOptions", fmt::format("{} {}", option, known->what), std::string(known->instead));
  }

  static bool is_plain_path(std::string_view path) {
    return path.starts_with('.') && path.size() > 1 &&
           path.find_first_not_of(".abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") ==
               std::string_view::npos &&
           !path.contains("..");
  }

  // Pointers and managers each count for themselves there; ours count together, so they are two rules.
  static void take_ignored(ForeignFields& spec, json::object& ours) {
    json::array rules;
    for (ForeignFields& rule : spec.each("ignoreDifferences")) {
      json::object target;
      for (const char* field : {"group", "kind", "name", "namespace"})
        if (const std::string text = rule.text(field); !text.empty() && text != "*") target[field] = text;
      json::array paths, managers;
      for (std::string& pointer : rule.texts("jsonPointers")) paths.emplace_back(pointer);
      for (const std::string& expression : rule.texts("jqPathExpressions")) {
        if (is_plain_path(expression))
          paths.emplace_back(expression);
        else
          rule.note("jqPathExpressions", fmt::format("{} left fields out", expression),
                    "write them as spec.ignore[].paths, as in .spec.template.spec.containers[name=web].image");
      }
      for (std::string& manager : rule.texts("managedFieldsManagers")) managers.emplace_back(manager);
      for (const auto& [key, list] : {std::pair{"paths", &paths}, std::pair{"managers", &managers}}) {
        if (list->empty()) continue;
        json::object made;
        if (!target.empty()) made["target"] = target;
        made[key] = *list;
        rules.push_back(std::move(made));
      }
    }
    if (!rules.empty()) ours["ignore"] = std::move(rules);
  }

  static void take_finalizers(const json::value& object, ImportedDocument& document, json::object& ours) {
    const json::value* list = find(object, {"metadata", "finalizers"});
    if (list == nullptr || !list->is_array()) return;
    for (const json::value& each : list->get_array()) {
      const json::string* text = each.if_string();
      if (text == nullptr) continue;
      const std::string_view name(*text);
      if (name.substr(0, name.find('/')) == kCascading)
        ours["deletionPolicy"] = "Prune";
      else
        document.notes.push_back(
            {"metadata.finalizers", fmt::format("{} is not known to this import", name), "", false});
    }
  }

  const ArgoImportOptions& options_;
  Imported& imported_;
  std::set<std::pair<std::string, std::string>> used_;
};

void take_project(const json::value& object, Imported& imported) {
  std::vector<ImportNote> notes;
  {
    ForeignFields spec(find(object, {"spec"}), foreign_name(object) + " spec", notes);
    spec.settled({"description"});
    spec.without(kOfProject);
  }
  imported.notes.insert(imported.notes.end(), notes.begin(), notes.end());
}

}  // namespace

Imported import_argo(const std::vector<json::value>& objects, const ArgoImportOptions& options) {
  Imported imported;
  ArgoImport import(options, imported);
  for (const json::value& object : objects) {
    if (!string_at(object, {"apiVersion"}).starts_with("argoproj.io/")) continue;
    const std::string_view kind = string_at(object, {"kind"});
    if (kind == "Application")
      import.take(object);
    else if (kind == "AppProject")
      take_project(object, imported);
    else if (kind == "ApplicationSet")
      imported.notes.push_back({foreign_name(object), "is not taken, but the Applications that it made are",
                                "read from the cluster (without -f), or write a holdfast.dev ApplicationSet", false});
  }
  return imported;
}

}  // namespace holdfast
