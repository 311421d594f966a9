#include "app/override_policy.h"

#include <spdlog/fmt/fmt.h>

#include <array>
#include <set>

#include "app/admission_guard.h"
#include "app/approval_policy.h"

namespace holdfast {
namespace {

constexpr std::string_view kScalePath = "spec.replicas";
// A container's image in a Pod, a workload or a CronJob, as the policy and we tell it from other fields.
constexpr std::string_view kImagePath =
    "^spec\\.((jobTemplate\\.spec\\.)?template\\.spec\\.)?(containers|initContainers)\\[(name=)?[a-z0-9-]+\\]\\.image$";

struct Verb {
  std::string_view name, condition, what;
};
const std::array<Verb, 4>& verbs() {
  static const std::string kScales =
      fmt::format("has(object.spec.patches) && object.spec.patches.exists(p, p.path == '{}')", kScalePath);
  static const std::string kImages =
      fmt::format("has(object.spec.patches) && object.spec.patches.exists(p, p.path.matches(r'{}'))", kImagePath);
  static const std::string kFields =
      fmt::format("has(object.spec.patches) && object.spec.patches.exists(p, p.path != '{}' && !p.path.matches(r'{}'))",
                  kScalePath, kImagePath);
  static const std::array<Verb, 4> kVerbs{{{"override-ref", "has(object.spec.ref)", "a ref"},
                                           {"override-scale", kScales, "how many replicas there are"},
                                           {"override-image", kImages, "an image"},
                                           {"override-field", kFields, "a field"}}};
  return kVerbs;
}

json::object validation(const std::string& expression, const std::string& message) {
  return {{"expression", expression}, {"messageExpression", message}, {"reason", "Forbidden"}};
}

json::array validations() {
  json::array made;
  made.push_back(
      validation("variables.sameSpec || object.spec.requestedBy == request.userInfo.username",
                 "'spec.requestedBy is ' + object.spec.requestedBy + ', and it is ' + request.userInfo.username + "
                 "' who asks: write that, or let holdfast try do it'"));
  made.push_back(
      validation("oldObject == null || (object.spec.application == oldObject.spec.application && "
                 "has(object.spec.ref) == has(oldObject.spec.ref) && "
                 "(!has(object.spec.ref) || object.spec.ref == oldObject.spec.ref) && "
                 "has(object.spec.patches) == has(oldObject.spec.patches) && "
                 "(!has(object.spec.patches) || object.spec.patches == oldObject.spec.patches))",
                 "'what an Override tries stays as it is: delete it, and make another one'"));
  for (const Verb& verb : verbs())
    made.push_back(validation(
        fmt::format("variables.sameSpec || !({}) || variables.application.check('{}').allowed()", verb.condition,
                    verb.name),
        fmt::format(
            "request.userInfo.username + ' may not override {} of the Application ' + object.spec.application + "
            "' in ' + object.metadata.namespace + ': it takes the verb {} on applications.holdfast.dev, which "
            "the ClusterRole holdfast-developer has'",
            verb.what, verb.name)));
  return made;
}

json::object metadata() { return {{"name", kOverridePolicy}, {"labels", {{"app.kubernetes.io/name", "holdfast"}}}}; }

std::set<std::string> expressions_of(const json::value& policy) {
  std::set<std::string> all;
  const json::value* list = find(policy, {"spec", "validations"});
  if (list != nullptr && list->is_array())
    for (const json::value& one : list->get_array()) all.emplace(string_at(one, {"expression"}));
  const json::value* variables = find(policy, {"spec", "variables"});
  if (variables != nullptr && variables->is_array())
    for (const json::value& one : variables->get_array())
      all.insert(fmt::format("{}={}", string_at(one, {"name"}), string_at(one, {"expression"})));
  return all;
}

}  // namespace

json::object override_policy() {
  json::array rules{{{"apiGroups", json::array{"holdfast.dev"}},
                     {"apiVersions", json::array{"*"}},
                     {"operations", json::array{"CREATE", "UPDATE"}},
                     {"resources", json::array{"overrides"}}}};
  json::array variables{
      {{"name", "sameSpec"}, {"expression", "oldObject != null && object.spec == oldObject.spec"}},
      {{"name", "application"},
       {"expression",
        "authorizer.group('holdfast.dev').resource('applications').namespace(object.metadata.namespace)"
        ".name(object.spec.application)"}}};
  return {{"apiVersion", "admissionregistration.k8s.io/v1"},
          {"kind", "ValidatingAdmissionPolicy"},
          {"metadata", metadata()},
          {"spec",
           {{"failurePolicy", "Fail"},
            {"matchConstraints", {{"resourceRules", std::move(rules)}}},
            {"variables", std::move(variables)},
            {"validations", validations()}}}};
}

json::object override_policy_binding() {
  return {{"apiVersion", "admissionregistration.k8s.io/v1"},
          {"kind", "ValidatingAdmissionPolicyBinding"},
          {"metadata", metadata()},
          {"spec", {{"policyName", kOverridePolicy}, {"validationActions", json::array{"Deny"}}}}};
}

std::vector<json::object> override_guard(const InstallOptions& options, const json::object& labels) {
  const auto role = [&](const char* name, json::array rules) {
    return json::object{{"apiVersion", "rbac.authorization.k8s.io/v1"},
                        {"kind", "ClusterRole"},
                        {"metadata", {{"name", name}, {"labels", labels}}},
                        {"rules", std::move(rules)}};
  };
  json::array verbs_of_ours;
  for (const Verb& verb : verbs()) verbs_of_ours.emplace_back(verb.name);
  json::array developer{{{"apiGroups", json::array{"holdfast.dev"}},
                         {"resources", json::array{"overrides"}},
                         {"verbs", json::array{"get", "list", "watch", "create", "update", "patch", "delete"}}},
                        {{"apiGroups", json::array{"holdfast.dev"}},
                         {"resources", json::array{"applications"}},
                         {"verbs", json::array{"get", "list", "watch"}}},
                        {{"apiGroups", json::array{"holdfast.dev"}},
                         {"resources", json::array{"applications"}},
                         {"verbs", std::move(verbs_of_ours)}}};
  json::array sees{{{"apiGroups", json::array{"admissionregistration.k8s.io"}},
                    {"resources", json::array{"validatingadmissionpolicies", "validatingadmissionpolicybindings"}},
                    {"resourceNames", json::array{kOverridePolicy, kApprovalPolicy}},
                    {"verbs", json::array{"get"}}}};
  json::object binding{
      {"apiVersion", "rbac.authorization.k8s.io/v1"},
      {"kind", "ClusterRoleBinding"},
      {"metadata", {{"name", options.installation + "-override-policy"}, {"labels", labels}}},
      {"roleRef",
       {{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "ClusterRole"}, {"name", "holdfast-override-policy"}}},
      {"subjects", json::array{{{"kind", "ServiceAccount"}, {"name", "holdfast"}, {"namespace", options.namespace_}}}}};
  std::vector<json::object> made;
  made.push_back(override_policy());
  made.push_back(override_policy_binding());
  made.push_back(role("holdfast-developer", std::move(developer)));
  made.push_back(role("holdfast-override-policy", std::move(sees)));
  made.push_back(std::move(binding));
  return made;
}

std::string_view override_verb(const Override& one, const OverridePatch* patch) {
  if (one.ref || patch == nullptr) return "override-ref";
  if (patch->path == kScalePath) return "override-scale";
  const bool image =
      patch->path.ends_with("].image") && (patch->path.contains("ontainers[")) && patch->path.starts_with("spec.");
  return image ? "override-image" : "override-field";
}

std::optional<std::string> policy_problem(const json::value& policy, const json::value& binding,
                                          std::chrono::sys_seconds created) {
  constexpr const char* kInstall = "install it: holdfast install | kubectl apply -f -; then make the Override anew";
  if (policy.is_null() || binding.is_null())
    return fmt::format(
        "nobody checks who asks, for the cluster has no ValidatingAdmissionPolicy {} or no binding of it ({})",
        kOverridePolicy, kInstall);
  const json::object ours = override_policy();
  if (expressions_of(policy) != expressions_of(json::value(ours)) ||
      !covers_what_ours_does(policy, ours.at("spec").as_object()) || !denies_everywhere(binding, kOverridePolicy))
    return fmt::format(
        "nobody can tell who asks, for the ValidatingAdmissionPolicy {} or its binding is another one "
        "than this daemon knows ({})",
        kOverridePolicy, kInstall);
  if (!was_in_effect(policy, created) || !was_in_effect(binding, created))
    return fmt::format(
        "it was made before the ValidatingAdmissionPolicy {} had been there for {} s, in which API servers come to "
        "know "
        "it, so that it may be that nobody checked who asks (make it anew)",
        kOverridePolicy, kTakesEffect.count());
  return std::nullopt;
}

}  // namespace holdfast
