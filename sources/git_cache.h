// The bare repository in which what was read of one remote is kept, and the way that it comes there: a commit with its
// trees, without its history and without contents (a partial fetch), then in one more request those contents that
// somebody reads. A server that has no partial fetch sends all contents at once; one that hands out only what its
// branches and tags lead to, all history.
//
// A ref below refs/holdfast/ is written when a commit and its trees are here; which contents are here is looked up each
// time. So a kill at any moment leaves at worst something to fetch again. A cache that does
// not read as it should is made anew beside itself and then put in its place.
//
// Blocks; one thread at a time. Several processes may share a cache: whoever changes it holds a file lock, and the git
// that it started holds it on when the process is killed. Nothing about the remote is written into its configuration.
#pragma once

#include <chrono>
#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "holdfast/base/file_descriptor.h"
#include "holdfast/base/result.h"
#include "sources/git_program.h"

namespace holdfast {

struct GitCacheOptions {
  std::string repository;  // an absolute path whose folder exists; names that it begins are used as well
  std::chrono::milliseconds query_deadline{30'000}, fetch_deadline{600'000};
  std::size_t blobs_per_fetch = 10'000;
  std::size_t pack_limit = 128;  // each fetch leaves one; with more than these, the cache is begun anew
};

class GitCache {
 public:
  GitCache(GitProgram git, GitCacheOptions options);

  // Makes it where it is missing. To be called before all else.
  Result<void> prepare() const;

  // Afterwards the commit is here, with all of its trees. Reaches for the remote only where it is not. Errors:
  // NotFound, Unauthorized, Forbidden, Unreachable, Timeout, Cancelled, Invalid (no commit), TooLarge, Internal.
  // `following`: an earlier commit of it is here and in use, so that what is small of the contents that have changed is
  // likely to be read, and comes with it.
  Result<void> bring_trees(const std::string& commit, bool following = false) const;
  // The commits that these refs of the remote name now, in their order, each with all of its trees and with what is
  // small of the contents that changed since the commits that are here: the query, the trees and the contents of a push
  // in one fetch. In a cache that has an earlier commit of each. Errors: as bring_trees; whoever gets one asks in the
  // ordinary way.
  Result<std::vector<std::string>> bring_refs(const std::vector<std::string>& refs) const;
  // Fetches these contents of that commit, which the store lacks. A server that sends no single ones sends all.
  Result<void> bring_contents(const std::string& commit, const std::vector<std::string>& ids) const;
  // Of a cache that does not read as it should: what is here is thrown away, and the commit fetched again.
  Result<void> begin_anew(const std::string& commit) const;

  // Instead of these, in a cache for histories: afterwards the commit and all before it are here, with their trees
  // and without contents. Where the remote's own history is cut off, so is this one.
  Result<void> bring_history(const std::string& commit) const;
  // Afterwards these contents of that history are here as well.
  Result<void> bring_blobs(const std::vector<std::string>& ids, const std::string& commit) const;

  // The commits before which the remote has given us nothing, for it has nothing itself.
  [[nodiscard]] std::set<std::string> cut_off() const;

  [[nodiscard]] const std::string& repository() const { return options_.repository; }
  [[nodiscard]] const GitProgram& git() const { return git_; }

 private:
  enum class Contents { Left, Small, Sent };  // what a commit is fetched with

  [[nodiscard]] bool has_trees(const std::string& commit) const;
  [[nodiscard]] std::size_t pack_count() const;
  [[nodiscard]] Result<std::vector<std::string>> missing_of(const std::vector<std::string>& ids) const;
  void remove_leftovers() const;
  Result<FileDescriptor> lock() const;
  Result<void> initialize(const FileDescriptor& lock) const;
  Result<void> replace_by(const GitCache& other) const;
  Result<void> rebuild(const std::string& commit, const FileDescriptor& lock) const;
  Result<ProcessOutput> fetch(std::vector<std::string> arguments, std::string input, const FileDescriptor& lock) const;
  Result<void> fetch_all_before(const std::string& commit, const FileDescriptor& lock) const;
  Result<void> fetch_commit(const std::string& commit, Contents contents, const FileDescriptor& lock) const;
  Result<void> fetch_history(const std::string& commit, Contents contents, const FileDescriptor& lock) const;
  Result<bool> fetch_blobs(const std::vector<std::string>& ids, const FileDescriptor& lock) const;

  GitProgram git_;
  GitCacheOptions options_;
};

}  // namespace holdfast
