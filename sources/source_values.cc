#include "sources/source_values.h"

#include <spdlog/fmt/fmt.h>

#include <initializer_list>
#include <utility>

#include "holdfast/model/label.h"
#include "sources/artifact_origin.h"
#include "sources/file_choice.h"
#include "sources/git_url.h"
#include "sources/semver.h"
#include "sources/source_tree.h"

namespace holdfast {
namespace {

ArtifactRequest artifact_of(const SourceSpec& source) {
  return {source.tag, source.semver, source.digest, source.chart, source.layer_media_type};
}

KustomizeSpec kustomize_of(const WrittenFields& fields) {
  KustomizeSpec spec;
  fields.read("namePrefix", spec.name_prefix);
  fields.read("nameSuffix", spec.name_suffix);
  fields.read("namespace", spec.namespace_);
  fields.read("commonLabels", spec.common_labels);
  fields.read("commonAnnotations", spec.common_annotations);
  fields.read("components", spec.components);
  for (const json::value& item : fields.items("images")) {
    const WrittenFields written(&item);
    spec.images.push_back({std::string(written.text("name")), std::string(written.text("newName")),
                           std::string(written.text("newTag")), std::string(written.text("digest"))});
  }
  for (const json::value& item : fields.items("patches")) {
    const WrittenFields written(&item);
    KustomizePatch patch{std::string(written.text("patch")), {}};
    written.read("target", patch.target);
    spec.patches.push_back(std::move(patch));
  }
  return spec;
}

HelmSpec helm_of(const WrittenFields& fields) {
  HelmSpec spec;
  fields.read("releaseName", spec.release_name);
  fields.read("namespace", spec.namespace_);
  fields.read("valueFiles", spec.value_files);
  fields.read("ignoreMissingValueFiles", spec.ignore_missing_value_files);
  fields.read("values", spec.values);
  if (const json::value* values = fields.at("valuesObject"); values != nullptr)
    spec.values_object = canonical_json(*values);
  for (const json::value& item : fields.items("parameters")) {
    const WrittenFields written(&item);
    HelmParameter parameter{std::string(written.text("name")), std::string(written.text("value")), false};
    written.read("forceString", parameter.force_string);
    spec.parameters.push_back(std::move(parameter));
  }
  fields.read("skipCrds", spec.skip_crds);
  fields.read("kubeVersion", spec.kube_version);
  fields.read("apiVersions", spec.api_versions);
  return spec;
}

class SourceReader {
 public:
  explicit SourceReader(ValueComplaints& complaints) : complaints_(complaints) {}

  SourceSpec read(const WrittenFields& fields) {
    fields.read("repoURL", source_.repo_url);
    fields.read("path", source_.path);
    fields.read("interval", source_.interval);
    fields.read("files", source_.files);
    fields.read("chart", source_.chart);
    fields.below("layerSelector").read("mediaType", source_.layer_media_type);
    renderer(fields);
    const WrittenFields directory = fields.below("directory");
    directory.read("recurse", source_.recurse);
    directory.read("include", source_.include);
    directory.read("exclude", source_.exclude);
    for (const auto& [name, glob] : {std::pair("include", &source_.include), std::pair("exclude", &source_.exclude)})
      if (const auto checked = check_glob(*glob); !checked)
        complaints_.complain({"spec", "source", "directory", name},
                             fmt::format("is no glob: {}", checked.error().message), checked.error().hint);
    ref(fields.below("ref"));
    repository();
    subpath();
    credentials(fields.below("credentials"));
    secret_of_credentials(fields);
    verify(fields);
    return std::move(source_);
  }

 private:
  void renderer(const WrittenFields& fields) {
    std::vector<std::string> given;
    for (const auto& [name, kind] :
         {std::pair("directory", RendererKind::Directory), std::pair("kustomize", RendererKind::Kustomize),
          std::pair("helm", RendererKind::Helm)}) {
      if (fields.at(name) == nullptr) continue;
      given.emplace_back(name);
      source_.renderer = kind;
    }
    if (given.size() > 1)
      complaints_.complain({"spec", "source"}, fmt::format("names {} at once", fmt::join(given, " and ")),
                           "keep one of them");
    source_.kustomize = kustomize_of(fields.below("kustomize"));
    source_.helm = helm_of(fields.below("helm"));
    const YamlPath helm{"spec", "source", "helm", "releaseName"};
    complaints_.subdomain(source_.helm.release_name, helm, 53);  // as Helm has it
    complaints_.label(source_.helm.namespace_, {"spec", "source", "helm", "namespace"}, kLongestDnsLabel);
    for (std::size_t i = 0; i < source_.helm.value_files.size(); ++i)
      if (source_.helm.value_files[i].find("://") != std::string::npos)
        complaints_.complain({"spec", "source", "helm", "valueFiles", i},
                             "is an address, and nothing is fetched while rendering",
                             "commit the file, and name it relative to the chart's folder");
  }

  void ref(const WrittenFields& fields) {
    std::vector<std::string> given;
    for (const auto& [name, into] :
         std::initializer_list<std::pair<const char*, std::string*>>{{"branch", &source_.branch},
                                                                     {"tag", &source_.tag},
                                                                     {"commit", &source_.commit},
                                                                     {"semver", &source_.semver},
                                                                     {"digest", &source_.digest}}) {
      fields.read(name, *into);
      if (!into->empty()) given.emplace_back(name);
    }
    if (given.size() > 1)
      complaints_.complain({"spec", "source", "ref"}, fmt::format("names {} at once", fmt::join(given, " and ")),
                           "keep one of them");
    for (const auto& [name, text] : {std::pair("branch", &source_.branch), std::pair("tag", &source_.tag)})
      if (const auto checked = check_git_ref(*text); !checked)
        complaints_.complain({"spec", "source", "ref", name},
                             fmt::format("is no {}: {}", name, checked.error().message),
                             fmt::format("name it as `git {} --list` shows it", name));
    if (!source_.commit.empty() && !is_commit_id(source_.commit))
      complaints_.complain({"spec", "source", "ref", "commit"}, "is no full commit id",
                           "give all of its 40 digits, in lower case");
    if (!source_.semver.empty())
      if (const auto range = VersionRange::parse(source_.semver); !range)
        complaints_.complain({"spec", "source", "ref", "semver"}, range.error().message, range.error().hint);
    if (!given.empty() && source_.files)
      complaints_.complain({"spec", "source", "files"},
                           "takes a directory as it is, which has no branches, tags or commits",
                           "keep either spec.source.files or spec.source.ref");
  }

  // A directory becomes absolute; a URL has to be one that Git may be given, and holds nothing secret.
  void repository() {
    const YamlPath path{"spec", "source", "repoURL"};
    std::string& repo = source_.repo_url;
    if (repo.empty()) return;
    if (repo.starts_with('/') || repo.starts_with('.') || repo.find(':') == std::string::npos) {
      no_artifact();
      if (!repo.starts_with('-')) return complaints_.absolute(repo);
      return complaints_.complain(path, "begins with a dash", "write a directory of this name with ./ before it");
    }
    if (is_artifact(repo, artifact_of(source_))) return artifact();
    no_artifact();
    const auto url = parse_git_url(repo);
    if (!url)
      return complaints_.complain(path, fmt::format("is no repository: {}", url.error().message), url.error().hint);
    if (!url->username.empty() || !url->password.empty())  // a token may be either
      complaints_.complain(path, "holds a user name or a password",
                           "use spec.source.credentials.username, and passwordFile for what is secret");
    if (source_.files)
      complaints_.complain({"spec", "source", "files"}, "wants a directory, and repoURL is a URL",
                           "remove one of the two");
  }

  // Its fields are where its own complaints say that they are.
  void artifact() {
    const auto checked = check_artifact(source_.repo_url, artifact_of(source_));
    const std::string told = checked ? std::string() : checked.error().where;
    if (!checked && told != "spec.source.ref" && told != "spec.source.ref.semver") {  // of these ref() has told
      YamlPath path{"spec", "source"};
      const std::string_view field =
          std::string_view(checked.error().where).substr(std::string_view("spec.source.").size());
      const std::size_t dot = field.find('.');
      path.emplace_back(std::string(field.substr(0, dot)));
      if (dot != std::string_view::npos) path.emplace_back(std::string(field.substr(dot + 1)));
      complaints_.complain(std::move(path), checked.error().message, checked.error().hint);
    }
    for (const auto& [name, given] : {std::pair("branch", &source_.branch), std::pair("commit", &source_.commit)})
      if (!given->empty())
        complaints_.complain({"spec", "source", "ref", name}, "is of Git, and this is an artifact",
                             "name a tag, a semver range or a digest");
    if (source_.files)
      complaints_.complain({"spec", "source", "files"}, "wants a directory, and repoURL is an artifact",
                           "remove one of the two");
  }

  void no_artifact() {
    constexpr const char* kHint = "repoURL is no artifact: those begin with oci://, or have a chart";
    if (!source_.digest.empty()) complaints_.complain({"spec", "source", "ref", "digest"}, "is for artifacts", kHint);
    if (!source_.chart.empty()) complaints_.complain({"spec", "source", "chart"}, "is for chart repositories", kHint);
    if (!source_.layer_media_type.empty())
      complaints_.complain({"spec", "source", "layerSelector"}, "is for artifacts", kHint);
  }

  void subpath() {
    const YamlPath path{"spec", "source", "path"};
    if (source_.path.starts_with('/'))
      return complaints_.complain(path, "begins with a slash", "write it relative to the top of the repository");
    auto normal = normal_subpath(source_.path);
    if (!normal)
      return complaints_.complain(path, fmt::format("is no path: {}", normal.error().message), normal.error().hint);
    source_.path = normal->empty() ? "." : std::move(*normal);
  }

  void credentials(const WrittenFields& fields) {
    fields.read("username", source_.username);
    for (const auto& [name, into] :
         {std::pair("passwordFile", &source_.password_file), std::pair("sshKeyFile", &source_.ssh_key_file),
          std::pair("knownHostsFile", &source_.known_hosts_file), std::pair("caFile", &source_.ca_file),
          std::pair("dockerConfigFile", &source_.docker_config_file)}) {
      fields.read(name, *into);
      if (!into->empty()) complaints_.absolute(*into);
    }
    if (!source_.docker_config_file.empty() && !source_.password_file.empty())
      complaints_.complain({"spec", "source", "credentials", "dockerConfigFile"}, "is given beside passwordFile",
                           "keep one of them");
  }

  void secret_of_credentials(const WrittenFields& fields) {
    complaints_.secret(fields, {"spec", "source"}, source_.credentials_secret);
    if (!source_.credentials_secret.empty() && fields.at("credentials") != nullptr)
      complaints_.complain({"spec", "source", "credentials"}, "stands beside spec.source.secretRef",
                           "keep one of the two");
    const bool local = source_.repo_url.starts_with('/') || source_.repo_url.starts_with("file:");
    if (!source_.credentials_secret.empty() && local)
      complaints_.complain({"spec", "source", "secretRef"},
                           "is for a repository elsewhere, and repoURL is of this machine", "remove it");
  }

  void verify(const WrittenFields& fields) {
    if (fields.at("verify") == nullptr) return;
    const YamlPath path{"spec", "source", "verify"};
    const WrittenFields written = fields.below("verify");
    SignatureSpec spec;
    if (written.text("mode") == "Tag") spec.mode = SignatureMode::Tag;
    if (written.text("mode") == "TagAndHEAD") spec.mode = SignatureMode::TagAndHead;
    complaints_.secret(written, path, spec.secret);
    written.read("keysFile", spec.keys_file);
    if (!spec.keys_file.empty()) complaints_.absolute(spec.keys_file);
    complaints_.either(path, spec.secret, spec.keys_file, "keysFile");
    if (spec.mode != SignatureMode::Head && source_.tag.empty() && source_.semver.empty())
      complaints_.complain({"spec", "source", "verify", "mode"},
                           "asks for the signature of a tag, and spec.source.ref names none",
                           "name one in spec.source.ref.tag, or ask for HEAD");
    if (is_artifact(source_.repo_url, artifact_of(source_)))
      complaints_.complain(path, "asks for the signature of a commit, and repoURL is an artifact",
                           "remove it, and pin what is trusted by spec.source.ref.digest");
    if (source_.files)
      complaints_.complain(path, "asks for a signature, and files as they are saved have none",
                           "keep either spec.source.files or spec.source.verify");
    source_.verify = std::move(spec);
  }

  ValueComplaints& complaints_;
  SourceSpec source_;
};

}  // namespace

SourceSpec source_values(const WrittenFields& fields, ValueComplaints& complaints) {
  return SourceReader(complaints).read(fields);
}

}  // namespace holdfast
