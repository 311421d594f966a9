#include "sources/override_fields.h"

#include <spdlog/fmt/fmt.h>

#include <string>

#include "holdfast/model/label.h"
#include "sources/application_schema.h"
#include "sources/field_makers.h"

namespace holdfast {
namespace {

using namespace field_makers;

constexpr Field kRef[] = {
    text("branch", "a branch of the application's repository"),
    text("tag", "a tag of it, also of an artifact"),
    text("commit", "a full commit id: 40 hexadecimal digits"),
};

constexpr Field kTarget[] = {
    text("group", "the API group, as in `apps`; left out: every one"),
    required_text("kind", "as in `Deployment`"),
    text("namespace", "the object's namespace; left out: every one"),
    required_text("name", "the object's name"),
};

constexpr Field kPatches[] = {
    object("target", "the object, which the application's source has", kTarget, true),
    required_text("path", "the field, as in `spec.template.spec.containers[web].image`"),
    Field{.name = "value", .type = FieldKind::Anything, .meaning = "what it is set to", .required = true},
};

constexpr Field kSpec[] = {
    required_text("application", "the Application in this namespace on which it is tried"),
    object("ref", "what of its repository is tried in place of its own ref; one of these, or `patches`", kRef),
    objects("patches", "fields that are set, in place of `ref`", kPatches),
    text("reason", "for those who read it later"),
    required_text("requestedBy", "who asks; the API server holds it to be the user who makes or changes the object"),
    Field{.name = "expiresAfter",
          .type = FieldKind::Duration,
          .meaning = "how long it holds, from when it was made on",
          .fallback = "1h",
          .least = kShortestOverride.count(),
          .most = kLongestOverride.count()},
};

constexpr std::string_view kStatuses[] = {"True", "False", "Unknown"};

constexpr Field kCondition[] = {
    required_text("type", "`Ready`: what it asks for is in the cluster"),
    required_choice("status", "whether it is so", kStatuses),
    required_text("reason", "one word for programs"),
    text("message", "a sentence for people"),
    required_text("lastTransitionTime", "since when the status is as it is"),
    Field{.name = "observedGeneration",
          .type = FieldKind::Integer,
          .meaning = "the generation of the object that it is about",
          .most = kMostGenerations},
};

constexpr Field kFormer[] = {
    object("target", "the object", kTarget, true),
    required_text("path", "the field"),
    Field{.name = "value", .type = FieldKind::Anything, .meaning = "what it was; left out: it was not there"},
};

constexpr std::string_view kPhases[] = {"Pending", "Active", "Expired", "Rejected", "Superseded"};

constexpr Field kStatus[] = {
    Field{.name = "observedGeneration",
          .type = FieldKind::Integer,
          .meaning = "the newest generation that the daemon has taken up",
          .most = kMostGenerations},
    Field{.name = "phase", .type = FieldKind::Choice, .meaning = "how it stands", .choices = kPhases},
    objects("conditions", "`Ready`, as kstatus has it", kCondition),
    text("tries", "what it asks for, in a few words"),
    text("endsAt", "when it ends by itself"),
    text("appliedAt", "when all of it was in the cluster"),
    text("endedAt", "when nothing of it was in the cluster any more"),
    text("revision", "of a ref, what was read of it"),
    text("checked", "a digest of what it tries, as the API server has let it come into force; another one ends it"),
    objects("former", "fields that Git does not declare, as they were before; they are put back at its end", kFormer),
};

constexpr Field kSpecRoot = Field{.name = "spec",
                                  .type = FieldKind::Object,
                                  .meaning = "what is tried, on what, by whom and for how long",
                                  .required = true,
                                  .fields = kSpec};
constexpr Field kStatusRoot =
    Field{.name = "status", .type = FieldKind::Object, .meaning = "what the daemon says of it", .fields = kStatus};

json::object& at(json::object& schema, std::initializer_list<const char*> path) {
  json::object* here = &schema;
  for (const char* name : path) here = &(*here)["properties"].at(name).as_object();
  return *here;
}

json::object any_value(std::string_view description) {
  return {{"x-kubernetes-preserve-unknown-fields", true}, {"description", description}};
}

json::object rule(std::string_view expression, std::string_view message) {
  return {{"rule", expression}, {"message", message}};
}

json::object spec_schema() {
  json::object schema = field_schema(kSpecRoot, "override");
  schema["x-kubernetes-validations"] = json::array{
      rule("has(self.ref) != has(self.patches)", "names both a ref and patches, or neither; keep one of them")};
  json::object& ref = at(schema, {"ref"});
  ref["x-kubernetes-validations"] =
      json::array{rule("[has(self.branch), has(self.tag), has(self.commit)].filter(given, given).size() == 1",
                       "has to name one of branch, tag and commit")};
  at(schema, {"ref", "commit"})["pattern"] = "^[0-9a-f]{40}$";
  for (const char* name : {"branch", "tag"})
    at(schema, {"ref", name})["x-kubernetes-validations"] =
        json::array{rule("!self.startsWith('-')", "begins with a dash, which no ref does"),
                    rule("!self.startsWith('refs/')", "has to be the name of a branch or tag, without refs/")};
  at(schema, {"application"})["maxLength"] = static_cast<std::int64_t>(kLongestName);
  json::object& patches = at(schema, {"patches"});
  patches["minItems"] = 1;
  patches["maxItems"] = static_cast<std::int64_t>(kMostOverridePatches);
  json::object& items = patches["items"].as_object();
  items["properties"].as_object()["value"] = any_value("What it is set to, of any type.");
  at(items, {"path"})["maxLength"] = 1024;
  return schema;
}

json::object status_schema() {
  json::object schema = field_schema(kStatusRoot, "override.status");
  json::object& former = at(schema, {"former"});
  former["items"].as_object()["properties"].as_object()["value"] =
      any_value("What it was; left out: it was not there.");
  for (const char* name : {"endsAt", "appliedAt", "endedAt"}) at(schema, {name})["format"] = "date-time";
  json::object& conditions = at(schema, {"conditions"});
  conditions["x-kubernetes-list-type"] = "map";
  conditions["x-kubernetes-list-map-keys"] = json::array{"type"};
  at(conditions["items"].as_object(), {"lastTransitionTime"})["format"] = "date-time";
  return schema;
}

}  // namespace

const ApplicationField& override_spec() { return kSpecRoot; }
const ApplicationField& override_status() { return kStatusRoot; }

json::object override_schema() {
  json::object properties{{"apiVersion", {{"type", "string"}}},
                          {"kind", {{"type", "string"}}},
                          {"metadata", {{"type", "object"}}},
                          {"spec", spec_schema()},
                          {"status", status_schema()}};
  return {
      {"type", "object"},
      {"description", "What somebody tries on a running application for a while, without a merge; it ends by itself."},
      {"required", json::array{"spec"}},
      {"properties", std::move(properties)},
      {"x-kubernetes-validations",
       json::array{rule(fmt::format("self.metadata.name.size() <= {}", kLongestDnsLabel),
                        fmt::format("has a name of more than {} characters", kLongestDnsLabel))}}};
}

}  // namespace holdfast
