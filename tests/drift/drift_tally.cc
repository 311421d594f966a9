#include "tests/drift/drift_tally.h"

#include <iomanip>
#include <iostream>

#include "tests/merge/history.h"

namespace holdfast {
namespace {

struct Would {
  bool own_state = false;  // the object, or what we own of it
  bool others = false;
};

// A refused apply is no sync either.
Would would(const json::value& answer) {
  const auto flag = [&](std::string_view name) {
    const json::value* value = find(answer, {"would", name});
    return value != nullptr && value->is_bool() && value->get_bool();
  };
  if (find(answer, {"would"}) == nullptr) return {.own_state = true};
  return {flag("object") || flag("own"), flag("others")};
}

void tally_probe(const Opinion& opinion, const Would& ours, const Would& truth, DriftTally& out) {
  ++out.probes;
  if (truth.own_state) ++out.drifted;
  if (opinion.paths_disagree) ++out.paths_disagree;
  if (opinion.known && truth.own_state) ++out.missed_by_fingerprint;
  if (opinion.proven && (truth.own_state || truth.others)) ++out.missed_by_proof;
  if (opinion.known && !truth.own_state && truth.others) ++out.others_reshaped;
  if (opinion.known) {
    ++out.known;
  } else if (opinion.proven) {
    ++out.proven;
  } else {
    ++out.confirmed;
    if (!truth.own_state && !truth.others) ++out.needless;
    if (opinion.drift && ours.own_state && !truth.own_state) ++out.reported_falsely;
  }
}

}  // namespace

void DriftTally::add(const DriftTally& other) {
  for (const auto member :
       {&DriftTally::histories, &DriftTally::probes, &DriftTally::drifted, &DriftTally::known, &DriftTally::proven,
        &DriftTally::confirmed, &DriftTally::needless, &DriftTally::others_reshaped, &DriftTally::missed_by_fingerprint,
        &DriftTally::missed_by_proof, &DriftTally::reported_falsely, &DriftTally::paths_disagree,
        &DriftTally::merge_differs})
    this->*member += other.*member;
}

double DriftTally::needless_percent() const {
  return confirmed == 0 ? 0.0 : 100.0 * static_cast<double>(needless) / static_cast<double>(confirmed);
}

DriftTally tally(const std::vector<json::object>& answers, const std::vector<Opinion>& opinions,
                 const json::object& theirs) {
  DriftTally out;
  out.histories = 1;
  json::array ours;
  for (const json::object& answer : answers) ours.emplace_back(answer);
  if (!difference({{"answers", std::move(ours)}}, theirs).empty()) {
    out.merge_differs = 1;
    return out;
  }
  const json::array& judged = theirs.at("answers").as_array();
  for (std::size_t i = 0; i < opinions.size(); ++i)
    if (opinions[i].asked) tally_probe(opinions[i], would(answers[i]), would(judged[i]), out);
  return out;
}

std::ostream& operator<<(std::ostream& out, const DriftTally& tally) {
  return out << tally.histories << " histories, " << tally.probes << " looks, " << tally.drifted
             << " of them at drift: " << tally.known << " in sync by fingerprint, " << tally.proven << " by proof, "
             << tally.confirmed << " confirmed (" << tally.needless << " needlessly, " << std::fixed
             << std::setprecision(2) << tally.needless_percent() << " %), " << tally.others_reshaped
             << " that concern others alone; missed drifts " << tally.missed_by_fingerprint << " + "
             << tally.missed_by_proof << ", false drifts " << tally.reported_falsely << ", text and value disagree "
             << tally.paths_disagree << ", merges differ " << tally.merge_differs;
}

}  // namespace holdfast
