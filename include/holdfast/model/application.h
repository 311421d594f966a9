// An Application of holdfast.dev/v1alpha1: what is desired of whom, and how drift is met. The same document is a file
// for `holdfast run --config` and will be an object in the cluster. Checked when it is read
// (sources/application_reader.h): a value of these types is complete and valid.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace holdfast {

// Which objects a rule is about. Empty parts match everything; group, kind, namespace and name may have "*".
struct ObjectTarget {
  std::string group, kind, namespace_, name;
  std::map<std::string, std::string> labels;  // all of them, as Git has them
  bool operator==(const ObjectTarget&) const = default;
};

enum class DriftPolicy {
  Enforce,  // put back at once, or after the grace
  Warn,     // reported, never written
  Approve,  // reported, and written once somebody has approved it
};

const char* to_string(DriftPolicy policy);

// How drift of some fields of some objects is met. The last rule that matches a field decides.
struct DriftRule {
  ObjectTarget target;
  std::vector<std::string> paths;  // FieldPattern texts; empty: the whole object, its existence included
  DriftPolicy policy = DriftPolicy::Enforce;
  std::chrono::seconds grace{0};  // how long a drift has to last before it is put back
  bool operator==(const DriftRule&) const = default;
};

// Fields that are neither compared, reported nor written: those at `paths`, or those that one of `managers` holds, or
// where both are given, those at `paths` that one of `managers` holds.
struct IgnoreRule {
  ObjectTarget target;
  std::vector<std::string> paths;
  std::vector<std::string> managers;
  bool operator==(const IgnoreRule&) const = default;
};

// Which signature is asked for: of the commit, of the annotated tag that names it, or of both.
enum class SignatureMode { Head, Tag, TagAndHead };

// Whose signatures count: public keys in a Secret of the application's namespace, or in a file; one of the two.
struct SignatureSpec {
  SignatureMode mode = SignatureMode::Head;
  std::string secret, keys_file;
  bool operator==(const SignatureSpec&) const = default;
};

// Keys of age, as above.
struct DecryptionSpec {
  std::string secret, age_key_file;
  bool operator==(const DecryptionSpec&) const = default;
};

// How the files of a source become manifests.
enum class RendererKind { Detect, Directory, Kustomize, Helm };

struct KustomizeImage {
  std::string name, new_name, new_tag, digest;
  bool operator==(const KustomizeImage&) const = default;
};
struct KustomizePatch {
  std::string patch;  // a strategic merge or JSON patch, as YAML
  std::map<std::string, std::string>
      target;  // group, version, kind, name, namespace, labelSelector, annotationSelector
  bool operator==(const KustomizePatch&) const = default;
};
// What is laid over the kustomization of the source's path.
struct KustomizeSpec {
  std::string name_prefix, name_suffix, namespace_;
  std::vector<KustomizeImage> images;
  std::map<std::string, std::string> common_labels, common_annotations;
  std::vector<std::string> components;  // relative to the source's path
  std::vector<KustomizePatch> patches;
  bool operator==(const KustomizeSpec&) const = default;
};

struct HelmParameter {
  std::string name, value;
  bool force_string = false;
  bool operator==(const HelmParameter&) const = default;
};
struct HelmSpec {
  std::string release_name;              // empty: the application's name
  std::string namespace_;                // empty: where objects go that name none
  std::vector<std::string> value_files;  // relative to the chart
  std::string values;                    // YAML
  std::string values_object;             // JSON; over `values`
  std::vector<HelmParameter> parameters;
  bool ignore_missing_value_files = false, skip_crds = false;
  std::string kube_version;
  std::vector<std::string> api_versions;
  bool operator==(const HelmSpec&) const = default;
};

// Variables that are filled in after rendering.
struct SubstitutionReference {
  bool secret = false;  // or a ConfigMap
  std::string name;     // in the application's namespace
  bool optional = false;
  bool operator==(const SubstitutionReference&) const = default;
};
struct PostBuildSpec {
  std::map<std::string, std::string> substitute;  // over what the others say
  std::vector<SubstitutionReference> substitute_from;
  bool strict = false;
  [[nodiscard]] bool empty() const { return substitute.empty() && substitute_from.empty(); }
  bool operator==(const PostBuildSpec&) const = default;
};

struct SourceSpec {
  std::string repo_url;             // or a directory
  std::string branch, tag, commit;  // at most one is set; none: the default branch
  std::string semver, digest;       // or one of these; of an artifact none is "latest", of a chart the newest
  std::string chart;                // of a chart repository, or of a registry
  std::string layer_media_type;     // of an artifact
  std::string path = ".";
  bool recurse = true;
  std::string include, exclude;  // globs (sources/file_choice.h) below `path`; empty: all, none
  RendererKind renderer = RendererKind::Detect;
  KustomizeSpec kustomize;
  HelmSpec helm;
  bool files = false;  // a directory's files as they are saved, not its commits
  std::chrono::seconds interval{60};
  // Of a file alone; what stands in the cluster names a Secret.
  std::string username, password_file, ssh_key_file, known_hosts_file, ca_file, docker_config_file;
  std::string credentials_secret;  // instead, in the application's namespace
  std::optional<SignatureSpec> verify;
  bool operator==(const SourceSpec&) const = default;
};

enum class DeletionPolicy { Prune, Orphan };

// How a new revision is met.
enum class RevisionPolicy {
  Apply,    // brought about at once
  Approve,  // once somebody has approved its plan; what was approved before is held meanwhile
};

// What follows where a roll-out is not healthy in time.
enum class FailurePolicy {
  Wait,      // it stays where it is, and goes on when its objects become healthy after all
  Rollback,  // back to the last healthy revision, until there is a newer one than the one that failed
};

struct Application {
  std::string namespace_;  // of the document: where its inventory is kept; empty: the daemon's own
  std::string name;        // a DNS label of at most 40 characters
  std::string origin;      // "holdfast.yaml:12"

  SourceSpec source;
  std::optional<DecryptionSpec> decryption;
  std::string target_namespace;  // for objects that name none
  bool confined = false;         // to that namespace: whatever else its source has is refused
  std::string service_account;   // of its namespace, which it acts as; empty: the daemon itself
  PostBuildSpec post_build;
  DriftPolicy policy = DriftPolicy::Enforce;
  std::chrono::seconds grace{0};
  std::vector<DriftRule> rules;
  std::vector<IgnoreRule> ignore;
  std::vector<std::string> trusted_managers;  // whatever they take is theirs, as if ignored
  bool prune = true;
  std::size_t prune_limit_objects = 10, prune_limit_percent = 20;
  std::set<std::string> allow_prune;  // "Kind/name"
  bool adopt = false, move_source = false;
  std::set<std::string> depends_on;   // names of applications that have to be ready first
  bool wait = true;                   // a wave goes on when what came before is healthy
  std::chrono::seconds timeout{300};  // of that waiting
  RevisionPolicy revisions = RevisionPolicy::Apply;
  FailurePolicy on_failure = FailurePolicy::Wait;
  bool suspend = false;
  DeletionPolicy deletion_policy = DeletionPolicy::Orphan;
  bool operator==(const Application&) const = default;
};

}  // namespace holdfast
