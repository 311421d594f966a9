// Which fields of an object are left to others. The one model of it: a verdict, a diff, a plan and an apply are all
// made from the variant of the desired state that without() makes. So what is ignored is never written, never in what
// we own after an apply, and never reported. Pure.
//
// Left to others are, of the fields that Git declares or that we own still:
// - those at the paths of an ignore rule, or held by one of its managers, or at its paths held by one of its managers;
// - those that a trusted manager holds;
// - those that an autoscaler took: through the subresource `scale` (HPA, KEDA) or `resize` (VPA), unless we hold them
// too
//   with an equal value. `kubectl scale` is no autoscaler, and its change is drift.
// Never left: apiVersion, kind, name, namespace, the labels that mark an object as ours, and the fields that name an
// item of a list. A part of what is one value to the server (an atomic list or map) cannot be left alone: all of it is,
// and `why` says so.
#pragma once

#include <string>
#include <vector>

#include "engine/prepare.h"
#include "holdfast/base/result.h"
#include "holdfast/merge/field_pattern.h"
#include "holdfast/merge/field_set.h"
#include "holdfast/model/application.h"
#include "holdfast/model/json.h"
#include "holdfast/model/resource_version.h"

namespace holdfast {

struct Yielded {
  FieldPath path;
  std::string to;   // "kube-controller-manager (scale)"; empty: to nobody in particular
  std::string why;  // a clause, as in "left to X: an autoscaler set it"
  bool operator==(const Yielded&) const = default;
};

class YieldRules {
 public:
  YieldRules() = default;  // autoscalers alone
  // Invalid: names the rule and its path.
  static Result<YieldRules> compile(const std::vector<IgnoreRule>& ignore, std::vector<std::string> trusted_managers);

  struct Rule {
    ObjectTarget target;
    std::vector<FieldPattern> paths;
    std::vector<std::string> managers;
    std::string name;  // "ignore rule 2"
  };
  [[nodiscard]] const std::vector<Rule>& ignore() const { return ignore_; }
  [[nodiscard]] const std::vector<std::string>& trusted_managers() const { return trusted_; }

 private:
  std::vector<Rule> ignore_;
  std::vector<std::string> trusted_;
};

// `live` is null where there is no object; then only paths count. Invalid where its managedFields cannot be read: who
// holds what is then unknown (adoption.h resets it). No path is below another one. At most one reason each.
Result<std::vector<Yielded>> find_yielded(const Desired& desired, const json::value& live, const FieldManager& manager,
                                          const YieldRules& rules);

// The desired state without these fields, sealed. A map or list that has nothing left goes too; an item keeps what
// names it, for dropping the item would delete it, whoever holds the rest of it. Equal to `desired` where nothing is
// left out.
Desired without(const Desired& desired, const std::vector<Yielded>& yielded);

}  // namespace holdfast
