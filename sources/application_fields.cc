#include "sources/application_fields.h"

#include <spdlog/fmt/fmt.h>

#include <chrono>

#include "holdfast/base/duration.h"
#include "sources/field_makers.h"

namespace holdfast {
namespace {

using namespace field_makers;

constexpr std::int64_t kDay_s = 86'400, kWeek_s = 7 * kDay_s;

constexpr std::string_view kPolicies[] = {"Enforce", "Warn", "Approve"};
constexpr std::string_view kSignatureModes[] = {"HEAD", "Tag", "TagAndHEAD"};
constexpr std::string_view kProviders[] = {"sops"};
constexpr std::string_view kRevisionPolicies[] = {"Apply", "Approve"};
constexpr std::string_view kFailurePolicies[] = {"Wait", "Rollback"};
constexpr std::string_view kDeletionPolicies[] = {"Orphan", "Prune"};

constexpr Field unsupported(std::string_view name, std::string_view instead, FieldKind type = FieldKind::Object) {
  return Field{.name = name, .type = type, .meaning = instead, .supported = false};
}

constexpr Field kMetadata[] = {
    required_text("name", "a DNS label of at most 40 characters; its inventory is the ConfigMap `holdfast-NAME`"),
    text("namespace", "where the inventory is kept; left out: the daemon's own namespace"),
    texts("labels", "yours; not read", FieldKind::TextMap),
    texts("annotations", "yours; not read", FieldKind::TextMap),
};

constexpr Field kRef[] = {
    text("branch", "a branch"),
    text("tag", "a tag, of Git or of an artifact"),
    text("commit", "a full commit id: 40 hexadecimal digits"),
    text("semver",
         "a range of versions, as in `^1.2` or `>=1.0 <2.0`: the newest tag in it, of Git or of an artifact, or chart"),
    text("digest", "the digest of an artifact: `sha256:` and 64 hexadecimal digits"),
};

constexpr Field kLayerSelector[] = {
    text("mediaType", "the type of the layer that holds the files; the first one of it counts"),
    unsupported("operation", "remove it: the files are read where they are, those of a chart as well", FieldKind::Text),
};

constexpr Field lines(std::string_view name, std::string_view meaning) {
  return Field{.name = name, .type = FieldKind::Lines, .meaning = meaning};
}

constexpr Field kImage[] = {
    required_text("name", "the image as it is written, without its tag"),
    text("newName", "what to take instead of it"),
    text("newTag", "its tag"),
    text("digest", "its digest, instead of a tag"),
};

constexpr Field kPatchTarget[] = {
    text("group", "the API group"),
    text("version", "the API version"),
    text("kind", "the kind; a regular expression, as the others are"),
    text("name", "the object's name"),
    text("namespace", "the object's namespace"),
    text("labelSelector", "labels that it has"),
    text("annotationSelector", "annotations that it has"),
};

constexpr Field kPatch[] = {
    Field{.name = "patch",
          .type = FieldKind::Lines,
          .meaning = "a strategic merge patch, or a JSON patch, as YAML",
          .required = true},
    object("target", "which objects; left out: the one that the patch names", kPatchTarget),
};

constexpr Field kKustomize[] = {
    text("namePrefix", "what is put in front of all names"),
    text("nameSuffix", "what is put behind all names"),
    text("namespace", "the namespace of all objects that have one"),
    objects("images", "images to be replaced", kImage),
    texts("commonLabels", "labels of all objects, and of what selects them", FieldKind::TextMap),
    texts("commonAnnotations", "annotations of all objects", FieldKind::TextMap),
    texts("components", "folders of further components, relative to `path`"),
    objects("patches", "patches, applied last", kPatch),
};

constexpr Field kParameter[] = {
    required_text("name", "the value's name, as in `image.tag`"),
    text("value", "its value; left out: empty"),
    flag("forceString", "whether it stays text although it looks like a number", "false"),
};

constexpr Field kHelm[] = {
    text("releaseName", "the name of the release; left out: the application's"),
    text("namespace", "the namespace of the release; left out: that of the destination"),
    texts("valueFiles", "files of values, relative to the chart's folder; a later one wins"),
    flag("ignoreMissingValueFiles", "whether one that is not there is passed over", "false"),
    lines("values", "values as a YAML text, over those of the files"),
    Field{.name = "valuesObject", .type = FieldKind::Anything, .meaning = "values, over those of `values`"},
    objects("parameters", "single values, over all others", kParameter),
    flag("skipCrds", "whether the chart's `crds` folder is left out", "false"),
    text("kubeVersion", "the Kubernetes version that the chart is told; left out: helm's own"),
    texts("apiVersions", "API versions that the chart is told of, beside helm's own"),
};

constexpr std::string_view kValueKinds[] = {"ConfigMap", "Secret"};

constexpr Field kSubstituteFrom[] = {
    Field{.name = "kind",
          .type = FieldKind::Choice,
          .meaning = "what holds the variables",
          .required = true,
          .choices = kValueKinds},
    required_text("name", "its name, in the application's namespace"),
    flag("optional", "whether it may be missing", "false"),
};

constexpr Field kPostBuild[] = {
    texts("substitute", "variables and their values, over those of `substituteFrom`", FieldKind::TextMap),
    objects("substituteFrom", "ConfigMaps and Secrets whose data are variables; a later one wins", kSubstituteFrom),
    flag("strict", "whether a variable that is not set, and for which the text has no default, is an error", "false"),
};

constexpr Field kDirectory[] = {
    flag("recurse", "whether the folders below `path` are read as well", "true"),
    text("include",
         "a glob of the files to read, relative to `path`, as in `*.prod.yaml` or `**/web/*`; left out: all"),
    text("exclude", "a glob of the files to leave out, relative to `path`; left out: none"),
};

constexpr Field kCredentials[] = {
    text("username", "the user of an https repository; left out with a password: `x-access-token`"),
    text("passwordFile", "the file that holds the password or token of an https repository"),
    text("sshKeyFile", "the private key for an ssh repository; left out: the agent, then `~/.ssh`"),
    text("knownHostsFile", "the host keys to trust, and no others; left out: those of `~/.ssh`"),
    text("caFile", "the CA certificates to trust for an https repository or a registry (PEM)"),
    text("dockerConfigFile", "the credentials of registries, as `docker login` writes them; not beside passwordFile"),
};

constexpr Field kSecret[] = {
    required_text("name", "of the Secret"),
};

constexpr Field kVerify[] = {
    choice("mode", "whose signature: `HEAD` the commit's, `Tag` that of the annotated tag, `TagAndHEAD` both", "HEAD",
           kSignatureModes),
    object("secretRef", "the Secret with the public keys that count, OpenPGP's or SSH's", kSecret),
    text("keysFile", "a file with these keys instead, next to this one"),
};

constexpr Field kDecryption[] = {
    choice("provider", "`sops`, the program, which has to be there", "sops", kProviders),
    object("secretRef", "the Secret with the keys: entries that end in `.agekey`", kSecret),
    text("ageKeyFile", "a file with these keys instead, next to this one"),
};

constexpr Field kSource[] = {
    required_text("repoURL",
                  "the repository, `https://`, `ssh://`, `git@host:path` or `file://`; or a directory, which "
                  "begins with `/` or `.` or has no colon; or an artifact, `oci://REGISTRY/REPOSITORY`; or with "
                  "`chart` a chart repository, `https://`"),
    object("ref",
           "what of the repository; at most one of these; left out: its default branch, of an artifact the tag "
           "`latest`, of a chart the newest version",
           kRef),
    text("chart", "the name of a Helm chart in that chart repository, or below that part of a registry"),
    object("layerSelector", "which layer of an artifact; left out: the only one that is an archive", kLayerSelector),
    text("path", "the folder of the manifests in it, or one file", "."),
    object("directory", "which files of it; given, even empty: they are plain manifests, whatever else is there",
           kDirectory),
    duration("interval", "how often a remote repository is looked at; a local one is watched", "1m", 1, kDay_s),
    flag("files", "whether a directory's files count as they are saved, not its commits", "false"),
    object("credentials", "how a private repository lets us in: files, relative ones next to this one", kCredentials),
    object("secretRef", "a Secret that holds the credentials instead, in the application's namespace", kSecret),
    object("kustomize", "what is laid over the kustomization at `path`; given, even empty: it is one", kKustomize),
    object("helm", "how the chart at `path` is rendered; given, even empty: it is one", kHelm),
    object("verify", "read only what is signed (docs/trust.md)", kVerify),
};

constexpr Field kDestination[] = {
    text("namespace",
         "for objects that name none; left out: the application's own, of a file that of `--namespace`, else the "
         "kubeconfig's"),
    flag("confined",
         "whether what is not in that namespace is refused, and with it what makes others write elsewhere "
         "(docs/previews.md)",
         "false"),
    unsupported("kubeConfig", "run a second daemon with the kubeconfig of that cluster"),
};

constexpr Field kTarget[] = {
    text("group", "the API group, as in `apps`; `*` or left out: every one"),
    text("kind", "as in `Deployment`; `*` or left out: every one"),
    text("namespace", "the object's namespace; `*` or left out: every one"),
    text("name", "the object's name; `*` or left out: every one"),
    texts("labels", "labels that it has to have, all of them, as Git has them", FieldKind::TextMap),
};

constexpr Field kRule[] = {
    object("target", "the objects that the rule is about; left out: all", kTarget),
    texts("paths", "the fields, as in `/spec/replicas`; left out: the whole object, its existence included"),
    choice("policy", "as `spec.drift.policy`, which stands for it where it is left out", {}, kPolicies),
    duration("grace", "as `spec.drift.grace`, which stands for it where it is left out", {}, 0, kWeek_s),
};

constexpr Field kDrift[] = {
    choice("policy", "`Enforce` puts back, `Warn` only reports, `Approve` puts back what somebody approved", "Enforce",
           kPolicies),
    duration("grace", "how long a drift has to last before it is put back", "0s", 0, kWeek_s),
    objects("rules", "exceptions; the last one that matches a field decides", kRule),
};

constexpr Field kIgnore[] = {
    object("target", "the objects that the rule is about; left out: all", kTarget),
    texts("paths", "the fields; with `managers`: those of them that one of these holds"),
    texts("managers", "field managers; without `paths`: every field that one of them holds"),
};

constexpr Field kPruneLimit[] = {
    number("objects", "so many objects of one commit are pruned unasked", "10", 1'000'000),
    number("percent", "or so many of a hundred, where that is more", "20", 100),
};

constexpr Field kDependency[] = {
    required_text("name", "an application in the same namespace"),
    unsupported("namespace", "put the two into one namespace: what others do holds nobody up", FieldKind::Text),
};

constexpr Field kSpec[] = {
    object("source", "where the desired state comes from", kSource, true),
    object("decryption", "how files that SOPS encrypted are read (docs/trust.md)", kDecryption),
    object("destination", "where it goes to", kDestination),
    object("postBuild", "variables that are filled in after rendering, as Flux does it (docs/rendering.md)",
           kPostBuild),
    object("drift", "how drift is met", kDrift),
    objects("ignore", "fields that are neither compared, reported nor written; each with `paths`, `managers` or both",
            kIgnore),
    texts("trustedManagers", "field managers that may keep whatever they take"),
    flag("prune", "whether what leaves Git leaves the cluster", "true"),
    object("pruneLimit", "above the larger of the two, pruning is held back", kPruneLimit),
    texts("allowPrune", "each Namespace, CRD, PV or PVC that may be pruned, as `Namespace/shop`"),
    flag("adopt", "take over objects that exist already and that nobody else owns", "false"),
    flag("moveSource", "the application of this name is read from here from now on", "false"),
    objects("dependsOn", "applications that have to be ready before this one is applied", kDependency),
    flag("wait",
         "whether what is applied first has to be healthy before the rest is, and all before what depends on it",
         "true"),
    duration("timeout", "how long that is waited for", "5m", 1, kDay_s),
    choice("policy",
           "how a new revision is met: `Apply` brings it about at once, `Approve` once somebody has approved its plan "
           "(docs/rollouts.md)",
           "Apply", kRevisionPolicies),
    choice("onFailure",
           "what follows where a roll-out is not healthy within `timeout`: `Wait` leaves it where it is, `Rollback` "
           "returns to the last healthy revision (docs/rollouts.md)",
           "Wait", kFailurePolicies),
    flag("suspend", "leave the objects alone until this is false again", "false"),
    choice("deletionPolicy",
           "what happens to the objects when the application goes: `Orphan` leaves them, `Prune` deletes them",
           "Orphan", kDeletionPolicies),
    text("serviceAccountName",
         "the ServiceAccount, of the application's namespace, as which its objects are read and written "
         "(docs/tenancy.md); left out: the daemon's own"),
    unsupported("retry", "it is retried with growing waits anyway"),
};

constexpr Field kDocumentFields[] = {
    required_text("apiVersion", "`holdfast.dev/v1alpha1`"),
    required_text("kind", "`Application`"),
    object("metadata", "as every object has it", kMetadata, true),
    object("spec", "what is desired", kSpec, true),
};

constexpr Field kDocument = object({}, "an Application", kDocumentFields, true);

std::string seconds_text(std::int64_t duration_s) { return to_duration_text(std::chrono::seconds(duration_s)); }

}  // namespace

const ApplicationField& application_document() { return kDocument; }

std::string type_text(const ApplicationField& field) {
  switch (field.type) {
    case FieldKind::Text:
      return "text";
    case FieldKind::Boolean:
      return "true or false";
    case FieldKind::Integer:
      return fmt::format("whole number, {} to {}", field.least, field.most);
    case FieldKind::Duration:
      return fmt::format("duration, {} to {}", seconds_text(field.least), seconds_text(field.most));
    case FieldKind::Choice:
      return fmt::format("one of {}", fmt::join(field.choices, ", "));
    case FieldKind::Object:
      return "object";
    case FieldKind::TextMap:
      return "object of texts";
    case FieldKind::TextList:
      return "list of texts";
    case FieldKind::ObjectList:
      return "list of objects";
    case FieldKind::TextMapList:
      return "list of objects of texts";
    case FieldKind::Lines:
      return "text of any lines";
    case FieldKind::Anything:
      return "object of any fields";
  }
  return {};
}

}  // namespace holdfast
