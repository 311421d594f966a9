#include "app/argo_source.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

namespace holdfast {
namespace {

constexpr NoEquivalent kOfHelm[] = {
    {"fileParameters", "set values from files", "write them into spec.source.helm.valuesObject", true},
    {"passCredentials", "sent credentials to other hosts", "they go to the repository's own host alone"},
};
constexpr NoEquivalent kOfKustomize[] = {
    {"replicas", "set replicas", "write a patch into spec.source.kustomize.patches", true},
    {"commonAnnotationsEnvsubst", "filled variables into annotations", "write them out", true},
    {"ignoreMissingComponents", "passed over missing components", "name only those that are there", true},
    {"version", "chose a version of kustomize", "name the program with --kustomize-program of the daemon"},
    {"kubeVersion", "told charts a Kubernetes version", "charts in kustomizations have to be rendered in Git"},
    {"apiVersions", "told charts API versions", "charts in kustomizations have to be rendered in Git"},
};
constexpr NoEquivalent kOfSource[] = {
    {"plugin", "rendered it by a plugin", "render it in your pipeline, and commit what comes out", true},
    {"name", "named the source for people", "call the Application so"},
};

bool is_commit(std::string_view text) {
  return text.size() == 40 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_range(std::string_view text) {
  if (text.find_first_of("*^~><=|") != std::string_view::npos) return true;
  return text.ends_with(".x") || text.ends_with(".X");
}

bool looks_like_version(std::string_view text) {
  if (text.starts_with('v')) text.remove_prefix(1);
  return text.contains('.') && !text.empty() && text.front() >= '0' && text.front() <= '9';
}

void take_helm(ForeignFields& from, const ArgoSourceContext& context, ImportedDocument& document, json::object& source,
               bool is_helm) {
  ForeignFields helm = from.below("helm");
  json::object ours;
  std::string release = helm.text("releaseName");
  if (release.empty()) release = context.name;
  if (is_helm && release != string_at(document.object, {"metadata", "name"})) ours["releaseName"] = release;
  for (const char* field : {"values", "kubeVersion", "namespace"})
    if (const std::string text = helm.text(field); !text.empty()) ours[field] = text;
  for (const char* field : {"valueFiles", "apiVersions"}) {
    json::array list;
    for (const std::string& text : helm.texts(field)) {
      if (text.starts_with('$')) {
        document.complete = false;
        helm.note(field, fmt::format("{} is in another source", text),
                  "bring the file to the chart, or write it into spec.source.helm.valuesObject", true);
      } else {
        list.emplace_back(text);
      }
    }
    if (!list.empty()) ours[field] = std::move(list);
  }
  if (const json::value* values = helm.take("valuesObject"); values != nullptr) ours["valuesObject"] = *values;
  json::array parameters;
  for (ForeignFields& parameter : helm.each("parameters")) {
    json::object one{{"name", parameter.text("name")}};
    if (const std::string value = parameter.text("value"); !value.empty()) one["value"] = value;
    if (parameter.flag("forceString").value_or(false)) one["forceString"] = true;
    parameters.push_back(std::move(one));
  }
  if (!parameters.empty()) ours["parameters"] = std::move(parameters);
  for (const auto& [theirs, name] :
       {std::pair{"ignoreMissingValueFiles", "ignoreMissingValueFiles"}, std::pair{"skipCrds", "skipCrds"}})
    if (helm.flag(theirs).value_or(false)) ours[name] = true;
  helm.settled({"version", "skipTests", "skipSchemaValidation"});
  helm.without(kOfHelm);
  if (helm.present() || (is_helm && !ours.empty())) source["helm"] = std::move(ours);
}

// "old=new:tag", "image:tag", "image@digest", each part as it is there.
json::object image_of(std::string_view text) {
  const std::size_t equals = text.find('=');
  std::string_view left = text.substr(0, equals),
                   right = equals == std::string_view::npos ? text : text.substr(equals + 1);
  json::object image;
  std::string_view name = right;
  if (const std::size_t at = name.find('@'); at != std::string_view::npos) {
    image["digest"] = name.substr(at + 1);
    name = name.substr(0, at);
  } else if (const std::size_t colon = name.rfind(':');
             colon != std::string_view::npos && name.find('/', colon) == std::string_view::npos) {
    image["newTag"] = name.substr(colon + 1);
    name = name.substr(0, colon);
  }
  json::object made{{"name", equals == std::string_view::npos ? name : left}};
  if (equals != std::string_view::npos && name != left) made["newName"] = name;
  for (auto& [key, value] : image) made[key] = std::move(value);
  return made;
}

// Labels and annotations on the objects alone, which Kustomize's own commonLabels do not do.
void take_labels(ForeignFields& kustomize, json::object& ours) {
  const bool on_objects = kustomize.flag("labelWithoutSelector").value_or(false);
  const bool in_templates = kustomize.flag("labelIncludeTemplates").value_or(false);
  const json::value* labels = kustomize.take("commonLabels");
  kustomize.settled({"forceCommonLabels", "forceCommonAnnotations"});
  if (const json::value* annotations = kustomize.take("commonAnnotations"); annotations != nullptr)
    ours["commonAnnotations"] = *annotations;
  if (labels == nullptr) return;
  if (!on_objects) {
    ours["commonLabels"] = *labels;
    return;
  }
  const json::object patch{
      {"apiVersion", "v1"}, {"kind", "Every"}, {"metadata", {{"name", "every"}, {"labels", *labels}}}};
  json::array patches;
  if (json::value* given = ours.if_contains("patches")) patches = given->as_array();
  patches.push_back({{"patch", to_json(patch)}, {"target", {{"kind", ".*"}}}});
  ours["patches"] = std::move(patches);
  if (in_templates)
    kustomize.note("labelIncludeTemplates", "put the labels on pods, too", "write them into the templates", true);
}

void take_kustomize(ForeignFields& from, json::object& source) {
  ForeignFields kustomize = from.below("kustomize");
  if (!kustomize.present()) return;
  json::object ours;
  for (const char* field : {"namePrefix", "nameSuffix", "namespace"})
    if (const std::string text = kustomize.text(field); !text.empty()) ours[field] = text;
  json::array images;
  for (const std::string& image : kustomize.texts("images")) images.push_back(image_of(image));
  if (!images.empty()) ours["images"] = std::move(images);
  json::array patches;
  for (ForeignFields& patch : kustomize.each("patches")) {
    json::object one;
    if (const std::string text = patch.text("patch"); !text.empty()) one["patch"] = text;
    if (const json::value* target = patch.take("target")) one["target"] = *target;
    const NoEquivalent rest[] = {
        {"path", "read the patch from a file", "write it as `patch`", true},
        {"options", "let a patch change kinds and names", "write it into the kustomization", true}};
    patch.without(rest);
    if (one.contains("patch")) patches.push_back(std::move(one));
  }
  if (!patches.empty()) ours["patches"] = std::move(patches);
  json::array components;
  for (const std::string& component : kustomize.texts("components")) components.emplace_back(component);
  if (!components.empty()) ours["components"] = std::move(components);
  take_labels(kustomize, ours);
  kustomize.without(kOfKustomize);
  source["kustomize"] = std::move(ours);
}

void take_directory(ForeignFields& from, const ArgoSourceContext& context, ImportedDocument& document,
                    json::object& source, bool is_plain) {
  ForeignFields directory = from.below("directory");
  const bool recurses = directory.flag("recurse").value_or(false);
  json::object ours;
  if (!recurses) ours["recurse"] = false;
  for (const char* field : {"include", "exclude"})
    if (const std::string text = directory.text(field); !text.empty()) ours[field] = text;
  ForeignFields jsonnet = directory.below("jsonnet");
  if (jsonnet.present() && (jsonnet.take("tlas") != nullptr || jsonnet.take("extVars") != nullptr)) {
    document.complete = false;
    directory.note("jsonnet", "rendered Jsonnet", "render it in your pipeline, and commit what comes out", true);
  }
  jsonnet.settled({"tlas", "extVars", "libs"});
  if (directory.present() || context.source_type == "Directory")
    source["directory"] = std::move(ours);
  else if (is_plain)
    from.note("directory", "files of the folder alone were read, where it holds plain manifests; here also those below",
              "write spec.source.directory.recurse: false where that is so");
}

}  // namespace

json::object argo_ref(std::string_view revision, bool of_chart, bool& guessed) {
  guessed = false;
  if (revision.empty() || revision == "HEAD") return {};
  if (of_chart) return revision == "*" ? json::object{} : json::object{{"semver", revision}};
  if (is_commit(revision)) return {{"commit", revision}};
  if (revision.starts_with("refs/heads/")) return {{"branch", revision.substr(11)}};
  if (revision.starts_with("refs/tags/")) return {{"tag", revision.substr(10)}};
  if (is_range(revision)) return {{"semver", revision}};
  guessed = true;
  return {{looks_like_version(revision) ? "tag" : "branch", revision}};
}

void take_argo_source(ForeignFields& from, const ArgoSourceContext& context, ImportedDocument& document) {
  json::object& source = document.object["spec"].as_object()["source"].as_object();
  std::string url = from.text("repoURL");
  const std::string chart = from.text("chart"), revision = from.text("targetRevision");
  if (!chart.empty() && !url.contains("://")) url = "oci://" + url;  // as Argo CD names registries of charts
  source["repoURL"] = url;
  bool guessed = false;
  json::object ref = argo_ref(revision, !chart.empty(), guessed);
  if (guessed)
    from.note("targetRevision", fmt::format("{} was taken for a {}", revision, std::string_view(ref.begin()->key())),
              "write spec.source.ref otherwise where it is none");
  if (url.starts_with("oci://") && chart.empty() && ref.contains("branch")) ref = {{"tag", revision}};
  if (!ref.empty()) source["ref"] = std::move(ref);
  if (!chart.empty()) source["chart"] = chart;
  std::string path = from.text("path");
  while (path.starts_with("./")) path.erase(0, 2);
  if (!path.empty() && path != ".") source["path"] = path;
  const bool has_helm = from.take("helm") != nullptr, has_kustomize = from.take("kustomize") != nullptr;
  const bool is_helm = !chart.empty() || has_helm || context.source_type == "Helm";
  take_helm(from, context, document, source, is_helm);
  const bool is_renamed = context.name != string_at(document.object, {"metadata", "name"});
  if (!is_helm && !has_kustomize && context.source_type.empty() && is_renamed)
    from.note("path", fmt::format("the release is named after the Application, which was {}", context.name),
              "write spec.source.helm.releaseName where a chart is there", true);
  take_kustomize(from, source);
  take_directory(from, context, document, source,
                 !is_helm && !has_kustomize && context.source_type.empty() && from.take("plugin") == nullptr);
  if (from.take("plugin") != nullptr || context.source_type == "Plugin") document.complete = false;
  from.without(kOfSource);
}

}  // namespace holdfast
