// What of an artifact holds its files: read out of its OCI manifest. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/base/result.h"

namespace holdfast {

struct ArtifactLayer {
  std::string digest;  // "sha256:…"
  std::uint64_t size_bytes = 0;
  std::string media_type;
  std::string file_name;  // where the layer is one file as it is, and no archive (ORAS pushes such ones)
};

struct ArtifactContent {
  bool is_chart = false;
  std::vector<ArtifactLayer> layers;  // one archive, or one or more files of different names
  std::int64_t created_s = 0;         // since 1970, as it says itself; 0: it does not
  std::string made_of;                // "main@sha1:… of https://…", as it says itself; may be empty
};

// Which of the layers are meant: those of `media_type`, of which the first counts (as in Flux); without it that of a
// Helm chart, else the only one that is an archive, else those that are manifests as they are. Errors: Invalid, saying
// which layers there are; Protocol, where this is no manifest.
Result<ArtifactContent> artifact_content(std::string_view manifest, std::string_view media_type);

// The digest of the only image of an index, empty where the manifest is no index. Errors: Invalid, Protocol.
Result<std::string> only_image(std::string_view manifest);

inline constexpr std::string_view kChartLayerType = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";

}  // namespace holdfast
