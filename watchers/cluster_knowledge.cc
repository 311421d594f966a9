#include "watchers/cluster_knowledge.h"

#include <algorithm>
#include <compare>
#include <utility>

namespace holdfast {

void HighWaterMark::raise(const ResourceVersion& seen) {
  if (!std::is_lt(compare(seen, value_))) value_ = seen;
}

void HighWaterMarks::reset() {
  for (auto& [type, mark] : marks_) mark.value_ = {};
}

void BookmarkRhythm::gap(std::chrono::nanoseconds between) { longest_gap_ = std::max(longest_gap_, between); }

std::chrono::nanoseconds BookmarkRhythm::longest_silence() const {
  return std::max<std::chrono::nanoseconds>(kLeastSilence, 3 * longest_gap_);
}

void StreamingVerdicts::server_version(const std::string& version) {
  if (std::exchange(version_, version) != version) refused_.clear();
}

}  // namespace holdfast
