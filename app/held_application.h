// One application as the daemon runs it: its source, its inventory and its reconciler, wired to one another. Every
// failure keeps what is known and tries again.
//
// What was read from the source is handed to the reconciler as soon as the applications that it depends on are ready;
// what was handed over before is healed meanwhile. A revision that was brought about completely in an earlier run is no
// news, and is handed over at once.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "app/acting_account.h"
#include "app/application_observer.h"
#include "app/application_setup.h"
#include "app/cluster_watch.h"
#include "app/refusal_trace.h"
#include "app/revision_guard.h"
#include "app/roll_out_control.h"
#include "app/start_line.h"
#include "engine/reconciler.h"
#include "holdfast/base/clock.h"
#include "holdfast/base/task_scope.h"
#include "sources/source.h"

namespace holdfast {

class HeldApplication {
 public:
  struct Events {
    std::function<void()> read;               // its source was read, or could not be
    std::function<void()> desired;            // what was read has become what is desired
    std::function<void()> round_finished;     // or everything that `once` may wait for has failed
    std::function<void()> readiness_changed;  // ready() may be another than before, or unready_for_long()
    std::function<std::string()> pruning_waits_for;
    std::function<std::string()> waits_for;  // names of applications that are not ready; empty: nothing to wait for
  };
  struct Options {
    StartLine& starts;
    bool once = false;
    std::function<double()> chance;  // in [0, 1)
    const SchemaView* schemas = nullptr;
    HealthJudge* health_judge = nullptr;  // of kinds with custom rules; null: there are none
    const AdmissionView* admission = nullptr;
  };

  HeldApplication(boost::asio::any_io_executor executor, ApiServer& api, AccountAccess& accounts, ClusterWatch& watch,
                  ReconcilerGroup& group, ApplicationSetup setup, std::unique_ptr<Source> source,
                  std::shared_ptr<ApplicationObserver> observer, Events events, Options options);

  // Returns after stop(), when what was under way has ended.
  boost::asio::awaitable<void> run();
  void stop();
  // Another cluster answers: as stop(), and nothing more is written.
  void halt();
  // Another application has read that commit of the same repository: looks at once, but once for each commit, or two
  // answers of a server that lags would keep both of them asking.
  void nudge(const std::string& revision) {
    if (std::exchange(nudged_for_, revision) != revision) source_->nudge_for(revision);
  }
  // Something was pushed to its repository, or may have been: looks at once, also where it waits after a failure.
  void look() {
    source_->nudge();
    source_pause_.cancel();
  }
  // Where it waits after a failure to read, it waits no longer.
  void read_on() { source_pause_.cancel(); }
  void reconsider_pruning() { reconciler_.reconsider_pruning(); }
  // What people ask of it; null where nothing is asked of it, for it ends, or is brought about only once.
  [[nodiscard]] RollOutControl* roll_outs() { return roll_outs_.get(); }
  // What it has read last waits for approval, or was rolled back from.
  [[nodiscard]] bool holds_back() const { return roll_outs_ != nullptr && roll_outs_->holds_back(); }
  // Something that it depends on may have become ready.
  void hand_over();
  void set_catalog(const std::shared_ptr<const ApiCatalog>& catalog) { reconciler_.set_catalog(catalog); }

  [[nodiscard]] const std::string& name() const { return setup_.name; }
  // The same for applications whose objects one commit may move from one to the other; empty: files, not commits.
  [[nodiscard]] const std::string& repository() const;
  [[nodiscard]] const std::string& repository_id() const;  // a digest of that, for the record
  // The newest revision that was read, whether it concerned the application or not; empty: none yet.
  [[nodiscard]] const std::string& read_revision() const { return read_at_; }
  // The newest one of which it is known what is desired, and which has become that: the same, later.
  [[nodiscard]] std::string desired_revision() const;
  // What it is at is brought about, and nothing is on its way: its record is what later commits leave as it is.
  [[nodiscard]] bool at_rest() const;
  [[nodiscard]] const Inventory& recorded() const { return inventory_.inventory(); }
  // Takes into its record what is known of all applications of its repository.
  void record_seen(SeenRevision seen);
  // What keeps its source from being read now; empty: nothing.
  [[nodiscard]] const std::string& problem() const { return problem_; }
  [[nodiscard]] const std::optional<RoundSummary>& last_round() const { return last_round_; }
  [[nodiscard]] bool given_up() const { return given_up_; }  // with `once`: it cannot be tried

  [[nodiscard]] const std::set<std::string>& depends_on() const { return setup_.depends_on; }
  [[nodiscard]] bool ends() const { return setup_.ends; }
  [[nodiscard]] const std::optional<ServiceAccount>& acts_as() const { return setup_.acts_as; }
  // What it has read last is brought about completely, or all but what moves to applications that wait for it; and it
  // is healthy, unless the application says that this is not waited for.
  [[nodiscard]] bool ready() const;
  // See Reconciler.
  [[nodiscard]] bool unready_for_long() const { return reconciler_.unready_for_long(); }
  [[nodiscard]] std::string what_is_not_healthy() const { return reconciler_.what_is_not_healthy(); }
  void count_as_ready() { counts_as_ready_ = reconciler_.revision(); }
  [[nodiscard]] bool waits() const { return loaded_ != nullptr && loaded_ != given_; }
  // Whether it holds an object that it wants no longer.
  [[nodiscard]] bool has_to_prune() const;
  // Whether what it waits to bring about has an object that the other one wants no longer.
  [[nodiscard]] bool takes_from(const HeldApplication& other) const;
  [[nodiscard]] std::size_t objects() const { return inventory_.inventory().entries.size(); }

 private:
  boost::asio::awaitable<void> follow_source();
  boost::asio::awaitable<bool> take_place();
  boost::asio::awaitable<bool> load_inventory();
  boost::asio::awaitable<void> load_learned();
  boost::asio::awaitable<void> remove_records();
  ReconcilerOptions reconciler_options();
  std::unique_ptr<RollOutControl> make_roll_outs();
  void keep_record(const RollOutRecord& record);
  void recall_record();
  void take_approvals(const std::vector<Approval>& approvals);
  void bring_about();
  [[nodiscard]] ManifestSetPtr what_to_hold();
  boost::asio::awaitable<Result<ManifestSetPtr>> read_earlier(Source::Recorded recorded);
  boost::asio::awaitable<void> read_earlier_again();
  bool take(const Result<ManifestSetPtr>& manifests);
  boost::asio::awaitable<void> hold_recorded();
  void give_up();
  void note_waiting(const std::string& names);
  void note_waiting_objects();
  [[nodiscard]] bool waits_for(const ObjectKey& key) const;  // to bring it about
  bool asks_again(const ManifestSet& read);
  bool desired_is_sure();
  boost::asio::awaitable<void> read_again();
  bool compare_readings(const ManifestSetPtr& first, const Result<ManifestSetPtr>& second);

  boost::asio::any_io_executor executor_;
  ApplicationSetup setup_;
  std::string repository_id_;
  std::unique_ptr<Source> source_;
  std::unique_ptr<Source> earlier_source_;  // of the same, for revisions that it does not have any more; null: not yet
  std::shared_ptr<ApplicationObserver> observer_;
  Events events_;
  Options options_;
  ActingAccount acting_;  // for its objects; what is kept about them is the daemon's
  PlanningAccount planning_;
  InventoryKeeper inventory_;
  LearnedKeeper learned_;
  std::unique_ptr<RollOutControl> roll_outs_;
  Reconciler reconciler_;
  TaskScope tasks_;
  RefusalTrace refusals_;
  Timer pause_;  // of loading the records
  Timer source_pause_;
  Timer reading_pause_;    // of read_again
  ManifestSetPtr read_;    // by the source, last
  std::string read_at_;    // the revision that it was read from; empty: none yet
  ManifestSetPtr loaded_;  // the same, under the revision that it is on record by, or what is on record
  ManifestSetPtr given_;   // to the reconciler
  RevisionGuard guard_;
  ManifestSetPtr sure_;  // read twice
  ManifestSetPtr waiting_objects_of_;
  std::set<std::tuple<std::string, std::string, std::string, std::string>> waiting_objects_;  // of loaded_, as written
  std::string said_older_;                                                                    // of which revision
  std::string said_waiting_;                                                                  // for which revision
  std::string nudged_for_;                                                                    // the revision
  std::string counts_as_ready_;                                                               // at this revision
  std::string problem_;
  std::optional<RoundSummary> last_round_;
  bool given_up_ = false;
  bool asked_recorded_ = false;  // what is on record was read, or cannot be
  bool reading_again_ = false;
  bool stopping_ = false;
  bool halted_ = false;
};

}  // namespace holdfast
