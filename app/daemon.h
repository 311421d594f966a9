// The applications of one cluster, running on one thread: what is seen of the cluster is shared, all else is each
// application's own.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "app/account_access.h"
#include "app/application_setup.h"
#include "app/cluster_watch.h"
#include "app/config_changes.h"
#include "app/hand_overs.h"
#include "app/health_scripts.h"
#include "app/held_application.h"
#include "app/push_router.h"
#include "app/shared_revisions.h"
#include "engine/reconciler_group.h"
#include "holdfast/base/clock.h"
#include "holdfast/base/task_scope.h"
#include "holdfast/base/turn_queue.h"
#include "sources/source.h"

namespace holdfast {

struct DaemonOptions {
  std::string installation;
  bool once = false;
  std::uint64_t seed = 0;                             // of all chance: jitter of waits
  boost::asio::any_io_executor parser = {};           // where schemas are read; none: the daemon's own
  std::shared_ptr<const LuaRules> health_rules = {};  // null: none
  boost::asio::any_io_executor scripts = {};          // where these are applied; none: the daemon's own
  // An application that was to end has no more to do. It is let go of, but for one that keeps what was held back.
  std::function<void(const ApplicationName& name, std::size_t objects_left)> on_ended = {};
  std::string only_namespace = {};  // all that may be seen of the cluster; empty: all of it
  bool more_to_come = false;        // applications, until all_are_here()
  bool keeps_ending = false;        // while something is held back of it, until somebody approves that it goes
};

// That read their records; each has a connection for it.
inline constexpr std::size_t kStartsAtOnce = 32;

class Daemon {
 public:
  Daemon(boost::asio::any_io_executor executor, ClusterPorts cluster, DaemonOptions options);

  // Another application, before or while running. One of this namespace and name must not be there.
  void hold(ApplicationSetup setup, std::unique_ptr<Source> source, std::shared_ptr<ApplicationObserver> observer);
  // Those that belong to the beginning are held: what is watched for them may be listed.
  void all_are_here();
  // Nothing is done for them any more; their objects stay. Completes when they have ended. No such one: nothing.
  boost::asio::awaitable<void> let_go(std::vector<ApplicationName> names);

  // Applications that are wanted and could not be held, by repository: objects may have moved there, so that nothing of
  // these repositories is pruned. Replaces what was said before.
  void set_missing(std::map<std::string, std::string> names_by_repository);

  // What its source is made of besides what it reads is another: it is read now, also where it waits after a failure.
  void read_on(const ApplicationName& name);
  // What the cluster serves; null: not known yet.
  [[nodiscard]] const std::shared_ptr<const ApiCatalog>& catalog() const { return watch_.catalog(); }
  // Another cluster answers than before: nothing may be written any more, by whoever writes beside this.
  [[nodiscard]] bool halted() const { return halted_; }

  // Looks at its source now. No such one: nothing.
  void look_at(const ApplicationName& name);
  // What people ask of its roll-outs; null: no such one, or nothing is asked of it.
  [[nodiscard]] RollOutControl* roll_outs(const ApplicationName& name);
  [[nodiscard]] std::size_t objects(const ApplicationName& name) const;  // that it holds; 0 where there is no such one
  // Hears what was pushed: the applications of that repository look at once.
  PushSink& pushes() { return router_; }
  // So does whoever else has to: `look` is called for pushes to the repository, until stop_listening(). The name is one
  // that no application can have.
  struct PushListener {
    std::function<void()> look;
    std::function<bool(const std::string& commit)> has_read;
  };
  void listen(const ApplicationName& name, const std::string& repo, const std::string& ref, PushListener listener);
  void stop_listening(const ApplicationName& name);
  // What the accounts that applications act as may look at.
  AccountAccess& accounts() { return accounts_; }

  // Returns after stop(): 0, or 1 where --once ended with something not applied, or where another cluster was found.
  boost::asio::awaitable<int> run();
  void stop();
  // Which types the cluster has is known, and nothing has ended that.
  [[nodiscard]] bool sees_the_cluster() const { return watch_.catalog() != nullptr && !halted_; }
  // What the watches have shown so far, for tests.
  [[nodiscard]] const Store& store() const { return watch_.store(); }

 private:
  struct Running {
    std::unique_ptr<HeldApplication> application;
    Timer signal;  // of its end
    bool ended = true;

    explicit Running(boost::asio::any_io_executor executor) : signal(std::move(executor)) {}
  };

  void start(std::shared_ptr<Running> running);
  void begin_lists_if_due();
  boost::asio::awaitable<void> begin_lists_at_last();
  void read(const ApplicationName& name);
  void settle_readings();
  void settle(std::vector<ApplicationName> names);
  boost::asio::awaitable<void> record_seen();
  void note_seen();
  void desired(const ApplicationName& name, const HeldApplication& application);
  void round_finished(const ApplicationName& name);
  void readiness_changed(const ApplicationName& name, const HeldApplication& application);
  void reconsider_pruning();
  void note_pruning(const ApplicationName& name, const HeldApplication& application);
  [[nodiscard]] std::string pruning_waits_for(const ApplicationName& name, HeldApplication& application);
  [[nodiscard]] std::string end_waits_for(const ApplicationName& name, const HeldApplication& application) const;
  [[nodiscard]] std::string waits_for(const ApplicationName& name, const HeldApplication& application) const;
  [[nodiscard]] const HeldApplication* find(const ApplicationName& name) const;
  std::string block(const ApplicationName& name, const std::string& other, const char* why);
  [[nodiscard]] bool settled(const ApplicationName& name) const;
  void end_once();
  void replaced();
  [[nodiscard]] bool has_read(const ApplicationName& name, const std::string& commit) const;
  double chance() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  boost::asio::any_io_executor executor_;
  ClusterPorts cluster_;
  AccountAccess accounts_{cluster_.api};
  DaemonOptions options_;
  std::mt19937_64 random_;
  TurnQueue turns_;  // of what is no repair
  ReconcilerGroup group_;
  ClusterWatch watch_;
  std::unique_ptr<HealthScripts> health_scripts_;  // null without rules
  std::map<ApplicationName, std::shared_ptr<Running>> applications_;
  StartLine starts_;
  HandOvers hand_overs_;
  SharedRevisions shared_revisions_;
  std::set<ApplicationName> pruning_;  // those that end, or hold what they want no longer
  std::set<ApplicationName> read_;     // since the last look at all readings
  PushRouter router_;
  std::map<ApplicationName, PushListener> listeners_;
  std::map<std::string, std::string> missing_;
  std::set<ApplicationName> blocked_;  // with `once`: pruning waits for what will not come
  TaskScope tasks_;
  Timer signal_;               // of stop()
  bool readings_due_ = false;  // to be settled
  bool seen_due_ = false;      // to be recorded
  Timer seen_pause_;
  Timer start_pause_;  // of begin_lists_at_last()
  bool all_here_;
  bool running_ = false;
  bool halted_ = false;  // another cluster answers: nothing is done any more, until somebody looks
  bool stopping_ = false;
};

}  // namespace holdfast
