// The objects of a bare repository, read by libgit2. Never reaches a server: what is not in the store is missing.
//
// Opened once and held, it goes on reading what it has found, also where another process puts a new repository in
// place. Blocks; one thread at a time. Errors: Internal where an object is missing or damaged.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "holdfast/base/result.h"
#include "sources/revision_tree.h"

namespace holdfast {

class GitStore {
 public:
  // A folder that was read. Its entries' ids are those of Git; of a link and a submodule with their kind before it,
  // since a link has the same as a file of its text.
  class Folder {
   public:
    // NotFound where it has no such name.
    [[nodiscard]] Result<TreeEntry> entry(const std::string& name) const;
    // Sorted by name. Invalid where a folder's or a manifest's name is not UTF-8; other names that are not are left
    // out.
    [[nodiscard]] Result<std::vector<TreeEntry>> entries() const;

   private:
    friend class GitStore;
    std::shared_ptr<void> tree_;
  };
  struct Commit {
    std::string id, tree;
    std::int64_t committed_s = 0;
  };

  static Result<GitStore> open(const std::string& repository);

  // Of a commit, or of a tag that names one. Invalid where the object is neither.
  [[nodiscard]] Result<Commit> commit(const std::string& id) const;
  [[nodiscard]] Result<Folder> folder(const std::string& id) const;
  [[nodiscard]] bool has(const std::string& id) const;
  // Finds what a fetch has brought since it was opened.
  void refresh();
  // TooLarge beyond the limit, before it is read.
  [[nodiscard]] Result<std::string> content(const std::string& id, std::size_t limit_bytes) const;
  // What a ref points at; NotFound where there is no such ref.
  [[nodiscard]] Result<std::string> ref_target(const std::string& ref) const;
  // Makes a ref, or moves it there.
  Result<void> set_ref(const std::string& ref, const std::string& id) const;

 private:
  std::shared_ptr<void> repository_, objects_;
};

// The id of an entry as Git has it.
std::string git_id_of(const TreeEntry& entry);

}  // namespace holdfast
