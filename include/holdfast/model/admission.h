// What the API server does to writes on their way in, as far as configurations tell: mutating webhooks and admission
// policies. Another configuration may make another object of the same apply, so that what converged under the one
// before has to be confirmed (correctness C10).
#pragma once

#include <set>
#include <string>

#include "holdfast/base/digest.h"
#include "holdfast/model/api_resource.h"
#include "holdfast/model/json.h"

namespace holdfast {

// Which types a configuration is asked about. Rather too many than too few: selectors and operations do not count.
struct AdmissionReach {
  struct Rule {
    std::string group, resource;  // as in "apps", "deployments"; "*": every one
    auto operator<=>(const Rule&) const = default;
  };
  std::set<Rule> rules;
  bool everything = false;

  [[nodiscard]] bool touches(const ApiResource& type) const;
  void add(const AdmissionReach& other);
  bool operator==(const AdmissionReach&) const = default;
};

struct AdmissionRules {
  Sha256 content;  // of what it does; certificates and what is in the metadata do not count
  AdmissionReach reach;
  std::string policy;  // of a binding: the name of its policy, whose reach is its own
};

// From a MutatingWebhookConfiguration, a MutatingAdmissionPolicy or a binding of one. What is not understood reaches
// everything.
AdmissionRules read_admission(const json::value& body);

}  // namespace holdfast
