// What many histories came to: our verdicts beside the truth.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "holdfast/model/json.h"
#include "tests/drift/drift_run.h"

namespace holdfast {

struct DriftTally {
  std::uint64_t histories = 0, probes = 0;
  std::uint64_t drifted = 0;          // probes at which an apply would change the object or what we own of it
  std::uint64_t known = 0;            // in sync by what was learned
  std::uint64_t proven = 0;           // in sync by proof alone
  std::uint64_t confirmed = 0;        // neither: a call tells
  std::uint64_t needless = 0;         // of these, the call changes nothing
  std::uint64_t others_reshaped = 0;  // an apply would change nothing but what others own, and we call that in sync

  // None of these may be.
  std::uint64_t missed_by_fingerprint = 0, missed_by_proof = 0;
  std::uint64_t reported_falsely = 0;  // drift where an apply changes nothing
  std::uint64_t paths_disagree = 0;    // the fingerprint of a text and of what it says
  std::uint64_t merge_differs = 0;     // our merge and Go's

  void add(const DriftTally& other);
  [[nodiscard]] std::uint64_t missed() const { return missed_by_fingerprint + missed_by_proof; }
  [[nodiscard]] std::uint64_t wrong() const { return missed() + reported_falsely + paths_disagree + merge_differs; }
  [[nodiscard]] double needless_percent() const;
};

// One history: our answers and opinions, one for each operation, and the judge's answer to the line.
DriftTally tally(const std::vector<json::object>& answers, const std::vector<Opinion>& opinions,
                 const json::object& theirs);

std::ostream& operator<<(std::ostream& out, const DriftTally& tally);

}  // namespace holdfast
