#include "engine/explanation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "unit/engine/staged_fixture.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

Verdict verdict(VerdictKind kind, std::string why, std::string_view rules) {
  Verdict made;
  made.kind = kind;
  made.why = std::move(why);
  made.rules = rules;
  return made;
}

TEST(Explanation, is_one_line_with_its_rules) {
  EXPECT_EQ(to_string(explain(verdict(VerdictKind::InSync, "fingerprint known", "C5.4"), {})),
            "nothing to do: fingerprint known (C5.4)");
  EXPECT_EQ(to_string(Explanation{"wait", "so", {}}), "wait: so");
}

TEST(Explanation, C5_a_confirming_call_says_what_was_not_proven) {
  const Verdict apply = verdict(VerdictKind::Apply, "not applied in this form yet", "C5.6");
  EXPECT_EQ(to_string(explain(apply, {false, true, ".spec.replicas is not as desired"})),
            "confirm by apply: no record and not proven: .spec.replicas is not as desired (C5.6, C8)");
  EXPECT_EQ(to_string(explain(apply, {false, true, {}})),
            "confirm by apply: nothing is known of it since the start (C5.6)");
  EXPECT_EQ(to_string(explain(apply, {true, true, {}})), "apply: not applied in this form yet (C5.6)");
  EXPECT_EQ(to_string(explain(apply, {false, false, {}})), "apply: not applied in this form yet (C5.6)");
}

TEST(Explanation, a_drift_is_put_back) {
  Verdict drifted = verdict(VerdictKind::Apply, "owned fields differ from what converged", "C5.6");
  drifted.drift = true;
  EXPECT_THAT(to_string(explain(drifted, {true, true, {}})), HasSubstr("put it back by apply: owned fields differ"));
}

TEST(Explanation, what_is_held_back_names_the_field_and_the_policy_but_no_value) {
  DriftedField field;
  field.drift = {".data.password", "\"old secret\"", "\"new secret\"", std::nullopt};
  EXPECT_EQ(to_string(explain_held(field, {DriftPolicy::Warn, 0s}, std::nullopt)),
            "report .data.password and leave it: spec.drift has the policy Warn for it (P1)");
  EXPECT_EQ(to_string(explain_held(field, {DriftPolicy::Enforce, 60s}, 12s)),
            "put .data.password back in 12 s: spec.drift has a grace of 60 s for it (P1)");
  EXPECT_EQ(
      to_string(explain_fought(field, 40s)),
      "put .data.password back in 40 s: somebody undoes each repair of it, so that it is made less and less often "
      "(C13)");
}

TEST(Explanation, D2_a_field_that_is_left_to_an_autoscaler_says_so) {
  EXPECT_EQ(to_string(explain_yielded({{PathElement::field("spec"), PathElement::field("replicas")},
                                       "kube-controller-manager (scale)",
                                       "an autoscaler set it"})),
            "leave .spec.replicas to kube-controller-manager (scale): an autoscaler set it (D2)");
}

// Whoever reads a rule's number has to find it.
TEST(Explanation, every_rule_that_is_cited_is_in_the_docs) {
  std::ostringstream docs;
  docs << std::ifstream(HOLDFAST_SOURCE_DIR "/docs/rules.md").rdbuf();
  std::set<std::string> cited;
  const std::regex rules(R"re("([CDP][0-9]+(?:\.[0-9])?(?:, [CDP][0-9]+(?:\.[0-9])?)*)")re"), rule(R"([CDP][0-9]+)");
  for (const char* folder : {HOLDFAST_SOURCE_DIR "/engine", HOLDFAST_SOURCE_DIR "/app"}) {
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
      if (file.path().extension() != ".cc") continue;
      std::ostringstream text;
      text << std::ifstream(file.path()).rdbuf();
      const std::string source = text.str();
      for (std::sregex_iterator at(source.begin(), source.end(), rules), end; at != end; ++at) {
        const std::string list = (*at)[1];
        for (std::sregex_iterator one(list.begin(), list.end(), rule); one != end; ++one) cited.insert(one->str());
      }
    }
  }
  EXPECT_THAT(cited, Contains("C5"));
  EXPECT_THAT(cited, Contains("D13"));
  for (const std::string& name : cited) EXPECT_THAT(docs.str(), HasSubstr("- **" + name + "** "));
}

using ExplainedReconciler = fake::ReconcilerTest;

TEST_F(ExplainedReconciler, nothing_is_made_for_nobody) {
  converged({"a=1"});
  watch_event("a");
  EXPECT_THAT(observer.reasons, IsEmpty());
}

TEST_F(ExplainedReconciler, C5_every_verdict_is_told_with_its_rule) {
  observer.wants_reasons = true;
  converged({"a=1"});
  EXPECT_TRUE(observer.has_reason("ConfigMap web/a: look it up: not among the labelled objects (C5.1, D15)"));
  EXPECT_TRUE(observer.has_reason("ConfigMap web/a: create: absent (C5.1)"));
  EXPECT_TRUE(observer.has_reason("ConfigMap web/a: nothing to do: the answer to our own write (C5.4)"));
  observer.reasons.clear();
  api.edit(path("a"), "/data/k", "2");
  watch_event("a");
  EXPECT_TRUE(
      observer.has_reason("ConfigMap web/a: put it back by apply: owned fields differ from what converged (C5.6)"))
      << testing::PrintToString(observer.reasons);
}

TEST_F(ExplainedReconciler, D12_D13_a_prune_says_what_the_limits_allow) {
  observer.wants_reasons = true;
  converged({"a=1", "b=1", "c=1"});
  git("r2", {"a=1", "b=1"});
  EXPECT_TRUE(observer.has_reason(
      "ConfigMap web/c: prune: it left Git, as 1 of 3 objects did, which the limits allow (D12, D13)"))
      << testing::PrintToString(observer.reasons);
}

TEST_F(ExplainedReconciler, D4_D14_a_failure_says_how_long_it_waits) {
  observer.wants_reasons = true;
  start();
  hold(path("a"));
  git("r1", {"a=1"});
  release(path("a"), ApiResponse{422, "application/json", {}, R"({"kind":"Status","message":"no","code":422})", {}});
  EXPECT_THAT(observer.reasons, Contains(HasSubstr("ConfigMap web/a: try again in ")));
}

using ExplainedWaves = fake::StagedTest;

TEST_F(ExplainedWaves, D9_a_wave_says_what_it_waits_for_and_why_it_begins) {
  observer.wants_reasons = true;
  start_staged();
  commit("r1", {object("Widget/a=1"), in_wave("ConfigMap/b=1", 1)});
  show_all();
  sick("Widget/a");
  observer.reasons.clear();
  commit("r2", {object("Widget/a=1"), in_wave("ConfigMap/b=2", 1)});
  EXPECT_THAT(observer.reasons,
              Contains("wave 1: wait: what comes before it is not applied and healthy: Widget.acme.dev web/a (D9)"));
  well("Widget/a");
  EXPECT_THAT(observer.reasons, Contains("wave 1: begin: all that comes before it is applied and healthy (D9)"));
}

TEST_F(ExplainedReconciler, P1_a_policy_is_named_for_the_field_that_it_leaves) {
  adjust = [](ReconcilerOptions& options) { options.policies = *DriftPolicies::compile(DriftPolicy::Warn, 0s, {}); };
  make();
  observer.wants_reasons = true;
  converged({"a=1"});
  observer.reasons.clear();
  api.edit(path("a"), "/data/k", "2");
  watch_event("a");
  EXPECT_TRUE(
      observer.has_reason("ConfigMap web/a: report .data.k and leave it: spec.drift has the policy Warn for it (P1)"))
      << testing::PrintToString(observer.reasons);
}

}  // namespace
}  // namespace holdfast
