// Keeps what is known about a cluster's types up to date: performs what a DiscoveryMachine wants, and watches
// CustomResourceDefinitions and APIServices, without their contents, for when (correctness A18, A21). Also learns which
// cluster this is and which version it has.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>

#include "holdfast/base/clock.h"
#include "holdfast/base/task_scope.h"
#include "holdfast/ports/api_server.h"
#include "holdfast/ports/watch_transport.h"
#include "watchers/discovery_machine.h"
#include "watchers/reflector.h"
#include "watchers/store.h"

namespace holdfast {

// Called synchronously; must not block, and may call stop().
class CatalogSink {
 public:
  virtual ~CatalogSink() = default;
  virtual void catalog_read(std::shared_ptr<const ApiCatalog> catalog) = 0;
  // It is tried again by itself, and what was read before still holds.
  virtual void catalog_failed(const Error& error) = 0;
  // A CustomResourceDefinition or an APIService came, went or changed: schemas may be others, whatever the catalog
  // says.
  virtual void types_changed() = 0;
  virtual void cluster_restored() = 0;
  virtual void cluster_replaced(const Error& error) = 0;
  // Of the follower's own watches, as ReflectorSink.
  virtual void status_changed(const ApiResource& resource, const ReflectorStatus& status) = 0;
};

class CatalogFollower final : private ReflectorSink {
 public:
  // All references outlive run().
  CatalogFollower(boost::asio::any_io_executor executor, ApiServer& api, WatchTransport& transport, CatalogSink& sink,
                  std::function<double()> random, ReflectorOptions options);

  // Until stop().
  boost::asio::awaitable<void> run();
  void stop();
  // Reads the catalog again and tells it, changed or not.
  void rediscover();
  // The cluster was restored: what was watched is watched from its present state on.
  void watch_anew();

 private:
  boost::asio::awaitable<void> ask();
  boost::asio::awaitable<void> learn_cluster();
  void watch_types(const ApiCatalog& catalog);
  void changed(std::span<const StoreEvent> events, Clock::time_point received_at) override;
  void status_changed(const ApiResource& resource, const ReflectorStatus& status) override;
  void cluster_restored() override { sink_.cluster_restored(); }
  void cluster_replaced(const Error& error) override { sink_.cluster_replaced(error); }
  void tell_service_groups();

  boost::asio::any_io_executor executor_;
  ApiServer& api_;
  WatchTransport& transport_;
  CatalogSink& sink_;
  std::function<double()> random_;
  ReflectorOptions options_;
  DiscoveryMachine machine_;
  Store store_;  // of its own: these types may also be among those that are held
  StoreWriter writer_{store_};
  std::map<GroupKind, std::shared_ptr<Reflector>> watches_;
  std::set<std::string> services_;  // names of APIServices, "v1.apps"
  std::set<GroupKind> listed_;      // from then on their events are changes
  TaskScope tasks_;
  Timer signal_;
  Clock::time_point learn_next_;
  bool stopping_ = false;
};

}  // namespace holdfast
