#include "app/plan_digest.h"

#include <sstream>

#include "app/plan_text.h"
#include "app/short_text.h"
#include "holdfast/base/digest.h"
#include "holdfast/model/json.h"

namespace holdfast {
namespace {

constexpr std::size_t kHashDigits = 32;

json::array fields_of(const std::vector<FieldChange>& fields) {
  json::array list;
  for (const FieldChange& field : fields) list.push_back(json::array{field.path, field.before, field.after});
  return list;
}

}  // namespace

std::string plan_hash(const ChangePlan& plan, const std::string& content) {
  json::array all{content};
  for (const ApplicationPlan& application : plan.applications) {
    all.push_back(json::array{application.namespace_, application.name});
    for (const PlannedChange& change : application.changes)
      all.push_back(json::array{to_string(change.verb), to_string(change.key), change.uid.value,
                                fields_of(change.fields), fields_of(change.held),
                                json::array(change.immutable.begin(), change.immutable.end()), change.to});
  }
  return to_hex(sha256(canonical_json(all))).substr(0, kHashDigits);
}

WaitingPlan waiting_plan(const ChangePlan& plan, const RevisionContent& what, std::chrono::sys_seconds now) {
  WaitingPlan made;
  made.hash = plan_hash(plan, what.content);
  made.revision = what.revision;
  made.counts = plan.blast.verbs;
  made.planned_at = now;
  made.expires_at = now + WaitingPlan::kHolds;
  std::istringstream text(plan_text(plan, {}));
  std::size_t left = 0;
  for (std::string line; std::getline(text, line);) {
    if (line.empty()) continue;
    if (made.lines.size() + 1 < WaitingPlan::kMostLines)
      made.lines.push_back(shortened(std::move(line), WaitingPlan::kLongestLineBytes));
    else
      ++left;
  }
  if (left != 0) made.lines.push_back("… and " + std::to_string(left) + " more lines");
  return made;
}

}  // namespace holdfast
