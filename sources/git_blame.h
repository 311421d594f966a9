// Who touched a line of a file last. From the history of one file: commits and trees of all of the repository, and the
// contents of that file alone, are fetched into a cache of their own (git_cache.h), so that neither a daemon nor its
// cache ever pays for it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/base/result.h"
#include "sources/git_cache.h"
#include "sources/written_object.h"

namespace holdfast {

struct LineCommit {
  std::string id;             // 40 hex
  std::string author, email;  // as the commit has them
  std::string date;           // RFC 3339, of the author, in the author's time zone
  int age = 0;  // among those that touched the file: the newest is 0. Dates say nothing: a rebase gives many the same
  std::string subject;
  bool oldest_known = false;  // the history that we were given ends here: it may have been touched before
  bool operator==(const LineCommit&) const = default;
};

// "1a2b3c4 by Ada <ada@example.com> on 2026-01-02: Paint it blue", for people.
std::string describe(const LineCommit& commit);

// The output of `git blame --porcelain`: by the line's number now. Protocol where it is none. Pure.
Result<std::map<int, LineCommit>> parse_blame(std::string_view porcelain);

// The last commit of each of these lines of a file, as it is at `commit`; lines that it does not have are left out.
// `history` is a cache for histories. Follows the file through renames, as far back as 8 of them. Blocks. Errors: those
// of fetching; NotFound where the file is not there; TooLarge where more than 100,000 commits touched it.
Result<std::map<int, LineCommit>> blame(const GitCache& history, const std::string& commit, const std::string& path,
                                        const std::vector<LineRange>& lines);

}  // namespace holdfast
