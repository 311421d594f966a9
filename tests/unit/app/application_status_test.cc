// What the status says at each turn of a story, as `kubectl get` and `kubectl wait` would meet it.
#include "app/application_status.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace holdfast {
namespace {

using namespace std::chrono_literals;

const ObjectKey kWeb{"apps", "Deployment", "shop", "web"};
const ObjectKey kPage{"", "ConfigMap", "shop", "page"};

class ApplicationStatusTest : public testing::Test {
 protected:
  std::string condition(const std::string& type) {
    const Conditions all = status_.conditions();
    const ApplicationCondition& one = all.at(type);
    return std::string(to_string(one.status)) + " " + one.reason + ": " + one.message;
  }
  std::string since(const std::string& type) {
    const json::object document = status_.document();
    for (const json::value& one : document.at("conditions").get_array())
      if (string_at(one, {"type"}) == type) return std::string(string_at(one, {"lastTransitionTime"}));
    return "(none)";
  }
  void roll_out(const std::string& revision) {
    status_.source_read(ManifestSet{revision, {}, 0});
    status_.round_started(revision, 2);
    status_.applied(kWeb, true, revision);
    status_.round({revision, 2, 0, true});
  }

  std::chrono::sys_seconds now_{1'800'000'000s};
  std::vector<std::string> transitions_;
  int changes_ = 0;
  ApplicationStatus status_{true,
                            {[this] { return now_; }, [this] { ++changes_; },
                             [this](const std::string& type, const ApplicationCondition& now) {
                               transitions_.push_back(type + " " + to_string(now.status) + " " + now.reason);
                             }}};
};

TEST_F(ApplicationStatusTest, is_ready_once_all_is_applied_and_healthy) {
  status_.set_generation(3, true);
  EXPECT_EQ(condition("Ready"), "Unknown Progressing: its source is being read");
  EXPECT_EQ(condition("Reconciling"), "True Progressing: its source is being read");
  roll_out("main@sha1:aa");
  EXPECT_EQ(condition("Ready"), "Unknown Progressing: main@sha1:aa is applied; its objects are not healthy yet");
  now_ += 5s;
  status_.became_ready("main@sha1:aa", 2);
  EXPECT_EQ(condition("Ready"), "True ReconciliationSucceeded: Applied revision: main@sha1:aa");
  EXPECT_EQ(condition("Healthy"), "True HealthCheckSucceeded: all objects are healthy");
  EXPECT_EQ(condition("Reconciling"), "False Idle: nothing is under way");
  EXPECT_EQ(condition("Stalled"), "False NotStalled: nobody has to do anything");
  EXPECT_EQ(since("Ready"), "2027-01-15T08:00:05Z");
  EXPECT_EQ(since("Stalled"), "2027-01-15T08:00:00Z");
  const json::object document = status_.document();
  EXPECT_EQ(document.at("observedGeneration").as_int64(), 3);
  EXPECT_EQ(document.at("lastAppliedRevision").as_string(), "main@sha1:aa");
  EXPECT_EQ(document.at("history").as_array().size(), 1u);
}

TEST_F(ApplicationStatusTest, does_not_wait_for_health_where_the_application_does_not) {
  status_.set_generation(1, false);
  roll_out("main@sha1:aa");
  EXPECT_EQ(condition("Ready"), "True ReconciliationSucceeded: Applied revision: main@sha1:aa");
  EXPECT_TRUE(condition("Healthy").starts_with("Unknown "));
}

TEST_F(ApplicationStatusTest, says_what_is_degraded_and_that_it_is_well_again) {
  roll_out("main@sha1:aa");
  status_.became_ready("main@sha1:aa", 2);
  status_.no_longer_ready("main@sha1:aa", kWeb, {HealthStatus::Degraded, Kstatus::Failed, "no image"});
  EXPECT_EQ(condition("Ready"), "False HealthCheckFailed: Deployment.apps shop/web is Degraded: no image");
  EXPECT_EQ(condition("Reconciling"), "True ProgressingWithRetry: Deployment.apps shop/web is Degraded: no image");
  status_.became_ready("main@sha1:aa", 2);
  EXPECT_TRUE(condition("Ready").starts_with("True "));
}

TEST_F(ApplicationStatusTest, a_hook_that_could_not_be_deleted_is_forgotten_once_it_is_gone) {
  const ObjectKey job{"batch", "Job", "shop", "migrate-0123456789"};
  roll_out("main@sha1:aa");
  status_.became_ready("main@sha1:aa", 2);
  status_.failed(job, {ErrorKind::Busy, "the hook cannot be deleted: not allowed"}, 1s);
  EXPECT_TRUE(condition("Ready").starts_with("False ReconciliationFailed")) << condition("Ready");
  const int before = changes_;
  status_.hook_dismissed(job, "it has ended well");
  EXPECT_EQ(condition("Ready"), "True ReconciliationSucceeded: Applied revision: main@sha1:aa");
  EXPECT_EQ(changes_, before + 1);
  status_.hook_dismissed(job, "it has ended well");
  EXPECT_EQ(changes_, before + 1);
}

TEST_F(ApplicationStatusTest, says_what_a_hook_waits_for_until_it_is_made) {
  const ObjectKey job{"batch", "Job", "shop", "migrate-bbb"};
  status_.source_read(ManifestSet{"main@sha1:bb", {}, 0});
  status_.round_started("main@sha1:bb", 2);
  status_.held_up(job, {ErrorKind::Busy, "Job.batch shop/migrate-aaa of an older revision still runs", "hook.yaml:1"});
  const std::string waits =
      "Unknown Progressing: applying main@sha1:bb, 2 objects; Job.batch shop/migrate-bbb: not made yet: hook.yaml:1: "
      "Job.batch shop/migrate-aaa of an older revision still runs";
  EXPECT_EQ(condition("Ready"), waits);
  status_.round_started("main@sha1:bb", 2);
  EXPECT_EQ(condition("Ready"), waits) << "it is said once for a revision";
  status_.applied(job, true, "main@sha1:bb");
  EXPECT_EQ(condition("Ready"), "Unknown Progressing: applying main@sha1:bb, 2 objects");
}

// A roll-out begins anew with each catalog; what cannot be prepared is told once.
TEST_F(ApplicationStatusTest, what_cannot_be_prepared_stays_said_while_it_is_tried_again) {
  roll_out("main@sha1:aa");
  status_.round_started("main@sha1:bb", 1);
  status_.set_problem({ErrorKind::Invalid, "it is in the namespace market", "shop/outside.yaml:1"});
  status_.round_started("main@sha1:bb", 1);
  status_.round({"main@sha1:bb", 2, 1, false});
  EXPECT_EQ(condition("Ready"), "False ReconciliationFailed: shop/outside.yaml:1: it is in the namespace market");
  status_.round_started("main@sha1:cc", 1);
  status_.round({"main@sha1:cc", 1, 1, false});
  EXPECT_EQ(condition("Ready"), "False ReconciliationFailed: not all of it could be applied");
}

TEST_F(ApplicationStatusTest, where_another_installation_holds_it_that_is_all_that_is_said) {
  status_.inventory_unknown({ErrorKind::Conflict, "belongs to the installation \"a\", not \"b\"", "inventory"}, 1s);
  const json::object document = status_.document();
  EXPECT_EQ(document.size(), 1U);
  ASSERT_EQ(document.at("conditions").as_array().size(), 1U);
  EXPECT_EQ(string_at(document.at("conditions").as_array()[0], {"type"}), "Contested");
  roll_out("main@sha1:aa");
  EXPECT_TRUE(status_.document().contains("inventory"));
}

TEST_F(ApplicationStatusTest, tells_a_source_that_is_away_from_one_that_is_wrong) {
  roll_out("main@sha1:aa");
  status_.source_failed({ErrorKind::Unreachable, "no answer", "https://git.example/a.git"}, "main@sha1:aa");
  EXPECT_EQ(condition("Ready"),
            "False ArtifactFailed: https://git.example/a.git: no answer; still holding main@sha1:aa");
  EXPECT_TRUE(condition("Reconciling").starts_with("True ProgressingWithRetry"));
  EXPECT_TRUE(condition("Stalled").starts_with("False"));
  status_.source_failed({ErrorKind::Invalid, "no such field", "apps/web.yaml:3"}, "main@sha1:aa");
  EXPECT_TRUE(condition("Ready").starts_with("False BuildFailed: apps/web.yaml:3: no such field"));
  EXPECT_TRUE(condition("Stalled").starts_with("True BuildFailed"));
  EXPECT_TRUE(condition("Reconciling").starts_with("False"));
}

TEST_F(ApplicationStatusTest, names_what_failed_and_forgets_it_once_it_was_applied) {
  status_.round_started("main@sha1:aa", 2);
  status_.failed(kPage, {ErrorKind::Busy, "try again", ""}, 1s);
  EXPECT_TRUE(condition("Ready").starts_with("False ReconciliationFailed: ConfigMap shop/page: try again"));
  status_.round({"main@sha1:aa", 2, 1, false});
  EXPECT_TRUE(condition("Ready").starts_with("False ReconciliationFailed: ConfigMap shop/page: try again"));
  status_.applied(kPage, true, "main@sha1:aa");
  status_.round({"main@sha1:aa", 2, 0, true});
  status_.became_ready("main@sha1:aa", 2);
  EXPECT_TRUE(condition("Ready").starts_with("True "));
}

TEST_F(ApplicationStatusTest, stalls_on_what_is_held_back_until_somebody_approves) {
  roll_out("main@sha1:aa");
  status_.round_started("main@sha1:bb", 1);
  status_.held_back(kPage, "11 objects are more than 10");
  status_.round({"main@sha1:bb", 1, 0, false});
  EXPECT_EQ(condition("Ready"), "False PruneFailed: ConfigMap shop/page: 11 objects are more than 10");
  EXPECT_TRUE(condition("Stalled").starts_with("True PruneFailed"));
}

TEST_F(ApplicationStatusTest, counts_drift_that_is_left_and_drift_that_was_put_back) {
  roll_out("main@sha1:aa");
  Drift drift{kPage, DriftKind::Changed, {{".data.color", "\"blue\"", "\"red\"", std::nullopt}}};
  status_.drifted(drift, DriftPolicy::Warn, std::nullopt);
  EXPECT_EQ(status_.document().at("drift").at("objects").to_number<int>(), 1);
  EXPECT_EQ(string_at(status_.document(), {"drift", "last"}),
            "ConfigMap shop/page: .data.color is \"red\", not \"blue\"");
  status_.repaired({drift, true, {}, {}});
  EXPECT_EQ(status_.document().at("drift").at("objects").to_number<int>(), 0);
  EXPECT_EQ(status_.document().at("drift").at("corrected").to_number<int>(), 1);
}

TEST_F(ApplicationStatusTest, is_refused_and_suspended_whatever_else_there_is) {
  roll_out("main@sha1:aa");
  status_.refuse("spec.source.repoURL is no URL");
  EXPECT_EQ(condition("Ready"), "False InvalidSpec: spec.source.repoURL is no URL");
  EXPECT_TRUE(condition("Stalled").starts_with("True InvalidSpec"));
  status_.hold();
  EXPECT_TRUE(condition("Ready").starts_with("Unknown Progressing"));
  status_.suspend();
  EXPECT_TRUE(condition("Ready").starts_with("Unknown Suspended"));
  EXPECT_TRUE(condition("Reconciling").starts_with("False"));
}

TEST_F(ApplicationStatusTest, goes_on_from_what_an_earlier_process_wrote) {
  roll_out("main@sha1:aa");
  status_.became_ready("main@sha1:aa", 2);
  const json::object written = status_.document();
  now_ += 3600s;
  ApplicationStatus next(true, {[this] { return now_; }, {}, {}});
  next.recall(written);
  next.source_read(ManifestSet{"main@sha1:aa", {}, 0});
  next.round_started("main@sha1:aa", 2);
  next.round({"main@sha1:aa", 2, 0, true});
  next.became_ready("main@sha1:aa", 2);
  const json::object document = next.document();
  EXPECT_EQ(document.at("history").as_array().size(), 1u);
  EXPECT_EQ(string_at(document.at("history").as_array()[0], {"at"}), "2027-01-15T08:00:00Z");
}

TEST_F(ApplicationStatusTest, says_what_waits_for_approval_beside_what_is_in_force) {
  WaitingPlan plan{"0123456789abcdef", "main@sha1:bb", {{ChangeVerb::Change, 2}}, {}, now_, now_ + 24h};
  status_.plan_waits(plan);
  const std::string waits =
      "the plan 0123456789ab of main@sha1:bb waits for approval until 2027-01-16T08:00:00Z: 2 to change";
  EXPECT_EQ(condition("Ready"), "Unknown ApprovalRequired: " + waits) << "nothing is in force yet";
  roll_out("main@sha1:aa");
  status_.became_ready("main@sha1:aa", 2);
  EXPECT_EQ(condition("Ready"), "Unknown ApprovalRequired: " + waits + "; Applied revision: main@sha1:aa");
  EXPECT_EQ(condition("Stalled"), "False NotStalled: nothing is stuck, and a plan waits for approval");
  EXPECT_TRUE(condition("Reconciling").starts_with("True ApprovalRequired"));
  EXPECT_EQ(string_at(status_.document(), {"plan", "summary"}), "2 to change");
  status_.no_longer_ready("main@sha1:aa", kWeb, {HealthStatus::Degraded, Kstatus::Failed, "no image"});
  EXPECT_TRUE(condition("Ready").starts_with("False HealthCheckFailed")) << "what is in force comes first";
  status_.became_ready("main@sha1:aa", 2);
  status_.plan_waits(std::nullopt);
  EXPECT_EQ(condition("Ready"), "True ReconciliationSucceeded: Applied revision: main@sha1:aa");
  EXPECT_FALSE(status_.document().contains("plan"));
  status_.plan_unknown("main@sha1:bb", "forbidden");
  EXPECT_TRUE(
      condition("Ready").starts_with("Unknown ApprovalRequired: main@sha1:bb waits for approval, and its plan"));
}

TEST_F(ApplicationStatusTest, a_roll_out_that_fails_and_what_is_held_instead_are_told_apart) {
  roll_out("main@sha1:aa");
  status_.became_ready("main@sha1:aa", 2);
  status_.round_started("main@sha1:bb", 2);
  status_.roll_out_failed("main@sha1:bb", "no such image");
  EXPECT_EQ(condition("Ready"), "False RollOutFailed: main@sha1:bb: no such image");
  RollOutRecord record;
  record.pinned = PinnedRevision{{"main@sha1:aa", "a"}, {"main@sha1:bb", "b"}, now_, {}, "no such image"};
  status_.did({"Return", "main@sha1:aa", "2027-01-15T08:00:00Z", "Progressing", 0, {}, "no such image"});
  status_.record_changed(record);
  roll_out("main@sha1:aa");
  status_.became_ready("main@sha1:aa", 2);
  EXPECT_EQ(condition("Ready"),
            "False RolledBack: Applied revision: main@sha1:aa; pinned at main@sha1:aa instead of main@sha1:bb since "
            "2027-01-15T08:00:00Z: no such image; a newer commit ends it");
  record.pinned->who = "alice";
  status_.record_changed(record);
  EXPECT_TRUE(condition("Ready").starts_with("True RolledBack"));
  EXPECT_EQ(status_.history().entries().size(), 3u);
  EXPECT_EQ(status_.history().entries()[0].outcome, "Healthy");
  EXPECT_EQ(status_.history().entries()[1].outcome, "Failed");
}

TEST_F(ApplicationStatusTest, a_transition_is_told_once) {
  roll_out("main@sha1:aa");
  status_.became_ready("main@sha1:aa", 2);
  transitions_.clear();
  status_.became_ready("main@sha1:aa", 2);
  EXPECT_TRUE(transitions_.empty());
  status_.no_longer_ready("main@sha1:aa", kWeb, {HealthStatus::Degraded, Kstatus::Failed, "no image"});
  status_.no_longer_ready("main@sha1:aa", kWeb, {HealthStatus::Degraded, Kstatus::Failed, "no image at all"});
  EXPECT_EQ(transitions_, (std::vector<std::string>{"Healthy False HealthCheckFailed", "Ready False HealthCheckFailed",
                                                    "Reconciling True ProgressingWithRetry"}));
}

TEST_F(ApplicationStatusTest, a_long_message_is_cut_between_characters) {
  std::string umlauts;
  for (int i = 0; i < 2'000; ++i) umlauts += "ä";
  status_.refuse(umlauts);
  const std::string message = status_.conditions().at("Ready").message;
  EXPECT_LE(message.size(), 2'000u);
  EXPECT_TRUE(message.ends_with("ä …"));
}

}  // namespace
}  // namespace holdfast
