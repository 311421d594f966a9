// One application as the daemon runs it: its source, its inventory and its reconciler, wired to one another. Every
// failure keeps what is known and tries again.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/application_setup.h"
#include "app/cluster_watch.h"
#include "engine/reconciler.h"
#include "holdfast/base/clock.h"
#include "holdfast/base/task_scope.h"
#include "sources/source.h"

namespace holdfast {

class HeldApplication {
 public:
  struct Events {
    std::function<void()> read;            // its source was read, or could not be
    std::function<void()> desired;         // what was read has become what is desired
    std::function<void()> round_finished;  // or everything that `once` may wait for has failed
    std::function<std::string()> pruning_waits_for;
  };
  struct Options {
    bool once = false;
    std::function<double()> chance;  // in [0, 1)
  };

  HeldApplication(boost::asio::any_io_executor executor, ApiServer& api, ClusterWatch& watch, ReconcilerGroup& group,
                  ApplicationSetup setup, std::unique_ptr<Source> source, std::shared_ptr<ReconcileObserver> observer,
                  Events events, Options options);

  // Returns after stop(), when what was under way has ended.
  boost::asio::awaitable<void> run();
  void stop();
  // Its repository may have moved: looks at once.
  void nudge() { source_->nudge(); }
  void reconsider_pruning() { reconciler_.reconsider_pruning(); }
  void set_catalog(const std::shared_ptr<const ApiCatalog>& catalog) { reconciler_.set_catalog(catalog); }

  [[nodiscard]] const std::string& name() const { return setup_.name; }
  // The same for applications whose objects one commit may move from one to the other; empty: files, not commits.
  [[nodiscard]] std::string repository() const;
  [[nodiscard]] std::string read_revision() const { return loaded_ ? loaded_->revision : ""; }  // empty: none yet
  [[nodiscard]] const std::string& desired_revision() const { return reconciler_.revision(); }  // the same, later
  // What keeps its source from being read now; empty: nothing.
  [[nodiscard]] const std::string& problem() const { return problem_; }
  [[nodiscard]] const std::optional<RoundSummary>& last_round() const { return last_round_; }
  [[nodiscard]] bool given_up() const { return given_up_; }  // with `once`: it cannot be tried

 private:
  boost::asio::awaitable<void> follow_source();
  boost::asio::awaitable<bool> load_inventory();
  ReconcilerOptions reconciler_options();
  bool take(const Result<ManifestSetPtr>& manifests);
  void give_up();

  ApplicationSetup setup_;
  std::unique_ptr<Source> source_;
  std::shared_ptr<ReconcileObserver> observer_;
  Events events_;
  Options options_;
  InventoryKeeper inventory_;
  Reconciler reconciler_;
  TaskScope tasks_;
  Timer pause_;  // of load_inventory
  Timer source_pause_;
  ManifestSetPtr loaded_;
  std::string problem_;
  std::optional<RoundSummary> last_round_;
  bool given_up_ = false;
  bool stopping_ = false;
};

}  // namespace holdfast
