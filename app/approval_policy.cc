#include "app/approval_policy.h"

#include <spdlog/fmt/fmt.h>

#include <initializer_list>

#include "app/admission_guard.h"
#include "app/person_requests.h"

namespace holdfast {
namespace {

constexpr const char* kGroupVersion = "admissionregistration.k8s.io/v1";
constexpr const char* kInstallAgain = "holdfast install | kubectl apply -f -";

using Names = std::initializer_list<std::string_view>;

// Of the object as it is written, or as it was.
std::string annotations(std::string_view of) {
  return fmt::format("{0} != null && has({0}.metadata.annotations) ? {0}.metadata.annotations : {{}}", of);
}

// What these annotations say, in one text.
std::string said(std::string_view map, const Names& names) {
  std::string text;
  for (const std::string_view name : names)
    text += fmt::format("{0}('{2}' in variables.{1} ? 'y' + variables.{1}['{2}'] : 'n')",
                        text.empty() ? "" : " + '\\n' + ", map, name);
  return text;
}

std::string changed(const Names& names) {
  return fmt::format("({}) != ({})", said("now", names), said("before", names));
}

std::string may(std::string_view verb) {
  return fmt::format(
      "authorizer.group('holdfast.dev').resource('applications').namespace(request.namespace).name(request.name)"
      ".check('{}').allowed()",
      verb);
}

json::object variable(std::string_view name, std::string expression) {
  return {{"name", name}, {"expression", std::move(expression)}};
}

json::object validation(std::string expression, std::string message) {
  return {{"expression", std::move(expression)}, {"message", std::move(message)}, {"reason", "Forbidden"}};
}

// In the caller's own name, or taken back.
std::string in_own_name(std::string_view by) {
  return fmt::format("!('{0}' in variables.now) || variables.now['{0}'] == request.userInfo.username", by);
}

json::array variables() {
  const Names approve{kApprovePlan, kApproveBy, kApproveAt, kApproveReason};
  const Names rollback{kRollbackTo, kRollbackBy, kRollbackAt, kRollbackReason};
  const std::string needs_approval =
      "oldObject != null && has(oldObject.spec.policy) && oldObject.spec.policy == 'Approve'";
  const std::string still = "has(object.spec.policy) && object.spec.policy == 'Approve'";
  return {variable("now", annotations("object")), variable("before", annotations("oldObject")),
          variable("approves", changed(approve)), variable("rollsBack", changed(rollback)),
          variable("leaves", fmt::format("({}) && !({})", needs_approval, still))};
}

json::array validations() {
  return {validation("!variables.approves || " + may("approve"),
                     "approving a plan needs the verb approve on this application of holdfast.dev"),
          validation(fmt::format("!variables.approves || ({})", in_own_name(kApproveBy)),
                     fmt::format("{} has to be who asks", kApproveBy)),
          validation("!variables.rollsBack || " + may("rollback"),
                     "rolling back needs the verb rollback on this application of holdfast.dev"),
          validation(fmt::format("!variables.rollsBack || ({})", in_own_name(kRollbackBy)),
                     fmt::format("{} has to be who asks", kRollbackBy)),
          validation("!variables.leaves || " + may("approve"),
                     "leaving spec.policy: Approve needs the verb approve on this application of holdfast.dev")};
}

json::object policy_spec() {
  json::array rules{{{"apiGroups", json::array{"holdfast.dev"}},
                     {"apiVersions", json::array{"*"}},
                     {"operations", json::array{"CREATE", "UPDATE"}},
                     {"resources", json::array{"applications"}}}};
  return {{"failurePolicy", "Fail"},
          {"matchConstraints", {{"resourceRules", std::move(rules)}}},
          {"variables", variables()},
          {"validations", validations()}};
}

json::object object(std::string_view kind, json::object spec) {
  return {{"apiVersion", kGroupVersion},
          {"kind", kind},
          {"metadata", {{"name", kApprovalPolicy}, {"labels", {{"app.kubernetes.io/name", "holdfast"}}}}},
          {"spec", std::move(spec)}};
}

std::string path_of(std::string_view resource) {
  return fmt::format("/apis/{}/{}/{}", kGroupVersion, resource, kApprovalPolicy);
}

}  // namespace

json::array approval_policy() {
  return {object("ValidatingAdmissionPolicy", policy_spec()),
          object("ValidatingAdmissionPolicyBinding",
                 {{"policyName", kApprovalPolicy}, {"validationActions", json::array{"Deny"}}})};
}

std::string approval_policy_path() { return path_of("validatingadmissionpolicies"); }
std::string approval_binding_path() { return path_of("validatingadmissionpolicybindings"); }

std::string objection_to_policy(const json::value& policy, const json::value& binding, std::chrono::sys_seconds now) {
  const auto refuse = [](std::string_view what) {
    return fmt::format("{}, so that it is not known who asks ({})", what, kInstallAgain);
  };
  if (policy.is_null())
    return refuse(fmt::format("the ValidatingAdmissionPolicy {} is not installed", kApprovalPolicy));
  if (binding.is_null())
    return refuse(fmt::format("the ValidatingAdmissionPolicyBinding {} is not installed", kApprovalPolicy));
  const json::object ours = policy_spec();
  bool same = covers_what_ours_does(policy, ours);
  for (const char* part : {"variables", "validations"}) {
    const json::value* theirs = find(policy, {"spec", part});
    same = same && theirs != nullptr && *theirs == ours.at(part);
  }
  if (!same)
    return refuse(fmt::format("the ValidatingAdmissionPolicy {} is another one than this version's", kApprovalPolicy));
  if (!denies_everywhere(binding, kApprovalPolicy))
    return refuse(fmt::format("the ValidatingAdmissionPolicyBinding {} does not deny everywhere", kApprovalPolicy));
  if (!was_in_effect(policy, now) || !was_in_effect(binding, now))
    return fmt::format("the policy {} was installed a moment ago, and may not be in force everywhere; ask again",
                       kApprovalPolicy);
  return {};
}

std::string identity_of_policy(const json::value& policy, const json::value& binding) {
  std::string identity;
  for (const json::value* one : {&policy, &binding}) {
    const json::value* const generation = find(*one, {"metadata", "generation"});
    identity += fmt::format("{}{}.{}", identity.empty() ? "" : " ", string_at(*one, {"metadata", "uid"}),
                            generation == nullptr ? "" : to_json(*generation));
  }
  return identity;
}

}  // namespace holdfast
