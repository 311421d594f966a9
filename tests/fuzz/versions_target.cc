// Semantic versions are ordered, and a range of one version has it.
#include <spdlog/fmt/fmt.h>

#include <optional>

#include "fuzz/target.h"
#include "sources/semver.h"

namespace holdfast::fuzz {
namespace {

std::string text_of(const SemanticVersion& version) {
  return fmt::format("{}.{}.{}{}{}{}{}", version.major, version.minor, version.patch,
                     version.prerelease.empty() ? "" : "-", version.prerelease, version.metadata.empty() ? "" : "+",
                     version.metadata);
}

std::optional<SemanticVersion> read(std::string_view text) {
  const auto version = parse_version(text);
  if (!version) {
    hold(!version.error().message.empty(), "refused without a word");
    return std::nullopt;
  }
  const auto again = parse_version(text_of(*version));
  hold(again && *again == *version && text_of(*again) == text_of(*version),
       "a version is another one when it is written: " + text_of(*version));
  // What is written in a range has at most 256 bytes there.
  if (text.size() > 200) return *version;
  for (const char* const comparison : {"=", ">=", "<="}) {
    const auto range = VersionRange::parse(comparison + text_of(*version));
    hold(range && range->contains(*version), fmt::format("it is not in {}{}", comparison, text_of(*version)));
  }
  for (const char* const comparison : {"!=", ">", "<"}) {
    const auto range = VersionRange::parse(comparison + text_of(*version));
    hold(range && !range->contains(*version), fmt::format("it is in {}{}", comparison, text_of(*version)));
  }
  return *version;
}

void hold_order(const SemanticVersion& a, const SemanticVersion& b, const SemanticVersion& c) {
  hold(((a <=> b) < 0) == ((b <=> a) > 0), "an order that depends on who is asked");
  if (a < b && b < c) hold(a < c, "an order with a circle in it");
  if (a == b && b == c) hold(a == c, "equal, equal, and not equal");
}

}  // namespace

// A range and three versions.
void run_versions(std::string_view bytes) {
  const auto parts = split(bytes, 4);
  std::vector<std::string> texts;
  std::vector<SemanticVersion> versions;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    texts.emplace_back(parts[i]);
    if (const auto version = read(parts[i])) versions.push_back(*version);
  }
  if (versions.size() == 3) hold_order(versions[0], versions[1], versions[2]);
  const auto range = VersionRange::parse(parts[0]);
  if (!range) {
    hold(!range.error().message.empty(), "refused without a word");
    return;
  }
  const auto newest = newest_in_range(*range, texts);
  if (!newest) {
    for (const SemanticVersion& version : versions) hold(!range->contains(version), "the newest was passed over");
    return;
  }
  const auto chosen = parse_version(texts.at(*newest));
  hold(chosen && range->contains(*chosen), "one that is not in the range was chosen");
  for (const SemanticVersion& version : versions)
    hold(!range->contains(version) || version <= *chosen, "a newer one was passed over");
}

}  // namespace holdfast::fuzz
