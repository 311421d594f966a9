// Which files below a path are read: spec.source.directory of an Application. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "holdfast/base/result.h"

namespace holdfast {

// Globs of files, relative to the path: "*" stands for any part of one name, "?" for one character of it, "**" for
// folders, as many as you like. One without a slash is about the names of files, in whichever folder they are.
struct FileChoice {
  bool recurse = true;
  std::string include, exclude;  // empty: all, none

  bool operator==(const FileChoice&) const = default;
  [[nodiscard]] bool takes(std::string_view relative_path) const;
};

// Invalid: what other programs' globs mean by brackets, braces and backslashes; an absolute one; more than 256 bytes.
Result<void> check_glob(std::string_view glob);
// Of one that check_glob() lets pass.
bool glob_matches(std::string_view glob, std::string_view relative_path);

}  // namespace holdfast
