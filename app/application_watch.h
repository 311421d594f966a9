// The applications of an installation as the cluster has them: their inventories and, where asked for, the objects in
// these, followed by watches. For verbs that look on; the daemon has its own way.
//
// Whenever an inventory names another revision, the objects are listed anew: a consistent list that begins after the
// record of a revision was read shows all of that revision's writes, while two watches tell nothing of each other's
// order.
//
// One executor, one thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "app/application_standing.h"
#include "holdfast/base/task_scope.h"
#include "holdfast/model/inventory.h"
#include "net/http_client.h"
#include "watchers/catalog_follower.h"
#include "watchers/reflector.h"
#include "watchers/store.h"

namespace holdfast {

class ApplicationWatch final : public CatalogSink, public ReflectorSink {
 public:
  struct Options {
    std::string installation;
    std::string name;        // of the one application; empty: all
    std::string namespace_;  // of its inventory; empty: any
    bool objects = true;     // otherwise inventories alone
  };
  struct Followed {
    std::string namespace_, name;  // of the application
    Inventory inventory;
    std::map<ObjectKey, ObjectStanding> objects;  // of the inventory: those that were looked at
    std::string seen;                             // what other records say of it (seen_revision)
  };

  // `changed`: something is another than before; may call nothing but standings().
  ApplicationWatch(boost::asio::any_io_executor executor, HttpClient& client, Options options,
                   std::function<void()> changed);
  ~ApplicationWatch() override;

  void start();
  void stop();
  boost::asio::awaitable<void> ended();  // after stop()

  // Whether the inventories were listed: only then their absence means anything.
  [[nodiscard]] bool listed() const;
  [[nodiscard]] std::vector<Followed> standings(WallTime now);
  // What stands against knowing more, if anything: certain trouble first. It may pass by itself, unless it is certain.
  struct Trouble {
    Error error;
    bool certain = false;
  };
  [[nodiscard]] const std::optional<Trouble>& trouble() const { return trouble_; }

 private:
  class Objects;
  struct Known {
    std::string namespace_, name;
    Result<Inventory> inventory;
    std::shared_ptr<Objects> objects;
  };

  void catalog_read(std::shared_ptr<const ApiCatalog> catalog) override;
  void catalog_failed(const Error& error) override;
  void cluster_restored() override {}
  void types_changed() override {}
  void cluster_replaced(const Error& error) override;
  void status_changed(const ApiResource& resource, const ReflectorStatus& status) override;
  void changed(std::span<const StoreEvent> events, Clock::time_point received_at) override;
  void take_inventory(const ObjectKey& key, const LivePtr& live);
  void follow_objects(Known& known);
  void note(const Error& error, bool certain);
  [[nodiscard]] ReflectorOptions reflector_options() const;

  boost::asio::any_io_executor executor_;
  HttpClient& client_;
  Options options_;
  std::function<void()> changed_;
  std::function<double()> chance_;
  std::shared_ptr<ClusterKnowledge> knowledge_ = std::make_shared<ClusterKnowledge>();
  Store store_;  // of inventories
  StoreWriter writer_{store_};
  CatalogFollower catalog_follower_;
  std::shared_ptr<Reflector> inventories_;
  std::shared_ptr<const ApiCatalog> catalog_;
  std::map<ObjectKey, Known> known_;        // by the ConfigMap
  std::map<ObjectKey, SeenRevision> seen_;  // what all inventories say, those that were not asked for as well
  std::optional<Trouble> trouble_;
  TaskScope tasks_;
  bool stopping_ = false;
};

}  // namespace holdfast
