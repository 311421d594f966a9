// Objects from YAML, and what an import makes of them, for the tests of imports.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "app/imported.h"
#include "app/object_documents.h"
#include "sources/application_reader.h"

namespace holdfast {

inline std::vector<json::value> objects_of(std::string_view yaml) {
  auto objects = read_objects(yaml, "test");
  EXPECT_TRUE(objects) << describe(objects.error());
  return objects ? *objects : std::vector<json::value>{};
}

inline const ImportedDocument& document_named(const Imported& imported, std::string_view name) {
  for (const ImportedDocument& document : imported.documents)
    if (string_at(document.object, {"metadata", "name"}) == name) return document;
  ADD_FAILURE() << "there is no " << name << " in\n" << imported_yaml(imported);
  static const ImportedDocument kNone;
  return kNone;
}

// A part of its spec, as canonical JSON.
inline std::string part(const ImportedDocument& document, std::initializer_list<std::string_view> path) {
  const json::value* value = find(document.object, path);
  return value == nullptr ? "(absent)" : canonical_json(*value);
}

inline bool is_noted(const ImportedDocument& document, std::string_view field) {
  return std::ranges::any_of(document.notes, [&](const ImportNote& note) { return note.field == field; });
}

// The reader of `run --config` takes it.
inline void expect_readable(const ImportedDocument& document) {
  json::object object = document.object;
  if (json::value* spec = object.if_contains("spec")) spec->as_object().erase("dependsOn");  // on others of the file
  const auto read = read_application(object);
  EXPECT_TRUE(read) << describe(read.error()) << "\n" << canonical_json(json::value(object));
}

}  // namespace holdfast
