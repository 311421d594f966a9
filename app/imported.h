// What `holdfast import` makes of another tool's objects, and how it is printed. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "app/foreign_fields.h"
#include "holdfast/model/json.h"

namespace holdfast {

struct ImportedDocument {
  json::object object;            // ours, or one of Kubernetes' own
  std::string from;               // "Kustomization flux-system/apps"
  std::vector<ImportNote> notes;  // of that object, and of those that it refers to
  bool complete = true;  // false: something that it cannot do without has no equivalent; it is printed as a comment
};

struct Imported {
  std::vector<ImportedDocument> documents;
  std::vector<ImportNote> notes;  // of objects that became no document of their own
};

// YAML documents, each below comments that say where it comes from and what is not in it.
std::string imported_yaml(const Imported& imported);
// One line for each note, without those that were said already: "Kustomization flux-system/apps, spec.force: …".
std::vector<std::string> imported_remarks(const Imported& imported);

// "spec.force: what it did; do that instead".
std::string to_string(const ImportNote& note);

// An Application of that name, with an empty spec.
json::object new_application(std::string_view name, std::string_view namespace_);

}  // namespace holdfast
