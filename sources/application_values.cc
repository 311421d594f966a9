#include "sources/application_values.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <utility>

#include "holdfast/base/duration.h"
#include "holdfast/model/label.h"
#include "sources/artifact_origin.h"
#include "sources/file_choice.h"
#include "sources/git_url.h"
#include "sources/semver.h"
#include "sources/source_tree.h"
#include "sources/substitution.h"

namespace holdfast {
namespace {

namespace fs = std::filesystem;

// Look-ups in an object. What is not there, or of another type, leaves `into` as it is: check_fields() has told.
class Fields {
 public:
  explicit Fields(const json::value* value) : object_(value == nullptr ? nullptr : value->if_object()) {}

  [[nodiscard]] const json::value* at(std::string_view name) const {
    return object_ == nullptr ? nullptr : object_->if_contains(name);
  }
  [[nodiscard]] Fields below(std::string_view name) const { return Fields(at(name)); }
  [[nodiscard]] const json::array& items(std::string_view name) const {
    static const json::array kNone;
    const json::value* value = at(name);
    return value != nullptr && value->is_array() ? value->get_array() : kNone;
  }
  [[nodiscard]] std::string_view text(std::string_view name) const {
    const json::value* value = at(name);
    return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
  }

  void read(std::string_view name, std::string& into) const {
    if (const std::string_view found = text(name); !found.empty()) into = found;
  }
  void read(std::string_view name, bool& into) const {
    if (const json::value* value = at(name); value != nullptr && value->is_bool()) into = value->get_bool();
  }
  void read(std::string_view name, std::size_t& into) const {
    const json::value* value = at(name);
    if (value != nullptr && value->is_int64()) into = static_cast<std::size_t>(value->get_int64());
  }
  void read(std::string_view name, std::chrono::seconds& into) const {
    if (const auto parsed = parse_duration(text(name)))
      into = std::chrono::duration_cast<std::chrono::seconds>(*parsed);
  }
  void read(std::string_view name, DriftPolicy& into) const {
    if (text(name) == "Enforce") into = DriftPolicy::Enforce;
    if (text(name) == "Warn") into = DriftPolicy::Warn;
    if (text(name) == "Approve") into = DriftPolicy::Approve;
  }
  void read(std::string_view name, DeletionPolicy& into) const {
    if (text(name) == "Orphan") into = DeletionPolicy::Orphan;
    if (text(name) == "Prune") into = DeletionPolicy::Prune;
  }
  void read(std::string_view name, std::vector<std::string>& into) const {
    for (const json::value& item : items(name))
      if (item.is_string()) into.emplace_back(std::string_view(item.get_string()));
  }
  void read(std::string_view name, std::map<std::string, std::string>& into) const {
    const json::value* value = at(name);
    if (value == nullptr || !value->is_object()) return;
    for (const auto& [key, text] : value->get_object())
      if (text.is_string()) into[std::string(key)] = std::string_view(text.get_string());
  }

 private:
  const json::object* object_;
};

ObjectTarget target_of(const Fields& rule) {
  const Fields fields = rule.below("target");
  ObjectTarget target;
  fields.read("group", target.group);
  fields.read("kind", target.kind);
  fields.read("namespace", target.namespace_);
  fields.read("name", target.name);
  fields.read("labels", target.labels);
  return target;
}

ArtifactRequest artifact_of(const SourceSpec& source) {
  return {source.tag, source.semver, source.digest, source.chart, source.layer_media_type};
}

KustomizeSpec kustomize_of(const Fields& fields) {
  KustomizeSpec spec;
  fields.read("namePrefix", spec.name_prefix);
  fields.read("nameSuffix", spec.name_suffix);
  fields.read("namespace", spec.namespace_);
  fields.read("commonLabels", spec.common_labels);
  fields.read("commonAnnotations", spec.common_annotations);
  fields.read("components", spec.components);
  for (const json::value& item : fields.items("images")) {
    const Fields written(&item);
    spec.images.push_back({std::string(written.text("name")), std::string(written.text("newName")),
                           std::string(written.text("newTag")), std::string(written.text("digest"))});
  }
  for (const json::value& item : fields.items("patches")) {
    const Fields written(&item);
    KustomizePatch patch{std::string(written.text("patch")), {}};
    written.read("target", patch.target);
    spec.patches.push_back(std::move(patch));
  }
  return spec;
}

HelmSpec helm_of(const Fields& fields) {
  HelmSpec spec;
  fields.read("releaseName", spec.release_name);
  fields.read("namespace", spec.namespace_);
  fields.read("valueFiles", spec.value_files);
  fields.read("ignoreMissingValueFiles", spec.ignore_missing_value_files);
  fields.read("values", spec.values);
  if (const json::value* values = fields.at("valuesObject"); values != nullptr)
    spec.values_object = canonical_json(*values);
  for (const json::value& item : fields.items("parameters")) {
    const Fields written(&item);
    HelmParameter parameter{std::string(written.text("name")), std::string(written.text("value")), false};
    written.read("forceString", parameter.force_string);
    spec.parameters.push_back(std::move(parameter));
  }
  fields.read("skipCrds", spec.skip_crds);
  fields.read("kubeVersion", spec.kube_version);
  fields.read("apiVersions", spec.api_versions);
  return spec;
}

class ValueReader {
 public:
  explicit ValueReader(const ApplicationReadOptions& options) : options_(options) {}

  ApplicationValues read(const json::object& document) {
    const Fields metadata(document.if_contains("metadata")), spec(document.if_contains("spec"));
    identity(metadata);
    source(spec.below("source"));
    spec.below("destination").read("namespace", made().target_namespace);
    label(made().target_namespace, {"spec", "destination", "namespace"}, kLongestDnsLabel);
    post_build(spec.below("postBuild"));
    drift(spec.below("drift"));
    ignore(spec.items("ignore"));
    decryption(spec);
    rest(spec);
    return std::move(values_);
  }

 private:
  Application& made() { return values_.application; }

  void complain(YamlPath path, std::string_view what, std::string hint) {
    std::string message = fmt::format("{} {}", to_string(path), what);
    values_.problems.push_back({std::move(path), std::move(message), std::move(hint)});
  }

  void label(const std::string& name, YamlPath path, std::size_t longest) {
    if (name.empty()) return;
    if (const std::string problem = dns_label_problem(name, longest); !problem.empty())
      complain(std::move(path), fmt::format("is no name: {}", problem), "give it another one");
  }

  void identity(const Fields& metadata) {
    metadata.read("name", made().name);
    metadata.read("namespace", made().namespace_);
    label(made().name, {"metadata", "name"}, kLongestName);
    label(made().namespace_, {"metadata", "namespace"}, kLongestDnsLabel);
  }

  void source(const Fields& fields) {
    SourceSpec& source = made().source;
    fields.read("repoURL", source.repo_url);
    fields.read("path", source.path);
    fields.read("interval", source.interval);
    fields.read("files", source.files);
    fields.read("chart", source.chart);
    fields.below("layerSelector").read("mediaType", source.layer_media_type);
    renderer(fields);
    const Fields directory = fields.below("directory");
    directory.read("recurse", source.recurse);
    directory.read("include", source.include);
    directory.read("exclude", source.exclude);
    for (const auto& [name, glob] : {std::pair("include", &source.include), std::pair("exclude", &source.exclude)})
      if (const auto checked = check_glob(*glob); !checked)
        complain({"spec", "source", "directory", name}, fmt::format("is no glob: {}", checked.error().message),
                 checked.error().hint);
    ref(fields.below("ref"));
    repository();
    subpath();
    credentials(fields.below("credentials"));
    secret_of_credentials(fields);
    verify(fields);
  }

  void renderer(const Fields& fields) {
    SourceSpec& source = made().source;
    std::vector<std::string> given;
    for (const auto& [name, kind] :
         {std::pair("directory", RendererKind::Directory), std::pair("kustomize", RendererKind::Kustomize),
          std::pair("helm", RendererKind::Helm)}) {
      if (fields.at(name) == nullptr) continue;
      given.emplace_back(name);
      source.renderer = kind;
    }
    if (given.size() > 1)
      complain({"spec", "source"}, fmt::format("names {} at once", fmt::join(given, " and ")), "keep one of them");
    source.kustomize = kustomize_of(fields.below("kustomize"));
    source.helm = helm_of(fields.below("helm"));
    const YamlPath helm{"spec", "source", "helm", "releaseName"};
    label(source.helm.release_name, helm, 53);
    label(source.helm.namespace_, {"spec", "source", "helm", "namespace"}, kLongestDnsLabel);
    for (std::size_t i = 0; i < source.helm.value_files.size(); ++i)
      if (source.helm.value_files[i].find("://") != std::string::npos)
        complain({"spec", "source", "helm", "valueFiles", i}, "is an address, and nothing is fetched while rendering",
                 "commit the file, and name it relative to the chart's folder");
  }

  void post_build(const Fields& fields) {
    PostBuildSpec& spec = made().post_build;
    fields.read("substitute", spec.substitute);
    fields.read("strict", spec.strict);
    for (const json::value& item : fields.items("substituteFrom")) {
      const Fields written(&item);
      SubstitutionReference reference{written.text("kind") == "Secret", std::string(written.text("name")), false};
      written.read("optional", reference.optional);
      spec.substitute_from.push_back(std::move(reference));
    }
    VariableValues names;
    for (const auto& [name, value] : spec.substitute) names.emplace(name, Secret());
    if (const auto checked = check_variable_names(names); !checked)
      complain({"spec", "postBuild", "substitute"}, fmt::format("has a bad name: {}", checked.error().message),
               checked.error().hint);
  }

  void ref(const Fields& fields) {
    SourceSpec& source = made().source;
    std::vector<std::string> given;
    for (const auto& [name, into] :
         std::initializer_list<std::pair<const char*, std::string*>>{{"branch", &source.branch},
                                                                     {"tag", &source.tag},
                                                                     {"commit", &source.commit},
                                                                     {"semver", &source.semver},
                                                                     {"digest", &source.digest}}) {
      fields.read(name, *into);
      if (!into->empty()) given.emplace_back(name);
    }
    if (given.size() > 1)
      complain({"spec", "source", "ref"}, fmt::format("names {} at once", fmt::join(given, " and ")),
               "keep one of them");
    for (const auto& [name, text] : {std::pair("branch", &source.branch), std::pair("tag", &source.tag)})
      if (const auto checked = check_git_ref(*text); !checked)
        complain({"spec", "source", "ref", name}, fmt::format("is no {}: {}", name, checked.error().message),
                 fmt::format("name it as `git {} --list` shows it", name));
    if (!source.commit.empty() && !is_commit_id(source.commit))
      complain({"spec", "source", "ref", "commit"}, "is no full commit id", "give all of its 40 digits, in lower case");
    if (!source.semver.empty())
      if (const auto range = VersionRange::parse(source.semver); !range)
        complain({"spec", "source", "ref", "semver"}, range.error().message, range.error().hint);
    if (!given.empty() && source.files)
      complain({"spec", "source", "files"}, "takes a directory as it is, which has no branches, tags or commits",
               "keep either spec.source.files or spec.source.ref");
  }

  // A directory becomes absolute; a URL has to be one that Git may be given, and holds nothing secret.
  void repository() {
    const YamlPath path{"spec", "source", "repoURL"};
    SourceSpec& source = made().source;
    std::string& repo = source.repo_url;
    if (repo.empty()) return;
    if (repo.starts_with('/') || repo.starts_with('.') || repo.find(':') == std::string::npos) {
      no_artifact();
      if (!repo.starts_with('-')) return absolute(repo);
      return complain(path, "begins with a dash", "write a directory of this name with ./ before it");
    }
    if (is_artifact(repo, artifact_of(source))) return artifact();
    no_artifact();
    const auto url = parse_git_url(repo);
    if (!url) return complain(path, fmt::format("is no repository: {}", url.error().message), url.error().hint);
    if (!url->username.empty() || !url->password.empty())  // a token may be either
      complain(path, "holds a user name or a password",
               "use spec.source.credentials.username, and passwordFile for what is secret");
    if (source.files)
      complain({"spec", "source", "files"}, "wants a directory, and repoURL is a URL", "remove one of the two");
  }

  // Its fields are where its own complaints say that they are.
  void artifact() {
    const SourceSpec& source = made().source;
    const auto checked = check_artifact(source.repo_url, artifact_of(source));
    const std::string told = checked ? std::string() : checked.error().where;
    if (!checked && told != "spec.source.ref" && told != "spec.source.ref.semver") {  // of these ref() has told
      YamlPath path{"spec", "source"};
      const std::string_view field =
          std::string_view(checked.error().where).substr(std::string_view("spec.source.").size());
      const std::size_t dot = field.find('.');
      path.emplace_back(std::string(field.substr(0, dot)));
      if (dot != std::string_view::npos) path.emplace_back(std::string(field.substr(dot + 1)));
      complain(std::move(path), checked.error().message, checked.error().hint);
    }
    for (const auto& [name, given] : {std::pair("branch", &source.branch), std::pair("commit", &source.commit)})
      if (!given->empty())
        complain({"spec", "source", "ref", name}, "is of Git, and this is an artifact",
                 "name a tag, a semver range or a digest");
    if (source.files)
      complain({"spec", "source", "files"}, "wants a directory, and repoURL is an artifact", "remove one of the two");
  }

  void no_artifact() {
    const SourceSpec& source = made().source;
    constexpr const char* kHint = "repoURL is no artifact: those begin with oci://, or have a chart";
    if (!source.semver.empty()) complain({"spec", "source", "ref", "semver"}, "is for artifacts and charts", kHint);
    if (!source.digest.empty()) complain({"spec", "source", "ref", "digest"}, "is for artifacts", kHint);
    if (!source.chart.empty()) complain({"spec", "source", "chart"}, "is for chart repositories", kHint);
    if (!source.layer_media_type.empty()) complain({"spec", "source", "layerSelector"}, "is for artifacts", kHint);
  }

  void subpath() {
    const YamlPath path{"spec", "source", "path"};
    if (made().source.path.starts_with('/'))
      return complain(path, "begins with a slash", "write it relative to the top of the repository");
    auto normal = normal_subpath(made().source.path);
    if (!normal) return complain(path, fmt::format("is no path: {}", normal.error().message), normal.error().hint);
    made().source.path = normal->empty() ? "." : std::move(*normal);
  }

  void credentials(const Fields& fields) {
    SourceSpec& source = made().source;
    fields.read("username", source.username);
    for (const auto& [name, into] :
         {std::pair("passwordFile", &source.password_file), std::pair("sshKeyFile", &source.ssh_key_file),
          std::pair("knownHostsFile", &source.known_hosts_file), std::pair("caFile", &source.ca_file),
          std::pair("dockerConfigFile", &source.docker_config_file)}) {
      fields.read(name, *into);
      if (!into->empty()) absolute(*into);
    }
    if (!source.docker_config_file.empty() && !source.password_file.empty())
      complain({"spec", "source", "credentials", "dockerConfigFile"}, "is given beside passwordFile",
               "keep one of them");
  }

  // The name of a Secret below `name`.
  void secret(const Fields& fields, const YamlPath& parent, std::string& into) {
    fields.below("secretRef").read("name", into);
    YamlPath path = parent;
    path.insert(path.end(), {"secretRef", "name"});
    if (into.empty()) return;
    if (const std::string problem = dns_subdomain_problem(into); !problem.empty())
      complain(std::move(path), fmt::format("is no name: {}", problem), "give the name of a Secret");
  }

  void secret_of_credentials(const Fields& fields) {
    SourceSpec& source = made().source;
    secret(fields, {"spec", "source"}, source.credentials_secret);
    if (!source.credentials_secret.empty() && fields.at("credentials") != nullptr)
      complain({"spec", "source", "credentials"}, "stands beside spec.source.secretRef", "keep one of the two");
    const bool local = source.repo_url.starts_with('/') || source.repo_url.starts_with("file:");
    if (!source.credentials_secret.empty() && local)
      complain({"spec", "source", "secretRef"}, "is for a repository elsewhere, and repoURL is of this machine",
               "remove it");
  }

  // One of a Secret and a file.
  void either(const YamlPath& path, const std::string& secret, const std::string& file, const char* name) {
    if (secret.empty() == file.empty())
      complain(path, fmt::format("{} of secretRef and {}", secret.empty() ? "has none" : "has both", name),
               "name the one that holds the keys");
  }

  void verify(const Fields& fields) {
    if (fields.at("verify") == nullptr) return;
    const YamlPath path{"spec", "source", "verify"};
    const Fields written = fields.below("verify");
    SignatureSpec spec;
    if (written.text("mode") == "Tag") spec.mode = SignatureMode::Tag;
    if (written.text("mode") == "TagAndHEAD") spec.mode = SignatureMode::TagAndHead;
    secret(written, path, spec.secret);
    written.read("keysFile", spec.keys_file);
    if (!spec.keys_file.empty()) absolute(spec.keys_file);
    either(path, spec.secret, spec.keys_file, "keysFile");
    if (spec.mode != SignatureMode::Head && made().source.tag.empty() && made().source.semver.empty())
      complain({"spec", "source", "verify", "mode"}, "asks for the signature of a tag, and spec.source.ref names none",
               "name one in spec.source.ref.tag, or ask for HEAD");
    if (is_artifact(made().source.repo_url, artifact_of(made().source)))
      complain(path, "asks for the signature of a commit, and repoURL is an artifact",
               "remove it, and pin what is trusted by spec.source.ref.digest");
    if (made().source.files)
      complain(path, "asks for a signature, and files as they are saved have none",
               "keep either spec.source.files or spec.source.verify");
    made().source.verify = std::move(spec);
  }

  void decryption(const Fields& fields) {
    if (fields.at("decryption") == nullptr) return;
    const YamlPath path{"spec", "decryption"};
    const Fields written = fields.below("decryption");
    DecryptionSpec spec;
    secret(written, path, spec.secret);
    written.read("ageKeyFile", spec.age_key_file);
    if (!spec.age_key_file.empty()) absolute(spec.age_key_file);
    either(path, spec.secret, spec.age_key_file, "ageKeyFile");
    made().decryption = std::move(spec);
  }

  void absolute(std::string& path) const {
    path = (fs::path(options_.base) / path).lexically_normal().string();
    if (path.size() > 1 && path.ends_with('/')) path.pop_back();
  }

  void drift(const Fields& fields) {
    fields.read("policy", made().policy);
    fields.read("grace", made().grace);
    std::size_t index = 0;
    for (const json::value& item : fields.items("rules")) {
      const Fields written(&item);
      DriftRule rule{target_of(written), {}, made().policy, made().grace};
      written.read("paths", rule.paths);
      written.read("policy", rule.policy);
      written.read("grace", rule.grace);
      patterns({"spec", "drift", "rules", index++, "paths"}, rule.paths);
      made().rules.push_back(std::move(rule));
    }
  }

  void ignore(const json::array& rules) {
    std::size_t index = 0;
    for (const json::value& item : rules) {
      const Fields written(&item);
      IgnoreRule rule{target_of(written), {}, {}};
      written.read("paths", rule.paths);
      written.read("managers", rule.managers);
      if (written.items("paths").empty() && written.items("managers").empty())
        complain({"spec", "ignore", index}, "ignores nothing", "give it paths, managers or both");
      patterns({"spec", "ignore", index++, "paths"}, rule.paths);
      made().ignore.push_back(std::move(rule));
    }
  }

  void patterns(const YamlPath& list, const std::vector<std::string>& texts) {
    if (!options_.check_path) return;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const auto checked = options_.check_path(texts[i]);
      if (checked) continue;
      YamlPath path = list;
      path.emplace_back(i);
      complain(std::move(path), fmt::format("is no path of fields: {}", checked.error().message), checked.error().hint);
    }
  }

  void rest(const Fields& spec) {
    Application& application = made();
    spec.read("trustedManagers", application.trusted_managers);
    spec.read("prune", application.prune);
    spec.below("pruneLimit").read("objects", application.prune_limit_objects);
    spec.below("pruneLimit").read("percent", application.prune_limit_percent);
    allow_prune(spec);
    spec.read("adopt", application.adopt);
    spec.read("moveSource", application.move_source);
    for (const json::value& item : spec.items("dependsOn")) application.depends_on.emplace(Fields(&item).text("name"));
    spec.read("wait", application.wait);
    spec.read("timeout", application.timeout);
    spec.read("suspend", application.suspend);
    spec.read("deletionPolicy", application.deletion_policy);
  }

  void allow_prune(const Fields& spec) {
    std::vector<std::string> names;
    spec.read("allowPrune", names);
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::size_t slash = names[i].find('/');
      const bool good = slash != std::string::npos && slash != 0 && slash + 1 != names[i].size() &&
                        names[i].find('/', slash + 1) == std::string::npos;
      if (!good) complain({"spec", "allowPrune", i}, "names no object", "write KIND/NAME, as in Namespace/shop");
      made().allow_prune.insert(std::move(names[i]));
    }
  }

  const ApplicationReadOptions& options_;
  ApplicationValues values_;
};

}  // namespace

ApplicationValues application_values(const json::object& document, const ApplicationReadOptions& options) {
  return ValueReader(options).read(document);
}

}  // namespace holdfast
