// Every field of an ApplicationSet: one table from which documents are checked, the schema of the
// CustomResourceDefinition is made, and docs/previews.md is held to the truth.
#pragma once

#include "holdfast/model/json.h"
#include "sources/application_fields.h"

namespace holdfast {

inline constexpr std::string_view kApplicationSetKind = "ApplicationSet";

// The document itself: an Object with apiVersion, kind, metadata and spec. `spec.template.spec` has the fields of
// application_document().
const ApplicationField& application_set_document();
const ApplicationField& application_set_status();

// As application_schema().
json::object application_set_schema();

}  // namespace holdfast
