// What rendering one application at one revision came to, and what it was made from. Whoever holds a Rendering may use
// it for another revision whose tree has the same inputs: nothing else of the tree was looked at.
#pragma once

#include <string>
#include <vector>

#include "holdfast/base/result.h"
#include "holdfast/model/manifest_set.h"
#include "sources/revision_tree.h"

namespace holdfast {

// One thing of the tree that was looked at: the id of the entry at the path, with all below it where it is a folder.
// Empty: it was looked for and is not there.
struct RenderInput {
  std::string path, id;
  bool operator==(const RenderInput&) const = default;
};

struct Rendering {
  ManifestSetPtr manifests;         // its revision is that of the tree it was first made from
  std::vector<RenderInput> inputs;  // sorted by path
  std::vector<std::string> notes;   // what was passed over, for people
};

// Whether `tree` has all of these as they were. An error, of a tree that cannot be read, is neither yes nor no.
Result<bool> has_same_inputs(RevisionTree& tree, const std::vector<RenderInput>& inputs);

}  // namespace holdfast
