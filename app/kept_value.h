// Where a field that is not written as it stands has to be changed to be kept: the value of a chart, or a patch of a
// kustomization. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "holdfast/model/json.h"
#include "holdfast/model/manifest_set.h"
#include "holdfast/model/override.h"

namespace holdfast {

struct ChartValue {
  std::string file, name;  // "resources.requests.cpu"
  int line = 1;
  bool operator==(const ChartValue&) const = default;
};

// Values that are what the field is now, those first whose last names are like the field's.
std::vector<ChartValue> values_like(std::span<const SourceFile> files, const std::string& path,
                                    const json::value& present);
// "resources.requests.cpu (apps/web/values.yaml:12)", three of them at most; empty: none.
std::string describe_values(const std::vector<ChartValue>& values);

// An entry for `patches` of a kustomization.yaml.
std::string kustomize_patch(const OverridePatch& patch, const std::string& api_version);

}  // namespace holdfast
