// Paths of one revision as a file system has them: links are followed as long as they stay inside, and everything that
// was looked at is remembered. Blocks, as the tree does; one thread at a time.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/base/result.h"
#include "sources/rendering.h"
#include "sources/revision_tree.h"

namespace holdfast {

class TreePaths {
 public:
  explicit TreePaths(RevisionTree& tree) : tree_(tree) {}

  struct Place {
    std::string path;  // without links; "" is the root
    TreeEntry entry;   // a file or a folder
  };
  // `path` as written in a file of `folder`, ".." and links included. NotFound where nothing is there, which is
  // remembered as well; Invalid where it leaves the repository, or leads through a submodule or in circles.
  Result<Place> find(const std::string& folder, std::string_view path);

  // What stands at a path is an input, with all below it.
  void remember(const Place& place) { inputs_[place.path] = place.entry.id; }

  // Sorted by path.
  [[nodiscard]] std::vector<RenderInput> inputs() const;
  // The links that were followed, and what they say.
  [[nodiscard]] const std::map<std::string, std::string>& links() const { return links_; }

 private:
  Result<Place> walk(std::vector<std::string> ahead);
  Result<void> follow(const std::string& link, const std::string& id, std::vector<std::string>& ahead,
                      std::vector<std::string>& done);

  RevisionTree& tree_;
  std::map<std::string, std::string> inputs_, links_;
};

// Of a path: all but the last part, and the last part.
std::string folder_of(std::string_view path);
std::string joined_path(std::string_view folder, std::string_view below);

}  // namespace holdfast
