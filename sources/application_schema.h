// The structural schema of an Application in a cluster, made from the table of its fields (application_fields.h), so
// that the API server refuses what the reader would refuse, with its own words. Pure; any thread.
#pragma once

#include <string_view>

#include "holdfast/model/json.h"
#include "sources/application_fields.h"
#include "sources/application_status_fields.h"

namespace holdfast {

// An OpenAPI v3 schema of one field and all below it, as a CustomResourceDefinition wants it. What is not supported is
// left out, so that `fieldValidation: Strict` refuses it; so is what is only for files of this machine. `path` is that
// of the field, as in "spec.source.ref"; rules that concern several fields are known by it.
json::object field_schema(const ApplicationField& field, std::string_view path);

// Of the whole object: apiVersion, kind, metadata, spec and status.
json::object application_schema();

}  // namespace holdfast
