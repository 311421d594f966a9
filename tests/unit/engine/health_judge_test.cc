// What a custom rule's word is worth.
#include "engine/health_judge.h"

#include <gtest/gtest.h>

#include "health/lua_rules.h"

namespace holdfast {
namespace {

Health judged(const std::string& body, const std::string& script = "return {status = 'Healthy', message = 'fine'}") {
  LuaRules rules;
  rules.add("argoproj.io/Rollout", script);
  HealthTask task;
  task.gvk = {"argoproj.io", "v1alpha1", "Rollout"};
  task.body = body;
  return judge_by_rule(task, rules);
}

TEST(HealthJudge, ask_35_healthy_only_when_the_newest_generation_is_observed_also_where_it_is_text) {
  EXPECT_EQ(judged(R"({"metadata":{"generation":3},"status":{"observedGeneration":2}})").status,
            HealthStatus::Progressing);
  EXPECT_EQ(judged(R"({"metadata":{"generation":3},"status":{"observedGeneration":"2"}})").status,
            HealthStatus::Progressing);
  EXPECT_EQ(judged(R"({"metadata":{"generation":3},"status":{"observedGeneration":"3"}})").status,
            HealthStatus::Healthy);
  EXPECT_EQ(judged(R"({"metadata":{"generation":3},"status":{}})").status, HealthStatus::Healthy);
  EXPECT_EQ(judged(R"({"metadata":{"generation":3},"status":{"observedGeneration":"f7d5"}})").status,
            HealthStatus::Healthy)
      << "a hash, as old Rollouts have it, says nothing of this";
}

TEST(HealthJudge, the_rule_finds_the_type_that_an_item_of_a_list_lacks) {
  EXPECT_EQ(judged("{}", "return {status = 'Degraded', message = obj.apiVersion .. ' ' .. obj.kind}").message,
            "argoproj.io/v1alpha1 Rollout");
}

TEST(HealthJudge, a_rule_that_fails_leaves_the_health_unknown_and_says_why) {
  const Health health = judged("{}", "error('no such luck')");
  EXPECT_EQ(health.status, HealthStatus::Unknown);
  EXPECT_TRUE(health.message.contains("argoproj.io/Rollout/health.lua") && health.message.contains("no such luck"))
      << health.message;
}

TEST(HealthJudge, a_rule_that_never_ends_is_ended_after_a_second) {
  const auto begun = std::chrono::steady_clock::now();
  const Health health = judged("{}", "while true do end");
  EXPECT_EQ(health.status, HealthStatus::Unknown);
  EXPECT_TRUE(health.message.contains("too long")) << health.message;
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(10));
}

}  // namespace
}  // namespace holdfast
