// What is seen of one cluster, for all applications of the process: what it serves, a watch for each type that somebody
// wants, the store, and what goes wrong with any of these. It decides nothing: what it sees goes to the reconcilers.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "app/outage_log.h"
#include "engine/reconciler_group.h"
#include "holdfast/base/clock.h"
#include "holdfast/base/task_scope.h"
#include "holdfast/ports/watch_control.h"
#include "holdfast/ports/watch_transport.h"
#include "net/gate.h"
#include "watchers/admission_follower.h"
#include "watchers/catalog_follower.h"
#include "watchers/reflector.h"
#include "watchers/schema_cache.h"
#include "watchers/store.h"

namespace holdfast {

// How a daemon reaches its cluster; what is referred to outlives it.
struct ClusterPorts {
  ApiServer& api;
  WatchTransport& watches;
  std::function<void()> close;  // fails what is under way with Cancelled
  std::string name;             // for the log
};

class ClusterWatch final : public WatchControl,
                           public ReflectorSink,
                           public CatalogSink,
                           public SchemaSink,
                           public AdmissionSink {
 public:
  struct Options {
    std::string installation;
    boost::asio::any_io_executor parser;           // where schemas are read; may be the executor itself
    std::function<double()> chance;                // in [0, 1)
    std::function<void(const Error&)> on_failure;  // of discovery
    std::function<void()> on_replaced;             // another cluster answers: everything has to end
    std::string only_namespace = {};               // all that may be seen; empty: all of it
  };

  ClusterWatch(boost::asio::any_io_executor executor, ClusterPorts& cluster, ReconcilerGroup& group, Options options);

  void start();
  // What a list shows of objects that nobody has claimed yet costs a call for each of them later: until this is called,
  // nothing is listed.
  void begin_lists();
  void stop();
  boost::asio::awaitable<void> ended();  // after stop()

  [[nodiscard]] const Store& store() const { return store_; }
  [[nodiscard]] const std::shared_ptr<const ApiCatalog>& catalog() const { return catalog_; }
  [[nodiscard]] const SchemaView& schemas() const { return schemas_; }
  [[nodiscard]] const AdmissionView& admission() const { return admission_; }

  void watch(const ApiResource& resource) override;
  void rediscover() override;
  void changed(std::span<const StoreEvent> events, Clock::time_point received_at) override;
  void status_changed(const ApiResource& resource, const ReflectorStatus& status) override;
  void catalog_read(std::shared_ptr<const ApiCatalog> catalog) override;
  void catalog_failed(const Error& error) override;
  void types_changed() override;
  void schemas_changed() override;
  void schema_failed(const Error& error) override;
  void admission_changed(const AdmissionReach& reach) override;
  void admission_known() override;
  void admission_hidden(const ApiResource& type, const Error& error) override;
  void cluster_restored() override;
  void cluster_replaced(const Error& error) override;

 private:
  // Shared with the coroutine that runs it, which ends some time after it was told to stop.
  using ReflectorPtr = std::shared_ptr<Reflector>;

  ReflectorOptions reflector_options();
  void start_watch(const ApiResource& resource);
  void start_awaited();
  void stop_other_versions(const GroupVersionKind& type);
  [[nodiscard]] bool served(const GroupVersionKind& gvk) const;

  ClusterPorts& cluster_;
  ReconcilerGroup& group_;
  Options options_;
  Store store_;
  StoreWriter store_writer_{store_};
  std::map<GroupVersionKind, ReflectorPtr> watched_;
  std::map<GroupVersionKind, ApiResource> awaited_;  // to be watched as soon as what comes can be judged
  std::shared_ptr<ClusterKnowledge> knowledge_ = std::make_shared<ClusterKnowledge>();
  std::shared_ptr<Gate> lists_;
  std::shared_ptr<const ApiCatalog> catalog_;
  OutageLog outages_;
  CatalogFollower catalog_follower_;
  SchemaCache schemas_;
  AdmissionFollower admission_;
  TaskScope tasks_;
  bool lists_begun_ = false;
  bool stopping_ = false;
};

}  // namespace holdfast
