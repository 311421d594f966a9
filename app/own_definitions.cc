#include "app/own_definitions.h"

#include <initializer_list>
#include <string>
#include <string_view>

#include "sources/application_schema.h"
#include "sources/application_set_fields.h"
#include "sources/override_fields.h"

namespace holdfast {
namespace {

struct Names {
  std::string_view kind, singular, plural;
  std::initializer_list<std::string_view> short_names;
};

struct Column {
  std::string_view name, path, description;
  std::string_view type = "string";
  int priority = 0;  // above 0: with -o wide
};

std::string condition(std::string_view type, std::string_view part) {
  return ".status.conditions[?(@.type==\"" + std::string(type) + "\")]." + std::string(part);
}

json::array columns_of(std::initializer_list<Column> columns) {
  json::array made;
  for (const Column& column : columns) {
    json::object one{{"name", column.name}, {"type", column.type}, {"jsonPath", column.path}};
    if (!column.description.empty()) one["description"] = column.description;
    if (column.priority != 0) one["priority"] = column.priority;
    made.push_back(std::move(one));
  }
  return made;
}

json::object definition(const Names& names, json::array columns, json::object schema) {
  json::array short_names;
  for (const std::string_view name : names.short_names) short_names.emplace_back(name);
  json::object version{{"name", "v1alpha1"},
                       {"served", true},
                       {"storage", true},
                       {"subresources", {{"status", json::object()}}},
                       {"additionalPrinterColumns", std::move(columns)},
                       {"schema", {{"openAPIV3Schema", std::move(schema)}}}};
  return {{"apiVersion", "apiextensions.k8s.io/v1"},
          {"kind", "CustomResourceDefinition"},
          {"metadata", {{"name", std::string(names.plural) + ".holdfast.dev"}}},
          {"spec",
           {{"group", "holdfast.dev"},
            {"scope", "Namespaced"},
            {"names",
             {{"kind", names.kind},
              {"listKind", std::string(names.kind) + "List"},
              {"singular", names.singular},
              {"plural", names.plural},
              {"shortNames", std::move(short_names)},
              {"categories", json::array{"holdfast", "gitops"}}}},
            {"versions", json::array{std::move(version)}}}}};
}

json::object application_definition() {
  const std::string ready = condition("Ready", "status"), healthy = condition("Healthy", "status"),
                    message = condition("Ready", "message");
  return definition(
      {"Application", "application", "applications", {"hfapp", "hfapps"}},
      columns_of(
          {{.name = "Ready", .path = ready, .description = "Whether all of the revision is applied"},
           {.name = "Healthy", .path = healthy, .description = "Whether all of its objects are healthy"},
           {.name = "Revision", .path = ".status.lastAppliedRevision", .description = "What was applied last"},
           {.name = "Drift",
            .path = ".status.drift.objects",
            .description = "Objects that differ and are left so",
            .type = "integer"},
           {.name = "Plan", .path = ".status.plan.summary", .description = "What waits for approval", .priority = 1},
           {.name = "Objects",
            .path = ".status.inventory.objects",
            .description = "Objects that it holds",
            .type = "integer",
            .priority = 1},
           {.name = "Source", .path = ".spec.source.repoURL", .description = {}, .priority = 1},
           {.name = "Path", .path = ".spec.source.path", .description = {}, .priority = 1},
           {.name = "Status", .path = message, .description = "What the daemon says of it"},
           {.name = "Age", .path = ".metadata.creationTimestamp", .description = {}, .type = "date"}}),
      application_schema());
}

json::object override_definition() {
  return definition(
      {"Override", "override", "overrides", {"hfo", "hfovr"}},
      columns_of({{.name = "Application", .path = ".spec.application", .description = "On which it is tried"},
                  {.name = "Phase", .path = ".status.phase", .description = "How it stands"},
                  {.name = "Tries", .path = ".status.tries", .description = "What it asks for"},
                  {.name = "By", .path = ".spec.requestedBy", .description = "Who asks"},
                  {.name = "Ends", .path = ".status.endsAt", .description = "When it ends by itself"},
                  {.name = "Reason", .path = ".spec.reason", .description = {}, .priority = 1},
                  {.name = "Revision", .path = ".status.revision", .description = {}, .priority = 1},
                  {.name = "Status",
                   .path = condition("Ready", "message"),
                   .description = "What the daemon says of it",
                   .priority = 1},
                  {.name = "Age", .path = ".metadata.creationTimestamp", .description = {}, .type = "date"}}),
      override_schema());
}

json::object application_set_definition() {
  const auto count = [](std::string_view name, std::string_view path, std::string_view description) {
    return Column{.name = name, .path = path, .description = description, .type = "integer"};
  };
  const std::string ready = condition("Ready", "status"), message = condition("Ready", "message");
  return definition(
      {"ApplicationSet", "applicationset", "applicationsets", {"hfset", "hfsets"}},
      columns_of({count("Matched", ".status.matched", "What its generators have"),
                  count("Applied", ".status.applied", "Applications that there are of it"),
                  count("Ready", ".status.ready", "Of these, those that are ready"),
                  {.name = "All", .path = ready, .description = "Whether all of them are there and ready"},
                  {.name = "Status", .path = message, .description = "What the daemon says of it"},
                  {.name = "Age", .path = ".metadata.creationTimestamp", .description = {}, .type = "date"}}),
      application_set_schema());
}

}  // namespace

const ApiResource& application_set_resource() {
  static const ApiResource kResource{{"holdfast.dev", "v1alpha1", "ApplicationSet"},
                                     "applicationsets",
                                     true,
                                     {"get", "list", "patch", "update", "watch"}};
  return kResource;
}

const ApiResource& application_resource() {
  static const ApiResource kResource{
      {"holdfast.dev", "v1alpha1", "Application"}, "applications", true, {"get", "list", "patch", "update", "watch"}};
  return kResource;
}

const ApiResource& override_resource() {
  static const ApiResource kResource{
      {"holdfast.dev", "v1alpha1", "Override"}, "overrides", true, {"get", "list", "patch", "update", "watch"}};
  return kResource;
}

json::array own_definitions() {
  return {application_definition(), application_set_definition(), override_definition()};
}

}  // namespace holdfast
