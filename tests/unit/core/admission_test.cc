// Which types an admission configuration is about, and when it is another one (correctness C10).
#include "holdfast/model/admission.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

const ApiResource kConfigMaps{{"", "v1", "ConfigMap"}, "configmaps", true, {}};
const ApiResource kDeployments{{"apps", "v1", "Deployment"}, "deployments", true, {}};

AdmissionRules rules_of(std::string_view text) {
  const Result<json::value> body = parse_json(text);
  EXPECT_TRUE(body.has_value()) << text;
  return read_admission(body ? *body : json::value());
}

AdmissionRules webhook(const std::string& rule, const std::string& bundle = "A", const std::string& label = "a") {
  return rules_of(R"({"kind":"MutatingWebhookConfiguration","metadata":{"name":"w","labels":{"l":")" + label +
                  R"("}},"webhooks":[{"name":"x","clientConfig":{"url":"https://x","caBundle":")" + bundle +
                  R"("},"rules":[)" + rule + "]}]}");
}

TEST(Admission, C10_a_webhook_reaches_the_types_of_its_rules) {
  const AdmissionReach reach = webhook(R"({"apiGroups":["apps"],"resources":["deployments/scale","pods"]})").reach;
  EXPECT_TRUE(reach.touches(kDeployments));
  EXPECT_FALSE(reach.touches(kConfigMaps));
  EXPECT_TRUE(webhook(R"({"apiGroups":["*"],"resources":["*/*"]})").reach.touches(kConfigMaps));
  EXPECT_TRUE(webhook(R"({"apiGroups":[""],"resources":["*"]})").reach.touches(kConfigMaps));
  EXPECT_FALSE(webhook(R"({"apiGroups":[""],"resources":["*"]})").reach.touches(kDeployments));
}

TEST(Admission, C10_what_is_not_understood_reaches_everything) {
  EXPECT_TRUE(webhook(R"({"apiGroups":"apps"})").reach.touches(kConfigMaps));
  EXPECT_TRUE(rules_of(R"({"kind":"MutatingAdmissionPolicy","metadata":{"name":"p"},"spec":{}})").reach.everything);
}

TEST(Admission, C10_a_policy_reaches_what_it_matches_and_a_binding_names_its_policy) {
  const AdmissionRules policy = rules_of(R"({"kind":"MutatingAdmissionPolicy","metadata":{"name":"p"},"spec":{
    "matchConstraints":{"resourceRules":[{"apiGroups":["apps"],"resources":["deployments"]}]}}})");
  EXPECT_TRUE(policy.reach.touches(kDeployments));
  EXPECT_FALSE(policy.reach.touches(kConfigMaps));
  EXPECT_EQ(policy.policy, "");
  const AdmissionRules binding =
      rules_of(R"({"kind":"MutatingAdmissionPolicyBinding","metadata":{"name":"b"},"spec":{"policyName":"p"}})");
  EXPECT_EQ(binding.policy, "p");
}

TEST(Admission, C10_certificates_and_labels_are_no_change) {
  const std::string rule = R"({"apiGroups":[""],"resources":["configmaps"]})";
  EXPECT_EQ(webhook(rule).content, webhook(rule, "B", "b").content);
  EXPECT_NE(webhook(rule).content, webhook(R"({"apiGroups":[""],"resources":["secrets"]})").content);
}

}  // namespace
}  // namespace holdfast
