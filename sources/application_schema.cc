#include "sources/application_schema.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <string>

#include "holdfast/base/duration.h"
#include "holdfast/model/label.h"

namespace holdfast {
namespace {

// What names files of the machine that runs the program: a person's own, when a file of hers says so, and never those
// of a daemon, when somebody in the cluster does.
bool for_files_alone(std::string_view path) {
  return path.ends_with("spec.source.files") || path.ends_with("spec.source.credentials") || path.ends_with("File");
}

struct Rule {
  std::string_view path, expression, message;
};

// CEL, over the object at the path. What needs our own code (globs, field patterns, semver) is told by the condition of
// the object instead.
constexpr Rule kRules[] = {
    {"spec.source.ref",
     "[has(self.branch), has(self.tag), has(self.commit), has(self.semver), has(self.digest)]"
     ".filter(given, given).size() <= 1",
     "names more than one of branch, tag, commit, semver and digest; keep one of them"},
    {"spec.source.repoURL",
     "!self.startsWith('-') && !self.startsWith('/') && !self.startsWith('.') && self.contains(':')",
     "has to be a URL: a directory is one of the machine that the daemon runs on"},
    {"spec.source.repoURL", "!self.lowerAscii().startsWith('file:')", "has to be a remote repository"},
    {"spec.source.path", "!self.split('/').exists(part, part == '..')", "leads out of the repository"},
    {"spec.destination", "!has(self.confined) || !self.confined || has(self.__namespace__)",
     "is confined to a namespace, and names none"},
    {"spec.preview.namespace", "self == oldSelf", "cannot be changed: namespaces were made by it"},
    {"spec.generators[]",
     "[has(self.branches), has(self.directories), has(self.list)].filter(given, given).size() == 1",
     "has to be one of branches, directories and list"},
    {"spec.generators[].branches.repoURL",
     "!self.startsWith('-') && !self.startsWith('/') && !self.startsWith('.') && self.contains(':')",
     "has to be a URL: a directory is one of the machine that the daemon runs on"},
    {"spec.generators[].branches.repoURL", "!self.lowerAscii().startsWith('file:')", "has to be a remote repository"},
    {"spec.generators[].directories.repoURL",
     "!self.startsWith('-') && !self.startsWith('/') && !self.startsWith('.') && self.contains(':')",
     "has to be a URL: a directory is one of the machine that the daemon runs on"},
    {"spec.generators[].directories.repoURL", "!self.lowerAscii().startsWith('file:')",
     "has to be a remote repository"},
    {"spec.generators[].directories.ref",
     "[has(self.branch), has(self.tag), has(self.commit), has(self.semver)].filter(given, given).size() <= 1",
     "names more than one of branch, tag, commit and semver; keep one of them"},
    {"spec.ignore[]", "has(self.paths) || has(self.managers)", "names neither paths nor managers; give one of them"},
};

struct Pattern {
  std::string_view path, expression;
};
constexpr std::string_view kDnsLabel = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
constexpr Pattern kPatterns[] = {
    {"spec.source.ref.commit", "^[0-9a-f]{40}$"},
    {"spec.destination.namespace", kDnsLabel},
    {"spec.dependsOn[].name", kDnsLabel},
};

constexpr std::string_view kTimes[] = {"status.conditions[].lastTransitionTime",
                                       "status.history[].at",
                                       "status.observedAt",
                                       "status.plan.plannedAt",
                                       "status.plan.expiresAt",
                                       "status.approved.at",
                                       "status.pinned.at"};

// Lists whose items are told apart by a field of theirs: server-side apply merges them, and nothing is in them twice.
struct Key {
  std::string_view path, field;
};
constexpr Key kKeys[] = {{"spec.dependsOn", "name"}, {"status.conditions", "type"}, {"status.previews", "application"}};

std::string sentence(std::string_view meaning) {
  std::string text(meaning);
  if (text.empty()) return text;
  if (text.front() >= 'a' && text.front() <= 'z') text.front() = static_cast<char>(text.front() - 'a' + 'A');
  return text.ends_with('.') ? text : text + ".";
}

void add_rules(json::object& schema, std::string_view path) {
  json::array rules;
  for (const Rule& rule : kRules)
    if (rule.path == path) rules.push_back({{"rule", rule.expression}, {"message", rule.message}});
  if (!rules.empty()) schema["x-kubernetes-validations"] = std::move(rules);
  for (const Pattern& pattern : kPatterns)
    if (pattern.path == path) schema["pattern"] = pattern.expression;
  if (std::ranges::find(kTimes, path) != std::end(kTimes)) schema["format"] = "date-time";
  for (const Key& key : kKeys) {
    if (key.path != path) continue;
    schema["x-kubernetes-list-type"] = "map";
    schema["x-kubernetes-list-map-keys"] = json::array{key.field};
  }
}

json::object text_schema() {
  return {{"type", "string"}, {"minLength", 1}, {"maxLength", static_cast<std::int64_t>(kLongestFieldTextBytes)}};
}

// Go's spelling, as the reader takes it; the bounds are CEL's, for it knows durations.
json::object duration_schema(const ApplicationField& field) {
  const auto text = [](std::int64_t duration_s) { return to_duration_text(std::chrono::seconds(duration_s)); };
  json::array rules;
  rules.push_back({{"rule", fmt::format("duration(self) >= duration('{}') && duration(self) <= duration('{}')",
                                        text(field.least), text(field.most))},
                   {"message", fmt::format("has to be a {}", type_text(field))}});
  return {{"type", "string"},
          {"maxLength", 32},
          {"pattern", "^([0-9]+(\\.[0-9]+)?(h|m|s))+$"},
          {"x-kubernetes-validations", std::move(rules)}};
}

json::object choice_schema(const ApplicationField& field) {
  json::array choices;
  for (const std::string_view choice : field.choices) choices.emplace_back(choice);
  return {{"type", "string"}, {"enum", std::move(choices)}};
}

json::object object_schema(const ApplicationField& field, std::string_view path) {
  json::object properties;
  json::array required;
  for (const ApplicationField& below : field.fields) {
    const std::string at = path.empty() ? std::string(below.name) : fmt::format("{}.{}", path, below.name);
    if (!below.supported || for_files_alone(at)) continue;
    properties[below.name] = field_schema(below, at);
    if (below.required) required.emplace_back(below.name);
  }
  json::object schema{{"type", "object"}, {"properties", std::move(properties)}};
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

json::object schema_of_type(const ApplicationField& field, std::string_view path) {
  const auto most = static_cast<std::int64_t>(kMostFieldItems);
  switch (field.type) {
    case FieldKind::Text:
      return text_schema();
    case FieldKind::Boolean:
      return {{"type", "boolean"}};
    case FieldKind::Integer:
      return {{"type", "integer"}, {"minimum", field.least}, {"maximum", field.most}};
    case FieldKind::Duration:
      return duration_schema(field);
    case FieldKind::Choice:
      return choice_schema(field);
    case FieldKind::Object:
      return object_schema(field, path);
    case FieldKind::TextMap:
      return {{"type", "object"}, {"maxProperties", most}, {"additionalProperties", text_schema()}};
    case FieldKind::TextList:
      return {{"type", "array"}, {"maxItems", most}, {"items", text_schema()}};
    case FieldKind::Lines:
      return {{"type", "string"}, {"minLength", 1}, {"maxLength", static_cast<std::int64_t>(kLongestFieldLinesBytes)}};
    case FieldKind::Anything:
      return {{"type", "object"}, {"x-kubernetes-preserve-unknown-fields", true}};
    case FieldKind::ObjectList: {
      json::object items = object_schema(field, fmt::format("{}[]", path));
      add_rules(items, fmt::format("{}[]", path));
      return {{"type", "array"}, {"maxItems", most}, {"items", std::move(items)}};
    }
    case FieldKind::TextMapList:
      return {{"type", "array"},
              {"maxItems", most},
              {"items", {{"type", "object"}, {"maxProperties", most}, {"additionalProperties", text_schema()}}}};
  }
  return {};
}

}  // namespace

json::object field_schema(const ApplicationField& field, std::string_view path) {
  json::object schema = schema_of_type(field, path);
  add_rules(schema, path);
  if (!field.meaning.empty()) schema["description"] = sentence(field.meaning);
  if (field.fallback.empty()) return schema;
  if (field.type == FieldKind::Boolean)
    schema["default"] = field.fallback == "true";
  else if (field.type == FieldKind::Integer)
    schema["default"] = std::stoll(std::string(field.fallback));
  else
    schema["default"] = field.fallback;
  return schema;
}

json::object application_schema() {
  json::object properties{
      {"apiVersion", {{"type", "string"}}}, {"kind", {{"type", "string"}}}, {"metadata", {{"type", "object"}}}};
  for (const ApplicationField& field : application_document().fields)
    if (field.name == "spec") properties["spec"] = field_schema(field, "spec");
  properties["status"] = field_schema(application_status(), "status");
  const std::string name_rule = fmt::format("self.metadata.name.size() <= {}", kLongestName);
  return {{"type", "object"},
          {"description", "What is desired of whom, and how drift is met."},
          {"required", json::array{"spec"}},
          {"properties", std::move(properties)},
          {"x-kubernetes-validations",
           json::array{{{"rule", name_rule},
                        {"message", fmt::format("has a name of more than {} characters", kLongestName)}}}}};
}

}  // namespace holdfast
