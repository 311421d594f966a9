// Stands between what an application's source has and its reconciler: decides, with choose_revision(), which set is
// brought about, and does what that takes: makes the plan that waits, reads the revision that is held instead, and
// meets what people ask for and what has failed. What has to outlive the process is told to the observer at each
// change.
//
// An approval counts when the plan, made anew at that moment, is the very one that was shown. Between that and the
// first write are some milliseconds; each write then names the uid of what it is about.
//
// Lives on one executor, one thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "app/application_observer.h"
#include "app/roll_out_choice.h"
#include "engine/reconciler.h"
#include "holdfast/base/clock.h"
#include "holdfast/base/task_scope.h"
#include "holdfast/model/manifest_set.h"
#include "sources/source.h"

namespace holdfast {

class RollOutControl {
 public:
  struct Options {
    std::string application;        // its name, for words
    std::string approve_with;       // what a person types before the hash of a plan
    std::string default_namespace;  // of objects that name none
    RevisionPolicy policy = RevisionPolicy::Apply;
    FailurePolicy on_failure = FailurePolicy::Wait;
    std::chrono::seconds timeout{300};  // for words
    RollOutRecord record;
    std::optional<WaitingPlan> waiting;  // as it was told last
    std::function<std::chrono::sys_seconds()> now;
    std::function<double()> chance;  // in [0, 1)
  };
  struct Ports {
    // A revision of the same source, whatever that has now.
    std::function<boost::asio::awaitable<Result<ManifestSetPtr>>(Source::Recorded)> read_earlier;
    std::function<boost::asio::awaitable<Result<ChangePlan>>(ManifestSetPtr)> make_plan;
    // What is wrong with the pods of these objects; empty: nothing that is known.
    std::function<boost::asio::awaitable<std::string>(std::vector<ObjectKey>)> look_at_pods;
    std::function<void()> changed;  // choose() may say something else than before
    // The record is another one: for whoever keeps it, besides the observer.
    std::function<void(const RollOutRecord&)> keep = [](const RollOutRecord&) {};
  };

  RollOutControl(boost::asio::any_io_executor executor, ApplicationObserver& observer, Options options, Ports ports);

  // What is to be in force; null: what is, stays so. `in_force` may be null. The sets are what choose() got or gave.
  ManifestSetPtr choose(const ManifestSetPtr& newest, const ManifestSetPtr& in_force, RollOutSituation situation);
  // It has become what is desired.
  void now_in_force(const ManifestSetPtr& set) { in_force_ = set; }
  // What was read last is not to be brought about now, and something else is held.
  [[nodiscard]] bool holds_back() const { return holds_back_; }
  // And that is nothing at all: it never was brought about.
  [[nodiscard]] bool holds_nothing() const { return holds_nothing_; }

  // Of an earlier process, before all else.
  void recall(RollOutRecord record) { record_ = std::move(record); }
  [[nodiscard]] const std::optional<WaitingPlan>& waiting() const { return waiting_; }

  void became_healthy(const std::string& revision);
  void failed(OverdueRollOut overdue);
  // Where not all of it could be applied, it is tried again, and has failed when `timeout` is over.
  void round(const RoundSummary& summary);
  // Each counts once, by its id.
  void approve(ApprovalRequest request);
  void roll_back(RollbackRequest request);
  // Of a request that may not be met at all.
  void refuse_approval(const ApprovalRequest& request, const std::string& why);
  void refuse_rollback(const RollbackRequest& request, const std::string& why);

  void stop();
  boost::asio::awaitable<void> ended();  // after stop()

 private:
  static constexpr std::size_t kMostSets = 4;
  static constexpr std::size_t kLongestReasonBytes = 1'000;  // the status takes 4,096

  [[nodiscard]] RevisionContent content_of_set(const ManifestSet& set) const;
  [[nodiscard]] ManifestSetPtr known_set(const RevisionContent& wanted) const;
  [[nodiscard]] bool was_healthy(const std::string& revision) const;
  void remember(const ManifestSetPtr& set);
  // Of thousands of applications few ever go back; the others read again what they need then.
  [[nodiscard]] bool keeps_sets() const {
    return options_.policy == RevisionPolicy::Approve || options_.on_failure == FailurePolicy::Rollback;
  }
  void count_as_approved(const RevisionContent& what);
  void end_pin();
  void tell_record();
  void want_plan();
  void want_set(const RevisionContent& wanted);
  void drop_plan();
  static boost::asio::awaitable<void> wait_on(Timer& timer, Clock::time_point until);
  boost::asio::awaitable<void> fetch_set();
  boost::asio::awaitable<void> keep_planned();
  boost::asio::awaitable<bool> plan_once();
  void take_plan(WaitingPlan made);
  void meet_approval(const WaitingPlan& before, const WaitingPlan& now);
  boost::asio::awaitable<Result<ManifestSetPtr>> read_set(RevisionContent wanted);
  boost::asio::awaitable<void> meet_rollback(RollbackRequest request);
  void release(const RollbackRequest& request);
  boost::asio::awaitable<void> await_completion(OverdueRollOut overdue);
  boost::asio::awaitable<void> meet_failure(OverdueRollOut overdue);
  [[nodiscard]] bool has_to_return_from(const std::string& failed) const;
  boost::asio::awaitable<void> return_to_healthy(std::string failed, std::string why);
  void pin(const ManifestSetPtr& set, PinnedRevision pinned);
  void refuse(const std::string& action, const std::string& why);

  ApplicationObserver& observer_;
  Options options_;
  Ports ports_;
  RollOutRecord record_;
  ManifestSetPtr newest_, in_force_;
  bool from_source_ = false, holds_back_ = false, holds_nothing_ = false, plan_wanted_ = false;
  std::map<std::string, ManifestSetPtr> sets_;  // by content: what may have to be held again
  std::optional<RevisionContent> wanted_set_;
  std::optional<WaitingPlan> waiting_;
  std::optional<ApprovalRequest> approval_;  // that is to be met when the plan is made anew
  std::string rollback_;                     // the id of the one that is being met; empty: none is
  std::string said_plan_;                    // its hash
  std::string problem_;                      // with the plan, as it was said last
  std::string incomplete_, failed_;          // revisions: not all of it could be applied; it has failed
  std::string healthy_as_tried_;             // a revision with something tried in it, of which all was healthy
  bool planning_ = false, fetching_ = false, plan_again_ = false, stopping_ = false;
  Timer plan_pause_, fetch_pause_, completion_pause_, return_pause_;
  TaskScope tasks_;
};

}  // namespace holdfast
