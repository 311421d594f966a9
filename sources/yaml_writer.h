// JSON values as YAML in the spelling of sigs.k8s.io/yaml, by which Flux writes an object before it fills variables in:
// what is quoted there, and what is not, decides what an object with variables comes to. Keys in the order of the
// value. Pure. For people, app/yaml_text.h is easier to read.
#pragma once

#include <string>

#include "holdfast/model/json.h"

namespace holdfast {

std::string write_yaml(const json::value& value);

}  // namespace holdfast
