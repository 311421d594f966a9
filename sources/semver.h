// Semantic versions and ranges of them, written and understood as Masterminds/semver 3 does, which Flux and Helm use.
// Pure; any thread.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/base/result.h"

namespace holdfast {

struct SemanticVersion {
  std::uint64_t major = 0, minor = 0, patch = 0;
  std::string prerelease, metadata;  // without their '-' and '+'

  // By precedence (semver.org, item 11): metadata does not count.
  friend std::weak_ordering operator<=>(const SemanticVersion& a, const SemanticVersion& b);
  friend bool operator==(const SemanticVersion& a, const SemanticVersion& b) { return (a <=> b) == 0; }
};

// "1.2.3-rc.1+build" with or without a leading v; all three numbers have to be there, so that a tag "v1" that follows
// the newest 1.x is no version. Errors: Invalid.
Result<SemanticVersion> parse_version(std::string_view text);

// "^1.2", "~1.2.3", ">=1.0 <2.0", "1.x || 3.1 - 4", "*". A pre-release is in it only where its alternative, between two
// "||", names one.
class VersionRange {
 public:
  // At most 256 bytes. Errors: Invalid.
  static Result<VersionRange> parse(std::string_view text);
  [[nodiscard]] bool contains(const SemanticVersion& version) const;

  enum class Comparison { Equal, NotEqual, Greater, Less, AtLeast, AtMost, Tilde, Caret };
  struct Bound {
    Comparison comparison = Comparison::Equal;
    SemanticVersion version;
    std::size_t numbers = 3;  // how many were given before the first "x", "*" or the end
  };

 private:
  struct Alternative {
    std::vector<Bound> bounds;  // all of them hold
    bool prereleases = false;
  };
  std::vector<Alternative> alternatives_;
};

// The index of the newest one that is in the range; what is no version is passed over. Of several that differ in their
// metadata only, the last in byte order.
std::optional<std::size_t> newest_in_range(const VersionRange& range, const std::vector<std::string>& versions);

}  // namespace holdfast
