// One remote repository, as what a ref of it names and what that holds. The git program moves objects into a cache
// (git_cache.h; it speaks today's protocols and key types); libgit2 reads them (commit_tree.h).
//
// Blocks; one thread at a time. Several processes may share a cache folder.
//
// Errors: NotFound (repository, ref, path), Unauthorized, Forbidden, Unreachable, Timeout, Cancelled, Invalid,
// TooLarge, Internal; always with the URL without credentials.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "holdfast/base/result.h"
#include "sources/git_blame.h"
#include "sources/git_cache.h"
#include "sources/git_program.h"
#include "sources/revision_tree.h"
#include "sources/source_tree.h"

namespace holdfast {

struct GitMirrorOptions {
  std::string url;
  std::string cache_folder;  // made where missing; everything of ours lies below it
  GitCredentials credentials = {};
  std::chrono::milliseconds query_deadline{30'000}, fetch_deadline{600'000};
  std::stop_token stop = {};
  std::size_t blobs_per_fetch = 10'000, pack_limit = 128;  // see GitCacheOptions
};

struct ResolvedRef {
  std::string object;      // 40 hex: a commit, or a tag object where a raw id was asked for
  std::string remote_ref;  // "refs/heads/main"; empty for a raw id
  std::string revision;    // "main@sha1:<40 hex>"; "sha1:<40 hex>" for a raw id
};

class GitMirror {
 public:
  static Result<GitMirror> open(GitMirrorOptions options);

  // One small query. `ref`: "", "HEAD", a branch, a tag (peeled), "refs/…", or a commit id (no query at all). A name
  // that is both a branch and a tag is Invalid; an unknown one NotFound, and names some that exist.
  Result<ResolvedRef> resolve(const std::string& ref) const;

  // The commit for renderers, fetched where it is not in the cache. Outlives the mirror.
  Result<std::unique_ptr<RevisionTree>> tree(const ResolvedRef& resolved) const;

  // The plain files of it below `subpath` (see normal_subpath).
  Result<SourceTree> load(const ResolvedRef& resolved, const std::string& subpath, const ReadLimits& limits = {},
                          const FileChoice& choice = {}) const;

  // Who touched these lines last, of a file of that commit (git_blame.h). Fetches history, into a cache of its own.
  Result<std::map<int, LineCommit>> blame(const ResolvedRef& resolved, const std::string& file,
                                          const std::vector<LineRange>& lines) const;

  [[nodiscard]] const std::string& url() const { return cache_.git().url(); }

 private:
  struct RemoteRef {
    std::string name, object, symbolic_target;
  };
  GitMirror(GitCache cache, GitCache history, std::chrono::milliseconds query_deadline);
  Result<std::vector<RemoteRef>> list_refs(std::vector<std::string> patterns) const;
  Result<ResolvedRef> resolve_name(const std::string& ref) const;
  [[nodiscard]] Error no_such_ref(const std::string& ref) const;

  GitCache cache_, history_;
  std::chrono::milliseconds query_deadline_;
};

}  // namespace holdfast
