// The documentation of every field of the objects that we define, as Markdown, from the definitions themselves: what
// kubectl explain says and what docs/reference says cannot differ. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "holdfast/model/json.h"

namespace holdfast {

// Of one CustomResourceDefinition.
std::string field_reference(const json::object& definition);

// Of all of ours: the name of a file, as in "application.md", and its text; README.md lists them.
std::vector<std::pair<std::string, std::string>> field_references();

}  // namespace holdfast
