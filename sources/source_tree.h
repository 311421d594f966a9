// What a Git tree and a plain directory have in common: which files are taken, under which bounds, and what is left
// out.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/base/result.h"
#include "holdfast/model/manifest_set.h"
#include "sources/file_choice.h"

namespace holdfast {

struct ReadLimits {
  std::size_t file_count = 100'000;
  std::size_t file_bytes = std::size_t{16} << 20;  // whole installations in one file: Kyverno's has 6 MiB
  std::size_t total_bytes = std::size_t{256} << 20;
  std::size_t folder_depth = 64;
};

// `notes` say what was passed over though it looks like a manifest or may hold some: symbolic links, submodules, and
// names that begin with a dot. Sorted.
struct SourceTree {
  FileSet files;
  std::vector<std::string> notes;
};

// *.yaml, *.yml and *.json.
bool may_hold_manifests(std::string_view name);

// "./apps//web/" is "apps/web"; "" and "." are the root. Invalid: "..", NUL, more than 4096 bytes.
Result<std::string> normal_subpath(std::string_view path);

// Collects the files of one walk.
class TreeCollector {
 public:
  // `choice` is about what is below `subpath`; a file that it names itself is always taken.
  TreeCollector(ReadLimits limits, FileChoice choice, std::string subpath)
      : limits_(limits), choice_(std::move(choice)), subpath_(std::move(subpath)) {}

  [[nodiscard]] bool recurses() const { return choice_.recurse; }
  // Whether the file of this path, below `subpath`, is one to be read.
  [[nodiscard]] bool wants(std::string_view path) const;

  // To be asked for each file before it is read, once each. TooLarge with `where`; Invalid where the path is not UTF-8.
  Result<void> admit_name(const std::string& path);
  Result<void> admit_size(const std::string& path, std::size_t size_bytes);
  Result<void> enter(const std::string& folder, std::size_t depth) const;
  void add(std::string path, std::string content);
  void note(std::string text) { notes_.insert(std::move(text)); }

  // Sorted by path. NotFound where no file was taken: an empty desired state is never made by mistake.
  Result<SourceTree> finish(std::string revision);

 private:
  ReadLimits limits_;
  FileChoice choice_;
  std::string subpath_;
  std::size_t name_count_ = 0, total_bytes_ = 0;
  std::vector<SourceFile> files_;
  std::set<std::string> notes_;
};

}  // namespace holdfast
