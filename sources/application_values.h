// One Application out of a document: its values, and what is wrong with them although each has the type that
// check_fields() wants. Internal to sources/. Pure.
#pragma once

#include <vector>

#include "holdfast/model/application.h"
#include "holdfast/model/json.h"
#include "sources/application_reader.h"
#include "sources/field_check.h"

namespace holdfast {

struct ApplicationValues {
  Application application;  // without `origin`; to be used only where nothing is wrong, here and in check_fields()
  std::vector<FieldProblem> problems;
};

ApplicationValues application_values(const json::object& document, const ApplicationReadOptions& options);

}  // namespace holdfast
