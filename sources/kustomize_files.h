// The files that a kustomization is made of, found by reading the kustomizations alone.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "holdfast/base/result.h"
#include "sources/kustomization.h"
#include "sources/tree_paths.h"

namespace holdfast {

class KustomizeFiles {
 public:
  explicit KustomizeFiles(RevisionTree& tree) : tree_(tree), paths_(tree) {}

  // With all that it speaks of, and so on. Once; then further ones. `field`: what named it, for complaints. The path of
  // the folder without links. Invalid: what is named is not there, is an address, or is refused.
  Result<std::string> add(const std::string& path, const std::string& field);

  [[nodiscard]] const std::set<std::string>& files() const { return files_; }
  [[nodiscard]] const TreePaths& paths() const { return paths_; }

 private:
  Result<void> read_level(const std::vector<std::string>& folders, std::vector<std::string>& next);
  Result<std::vector<std::string>> kustomization_files(const std::string& folder);
  Result<void> take(const std::string& folder, const KustomizationReference& reference, std::vector<std::string>& next);
  Result<void> take_file(const std::string& folder, const TreePaths::Place& place,
                         const KustomizationReference& reference, std::vector<std::string>& next);

  RevisionTree& tree_;
  TreePaths paths_;
  std::set<std::string> folders_;  // read, or about to be
  std::set<std::string> files_;
};

}  // namespace holdfast
