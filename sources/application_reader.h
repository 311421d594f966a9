// Application documents, from YAML or JSON text to values. All files are read together, for applications name one
// another: two of one name in a namespace, a dependency on none, and a cycle of them are errors.
//
// The list is made only where nothing at all was wrong, and is never empty. Otherwise the Error has a line for each
// thing that is wrong (kApplicationErrorLimit at most), as "file:line: field, what is wrong (what to do)". Fields are
// those of sources/application_fields.h. Bounds: 4 MiB a file, 10,000 applications. Pure: no file that a document names
// is looked at. Any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/base/result.h"
#include "holdfast/model/application.h"
#include "holdfast/model/json.h"
#include "holdfast/model/manifest_set.h"

namespace holdfast {

inline constexpr std::size_t kApplicationErrorLimit = 50;

struct ApplicationReadOptions {
  std::string base = "/";          // absolute: the directory against which relative directories and files are resolved
  std::string own_namespace = {};  // the daemon's: what a document without metadata.namespace means; may be empty
  // Whether a text of a rule's `paths` is a pattern of fields; not asked where unset.
  std::function<Result<void>(std::string_view)> check_path = {};
};

// `path` of a file is how errors and `origin` name it.
Result<std::vector<Application>> read_applications(std::span<const SourceFile> files,
                                                   const ApplicationReadOptions& options = {});

// One object as an API server has it: there are no lines to name, and what the server keeps in metadata and status is
// passed over. Errors: Invalid, with all that is wrong, one thing a line.
Result<Application> read_application(const json::object& object, const ApplicationReadOptions& options = {});

}  // namespace holdfast
