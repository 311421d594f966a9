// A file set to manifests. Every document must be an object with apiVersion, kind and metadata.name; `List` kinds are
// flattened. The set is made only where nothing at all was wrong; otherwise all errors of all files come back, 20 at
// most, each with "path:line". Pure; any thread.
#pragma once

#include <expected>
#include <vector>

#include "holdfast/model/manifest_set.h"

namespace holdfast {

inline constexpr std::size_t kManifestErrorLimit = 20;

std::expected<ManifestSetPtr, std::vector<Error>> parse_manifests(const FileSet& files);

}  // namespace holdfast
