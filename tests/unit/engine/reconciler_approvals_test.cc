// Drift and deletions that wait for somebody's word (correctness D13; ask 1), which comes in a ConfigMap by the watch.
#include <gtest/gtest.h>

#include "unit/engine/reconciler_fixture.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;

class ApprovalTest : public fake::ReconcilerTest {
 protected:
  ApprovalTest() {
    adjust = [](ReconcilerOptions& options) {
      options.approvals = key("approvals");
      options.policies = *DriftPolicies::compile(DriftPolicy::Approve, 0s, {});
      options.wall_now = [] { return kNow; };
    };
    make();
  }
  // As `holdfast approve` writes it, and the watch shows it.
  void approve(Approval approval) {
    approval.until = kNow + 60s;
    api.objects[path("approvals")] = json::object{{"apiVersion", "v1"},
                                                  {"kind", "ConfigMap"},
                                                  {"metadata",
                                                   {{"name", "approvals"},
                                                    {"namespace", "web"},
                                                    {"uid", "approvals"},
                                                    {"resourceVersion", std::to_string(900'000 + ++writes_)},
                                                    {"labels", {{"holdfast.dev/installation", "prod"}}}}},
                                                  {"data", {{"one", to_text(approval)}}}};
    watch_event("approvals");
  }
  [[nodiscard]] Uid uid_of(const std::string& name) const {
    return {std::string(string_at(api.objects.at(path(name)), {"metadata", "uid"}))};
  }

  static constexpr WallTime kNow = WallTime(std::chrono::seconds(1'800'000'000));

 private:
  int writes_ = 0;
};

TEST_F(ApprovalTest, a_drift_waits_for_it_and_is_put_back_then) {
  converged({"a=1"});
  api.edit(path("a"), "/data/k", "2");
  watch_event("a");
  EXPECT_EQ(patches("a"), 0U);
  approve({ApprovedAction::Repair, key("a"), {"another"}, {}, 0, {}, "", ""});
  EXPECT_EQ(patches("a"), 0U) << "it was meant for another object of that name";
  approve({ApprovedAction::Repair, key("a"), uid_of("a"), {".data.other"}, 0, {}, "", ""});
  EXPECT_EQ(patches("a"), 0U) << "it was meant for another field";
  approve({ApprovedAction::Repair, key("a"), uid_of("a"), {".data.k"}, 0, {}, "", ""});
  EXPECT_EQ(patches("a"), 1U);
  EXPECT_EQ(live_value("a"), "1");
}

TEST_F(ApprovalTest, what_was_deleted_waits_for_it_and_is_made_again_then) {
  converged({"a=1"});
  const Uid uid = uid_of("a");
  api.objects.erase(path("a"));
  watch_event("a");
  EXPECT_EQ(patches("a"), 0U);
  approve({ApprovedAction::Repair, key("a"), uid, {}, 0, {}, "", ""});
  EXPECT_TRUE(api.objects.contains(path("a")));
}

TEST_F(ApprovalTest, an_approval_that_is_withdrawn_counts_no_more) {
  converged({"a=1"});
  approve({ApprovedAction::Repair, key("a"), uid_of("a"), {}, 0, {}, "", ""});
  api.objects.erase(path("approvals"));
  watch_event("approvals");
  api.edit(path("a"), "/data/k", "2");
  watch_event("a");
  EXPECT_EQ(patches("a"), 0U);
}

TEST_F(ApprovalTest, ask_1_more_than_the_limit_waits_for_it_and_goes_then) {
  std::vector<std::string> objects;
  for (char name = 'a'; name < 'm'; ++name) objects.push_back(std::string(1, name) + "=1");
  converged(objects);
  git("r2", {"a=1"});
  EXPECT_EQ(observer.times("held back b"), 1U);
  EXPECT_TRUE(api.objects.contains(path("b")));
  approve({ApprovedAction::Prune, {}, {}, {}, 10, {}, "", ""});
  EXPECT_TRUE(api.objects.contains(path("b"))) << "eleven left";
  approve({ApprovedAction::Prune, key("b"), uid_of("b"), {}, 0, {}, "", ""});
  EXPECT_FALSE(api.objects.contains(path("b")));
  EXPECT_TRUE(api.objects.contains(path("c")));
  approve({ApprovedAction::Prune, {}, {}, {}, 11, {}, "", ""});
  EXPECT_FALSE(api.objects.contains(path("c")));
  EXPECT_TRUE(api.objects.contains(path("a")));
}

}  // namespace
}  // namespace holdfast
