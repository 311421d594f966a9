// RollOutControl among sources, plans and people that the test plays, without a clock.
#include "app/roll_out_control.h"

#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <vector>

#include "holdfast/model/override.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

ManifestSetPtr set_of(const std::string& revision) {
  ManifestSet set{revision, {}, 0};
  set.content = "content of " + revision;
  return std::make_shared<const ManifestSet>(std::move(set));
}

constexpr double kNoPause = -1;  // as a chance: what is tried again is so at once

const ObjectKey kWeb{"apps", "Deployment", "shop", "web"};

class Listener final : public ApplicationObserver {
 public:
  void applied(const ObjectKey&, bool, const std::string&) override {}
  void repaired(const Repair&) override {}
  void pruned(const ObjectKey&) override {}
  void held_back(const ObjectKey&, const std::string&) override {}
  void refused(const ObjectKey&, const Error&) override {}
  void failed(const ObjectKey&, const Error&, std::chrono::milliseconds) override {}
  void set_problem(const Error&) override {}
  void waiting(const Error&) override {}
  void round(const RoundSummary&) override {}
  void record_changed(const RollOutRecord& now) override { record = now; }
  void plan_waits(const std::optional<WaitingPlan>& now) override { plan = now; }
  void plan_unknown(const std::string&, const std::string& why) override { said.push_back("unplanned " + why); }
  void did(const HistoryEntry& entry) override {
    said.push_back(entry.action + " " + entry.revision + " " + entry.who);
  }
  void request_refused(const std::string& action, const std::string& why) override {
    said.push_back(action + " refused: " + why);
  }
  void roll_out_failed(const std::string& revision, const std::string& why) override {
    said.push_back(revision + " failed: " + why);
  }

  RollOutRecord record;
  std::optional<WaitingPlan> plan;
  std::vector<std::string> said;
};

class RollOutControlTest : public testing::Test {
 protected:
  void begin(RevisionPolicy policy, FailurePolicy on_failure = FailurePolicy::Wait, RollOutRecord record = {}) {
    if (control_) control_->stop();
    run();
    RollOutControl::Options options;
    options.application = "shop";
    options.policy = policy;
    options.on_failure = on_failure;
    options.record = std::move(record);
    options.waiting = listener_.plan;
    options.now = [this] { return now_; };
    options.chance = [this] { return chance_; };
    RollOutControl::Ports ports;
    ports.read_earlier = [this](Source::Recorded recorded) { return read(std::move(recorded)); };
    ports.make_plan = [this](ManifestSetPtr set) { return plan(std::move(set)); };
    ports.look_at_pods = [this](std::vector<ObjectKey>) { return pods(); };
    ports.changed = [this] { look(); };
    in_force_ = nullptr;
    control_ = std::make_unique<RollOutControl>(io_.get_executor(), listener_, std::move(options), std::move(ports));
  }
  ~RollOutControlTest() override {
    if (control_) control_->stop();
    run();
  }

  asio::awaitable<Result<ManifestSetPtr>> read(Source::Recorded recorded) {
    ++readings_;
    while (recorded.revision == slow_) {
      answer_.expires_at(Clock::time_point::max());
      co_await answer_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    if (unreadable_) co_return fail(ErrorKind::NotFound, "no such commit");
    if (unreachable_times_ > 0) {
      --unreachable_times_;
      if (meanwhile_) meanwhile_();
      co_return fail(ErrorKind::Unreachable, "no route to host");
    }
    co_return set_of(recorded.revision);
  }
  asio::awaitable<Result<ChangePlan>> plan(ManifestSetPtr set) {
    ++plans_;
    ChangePlan made;
    PlannedChange change;
    change.verb = ChangeVerb::Change;
    change.key = kWeb;
    change.fields = {{".spec.replicas", live_, "3"}};
    made.applications.push_back({"shop", "teams", set->revision, {change}, {}});
    made.blast.verbs[ChangeVerb::Change] = 1;
    co_return made;
  }
  asio::awaitable<std::string> pods() { co_return std::string("Pod shop/web-1: container web: ImagePullBackOff"); }

  void look() {
    const ManifestSetPtr next = control_->choose(newest_, in_force_, {RevisionPolicy::Apply, {}, from_source_, begun_});
    if (next == nullptr) return;
    in_force_ = next;
    control_->now_in_force(next);
  }
  void source_has_read(const std::string& revision) {
    newest_ = set_of(revision);
    look();
  }
  void source_has(const std::string& revision) {
    source_has_read(revision);
    run();
  }
  void slow_one_is_read() {
    slow_.clear();
    answer_.cancel();
    run();
  }
  void run() {
    io_.restart();
    io_.poll();
  }
  ApprovalRequest approval(const std::string& id) {
    return {id, listener_.plan->hash, listener_.plan->planned_at, now_, "alice", "it is time"};
  }
  [[nodiscard]] std::string held() const { return in_force_ == nullptr ? "" : in_force_->revision; }

  asio::io_context io_;
  std::chrono::sys_seconds now_{1'800'000'000s};
  Listener listener_;
  ManifestSetPtr newest_, in_force_;
  std::string begun_, live_ = "2";
  bool from_source_ = true, unreadable_ = false;
  int readings_ = 0, plans_ = 0, unreachable_times_ = 0;
  double chance_ = 0.5;
  std::string slow_;  // the revision that is not read before slow_one_is_read()
  Timer answer_{io_.get_executor()};
  std::function<void()> meanwhile_;  // happens while the source does not answer
  std::unique_ptr<RollOutControl> control_;
};

TEST_F(RollOutControlTest, a_plan_waits_and_its_approval_brings_the_revision_about) {
  begin(RevisionPolicy::Approve);
  source_has("a");
  EXPECT_EQ(held(), "");
  EXPECT_TRUE(control_->holds_nothing());
  ASSERT_TRUE(listener_.plan);
  EXPECT_EQ(listener_.plan->revision, "a");
  control_->approve(approval("1"));
  run();
  EXPECT_EQ(held(), "a");
  EXPECT_FALSE(listener_.plan);
  EXPECT_EQ(listener_.record.approved->who, "alice");
  EXPECT_EQ(listener_.record.handled_approval, "1");
  EXPECT_EQ(listener_.said, std::vector<std::string>{"Approve a alice"});

  source_has("b");
  EXPECT_EQ(held(), "a");
  EXPECT_TRUE(control_->holds_back());
  EXPECT_EQ(listener_.plan->revision, "b");
  // The old request is still there, and is none about this plan.
  ApprovalRequest old = approval("1");
  control_->approve(old);
  run();
  EXPECT_EQ(held(), "a");
}

TEST_F(RollOutControlTest, an_approval_of_what_the_cluster_has_made_another_plan_is_refused) {
  begin(RevisionPolicy::Approve);
  source_has("a");
  const std::string hash = listener_.plan->hash;
  live_ = "5";
  control_->approve(approval("1"));
  run();
  EXPECT_EQ(held(), "");
  EXPECT_NE(listener_.plan->hash, hash);
  ASSERT_EQ(listener_.said.size(), 1u);
  EXPECT_TRUE(listener_.said[0].contains("Approve refused: the cluster is not as it was")) << listener_.said[0];
  EXPECT_TRUE(listener_.record.refused.contains("the cluster is not as it was"));
  control_->approve(approval("2"));
  run();
  EXPECT_EQ(held(), "a");
  EXPECT_EQ(listener_.record.refused, "");
}

TEST_F(RollOutControlTest, a_restart_holds_what_was_approved_and_keeps_the_plan_that_was_shown) {
  begin(RevisionPolicy::Approve);
  source_has("a");
  control_->approve(approval("1"));
  run();
  source_has("b");
  const WaitingPlan shown = *listener_.plan;
  now_ += 1h;
  begin(RevisionPolicy::Approve, FailurePolicy::Wait, listener_.record);
  begun_ = "a";
  source_has("b");
  EXPECT_EQ(held(), "a");
  EXPECT_EQ(readings_, 1);
  EXPECT_EQ(*listener_.plan, shown) << "as it was told, so that it can be approved";
  now_ += 24h;
  begin(RevisionPolicy::Approve, FailurePolicy::Wait, listener_.record);
  source_has("b");
  EXPECT_EQ(listener_.plan->hash, shown.hash);
  EXPECT_EQ(listener_.plan->planned_at, now_) << "it had expired";
}

TEST_F(RollOutControlTest, an_approval_ends_with_the_policy_and_does_not_come_back_with_it) {
  begin(RevisionPolicy::Approve);
  source_has("a");
  control_->approve(approval("1"));
  run();
  begin(RevisionPolicy::Apply, FailurePolicy::Wait, listener_.record);
  source_has("b");
  EXPECT_EQ(held(), "b");
  EXPECT_FALSE(listener_.record.approved);
  begun_ = "b";
  begin(RevisionPolicy::Approve, FailurePolicy::Wait, listener_.record);
  source_has("c");
  EXPECT_EQ(held(), "b") << "what was in force then, rather than what was approved once";
}

TEST_F(RollOutControlTest, what_was_approved_and_cannot_be_read_is_not_replaced_by_anything) {
  RollOutRecord record;
  record.approved = ApprovedRevision{content_in(*set_of("a"), ""), "0123", now_, "alice", {}};
  unreadable_ = true;
  begin(RevisionPolicy::Approve, FailurePolicy::Wait, record);
  source_has("b");
  EXPECT_EQ(held(), "");
  EXPECT_FALSE(control_->holds_nothing());
}

TEST_F(RollOutControlTest, a_rollback_holds_until_there_is_something_newer) {
  begin(RevisionPolicy::Apply);
  source_has("a");
  source_has("b");
  EXPECT_EQ(held(), "b");
  control_->roll_back({"1", "a", now_, "alice", "it burns"});
  run();
  EXPECT_EQ(held(), "a");
  EXPECT_EQ(readings_, 1);
  EXPECT_EQ(listener_.record.pinned->instead.revision, "b");
  EXPECT_EQ(listener_.said, std::vector<std::string>{"Rollback a alice"});
  control_->roll_back({"1", "a", now_, "alice", "it burns"});
  run();
  EXPECT_EQ(listener_.said.size(), 1u) << "a request counts once";

  begin(RevisionPolicy::Apply, FailurePolicy::Wait, listener_.record);
  source_has("b");
  EXPECT_EQ(held(), "a") << "after a restart";
  source_has("c");
  EXPECT_EQ(held(), "c");
  EXPECT_FALSE(listener_.record.pinned);
}

TEST_F(RollOutControlTest, a_rollback_that_cannot_be_is_refused_and_a_release_follows_the_source) {
  begin(RevisionPolicy::Apply);
  source_has("b");
  control_->roll_back({"1", "b", now_, "alice", {}});
  run();
  EXPECT_TRUE(listener_.said.back().contains("there is nothing to roll back from")) << listener_.said.back();
  unreadable_ = true;
  control_->roll_back({"2", "a", now_, "alice", {}});
  run();
  EXPECT_TRUE(listener_.said.back().contains("no such commit"));
  unreadable_ = false;
  control_->roll_back({"3", "a", now_, "alice", {}});
  run();
  EXPECT_EQ(held(), "a");
  control_->roll_back({"4", "", now_, "alice", {}});
  run();
  EXPECT_EQ(held(), "b");
}

TEST_F(RollOutControlTest, of_two_rollbacks_the_one_that_was_asked_for_last_counts) {
  begin(RevisionPolicy::Apply, FailurePolicy::Rollback);
  for (const char* revision : {"a", "b", "c"}) source_has(revision);
  slow_ = "x";
  control_->roll_back({"1", "x", now_, "alice", {}});
  run();
  EXPECT_EQ(held(), "c");
  control_->became_healthy("c");
  EXPECT_EQ(listener_.record.handled_rollback, "") << "it is not met yet";
  control_->roll_back({"2", "a", now_, "alice", {}});
  run();
  EXPECT_EQ(held(), "a");
  slow_one_is_read();
  EXPECT_EQ(held(), "a");
  EXPECT_EQ(listener_.record.handled_rollback, "2");
  EXPECT_EQ(listener_.said, std::vector<std::string>{"Rollback a alice"});
}

TEST_F(RollOutControlTest, a_release_takes_back_a_rollback_that_is_still_being_read) {
  begin(RevisionPolicy::Apply);
  source_has("c");
  slow_ = "x";
  control_->roll_back({"1", "x", now_, "alice", {}});
  run();
  control_->roll_back({"2", "", now_, "alice", {}});
  run();
  slow_one_is_read();
  EXPECT_EQ(held(), "c");
  EXPECT_FALSE(listener_.record.pinned);
  EXPECT_EQ(listener_.record.handled_rollback, "2");
  EXPECT_EQ(listener_.record.refused, "");
  control_->roll_back({"3", "", now_, "alice", {}});
  EXPECT_TRUE(listener_.record.refused.contains("it is not pinned")) << listener_.record.refused;
}

TEST_F(RollOutControlTest, a_rollback_that_was_asked_for_last_and_is_refused_takes_back_the_one_before) {
  begin(RevisionPolicy::Apply);
  source_has("c");
  slow_ = "x";
  control_->roll_back({"1", "x", now_, "alice", {}});
  run();
  control_->refuse_rollback({"2", "y", now_, "alice", {}}, "y is not in its history");
  slow_one_is_read();
  EXPECT_EQ(held(), "c");
  EXPECT_EQ(listener_.record.refused, "Rollback: y is not in its history");
}

TEST_F(RollOutControlTest, a_roll_out_that_fails_returns_to_the_last_healthy_revision) {
  begin(RevisionPolicy::Apply, FailurePolicy::Rollback);
  source_has("a");
  control_->became_healthy("a");
  source_has("b");
  control_->failed({"b", {kWeb}, "Deployment shop/web: 0 of 1 ready"});
  run();
  EXPECT_EQ(held(), "a");
  EXPECT_EQ(listener_.record.pinned->who, "");
  EXPECT_EQ(listener_.said,
            (std::vector<std::string>{
                "b failed: it was not brought about within 300 s: Pod shop/web-1: container web: ImagePullBackOff",
                "Return a "}));
  source_has("b");
  EXPECT_EQ(held(), "a") << "it is not tried again";
  control_->failed({"a", {kWeb}, "a node is gone"});
  run();
  EXPECT_EQ(listener_.said.size(), 2u) << "what was healthy once is no roll-out that fails";
  source_has("c");
  EXPECT_EQ(held(), "c");
}

TEST_F(RollOutControlTest, without_a_healthy_revision_or_where_it_is_not_asked_for_it_stays) {
  begin(RevisionPolicy::Apply, FailurePolicy::Rollback);
  source_has("a");
  control_->failed({"a", {kWeb}, "0 of 1 ready"});
  run();
  EXPECT_EQ(held(), "a");
  begin(RevisionPolicy::Apply);
  source_has("a");
  control_->became_healthy("a");
  source_has("b");
  control_->failed({"b", {kWeb}, "0 of 1 ready"});
  run();
  EXPECT_EQ(held(), "b");
  EXPECT_FALSE(listener_.record.pinned);
}

std::string tried_on(const std::string& revision) { return with_trial(revision, "0123456789ab"); }

TEST_F(RollOutControlTest, what_a_failed_roll_out_returns_to_has_nothing_tried_in_it) {
  begin(RevisionPolicy::Apply, FailurePolicy::Rollback);
  source_has("a");
  control_->became_healthy("a");
  source_has(tried_on("a"));
  control_->became_healthy(tried_on("a"));
  EXPECT_EQ(listener_.record.healthy, "a") << "what is tried ends";
  control_->failed({tried_on("a"), {kWeb}, "a node is gone"});
  run();
  EXPECT_EQ(held(), tried_on("a")) << "it was healthy once";
  source_has(tried_on("b"));
  control_->failed({tried_on("b"), {kWeb}, "0 of 1 ready"});
  run();
  EXPECT_EQ(held(), "a");
  EXPECT_EQ(listener_.record.pinned->what.revision, "a");
  source_has("b");
  EXPECT_EQ(held(), "a") << "what was tried has ended, and it fails without it as well";
}

TEST_F(RollOutControlTest, where_the_source_does_not_answer_the_return_comes_when_it_does) {
  RollOutRecord record;
  record.healthy = "a";
  chance_ = kNoPause;
  begin(RevisionPolicy::Apply, FailurePolicy::Rollback, record);
  source_has("b");
  unreachable_times_ = 3;
  control_->failed({"b", {kWeb}, "0 of 1 ready"});
  run();
  EXPECT_EQ(held(), "a");
  EXPECT_EQ(readings_, 4);
  EXPECT_EQ(listener_.said.back(), "Return a ");
}

TEST_F(RollOutControlTest, a_return_that_waits_ends_where_it_is_not_needed_or_cannot_be) {
  RollOutRecord record;
  record.healthy = "a";
  chance_ = kNoPause;
  begin(RevisionPolicy::Apply, FailurePolicy::Rollback, record);
  source_has("b");
  unreachable_times_ = 3;
  meanwhile_ = [this] { control_->became_healthy("b"); };
  control_->failed({"b", {kWeb}, "0 of 1 ready"});
  run();
  EXPECT_EQ(held(), "b");
  EXPECT_EQ(readings_, 1) << "it has become healthy after all";

  meanwhile_ = [this] { source_has_read("d"); };
  unreachable_times_ = 3;
  begin(RevisionPolicy::Apply, FailurePolicy::Rollback, record);
  source_has("c");
  control_->failed({"c", {kWeb}, "0 of 1 ready"});
  run();
  EXPECT_EQ(held(), "d");
  EXPECT_FALSE(listener_.record.pinned);

  begin(RevisionPolicy::Apply, FailurePolicy::Rollback, record);
  source_has("b");
  unreadable_ = true;
  readings_ = 0;
  control_->failed({"b", {kWeb}, "0 of 1 ready"});
  run();
  EXPECT_EQ(held(), "b");
  EXPECT_EQ(readings_, 1) << "there is no such commit";
}

// What an earlier version kept is met as well.
TEST_F(RollOutControlTest, a_healthy_revision_on_record_with_something_tried_in_it_is_returned_to_without) {
  RollOutRecord record;
  record.healthy = tried_on("a");
  begin(RevisionPolicy::Apply, FailurePolicy::Rollback, record);
  source_has(tried_on("a"));
  source_has("b");
  control_->failed({"b", {kWeb}, "0 of 1 ready"});
  run();
  EXPECT_EQ(held(), "a");
  EXPECT_EQ(readings_, 1);
}

TEST_F(RollOutControlTest, a_rollback_to_what_was_tried_holds_the_revision_without_it) {
  begin(RevisionPolicy::Apply, FailurePolicy::Rollback);
  source_has(tried_on("a"));
  source_has("b");
  control_->roll_back({"1", tried_on("a"), now_, "alice", "it burns"});
  run();
  EXPECT_EQ(held(), "a");
  const RevisionContent what = listener_.record.pinned->what;
  EXPECT_EQ(what, content_in(*set_of("a"), ""));
  begin(RevisionPolicy::Apply, FailurePolicy::Rollback, listener_.record);
  source_has("b");
  EXPECT_EQ(held(), "a") << "after a restart";
}

// Of what was begun last, only that is known.
TEST_F(RollOutControlTest, what_was_tried_when_approval_was_asked_for_is_held_without_it) {
  begun_ = tried_on("a");
  begin(RevisionPolicy::Approve);
  source_has("b");
  EXPECT_EQ(held(), "a");
  EXPECT_EQ(listener_.record.approved->what.revision, "a");
  EXPECT_EQ(readings_, 1);
}

TEST_F(RollOutControlTest, what_is_tried_when_approval_is_asked_for_ends_without_a_person) {
  begun_ = tried_on("a");
  for (const char* next : {"a", "b"}) {
    listener_.record = {};
    begin(RevisionPolicy::Approve);
    source_has(begun_);
    EXPECT_EQ(held(), "a");
    source_has(next);
    EXPECT_EQ(held(), "a");
    EXPECT_EQ(listener_.record.approved->what.content, content_in(*set_of("a"), "").content);
    EXPECT_EQ(listener_.plan.has_value(), std::string(next) == "b") << "what comes next waits";
  }
}

}  // namespace
}  // namespace holdfast
