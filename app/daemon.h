// The applications of one cluster, running on one thread: what is seen of the cluster is shared, all else is each
// application's own.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>

#include "app/application_setup.h"
#include "app/cluster_watch.h"
#include "app/held_application.h"
#include "engine/reconciler_group.h"
#include "holdfast/base/clock.h"
#include "holdfast/base/task_scope.h"
#include "sources/source.h"

namespace holdfast {

struct DaemonOptions {
  std::string installation;
  bool once = false;
  std::uint64_t seed = 0;  // of all chance: jitter of waits
};

class Daemon {
 public:
  Daemon(boost::asio::any_io_executor executor, ClusterPorts cluster, DaemonOptions options);

  // Another application, before or while running. One of this namespace and name must not be there.
  void hold(ApplicationSetup setup, std::unique_ptr<Source> source, std::shared_ptr<ReconcileObserver> observer);
  // Nothing is done for it any more; its objects stay. Completes when it has ended. No such one: nothing.
  boost::asio::awaitable<void> let_go(std::string namespace_, std::string name);

  // Returns after stop(): 0, or 1 where --once ended with something not applied, or where another cluster was found.
  boost::asio::awaitable<int> run();
  void stop();
  // What the watches have shown so far, for tests.
  [[nodiscard]] const Store& store() const { return watch_.store(); }

 private:
  using Name = std::pair<std::string, std::string>;  // namespace of the inventory, name
  struct Running {
    std::unique_ptr<HeldApplication> application;
    Timer signal;  // of its end
    bool ended = true;

    explicit Running(boost::asio::any_io_executor executor) : signal(std::move(executor)) {}
  };

  void start(std::shared_ptr<Running> running);
  void read(const HeldApplication& application);
  void desired(const HeldApplication& application);
  [[nodiscard]] std::string pruning_waits_for(const HeldApplication& application) const;
  void end_once();
  void replaced();
  double chance() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  boost::asio::any_io_executor executor_;
  ClusterPorts cluster_;
  DaemonOptions options_;
  std::mt19937_64 random_;
  ReconcilerGroup group_;
  ClusterWatch watch_;
  std::map<Name, std::shared_ptr<Running>> applications_;
  TaskScope tasks_;
  Timer signal_;  // of stop()
  bool running_ = false;
  bool halted_ = false;  // another cluster answers: nothing is done any more, until somebody looks
  bool stopping_ = false;
};

}  // namespace holdfast
