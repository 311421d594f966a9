// One revision of a source, as renderers read it: a commit of a repository, the files of a folder, or an artifact.
//
// Nothing in it changes while it is held. Paths are relative to the root, '/'-separated, normal (normal_subpath); "" is
// the root. Blocks; one thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "holdfast/base/result.h"

namespace holdfast {

struct TreeEntry {
  enum class Kind { File, Folder, Link, Submodule };
  Kind kind = Kind::File;
  std::string name;  // within its folder, valid UTF-8
  std::string id;    // of what is there and below: the same id has the same names and bytes. Never empty
};

class RevisionTree {
 public:
  virtual ~RevisionTree() = default;

  [[nodiscard]] virtual const std::string& revision() const = 0;  // see FileSet
  [[nodiscard]] virtual std::int64_t committed_s() const = 0;     // see FileSet
  // What is at this path. NotFound where nothing is; every other error says nothing about what is there. Links are not
  // followed, and nothing is below one.
  virtual Result<TreeEntry> entry(const std::string& path) = 0;
  // What a folder holds, sorted by name. NotFound, Invalid (no folder), TooLarge.
  virtual Result<std::vector<TreeEntry>> list(const std::string& folder) = 0;
  // Afterwards the files at and below these paths are read without a request; of a remote source in one request for
  // all. Not needed before read(), which brings what it lacks, one by one.
  virtual Result<void> bring(const std::vector<std::string>& paths) = 0;
  // The bytes of a file. NotFound, Invalid (no file), TooLarge (16 MiB).
  virtual Result<std::string> read(const std::string& path) = 0;
  // The text of a link.
  virtual Result<std::string> read_link(const std::string& path) = 0;
};

}  // namespace holdfast
