// Reads a plain local directory as a desired state. Symbolic links below it are not followed, so nothing outside is
// read. Blocks; any thread.
#pragma once

#include <string>

#include "holdfast/base/result.h"
#include "sources/source_tree.h"

namespace holdfast {

// The revision is "files@sha256:<64 hex>" over the names and contents of what is taken. What changes while it is read
// makes it start again, three times at most; then Busy. NotFound where `subpath` is not below `root`.
Result<SourceTree> read_directory(const std::string& root, const std::string& subpath, ReadLimits limits = {},
                                  const FileChoice& choice = {});

}  // namespace holdfast
