// The index.yaml of a Helm chart repository, of which the versions of one chart are wanted. Read event by event, along
// the file: indexes grow to tens of MiB, and of those nothing is kept but what was asked for.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/base/result.h"

namespace holdfast {

struct ChartVersion {
  std::string version;
  std::string digest;  // SHA-256 of the archive, 64 hex digits; empty where the index has none that is one
  std::string url;     // the first; relative to the repository, or not
};

// `read` fills some of what it is given, and says how much, 0 at the end. Errors: NotFound, naming the chart that may
// have been meant; Invalid (no index); TooLarge; those of `read`.
using ReadIndex = std::function<Result<std::size_t>(std::span<char>)>;
Result<std::vector<ChartVersion>> chart_versions(const ReadIndex& read, std::string_view chart);

// The one whose version is `wanted` by its text, else the newest in that range. NotFound; Invalid.
Result<ChartVersion> choose_version(const std::vector<ChartVersion>& versions, std::string_view wanted);

}  // namespace holdfast
