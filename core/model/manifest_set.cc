#include "holdfast/model/manifest_set.h"

#include <algorithm>

namespace holdfast {

bool same_manifests(const ManifestSet& a, const ManifestSet& b) {
  return std::ranges::equal(a.manifests, b.manifests,
                            [](const Manifest& one, const Manifest& other) { return one.body == other.body; });
}

}  // namespace holdfast
