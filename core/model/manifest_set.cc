#include "holdfast/model/manifest_set.h"

#include <algorithm>

#include "holdfast/base/digest.h"

namespace holdfast {

bool same_manifests(const ManifestSet& a, const ManifestSet& b) {
  return std::ranges::equal(a.manifests, b.manifests,
                            [](const Manifest& one, const Manifest& other) { return one.body == other.body; });
}

std::string content_of(const ManifestSet& set) {
  std::string digests;
  for (const Manifest& manifest : set.manifests) digests += to_hex(sha256(to_json(manifest.body))) + "\n";
  return "sha256:" + to_hex(sha256(digests));
}

}  // namespace holdfast
