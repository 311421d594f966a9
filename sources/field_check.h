// Holds a document against the table of its fields: unknown keys, wrong types, values out of range, what is missing and
// what is not supported yet. A value that passes can be read without looking at types again.
//
// Pure. Every complaint says which field, what is wrong and what to do next.
#pragma once

#include <string>
#include <vector>

#include "holdfast/model/json.h"
#include "sources/application_fields.h"
#include "sources/yaml_place.h"

namespace holdfast {

struct FieldProblem {
  YamlPath path;
  std::string message;  // begins with the path
  std::string hint;
};

std::vector<FieldProblem> check_fields(const json::value& document, const ApplicationField& schema);

}  // namespace holdfast
