// A plain folder as renderers read it: each folder and file as it was when it was first looked at, or Busy. Ids are
// digests of what is there, so that two trees of the same files have the same. Links are not followed; .git is left
// out.
#pragma once

#include <memory>
#include <string>

#include "holdfast/base/result.h"
#include "sources/revision_tree.h"

namespace holdfast {

class DirectoryTree : public RevisionTree {
 public:
  // Busy where something that was looked at is another by now: what was read may belong to different moments. To be
  // asked when all was read.
  virtual Result<void> unchanged() = 0;
};

// NotFound where there is no such folder. `revision()` is "files": which ones count is not known to the tree.
Result<std::unique_ptr<DirectoryTree>> open_directory_tree(const std::string& root);

}  // namespace holdfast
