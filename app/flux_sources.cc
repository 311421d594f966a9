#include "app/flux_sources.h"

#include <spdlog/fmt/fmt.h>

#include <utility>

namespace holdfast {
namespace {

constexpr std::int64_t kDay_s = 86'400;

constexpr NoEquivalent kOfAnySource[] = {
    {"suspend", "stopped the source from being looked at", "set spec.suspend of the Application"},
    {"proxySecretRef", "named a proxy", "set HTTPS_PROXY for the daemon"},
    {"certSecretRef", "named certificates", "put ca.crt into the Secret of spec.source.secretRef"},
    {"serviceAccountName", "lent its pull secrets", "name the Secret in spec.source.secretRef"},
    {"ignore", "left files out", "say it with spec.source.directory.exclude, or move the files", true},
    {"accessFrom", "let other namespaces refer to it", "an Application refers to no other object"},
};
constexpr NoEquivalent kOfGit[] = {
    {"recurseSubmodules", "fetched submodules", "bring those files into the repository", true},
    {"include", "laid other repositories into it", "make Applications of their own of these", true},
    {"gitImplementation", "chose a library", ""},
};
constexpr NoEquivalent kOfOci[] = {
    {"verify", "held the artifact to a signature", "signatures of artifacts are not checked yet"},
    {"insecure", "allowed plain http", "serve the registry over https"},
};

std::string source_path(const json::value& object) { return foreign_name(object) + " spec"; }

json::object& source_of(ImportedDocument& document) {
  return document.object["spec"].as_object()["source"].as_object();
}

std::string namespace_of(const ImportedDocument& document) {
  return std::string(string_at(document.object, {"metadata", "namespace"}));
}

void take_interval(ForeignFields& spec, json::object& source) {
  const std::string text = spec.text("interval");
  const std::string interval = bounded_duration(text, kDay_s);
  if (!interval.empty()) source["interval"] = interval;
  if (!text.empty() && interval.empty()) spec.note("interval", "is no duration", "", false);
}

// Secrets are named, never copied; one of another namespace has to be there as well.
void take_secret(ForeignFields& spec, const json::value& object, ImportedDocument& document) {
  ForeignFields reference = spec.below("secretRef");
  const std::string name = reference.text("name");
  if (name.empty()) return;
  source_of(document)["secretRef"] = json::object{{"name", name}};
  const std::string theirs(string_at(object, {"metadata", "namespace"})), ours = namespace_of(document);
  if (theirs != ours)
    spec.note("secretRef", fmt::format("names a Secret of the namespace {}", theirs),
              fmt::format("have the Secret {} in {} as well", name, ours));
}

void take_provider(ForeignFields& spec) {
  const std::string provider = spec.text("provider");
  if (!provider.empty() && provider != "generic")
    spec.note("provider", fmt::format("{} lent its identity", provider), "give credentials in spec.source.secretRef");
}

void take_git_ref(ForeignFields& spec, json::object& source) {
  ForeignFields ref = spec.below("ref");
  json::object ours;
  // What Flux takes where several are given.
  const std::string commit = ref.text("commit"), name = ref.text("name"), semver = ref.text("semver"),
                    tag = ref.text("tag"), branch = ref.text("branch");
  if (!commit.empty())
    ours["commit"] = commit;
  else if (name.starts_with("refs/heads/"))
    ours["branch"] = name.substr(11);
  else if (name.starts_with("refs/tags/"))
    ours["tag"] = name.substr(10);
  else if (!name.empty())
    ref.note("name", fmt::format("followed {}", name), "follow a branch, a tag or a commit", true);
  else if (!semver.empty())
    ours["semver"] = semver;
  else if (!tag.empty())
    ours["tag"] = tag;
  else
    ours["branch"] = branch.empty() ? "master" : branch;
  if (!ours.empty()) source["ref"] = std::move(ours);
}

void take_git_verify(ForeignFields& spec, json::object& source) {
  ForeignFields verify = spec.below("verify");
  if (!verify.present()) return;
  verify.settled({"provider"});
  std::string mode = verify.text("mode");
  if (mode == "head" || mode.empty()) mode = "HEAD";
  json::object ours{{"mode", mode}};
  if (std::string name = verify.below("secretRef").text("name"); !name.empty())
    ours["secretRef"] = json::object{{"name", std::move(name)}};
  source["verify"] = std::move(ours);
}

void take_git(const json::value& object, ImportedDocument& document) {
  ForeignFields spec(find(object, {"spec"}), source_path(object), document.notes);
  json::object& source = source_of(document);
  source["repoURL"] = spec.text("url");
  take_git_ref(spec, source);
  take_interval(spec, source);
  take_secret(spec, object, document);
  take_git_verify(spec, source);
  take_provider(spec);
  spec.settled({"timeout", "sparseCheckout"});
  spec.without(kOfAnySource);
  spec.without(kOfGit);
}

void take_oci_ref(ForeignFields& spec, json::object& source) {
  ForeignFields ref = spec.below("ref");
  const std::string digest = ref.text("digest"), semver = ref.text("semver"), tag = ref.text("tag");
  if (!digest.empty())
    source["ref"] = json::object{{"digest", digest}};
  else if (!semver.empty())
    source["ref"] = json::object{{"semver", semver}};
  else if (!tag.empty())
    source["ref"] = json::object{{"tag", tag}};
  if (!ref.text("semverFilter").empty())
    ref.note("semverFilter", "chose among the tags", "write a range in spec.source.ref.semver", true);
}

void take_oci(const json::value& object, ImportedDocument& document) {
  ForeignFields spec(find(object, {"spec"}), source_path(object), document.notes);
  json::object& source = source_of(document);
  source["repoURL"] = spec.text("url");
  take_oci_ref(spec, source);
  take_interval(spec, source);
  take_secret(spec, object, document);
  take_provider(spec);
  ForeignFields layer = spec.below("layerSelector");
  layer.settled({"operation"});  // the files are read where they are
  if (const std::string type = layer.text("mediaType"); !type.empty())
    source["layerSelector"] = json::object{{"mediaType", type}};
  spec.settled({"timeout"});
  spec.without(kOfAnySource);
  spec.without(kOfOci);
}

// An artifact that is a part of one Git repository, copied as it is there: the folder in which all of it lies.
std::optional<std::string> common_folder(ForeignFields& artifact, const std::string& alias) {
  std::optional<std::string> folder;
  for (ForeignFields& copy : artifact.each("copy")) {
    std::string from = copy.text("from"), to = copy.text("to");
    const std::string at = "@" + alias + "/";
    if (!from.starts_with(at) || !to.starts_with("@artifact/")) return std::nullopt;
    from = from.substr(at.size());
    to = to.substr(std::string_view("@artifact/").size());
    if (!from.ends_with("**")) return std::nullopt;
    from.resize(from.size() - 2);
    if (!from.ends_with(to)) return std::nullopt;
    from.resize(from.size() - to.size());
    if (folder && *folder != from) return std::nullopt;
    folder = from;
  }
  return folder;
}

// Flux' ArtifactGenerator makes ExternalArtifacts of parts of other sources.
bool take_generated(const FluxObjects& all, const FluxReference& reference, std::string& path,
                    ImportedDocument& document) {
  for (const json::value* generator : all.of_kind("ArtifactGenerator")) {
    if (string_at(*generator, {"metadata", "namespace"}) != reference.namespace_) continue;
    std::vector<ImportNote> apart;  // said only where it is this one
    ForeignFields spec(find(*generator, {"spec"}), source_path(*generator), apart);
    std::vector<ForeignFields> sources = spec.each("sources");
    for (ForeignFields& artifact : spec.each("artifacts")) {
      artifact.settled({"originRevision", "revision"});
      if (artifact.text("name") != reference.name) continue;
      for (ForeignFields& source : sources) {
        const auto folder = common_folder(artifact, source.text("alias"));
        if (!folder) continue;
        FluxReference origin{source.text("kind"), source.text("namespace"), source.text("name")};
        if (origin.namespace_.empty()) origin.namespace_ = reference.namespace_;
        path = *folder + (path.starts_with("./") ? path.substr(2) : path);
        take_flux_source(all, origin, path, document);
        return true;
      }
    }
  }
  return false;
}

void not_there(const FluxReference& reference, ImportedDocument& document) {
  document.complete = false;
  source_of(document)["repoURL"] = "https://fill.in/the-repository.git";
  const std::string name = fmt::format("{} {}/{}", reference.kind, reference.namespace_, reference.name);
  document.notes.push_back({"spec.sourceRef", name + " is not among what was read",
                            "give it as well, or read from the cluster (without -f)", true});
}

}  // namespace

FluxObjects::FluxObjects(const std::vector<json::value>& objects, std::vector<ImportNote>& notes) {
  for (const json::value& object : objects) {
    const bool fresh = objects_
                           .try_emplace({std::string(string_at(object, {"kind"})),
                                         std::string(string_at(object, {"metadata", "namespace"})),
                                         std::string(string_at(object, {"metadata", "name"}))},
                                        &object)
                           .second;
    if (!fresh)
      notes.push_back({foreign_name(object), "is there more than once, and the first one was taken",
                       "files that Kustomize lays over one another have to be built first: kustomize build DIR | "
                       "holdfast import flux -f -",
                       true});
  }
}

const json::value* FluxObjects::find(std::string_view kind, std::string_view namespace_, std::string_view name) const {
  // In files that are built by Kustomize the namespace is often left to it.
  const json::value* only = nullptr;
  for (const auto& [key, object] : objects_) {
    const auto& [its_kind, its_namespace, its_name] = key;
    if (its_kind != kind || its_name != name) continue;
    if (its_namespace == namespace_) return object;
    if (its_namespace.empty() || namespace_.empty()) only = object;
  }
  return only;
}

std::vector<const json::value*> FluxObjects::of_kind(std::string_view kind) const {
  std::vector<const json::value*> found;
  for (const auto& [key, object] : objects_)
    if (std::get<0>(key) == kind) found.push_back(object);
  return found;
}

void take_flux_source(const FluxObjects& all, const FluxReference& reference, std::string& path,
                      ImportedDocument& document) {
  if (reference.kind == "ExternalArtifact" && take_generated(all, reference, path, document)) return;
  const json::value* object = all.find(reference.kind, reference.namespace_, reference.name);
  if (object == nullptr) return not_there(reference, document);
  if (reference.kind == "GitRepository") return take_git(*object, document);
  if (reference.kind == "OCIRepository") return take_oci(*object, document);
  document.complete = false;
  document.notes.push_back({"spec.sourceRef", fmt::format("{} is no source here", foreign_name(*object)),
                            "put the files into a Git repository or an artifact of a registry", true});
}

void take_flux_chart(const FluxObjects& all, const FluxReference& reference, const std::string& chart,
                     const std::string& version, ImportedDocument& document) {
  const json::value* object = all.find(reference.kind, reference.namespace_, reference.name);
  if (object == nullptr) return not_there(reference, document);
  json::object& source = source_of(document);
  if (reference.kind == "OCIRepository") {
    take_oci(*object, document);
    const std::string url(string_at(source, {"repoURL"}));
    const std::size_t slash = url.rfind('/');
    source["repoURL"] = url.substr(0, slash);
    source["chart"] = url.substr(slash + 1);
    source.erase("layerSelector");  // of a chart it is the layer of the chart
    return;
  }
  ForeignFields spec(find(*object, {"spec"}), source_path(*object), document.notes);
  source["repoURL"] = spec.text("url");
  source["chart"] = chart;
  if (!version.empty() && version != "*") source["ref"] = json::object{{"semver", version}};
  take_interval(spec, source);
  take_secret(spec, *object, document);
  take_provider(spec);
  spec.settled({"type", "timeout"});
  spec.without(kOfAnySource);
  if (spec.flag("passCredentials").value_or(false))
    spec.note("passCredentials", "sent credentials to other hosts", "they go to the repository's own host alone");
  if (spec.flag("insecure").value_or(false)) spec.note("insecure", "allowed plain http", "serve it over https");
}

}  // namespace holdfast
