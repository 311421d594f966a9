// Reads one commit of a bare repository out of its object store, by libgit2; there is never a checkout. Never reaches a
// server, either: a content that is not in the store is missing. Blocks; any thread.
#pragma once

#include <string>
#include <vector>

#include "holdfast/base/result.h"
#include "sources/source_tree.h"

namespace holdfast {

struct TreeRequest {
  std::string commit;    // or a tag object, which is peeled
  std::string revision;  // for messages
  std::string subpath;   // see normal_subpath; a folder, or one file
  ReadLimits limits = {};
  FileChoice choice = {};
};

// Errors: NotFound ("path apps/web does not exist at main@sha1:…"), Invalid, TooLarge, Internal (objects are missing).
Result<SourceTree> read_git_tree(const std::string& repository, const TreeRequest& wanted);

// The contents that read_git_tree needs and the store lacks, as object ids in hex, sorted. Errors as there.
Result<std::vector<std::string>> missing_blobs(const std::string& repository, const TreeRequest& wanted);

// Whether `id` is a commit, or a tag that names one. Internal where the object is not there, Invalid where it is
// another.
Result<void> check_commit(const std::string& repository, const std::string& id);

// What a ref points at; NotFound where there is no such ref.
Result<std::string> git_ref_target(const std::string& repository, const std::string& ref);

}  // namespace holdfast
