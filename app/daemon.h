// One application, running: the source, the watches, the store and the reconciler, wired to one another on one thread.
//
// It decides nothing itself: it carries what a source loads to the reconciler, opens a watch for each type that the
// reconciler asks for, and reads discovery again when told to. Every failure keeps what is known and tries again.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <optional>
#include <random>

#include "app/application_setup.h"
#include "app/cluster_session.h"
#include "app/log_observer.h"
#include "engine/reconciler.h"
#include "holdfast/base/task_scope.h"
#include "net/backoff.h"
#include "sources/source.h"
#include "watchers/reflector.h"
#include "watchers/store.h"

namespace holdfast {

class Daemon final : public WatchControl, public ReflectorSink {
 public:
  Daemon(boost::asio::io_context& io, ClusterSession session, ApplicationSetup setup, std::unique_ptr<Source> source,
         const RunOptions& options);

  // Returns after stop(): 0, or 1 where --once ended with something not applied.
  boost::asio::awaitable<int> run();
  void stop();

  void watch(const ApiResource& resource) override;
  void rediscover() override;
  void changed(std::span<const StoreEvent> events, std::chrono::steady_clock::time_point received_at) override;
  void status_changed(const ApiResource& resource, const ReflectorStatus& status) override;

 private:
  struct Watched {
    std::string version;
    std::unique_ptr<Reflector> reflector;
  };

  boost::asio::awaitable<void> follow_source();
  boost::asio::awaitable<void> follow_catalog();
  boost::asio::awaitable<bool> load_inventory();
  boost::asio::awaitable<bool> pause(Backoff& backoff);
  void on_round(const RoundSummary& summary);
  double chance() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  boost::asio::io_context& io_;
  ClusterSession session_;
  ApplicationSetup setup_;
  std::unique_ptr<Source> source_;
  bool once_;
  std::mt19937_64 random_{std::random_device{}()};

  Store store_;
  StoreWriter store_writer_{store_};
  std::map<GroupKind, Watched> watched_;
  std::vector<std::unique_ptr<Reflector>> retired_;  // stopped, their coroutines not joined yet
  LogObserver observer_;
  InventoryKeeper inventory_;
  Reconciler reconciler_;
  TaskScope tasks_;
  boost::asio::steady_timer catalog_signal_;  // wakes follow_catalog
  boost::asio::steady_timer pause_;           // of load_inventory
  boost::asio::steady_timer source_pause_;
  bool rediscovery_wanted_ = true;
  bool stopping_ = false;
  std::optional<RoundSummary> last_round_;
};

}  // namespace holdfast
