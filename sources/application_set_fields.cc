#include "sources/application_set_fields.h"

#include <spdlog/fmt/fmt.h>

#include <array>
#include <utility>

#include "holdfast/model/label.h"
#include "sources/application_schema.h"
#include "sources/field_makers.h"

namespace holdfast {
namespace {

using namespace field_makers;

constexpr std::int64_t kDay_s = 86'400, kYear_s = 365 * kDay_s;

constexpr Field kSecret[] = {required_text("name", "of the Secret")};

constexpr Field kBranches[] = {
    required_text("repoURL", "the repository, `https://`, `ssh://` or `git@host:path`"),
    object("secretRef", "a Secret that holds its credentials, in the set's namespace", kSecret),
    required_text("match", "a glob of the branches, of the whole name, as in `feature/*`; `**` crosses slashes"),
    text("exclude", "a glob of those to leave out; left out: none"),
    number("max", "so many at most: those that have an application already, then the newest commits", "10", 1'000),
    duration("timeToLive", "how long after its last commit a branch counts; left out: for as long as it is there", {},
             60, kYear_s),
    duration("interval", "how often the repository is looked at, beside what pushes tell", "30s", 1, kDay_s),
};

constexpr Field kRef[] = {
    text("branch", "a branch"),
    text("tag", "a tag"),
    text("commit", "a full commit id: 40 hexadecimal digits"),
    text("semver", "a range of versions: the newest tag in it"),
};

constexpr Field kDirectories[] = {
    required_text("repoURL", "the repository, `https://`, `ssh://` or `git@host:path`"),
    object("secretRef", "a Secret that holds its credentials, in the set's namespace", kSecret),
    object("ref", "at which revision; at most one of these; left out: its default branch", kRef),
    texts("paths", "globs of folders, from the root, as in `apps/*`; `**` crosses slashes", FieldKind::TextList, true),
    texts("exclude", "globs of those to leave out"),
    duration("interval", "how often the repository is looked at, beside what pushes tell", "1m", 1, kDay_s),
};

constexpr Field kList[] = {
    texts("elements", "each of them is one application; its keys are parameters", FieldKind::TextMapList, true),
};

constexpr Field kGenerator[] = {
    object("branches", "one for each branch: `branch`, `branchSlug`, `commit` are parameters", kBranches),
    object("directories", "one for each folder: `path`, `pathBase`, `pathSlug`, `commit` are parameters", kDirectories),
    object("list", "one for each element", kList),
};

constexpr Field kTemplateMetadata[] = {
    required_text("name", "a DNS label of at most 40 characters when it is filled in, another one for each"),
    texts("labels", "its labels", FieldKind::TextMap),
    texts("annotations", "its annotations", FieldKind::TextMap),
};

constexpr std::string_view kPodSecurity[] = {"restricted", "baseline", "privileged"};

constexpr Field kPreview[] = {
    required_text("namespace", "its name, another one for each, as in `preview-{{branchSlug}}`"),
    texts("labels", "its labels", FieldKind::TextMap),
    texts("quota",
          "the hard limits of its ResourceQuota; left out: 50 `pods`, and neither `services.loadbalancers` nor "
          "`services.nodeports`",
          FieldKind::TextMap),
    texts("limits", "what a container has whose limits and requests are not written, as in `cpu` and `memory`",
          FieldKind::TextMap),
    Field{
        .name = "podSecurity",
        .type = FieldKind::Choice,
        .meaning = "the Pod Security Standard that it enforces; left out: that of the set's namespace, or `restricted`",
        .choices = kPodSecurity},
};

constexpr Field kPruneLimit[] = {
    number("applications", "so many applications are deleted unasked", "10", 10'000),
    number("percent", "or so many of a hundred, where that is more", "20", 100),
};

constexpr Field kMetadata[] = {
    required_text("name", "a DNS label of at most 40 characters"),
    text("namespace", "where it and its applications are"),
    texts("labels", "yours; not read", FieldKind::TextMap),
    texts("annotations", "yours; not read", FieldKind::TextMap),
};

const Field& field_of(const Field& of, std::string_view name) {
  for (const Field& field : of.fields)
    if (field.name == name) return field;
  std::unreachable();
}

// Those that stand on the table of an Application.
struct Tables {
  std::array<Field, 2> template_{object("metadata", "of each application", kTemplateMetadata, true),
                                 object("spec", "as that of an Application (docs/applications.md)",
                                        field_of(application_document(), "spec").fields, true)};
  std::array<Field, 5> spec{
      objects("generators", "what there is one application for", kGenerator, true),
      object("template", "each application; its texts have parameters, as in `{{branch}}`", template_, true),
      object("preview",
             "each application has a namespace of its own, is confined to it, and ends with it (docs/previews.md)",
             kPreview),
      object("pruneLimit", "above the larger of the two, nothing is deleted; not of previews", kPruneLimit),
      Field{.name = "suspend",
            .type = FieldKind::Boolean,
            .meaning = "leave the applications as they are until this is false again",
            .fallback = "false"}};
  std::array<Field, 4> document{
      required_text("apiVersion", "`holdfast.dev/v1alpha1`"), required_text("kind", "`ApplicationSet`"),
      object("metadata", "as every object has it", kMetadata, true), object("spec", "what is desired", spec, true)};
  Field root = object({}, "an ApplicationSet", document, true);
};

constexpr std::string_view kStatuses[] = {"True", "False", "Unknown"};

constexpr Field kCondition[] = {
    required_text("type", "`Ready`, `Reconciling` or `Stalled`"),
    required_choice("status", "whether it is so", kStatuses),
    required_text("reason", "one word for programs"),
    text("message", "a sentence for people"),
    required_text("lastTransitionTime", "since when the status is as it is"),
    number("observedGeneration", "the generation of the object that it is about", {}, kMostGenerations),
};

constexpr Field kGeneratorStatus[] = {
    required_text("type", "`branches`, `directories` or `list`"),
    number("elements", "how many it had when it was read last", {}, 1'000'000),
    text("message", "why it cannot be read; nothing is made, changed or deleted because of it"),
};

constexpr Field kLeftOut[] = {
    required_text("element", "the branch, the folder, or the application"),
    required_text("reason", "one word for programs"),
    required_text("message", "a sentence for people"),
};

constexpr Field kPreviewStatus[] = {
    required_text("application", "its name"),
    required_text("namespace", "that was made for it"),
    text("uid", "of that namespace: one of another uid is not touched"),
    text("token", "with which it was made"),
};

constexpr Field kSetStatus[] = {
    number("observedGeneration", "the newest generation that the daemon has taken up", {}, kMostGenerations),
    objects("conditions", "`Ready`, `Reconciling` and `Stalled`", kCondition),
    number("matched", "how many elements the generators have", {}, 1'000'000),
    number("applied", "how many applications there are of it", {}, 1'000'000),
    number("ready", "how many of them are ready", {}, 1'000'000),
    objects("generators", "how each of them was read last", kGeneratorStatus),
    objects("leftOut", "what has no application, and why", kLeftOut),
    objects("previews", "the namespaces that were made", kPreviewStatus),
};

constexpr Field kStatusRoot = object("status", "what the daemon says of it", kSetStatus);

// What the template leaves out stays left out, and is for people to say in a single application.
void remove_defaults(json::object& schema) {
  schema.erase("default");
  if (json::value* below = schema.if_contains("properties"))
    for (auto& [name, property] : below->get_object()) remove_defaults(property.get_object());
  if (json::value* items = schema.if_contains("items")) remove_defaults(items->get_object());
}

}  // namespace

const ApplicationField& application_set_document() {
  static const Tables kTables;
  return kTables.root;
}

const ApplicationField& application_set_status() { return kStatusRoot; }

json::object application_set_schema() {
  json::object properties{
      {"apiVersion", {{"type", "string"}}}, {"kind", {{"type", "string"}}}, {"metadata", {{"type", "object"}}}};
  json::object spec = field_schema(field_of(application_set_document(), "spec"), "spec");
  spec["x-kubernetes-validations"] =
      json::array{{{"rule", "has(self.preview) == has(oldSelf.preview)"},
                   {"message", "cannot get or lose its preview; make another ApplicationSet"}}};
  remove_defaults(spec["properties"].at("template").get_object());
  properties["spec"] = std::move(spec);
  properties["status"] = field_schema(application_set_status(), "status");
  const std::string name_rule = fmt::format("self.metadata.name.size() <= {}", kLongestName);
  return {{"type", "object"},
          {"description", "One Application for each branch, folder or element of a list."},
          {"required", json::array{"spec"}},
          {"properties", std::move(properties)},
          {"x-kubernetes-validations",
           json::array{{{"rule", name_rule},
                        {"message", fmt::format("has a name of more than {} characters", kLongestName)}}}}};
}

}  // namespace holdfast
