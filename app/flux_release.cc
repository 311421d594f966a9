#include <spdlog/fmt/fmt.h>

#include <utility>

#include "app/flux_kinds.h"

namespace holdfast {
namespace {

constexpr NoEquivalent kOfHelmRelease[] = {
    {"valuesFrom", "took values from ConfigMaps and Secrets",
     "write them into spec.source.helm.valuesObject, secret ones into files that SOPS encrypts", true},
    {"postRenderers", "patched what the chart renders",
     "render the chart in Git through a kustomization, or make it a value of the chart", true},
    {"commonMetadata", "put labels and annotations on all objects", "make them values of the chart", true},
    {"kubeConfig", "installed into another cluster", "run a daemon with the kubeconfig of that cluster", true},
    {"storageNamespace", "said where Helm keeps its release", "Holdfast keeps none"},
    {"healthCheckExprs", "judged custom objects by CEL", "write a rule in Lua (holdfast run --health-rules)"},
};

// Of `install` and `upgrade`. What they say of tries, waits and checks goes without saying here, or is said elsewhere.
constexpr NoEquivalent kOfAnAction[] = {
    {"createNamespace", "made the namespace",
     "put a Namespace into Git, as an object of this or an earlier Application"},
    {"disableHooks", "left hooks out", "make it a value of the chart", true},
    {"preserveValues", "kept values of earlier upgrades", "write all values into spec.source.helm.valuesObject", true},
    {"force", "replaced objects", "the annotation holdfast.dev/replace: enabled, on those that need it"},
    {"serverSideApply", "chose how objects are applied", "they are applied by the server, with conflicts forced"},
};

void take_actions(ForeignFields& spec, json::object& helm, json::object& ours) {
  for (const char* name : {"install", "upgrade"}) {
    ForeignFields action = spec.below(name);
    action.without(kOfAnAction);
    if (action.text("crds") == "Skip" || action.flag("skipCRDs").value_or(false)) helm["skipCrds"] = true;
    if (action.flag("disableWait").value_or(false)) ours["wait"] = false;
    action.settled({"timeout", "remediation", "strategy", "disableOpenAPIValidation", "disableSchemaValidation",
                    "replace", "disableWaitForJobs", "cleanupOnFail", "disableTakeOwnership"});
  }
  ForeignFields test = spec.below("test");
  if (test.flag("enable").value_or(false))
    test.note("enable", "ran the chart's tests after each upgrade", "run them in your pipeline, after holdfast wait");
  test.settled({"timeout", "ignoreFailures", "filters"});
  for (const char* name : {"rollback", "uninstall"})
    if (const json::value* given = spec.take(name);
        given != nullptr && given->is_object() && !given->get_object().empty())
      spec.note(name, "said how Helm goes back, or takes everything away",
                "a revision goes back in Git; what becomes of the objects is said by spec.deletionPolicy");
}

// Flux' driftDetection: without it nothing was put back.
void take_drift(ForeignFields& spec, json::object& ours) {
  ForeignFields detection = spec.below("driftDetection");
  const std::string mode = detection.text("mode");
  if (mode == "warn") ours["drift"] = json::object{{"policy", "Warn"}};
  if (mode.empty() || mode == "disabled")
    spec.note("driftDetection", "left drift alone; it is put back here",
              "write spec.drift.policy: Warn where it is to stay");
  json::array rules;
  for (ForeignFields& rule : detection.each("ignore")) {
    json::object ours_rule, target;
    ForeignFields theirs = rule.below("target");
    for (const char* field : {"group", "kind", "name", "namespace"}) {
      const std::string text = theirs.text(field);
      if (text.find_first_of("^$*+?[](){}|\\") != std::string::npos)
        theirs.note(field, fmt::format("{} is a pattern", text), "write one rule of spec.ignore for each name");
      else if (!text.empty())
        target[field] = text;
    }
    theirs.settled({"version"});
    const NoEquivalent selectors[] = {{"labelSelector", "chose objects by labels", "write spec.ignore[].target.labels"},
                                      {"annotationSelector", "chose objects by annotations", "choose them by name"}};
    theirs.without(selectors);
    if (!target.empty()) ours_rule["target"] = std::move(target);
    json::array paths;
    for (std::string& path : rule.texts("paths")) paths.emplace_back(path);
    ours_rule["paths"] = std::move(paths);
    rules.push_back(std::move(ours_rule));
  }
  if (!rules.empty()) ours["ignore"] = std::move(rules);
}

// Flux means them from the root of the source, we from the chart's folder.
void take_value_files(ForeignFields& chart, const std::string& folder, json::object& helm) {
  std::vector<std::string> files = chart.texts("valuesFiles");
  if (std::string old = chart.text("valuesFile"); !old.empty()) files.insert(files.begin(), std::move(old));
  json::array ours;
  for (const std::string& file : files) {
    if (folder.empty() || file.starts_with(folder + "/"))
      ours.emplace_back(folder.empty() ? file : file.substr(folder.size() + 1));
    else
      chart.note("valuesFiles", fmt::format("{} is outside the chart's folder", file), "bring it in there", true);
  }
  if (!ours.empty()) helm["valueFiles"] = std::move(ours);
  if (chart.flag("ignoreMissingValuesFiles").value_or(false)) helm["ignoreMissingValueFiles"] = true;
}

void take_chart(const FluxObjects& all, const std::string& own_namespace, ForeignFields& spec, json::object& helm,
                ImportedDocument& document) {
  json::object& source = document.object["spec"].as_object()["source"].as_object();
  if (ForeignFields direct = spec.below("chartRef"); direct.present())
    return take_flux_chart(all, flux_reference(direct, own_namespace), {}, {}, document);
  ForeignFields around = spec.below("chart");
  ForeignFields chart = around.below("spec");
  around.settled({"metadata"});
  ForeignFields at = chart.below("sourceRef");
  const FluxReference reference = flux_reference(at, own_namespace);
  std::string name = chart.text("chart");
  const std::string version = chart.text("version");
  chart.settled({"interval", "reconcileStrategy"});
  const NoEquivalent verify[] = {
      {"verify", "held the chart to a signature", "signatures of charts are not checked yet"}};
  chart.without(verify);
  if (reference.kind == "HelmRepository") {
    take_value_files(chart, {}, helm);
    return take_flux_chart(all, reference, name, version, document);
  }
  while (name.starts_with("./")) name.erase(0, 2);
  take_value_files(chart, name, helm);
  take_flux_source(all, reference, name, document);
  source["path"] = name;
}

}  // namespace

void take_flux_release(const FluxObjects& all, const std::string& own_namespace, const std::string& name,
                       ForeignFields& spec, json::object& ours, ImportedDocument& document) {
  json::object helm;
  take_chart(all, own_namespace, spec, helm, document);
  const std::string target = spec.text("targetNamespace");
  std::string release = spec.text("releaseName");
  if (release.empty()) release = target.empty() ? name : target + "-" + name;
  if (release != string_at(document.object, {"metadata", "name"})) helm["releaseName"] = release;
  if (const json::value* values = spec.take("values"); values != nullptr && values->is_object())
    helm["valuesObject"] = *values;
  take_actions(spec, helm, ours);
  document.object["spec"].as_object()["source"].as_object()["helm"] = std::move(helm);
  const std::string destination = target.empty() ? own_namespace : target;
  if (!destination.empty()) ours["destination"] = json::object{{"namespace", destination}};
  take_drift(spec, ours);
  if (spec.take("kubeConfig") != nullptr) document.complete = false;
  spec.without(kOfHelmRelease);
}

}  // namespace holdfast
