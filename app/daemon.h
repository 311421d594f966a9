// One application, running: the source, the watches, the store and the reconciler, wired to one another on one thread.
//
// It decides nothing itself: it carries what a source loads to the reconciler, opens a watch for each type that the
// reconciler asks for, and reads discovery again when told to. Every failure keeps what is known and tries again.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>

#include "app/application_setup.h"
#include "engine/reconciler.h"
#include "holdfast/base/clock.h"
#include "holdfast/base/task_scope.h"
#include "holdfast/ports/watch_transport.h"
#include "net/backoff.h"
#include "sources/source.h"
#include "watchers/reflector.h"
#include "watchers/store.h"

namespace holdfast {

// How a daemon reaches its cluster; what is referred to outlives it.
struct ClusterPorts {
  ApiServer& api;
  WatchTransport& watches;
  std::function<void()> close;  // fails what is under way with Cancelled
  std::string name;             // for the log
};

struct DaemonOptions {
  bool once = false;
  bool adopt = false;
  std::uint64_t seed = 0;  // of all chance: jitter of waits
};

class Daemon final : public WatchControl, public ReflectorSink {
 public:
  Daemon(boost::asio::any_io_executor executor, ClusterPorts cluster, ApplicationSetup setup,
         std::unique_ptr<Source> source, ReconcileObserver& observer, DaemonOptions options);

  // Returns after stop(): 0, or 1 where --once ended with something not applied.
  boost::asio::awaitable<int> run();
  void stop();

  void watch(const ApiResource& resource) override;
  void rediscover() override;
  void changed(std::span<const StoreEvent> events, Clock::time_point received_at) override;
  void status_changed(const ApiResource& resource, const ReflectorStatus& status) override;

 private:
  struct Watched {
    std::string version;
    std::unique_ptr<Reflector> reflector;
  };

  boost::asio::awaitable<void> follow_source();
  boost::asio::awaitable<void> follow_catalog();
  boost::asio::awaitable<bool> load_inventory();
  ReconcilerOptions reconciler_options();
  void on_round(const RoundSummary& summary);
  double chance() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  boost::asio::any_io_executor executor_;
  ClusterPorts cluster_;
  ApplicationSetup setup_;
  std::unique_ptr<Source> source_;
  DaemonOptions options_;
  std::mt19937_64 random_;

  Store store_;
  StoreWriter store_writer_{store_};
  std::map<GroupKind, Watched> watched_;
  std::vector<std::unique_ptr<Reflector>> retired_;  // stopped, their coroutines not joined yet
  InventoryKeeper inventory_;
  Reconciler reconciler_;
  TaskScope tasks_;
  Timer catalog_signal_;  // wakes follow_catalog
  Timer pause_;           // of load_inventory
  Timer source_pause_;
  bool rediscovery_wanted_ = true;
  bool stopping_ = false;
  std::optional<RoundSummary> last_round_;
};

}  // namespace holdfast
