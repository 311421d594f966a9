// ApplicationSet documents, from JSON or YAML to values. Pure; any thread.
#pragma once

#include "holdfast/base/result.h"
#include "holdfast/model/application_set.h"
#include "holdfast/model/json.h"
#include "holdfast/model/manifest_set.h"

namespace holdfast {

inline constexpr std::size_t kMostGenerators = 20;

// One object as an API server has it. Errors: Invalid, with all that is wrong, one thing a line: fields that there are
// not, and parameters of the template that a generator does not have.
Result<ApplicationSet> read_application_set(const json::object& object);

// The only ApplicationSet of a file. Errors: as above with the file and the line of the document, and where there is
// none or more than one.
Result<ApplicationSet> read_application_set_file(const SourceFile& file, const std::string& own_namespace);

// The parameters that an element of the generator has; of a list those of all of its elements.
std::vector<std::string> parameter_names(const Generator& generator);

}  // namespace holdfast
