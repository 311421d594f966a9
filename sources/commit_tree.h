// A commit as renderers read it: by the ids of its trees, out of a cache whose store stays open meanwhile. Contents are
// fetched when they are asked for, all of one bring() in one request.
#pragma once

#include <memory>
#include <string>

#include "holdfast/base/result.h"
#include "sources/git_cache.h"
#include "sources/revision_tree.h"

namespace holdfast {

// Whether the time of a commit says which of two is the newer one.
enum class CommitTime { Told, Ignored };

// Fetches the commit with its trees where they are not in the cache. `revision`: what it is called; `following`: see
// GitCache::bring_trees. Errors: those of GitCache.
Result<std::unique_ptr<RevisionTree>> open_commit_tree(const GitCache& cache, const std::string& commit,
                                                       std::string revision, CommitTime time = CommitTime::Told,
                                                       bool following = false);

}  // namespace holdfast
