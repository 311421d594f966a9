// The order of a merged list (correctness C3, V19).
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "holdfast/merge/field_set.h"

namespace holdfast {

// One item of the result, by its positions in both lists: made of the live item, of the applied one, or of both. Where
// the live list has several of one name, none of them is kept beside the applied one.
struct MergedItem {
  std::optional<std::size_t> live, applied;
};

// The applied items keep their own order, live ones that are not applied stay where they are between those around them.
// Names in `live` may repeat, those in `applied` must not.
std::vector<MergedItem> merged_order(const std::vector<PathElement>& live, const std::vector<PathElement>& applied);

}  // namespace holdfast
