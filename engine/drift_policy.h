// What is to be done about each drifted field: put back now, put back later, or only said. One object may hold some
// fields and only watch others. Pure.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/attribution.h"
#include "engine/prepare.h"
#include "holdfast/base/clock.h"
#include "holdfast/base/result.h"
#include "holdfast/merge/field_pattern.h"
#include "holdfast/model/application.h"

namespace holdfast {

class DriftPolicies {
 public:
  DriftPolicies() = default;  // all is put back at once
  // Invalid: names the rule and its path.
  static Result<DriftPolicies> compile(DriftPolicy policy, std::chrono::seconds grace,
                                       const std::vector<DriftRule>& rules);

  struct Answer {
    DriftPolicy policy = DriftPolicy::Enforce;
    std::chrono::seconds grace{0};
    bool operator==(const Answer&) const = default;
  };
  // That of the last rule that matches.
  [[nodiscard]] Answer of_field(const Desired& desired, const DriftedField& field) const;
  // Of an object that is gone: rules with paths say nothing about that.
  [[nodiscard]] Answer of_existence(const Desired& desired) const;
  [[nodiscard]] bool asks_for_approval() const;  // of anything
  // Whether any field of the object may be met with other than putting it back at once.
  [[nodiscard]] bool differs(const Desired& desired) const;

 private:
  struct Rule {
    ObjectTarget target;
    std::vector<FieldPattern> paths;
    Answer answer;
  };
  Answer default_;
  std::vector<Rule> rules_;
};

// Since when each field of an object has been other than Git says. The empty path is the object's absence.
class DriftAges {
 public:
  using Time = Clock::time_point;

  // All that is drifted now; whatever is not among it has ended, and starts anew next time.
  void note(const std::vector<FieldPath>& drifted, Time now);
  [[nodiscard]] std::optional<Time> since(const FieldPath& path) const;

 private:
  std::map<FieldPath, Time> since_;
};

struct DriftPlan {
  struct Later {
    DriftedField field;
    Clock::time_point at;
  };
  std::vector<DriftedField> now;
  std::vector<Later> later;            // in a grace that has not passed
  std::vector<DriftedField> reported;  // policy Warn, or Approve and not approved
  bool waits_for_approval = false;     // for one of those

  // All that a write must leave as it is live.
  [[nodiscard]] std::vector<DriftedField> held() const;
  [[nodiscard]] std::optional<Clock::time_point> next() const;  // when a grace ends
};

// `fields` are all drifted ones (attribute_fields), which `ages` has been told of. `approved`: paths in words, as in
// FieldDrift; "" approves whatever drifted in the object.
DriftPlan plan_drift(const DriftPolicies& policies, const Desired& desired, const std::vector<DriftedField>& fields,
                     const DriftAges& ages, const std::set<std::string>& approved, Clock::time_point now);

// The desired state with `held` as it is live. What we still own there is carried, with the live value; what we do not
// own is left out, for carrying it would take it. Sealed, so that it has a hash of its own.
struct HeldWrite {
  Desired variant;
  bool carries_live = false;  // then the body names the version that the values were read from (correctness C6)

  // To send as ourselves.
  [[nodiscard]] std::string body(const Uid& uid, const ResourceVersion& version) const;
};
// Invalid: managedFields cannot be read.
Result<HeldWrite> hold_as_live(const Desired& desired, const json::value& live, const std::vector<DriftedField>& held,
                               const FieldManager& manager);

}  // namespace holdfast
