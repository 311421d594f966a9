// What `holdfast try` is asked for, as patches of objects that the application has. Pure.
#pragma once

#include <string>
#include <vector>

#include "app/options.h"
#include "holdfast/base/result.h"
#include "holdfast/model/manifest_set.h"
#include "holdfast/model/override.h"

namespace holdfast {

// Of --set, --scale and --image. `set`: what the application wants now; null: not known, and --object has to say which
// one is meant. Errors: Invalid or NotFound, with the objects that it could be.
Result<std::vector<OverridePatch>> wished_patches(const TryOptions& options, const ManifestSet* set);

}  // namespace holdfast
