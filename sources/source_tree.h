// Which files of a revision are taken as plain manifests, under which bounds, and what is left out.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/base/result.h"
#include "holdfast/model/manifest_set.h"
#include "sources/file_choice.h"
#include "sources/revision_tree.h"

namespace holdfast {

struct ReadLimits {
  std::size_t file_count = 100'000;
  std::size_t file_bytes = std::size_t{16} << 20;  // whole installations in one file: Kyverno's has 6 MiB
  std::size_t total_bytes = std::size_t{256} << 20;
  std::size_t folder_depth = 64;
  std::size_t entry_count = 1'000'000;  // looked at, whatever they are: a few hundred bytes of Git can name billions
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

// The entry at a normal path. NotFound, and Invalid where the way there leads through a link or a submodule.
Result<TreeEntry> entry_at(RevisionTree& tree, const std::string& path);

struct ChosenFile {
  std::string path, id;
};
struct ChosenFiles {
  std::vector<ChosenFile> files;  // sorted by path
  std::vector<std::string> notes;
};
// The files at and below `subpath` that `choice` takes; one that `subpath` names itself is always taken. No content is
// read. Errors: as entry_at; NotFound where there is none, since an empty desired state is never made by mistake;
// TooLarge.
Result<ChosenFiles> choose_files(RevisionTree& tree, const std::string& subpath, const ReadLimits& limits,
                                 const FileChoice& choice);

// What is read of a revision, counted against the limits. TooLarge with `where`.
class ReadBudget {
 public:
  explicit ReadBudget(ReadLimits limits) : limits_(limits) {}
  Result<void> take(const std::string& path, std::size_t size_bytes);

 private:
  ReadLimits limits_;
  std::size_t total_bytes_ = 0;
};

// These files with their contents, of a remote repository in one request.
Result<SourceTree> read_files(RevisionTree& tree, const std::string& subpath, const ReadLimits& limits = {},
                              const FileChoice& choice = {});

}  // namespace holdfast
