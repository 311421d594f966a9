// RollOutControl among sources, plans and people that the test plays, without a clock.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <vector>

#include "app/roll_out_control.h"
#include "holdfast/model/override.h"

namespace holdfast {

namespace asio = boost::asio;
using namespace std::chrono_literals;

inline ManifestSetPtr set_of(const std::string& revision) {
  ManifestSet set{revision, {}, 0};
  set.content = "content of " + revision;
  return std::make_shared<const ManifestSet>(std::move(set));
}

inline std::string tried_on(const std::string& revision) { return with_trial(revision, "0123456789ab"); }

inline constexpr double kNoPause = -1;  // as a chance: what is tried again is so at once

inline const ObjectKey kWeb{"apps", "Deployment", "shop", "web"};

class RollOutListener final : public ApplicationObserver {
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
  RollOutListener listener_;
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

}  // namespace holdfast
