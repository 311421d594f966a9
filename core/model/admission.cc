#include "holdfast/model/admission.h"

#include <algorithm>
#include <string_view>

namespace holdfast {
namespace {

constexpr std::size_t kMostRules = 4096;  // then it reaches everything

// "deployments/status" is asked about when the status is written, but nobody minds to look once too often.
std::string_view without_subresource(std::string_view resource) { return resource.substr(0, resource.find('/')); }

void add_rule(const json::value& rule, AdmissionReach& reach) {
  const json::value* groups = find(rule, {"apiGroups"});
  const json::value* resources = find(rule, {"resources"});
  if (groups == nullptr || !groups->is_array() || resources == nullptr || !resources->is_array()) {
    reach.everything = true;
    return;
  }
  for (const json::value& group : groups->get_array()) {
    for (const json::value& resource : resources->get_array()) {
      if (!group.is_string() || !resource.is_string() || reach.rules.size() >= kMostRules) {
        reach.everything = true;
        return;
      }
      reach.rules.insert({std::string(group.get_string()), std::string(without_subresource(resource.get_string()))});
    }
  }
}

void add_rules(const json::value* rules, AdmissionReach& reach) {
  if (rules == nullptr || !rules->is_array()) {
    reach.everything = true;
    return;
  }
  for (const json::value& rule : rules->get_array()) add_rule(rule, reach);
}

bool matches(const std::string& pattern, const std::string& name) { return pattern == "*" || pattern == name; }

}  // namespace

bool AdmissionReach::touches(const ApiResource& type) const {
  return everything || std::ranges::any_of(rules, [&](const Rule& rule) {
           return matches(rule.group, type.gvk.group) && matches(rule.resource, type.plural);
         });
}

void AdmissionReach::add(const AdmissionReach& other) {
  everything = everything || other.everything;
  rules.insert(other.rules.begin(), other.rules.end());
}

AdmissionRules read_admission(const json::value& body) {
  AdmissionRules read;
  json::object told{{"kind", string_at(body, {"kind"})}, {"name", string_at(body, {"metadata", "name"})}};
  if (const json::value* webhooks = find(body, {"webhooks"}); webhooks != nullptr && webhooks->is_array()) {
    json::array copy = webhooks->get_array();
    for (json::value& webhook : copy) {
      add_rules(find(webhook, {"rules"}), read.reach);
      if (!webhook.is_object()) continue;
      json::value* client = webhook.get_object().if_contains("clientConfig");
      if (client != nullptr && client->is_object()) client->get_object().erase("caBundle");  // renewed now and then
    }
    told["webhooks"] = std::move(copy);
  } else if (const json::value* spec = find(body, {"spec"})) {
    read.policy = string_at(*spec, {"policyName"});
    if (read.policy.empty()) add_rules(find(*spec, {"matchConstraints", "resourceRules"}), read.reach);
    told["spec"] = *spec;
  }
  read.content = sha256(canonical_json(told));
  return read;
}

}  // namespace holdfast
