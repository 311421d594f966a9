#include "sources/rendering.h"

namespace holdfast {

Result<bool> has_same_inputs(RevisionTree& tree, const std::vector<RenderInput>& inputs) {
  for (const RenderInput& input : inputs) {
    const auto entry = tree.entry(input.path);
    if (!entry && entry.error().kind != ErrorKind::NotFound) return std::unexpected(entry.error());
    if ((entry ? entry->id : std::string()) != input.id) return false;
  }
  return true;
}

}  // namespace holdfast
