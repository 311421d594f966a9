#include "sources/semver.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace holdfast {
namespace {

constexpr std::size_t kRangeLimitBytes = 256;
constexpr std::string_view kDigits = "0123456789";

bool is_identifier_byte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

std::optional<std::uint64_t> number_of(std::string_view digits) {
  if (digits.empty()) return std::nullopt;
  std::uint64_t number = 0;
  const char *begin = &digits.front(), *end = begin + digits.size();
  const auto read = std::from_chars(begin, end, number);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return number;
}

std::string_view first_part(std::string_view& dotted) {
  const auto dot = dotted.find('.');
  const std::string_view part = dotted.substr(0, dot);
  dotted = dot == std::string_view::npos ? std::string_view() : dotted.substr(dot + 1);
  return part;
}

// Numbers are below words, and what ends first is below what goes on.
std::weak_ordering compare_prereleases(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return a.empty() <=> b.empty();
  while (!a.empty() || !b.empty()) {
    const std::string_view left = first_part(a), right = first_part(b);
    if (left == right) continue;
    if (left.empty() || right.empty()) return right.empty() <=> left.empty();
    const auto left_number = number_of(left), right_number = number_of(right);
    if (left_number && right_number) return *left_number <=> *right_number;
    if (left_number || right_number) return right_number.has_value() <=> left_number.has_value();
    return left <=> right;
  }
  return std::weak_ordering::equivalent;
}

// Reads along a text. Every take_ leaves the place as it was where it finds nothing.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] bool at(std::string_view prefix) const { return rest_.starts_with(prefix); }

  bool take(std::string_view prefix) {
    if (!rest_.starts_with(prefix)) return false;
    rest_.remove_prefix(prefix.size());
    return true;
  }

  bool take_spaces() {
    const auto end = std::min(rest_.find_first_not_of(" \t\n\v\f\r"), rest_.size());
    rest_.remove_prefix(end);
    return end != 0;
  }

  std::string_view take_digits() {
    const auto end = std::min(rest_.find_first_not_of(kDigits), rest_.size());
    return take_first(end);
  }

  // Dot-separated identifiers, none of them empty.
  std::optional<std::string_view> take_identifiers() {
    std::size_t end = 0;
    while (end < rest_.size() && (is_identifier_byte(rest_[end]) || rest_[end] == '.')) ++end;
    const std::string_view all = rest_.substr(0, end);
    if (all.empty() || all.front() == '.' || all.back() == '.' || all.contains("..")) return std::nullopt;
    return take_first(end);
  }

 private:
  std::string_view take_first(std::size_t count) {
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }

  std::string_view rest_;
};

// What follows the numbers, as far as it goes. False where it is malformed.
bool take_suffixes(Scanner& from, SemanticVersion& into) {
  if (from.take("-")) {
    const auto taken = from.take_identifiers();
    if (!taken) return false;
    for (std::string_view rest = *taken; !rest.empty();) {
      const std::string_view part = first_part(rest);
      if (part.size() > 1 && part.front() == '0' && part.find_first_not_of(kDigits) == part.npos) return false;
    }
    into.prerelease = *taken;
  }
  if (!from.take("+")) return true;
  const auto taken = from.take_identifiers();
  if (!taken) return false;
  into.metadata = *taken;
  return true;
}

// "1.2.3", "v1.2", "1.x": numbers up to the first that is none, and a suffix.
std::optional<VersionRange::Bound> take_bound_version(Scanner& from) {
  VersionRange::Bound bound;
  bound.numbers = 0;
  from.take("v");
  bool open = false;
  for (std::uint64_t* into : {&bound.version.major, &bound.version.minor, &bound.version.patch}) {
    if (into != &bound.version.major && !from.take(".")) break;
    if (from.take("x") || from.take("X") || from.take("*")) {
      open = true;
      continue;
    }
    const auto number = number_of(from.take_digits());
    if (!number) return std::nullopt;
    if (open) continue;  // nobody asks for what stands behind an x
    *into = *number;
    ++bound.numbers;
  }
  if (!take_suffixes(from, bound.version)) return std::nullopt;
  return bound;
}

std::optional<VersionRange::Comparison> take_comparison(Scanner& from) {
  using enum VersionRange::Comparison;
  constexpr std::pair<std::string_view, VersionRange::Comparison> kWritten[] = {
      {">=", AtLeast}, {"=>", AtLeast}, {"<=", AtMost}, {"=<", AtMost}, {"!=", NotEqual}, {"~>", Tilde},
      {"=", Equal},    {">", Greater},  {"<", Less},    {"~", Tilde},   {"^", Caret}};
  for (const auto& [written, comparison] : kWritten)
    if (from.take(written)) return comparison;
  return std::nullopt;
}

// One bound, or the two of "1.2 - 2.3". False where it is malformed.
bool take_bounds(Scanner& from, std::vector<VersionRange::Bound>& into) {
  const auto comparison = take_comparison(from);
  from.take_spaces();
  auto first = take_bound_version(from);
  if (!first) return false;
  first->comparison = comparison.value_or(VersionRange::Comparison::Equal);
  Scanner beyond = from;
  if (!comparison && beyond.take_spaces() && beyond.take("-") && beyond.take_spaces()) {
    auto last = take_bound_version(beyond);
    if (!last) return false;
    first->comparison = VersionRange::Comparison::AtLeast;
    last->comparison = VersionRange::Comparison::AtMost;
    into.push_back(std::move(*first));
    first = std::move(last);
    from = beyond;
  }
  into.push_back(std::move(*first));
  return true;
}

bool within_tilde(const VersionRange::Bound& bound, const SemanticVersion& version) {
  if (version < bound.version) return false;
  const SemanticVersion& from = bound.version;
  const bool from_nothing = from.major == 0 && from.minor == 0 && from.patch == 0;
  if (bound.numbers == 0 || (from_nothing && bound.numbers == 3)) return true;
  return version.major == from.major && (bound.numbers == 1 || version.minor == from.minor);
}

// Everything up to the first number that is not zero stays; "^*" is 0.0.0 alone.
bool within_caret(const VersionRange::Bound& bound, const SemanticVersion& version) {
  if (version < bound.version) return false;
  const SemanticVersion& from = bound.version;
  if (from.major > 0 || bound.numbers == 1) return version.major == from.major;
  if (version.major > 0) return false;
  if (from.minor > 0 || bound.numbers == 2) return version.minor == from.minor;
  return version.minor == 0 && version.patch == from.patch;
}

// ">1.2" begins with 1.3.0, not with 1.2.1.
bool is_above(const VersionRange::Bound& bound, const SemanticVersion& version) {
  if (bound.numbers == 1) return version.major > bound.version.major;
  if (bound.numbers == 2)
    return std::pair(version.major, version.minor) > std::pair(bound.version.major, bound.version.minor);
  return version > bound.version;
}

// "<=1.2" ends with 1.2.9, not with 1.2.0.
bool is_at_most(const VersionRange::Bound& bound, const SemanticVersion& version) {
  if (bound.numbers == 3) return version <= bound.version;
  if (version.major != bound.version.major) return version.major < bound.version.major;
  return bound.numbers == 1 || version.minor <= bound.version.minor;
}

bool differs(const VersionRange::Bound& bound, const SemanticVersion& version) {
  if (bound.numbers == 3 || bound.numbers == 0) return version != bound.version;
  if (version.major != bound.version.major) return true;
  if (bound.numbers == 1) return false;
  return version.minor != bound.version.minor || version.prerelease != bound.version.prerelease;
}

bool holds(const VersionRange::Bound& bound, const SemanticVersion& version) {
  switch (bound.comparison) {
    case VersionRange::Comparison::Equal:
      return bound.numbers == 3 ? version == bound.version : within_tilde(bound, version);
    case VersionRange::Comparison::NotEqual:
      return differs(bound, version);
    case VersionRange::Comparison::Greater:
      return is_above(bound, version);
    case VersionRange::Comparison::Less:
      return version < bound.version;
    case VersionRange::Comparison::AtLeast:
      return version >= bound.version;
    case VersionRange::Comparison::AtMost:
      return is_at_most(bound, version);
    case VersionRange::Comparison::Tilde:
      return within_tilde(bound, version);
    case VersionRange::Comparison::Caret:
      return within_caret(bound, version);
  }
  std::unreachable();
}

std::unexpected<Error> no_range(std::string_view text) {
  return fail(ErrorKind::Invalid, fmt::format("'{}' is no range of versions", text), {},
              "write it as ^1.2, ~1.2.3, 1.x or \">=1.0 <2.0\"");
}

}  // namespace

std::weak_ordering operator<=>(const SemanticVersion& a, const SemanticVersion& b) {
  if (const auto order = a.major <=> b.major; order != 0) return order;
  if (const auto order = a.minor <=> b.minor; order != 0) return order;
  if (const auto order = a.patch <=> b.patch; order != 0) return order;
  return compare_prereleases(a.prerelease, b.prerelease);
}

Result<SemanticVersion> parse_version(std::string_view text) {
  Scanner from(text);
  SemanticVersion version;
  bool good = true;
  from.take("v");
  for (std::uint64_t* into : {&version.major, &version.minor, &version.patch}) {
    if (into != &version.major) good = good && from.take(".");
    const std::string_view digits = from.take_digits();
    const auto number = number_of(digits);
    good = good && number && (digits.size() == 1 || digits.front() != '0');
    if (good) *into = *number;
  }
  if (!good || !take_suffixes(from, version) || !from.at_end())
    return fail(ErrorKind::Invalid, fmt::format("'{}' is no version", text), {}, "write it as 1.2.3");
  return version;
}

Result<VersionRange> VersionRange::parse(std::string_view text) {
  if (text.size() > kRangeLimitBytes) return no_range(text.substr(0, kRangeLimitBytes));
  VersionRange range;
  Scanner from(text);
  do {
    Alternative all;
    from.take_spaces();
    for (bool more = true; more;) {
      if (!take_bounds(from, all.bounds)) return no_range(text);
      const bool spaced = from.take_spaces(), comma = from.take(",");
      from.take_spaces();
      more = comma || (spaced && !from.at_end() && !from.at("||"));
    }
    all.prereleases = std::ranges::any_of(all.bounds, [](const Bound& one) { return !one.version.prerelease.empty(); });
    range.alternatives_.push_back(std::move(all));
  } while (from.take("||"));
  if (!from.at_end()) return no_range(text);
  return range;
}

bool VersionRange::contains(const SemanticVersion& version) const {
  return std::ranges::any_of(alternatives_, [&](const Alternative& one) {
    if (!version.prerelease.empty() && !one.prereleases) return false;
    return std::ranges::all_of(one.bounds, [&](const Bound& bound) { return holds(bound, version); });
  });
}

std::optional<std::size_t> newest_in_range(const VersionRange& range, const std::vector<std::string>& versions) {
  std::optional<std::size_t> newest;
  SemanticVersion newest_version;
  for (std::size_t i = 0; i < versions.size(); ++i) {
    auto version = parse_version(versions[i]);
    if (!version || !range.contains(*version)) continue;
    const auto order = newest ? *version <=> newest_version : std::weak_ordering::greater;
    if (order < 0 || (order == 0 && versions[i] < versions[*newest])) continue;
    newest = i;
    newest_version = std::move(*version);
  }
  return newest;
}

}  // namespace holdfast
