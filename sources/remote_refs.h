// What a remote says its refs are, and which commit somebody means. Pure; any thread.
#pragma once

#include <compare>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/base/result.h"

namespace holdfast {

struct ResolvedRef {
  std::string object;           // 40 hex: a commit, or a tag object where a raw id was asked for
  std::string remote_ref;       // "refs/heads/main"; empty for a raw id
  std::string revision;         // "main@sha1:<40 hex>"; "sha1:<40 hex>" for a raw id
  std::string tag_object = {};  // 40 hex, of the annotated tag that names the commit; empty: it is none
};

// Which commit of a repository somebody follows: that of a branch, a tag or an id (see GitMirror::resolve), or that of
// the highest tag in a range of versions (semver.h).
struct RefWish {
  std::string name;
  std::string semver = {};  // then `name` is empty
  auto operator<=>(const RefWish&) const = default;
};

ResolvedRef resolved_as(std::string remote_ref, std::string object);

// Of the name of a revision. NotFound where it names no commit.
Result<ResolvedRef> parse_revision(const std::string& revision);

struct RemoteRefs {
  std::map<std::string, std::string, std::less<>> objects;  // by name; "…^{}" is what an annotated tag names
  std::string head;  // the name of the default branch; empty: not told, or there is none

  // Out of what `git ls-remote --symref` prints. Invalid where objects are not named by SHA-1.
  static Result<RemoteRefs> parse(std::string_view text, const std::string& url);
  [[nodiscard]] const std::string* find(std::string_view name) const;
};

// What has to be asked for, as patterns of ls-remote. Of a commit: nothing.
std::vector<std::string> patterns_of(const RefWish& wish);

// Errors: NotFound, and Invalid where a name is a branch and a tag, or no ref at all.
Result<ResolvedRef> resolve_wish(const RefWish& wish, const RemoteRefs& refs, const std::string& url);

}  // namespace holdfast
