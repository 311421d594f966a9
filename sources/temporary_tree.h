// Files and links in a folder of their own, which goes away with this object. Blocks; one thread at a time.
#pragma once

#include <string>

#include "holdfast/base/result.h"

namespace holdfast {

class TemporaryTree {
 public:
  // Below `parent`, which is made where it is missing; what a process that was killed left there an hour ago is
  // removed.
  static Result<TemporaryTree> make(const std::string& parent);
  TemporaryTree(TemporaryTree&& other) noexcept;
  TemporaryTree& operator=(TemporaryTree&&) = delete;
  ~TemporaryTree();

  // `path` is relative and normal; the folders above it are made. Invalid where something stands in the way.
  Result<void> write(const std::string& path, const std::string& content);
  Result<void> link(const std::string& path, const std::string& target);
  Result<void> make_folder(const std::string& path);

  [[nodiscard]] const std::string& folder() const { return folder_; }  // absolute

 private:
  explicit TemporaryTree(std::string folder) : folder_(std::move(folder)) {}
  std::string folder_;
};

}  // namespace holdfast
