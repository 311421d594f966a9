// What blocks of a repository that many applications share: refs are resolved in one query, and what they need of a
// commit is fetched in one request. One thread at a time.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "holdfast/base/result.h"
#include "holdfast/model/inventory.h"
#include "sources/git_mirror.h"
#include "sources/object_trace.h"
#include "sources/parsed_files.h"
#include "sources/plain_manifests.h"
#include "sources/rendering.h"
#include "sources/signature_check.h"

namespace holdfast {

// Of one process, for people, tests and benches.
struct ReadCounters {
  std::atomic<std::uint64_t> queries = 0;   // of refs
  std::atomic<std::uint64_t> rendered = 0;  // applications, at a revision
  std::atomic<std::uint64_t> kept = 0;      // those whose inputs were the same: nothing was opened
};

// What one application wants of one revision.
struct ReadTask {
  RefWish wish;
  ResolvedRef at;
  PlainFiles files;
  std::shared_ptr<const Rendering> last = {};  // holds where its inputs are the same
};
struct ReadResult {
  std::shared_ptr<const Rendering> rendering;
  BegunRevision seen;  // the revision that was read: later than that of the rendering, where it is the last one still
};

// What reading for several applications at once came to and cost.
struct ReadEffort {
  std::size_t rendered = 0, kept = 0, failed = 0;
  std::uint64_t git_processes = 0;
  std::chrono::microseconds took{0}, cpu{0};  // of our own thread
};

class RepositoryReader {
 public:
  // `follows_itself`: a repository here does not lag behind itself, so that the time of its commits says nothing.
  RepositoryReader(GitMirrorOptions options, bool follows_itself, std::shared_ptr<ReadCounters> counters);

  // With these from now on. Not needed where they never change.
  void use(const GitCredentials& credentials);
  // One query for all, in their order; none where all are commits. Where something was pushed, what is new is likely to
  // be wanted: it is fetched by the same program at once, if that may be done.
  std::vector<Result<ResolvedRef>> resolve(const std::vector<RefWish>& wishes, bool pushed = false);
  // The same query lists what these patterns choose (GitMirror::list); nothing is fetched then.
  GitMirror::Listing list(const std::vector<RefWish>& wishes, const std::vector<std::string>& patterns);
  // For whoever looks at a revision by himself, and not beside all else.
  Result<std::shared_ptr<RevisionTree>> revision_tree(const ResolvedRef& at) { return tree_of(at); }
  // Of each task: the revision that was read, where its last rendering holds there. For many, cheaply; where nothing
  // can be told, nothing is.
  std::vector<std::optional<BegunRevision>> unchanged(const std::vector<ReadTask>& tasks);
  // Each is done as soon as it is, those that nothing has changed for first.
  using Done = std::function<void(std::size_t index, Result<ReadResult> result)>;
  ReadEffort read(std::vector<ReadTask> tasks, const Done& done);
  // From the remote on and with nothing remembered.
  Result<ReadResult> read_afresh(const RefWish& wish, const PlainFiles& files);
  // At that revision; or, where that cannot be had, at the last one that was read of the ref, if it comes to the
  // content.
  Result<ReadResult> read_recorded(const ReadTask& task, const std::string& revision, const std::string& content);
  // Any thread, beside all else.
  Result<ObjectOrigin> trace(const ResolvedRef& at, const TraceRequest& request) const;
  Result<LineCommit> blame(const ResolvedRef& at, const OriginPlace& place) const;

 private:
  Result<void> open();
  [[nodiscard]] Result<void> verify(const ResolvedRef& at, const SourceTrust& trust);
  [[nodiscard]] std::vector<ResolvedRef> known_branches(const std::vector<RefWish>& wishes) const;
  void note_read(const RefWish& wish, const ResolvedRef& at);
  Result<std::shared_ptr<RevisionTree>> tree_of(const ResolvedRef& at);
  void read_at(const ResolvedRef& at, std::vector<ReadTask>& tasks, const std::vector<std::size_t>& which,
               const Done& done);
  Result<ReadResult> render(RevisionTree& tree, const ReadTask& task, ParsedFiles& parsed) const;

  GitMirrorOptions options_;
  bool follows_itself_;
  std::shared_ptr<ReadCounters> counters_;
  mutable std::mutex mirror_mutex_;  // guards the pointer: trace() may be anywhere
  std::shared_ptr<const GitMirror> mirror_;
  std::map<std::string, Result<void>> verified_;  // by what was verified, and by whose keys
  std::map<RefWish, ResolvedRef> read_;           // of what commits were read last
  ParsedFiles parsed_;
  std::shared_ptr<RevisionTree> tree_;  // of the last look that found something, until it has been read
};

}  // namespace holdfast
