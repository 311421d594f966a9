// One application, running: the source, the watches, the store and the reconciler, wired to one another on one thread.
//
// It decides nothing itself: it carries what a source loads to the reconciler, opens a watch for each type that the
// reconciler asks for and that is served, and follows what is served. Every failure keeps what is known and tries
// again.
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
#include "app/outage_log.h"
#include "engine/reconciler.h"
#include "holdfast/base/clock.h"
#include "holdfast/base/task_scope.h"
#include "holdfast/ports/watch_transport.h"
#include "net/backoff.h"
#include "net/gate.h"
#include "sources/source.h"
#include "watchers/catalog_follower.h"
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

class Daemon final : public WatchControl, public ReflectorSink, public CatalogSink {
 public:
  Daemon(boost::asio::any_io_executor executor, ClusterPorts cluster, ApplicationSetup setup,
         std::unique_ptr<Source> source, ReconcileObserver& observer, DaemonOptions options);

  // Returns after stop(): 0, or 1 where --once ended with something not applied, or where another cluster was found.
  boost::asio::awaitable<int> run();
  void stop();

  void watch(const ApiResource& resource) override;
  void rediscover() override;
  void changed(std::span<const StoreEvent> events, Clock::time_point received_at) override;
  void status_changed(const ApiResource& resource, const ReflectorStatus& status) override;
  void catalog_read(std::shared_ptr<const ApiCatalog> catalog) override;
  void catalog_failed(const Error& error) override;
  void cluster_restored() override;
  void cluster_replaced(const Error& error) override;

 private:
  // Shared with the coroutine that runs it, which ends some time after it was told to stop.
  using ReflectorPtr = std::shared_ptr<Reflector>;

  boost::asio::awaitable<void> follow_source();
  boost::asio::awaitable<bool> load_inventory();
  ReconcilerOptions reconciler_options();
  ReflectorOptions reflector_options();
  void start_watch(const ApiResource& resource);
  [[nodiscard]] bool served(const GroupVersionKind& gvk) const;
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
  std::map<GroupKind, ReflectorPtr> watched_;
  std::shared_ptr<ClusterKnowledge> knowledge_ = std::make_shared<ClusterKnowledge>();
  std::shared_ptr<Gate> lists_;
  std::shared_ptr<const ApiCatalog> catalog_;
  InventoryKeeper inventory_;
  Reconciler reconciler_;
  OutageLog outages_;
  CatalogFollower catalog_follower_;
  TaskScope tasks_;
  Timer pause_;  // of load_inventory, and of a daemon that was halted
  Timer source_pause_;
  bool halted_ = false;  // another cluster answers: nothing is done any more, until somebody looks
  bool stopping_ = false;
  std::optional<RoundSummary> last_round_;
};

}  // namespace holdfast
