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
#include "sources/commit_tree.h"
#include "sources/git_blame.h"
#include "sources/git_cache.h"
#include "sources/git_program.h"
#include "sources/remote_refs.h"
#include "sources/revision_tree.h"
#include "sources/signature_check.h"
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

class GitMirror {
 public:
  static Result<GitMirror> open(GitMirrorOptions options);

  // One small query. `ref`: "", "HEAD", a branch, a tag (peeled), "refs/…", or a commit id (no query at all). A name
  // that is both a branch and a tag is Invalid; an unknown one NotFound, and names some that exist.
  Result<ResolvedRef> resolve(const std::string& ref) const;
  // All of them by one query, in their order.
  std::vector<Result<ResolvedRef>> resolve_all(const std::vector<RefWish>& wishes) const;
  // And with it all that these patterns of ls-remote choose; what was listed may have more. Without patterns: nothing.
  struct Listing {
    std::vector<Result<ResolvedRef>> found;
    Result<RemoteRefs> refs;
  };
  [[nodiscard]] Listing list(const std::vector<RefWish>& wishes, const std::vector<std::string>& patterns) const;

  // The same of what was resolved before, with what it names now in the cache (GitCache::bring_refs): for a push.
  Result<std::vector<ResolvedRef>> resolve_and_bring(const std::vector<ResolvedRef>& before) const;

  // The commit for renderers, fetched where it is not in the cache. Outlives the mirror.
  Result<std::unique_ptr<RevisionTree>> tree(const ResolvedRef& resolved, CommitTime time = CommitTime::Told,
                                             bool following = false) const;

  // Notes in the cache which commit of it was read last, and what was noted there: by this process or one before.
  void note_read(const RefWish& wish, const ResolvedRef& at) const;
  [[nodiscard]] Result<ResolvedRef> last_read(const RefWish& wish) const;

  // The plain files of it below `subpath` (see normal_subpath).
  Result<SourceTree> load(const ResolvedRef& resolved, const std::string& subpath, const ReadLimits& limits = {},
                          const FileChoice& choice = {}) const;

  // Whether it is signed as asked for; fetched where it is not in the cache. Errors also: those of verify_revision().
  Result<void> verify(const ResolvedRef& resolved, SignatureMode mode, const SignatureCheck& check) const;

  // Who touched these lines last, of a file of that commit (git_blame.h). Fetches history, into a cache of its own.
  Result<std::map<int, LineCommit>> blame(const ResolvedRef& resolved, const std::string& file,
                                          const std::vector<LineRange>& lines) const;

  [[nodiscard]] const std::string& url() const { return cache_.git().url(); }

 private:
  GitMirror(GitCache cache, GitCache history, std::chrono::milliseconds query_deadline);
  Result<RemoteRefs> list_refs(std::vector<std::string> patterns) const;
  [[nodiscard]] Error no_such_ref(Error error, const RefWish& wish) const;

  GitCache cache_, history_;
  std::chrono::milliseconds query_deadline_;
};

}  // namespace holdfast
