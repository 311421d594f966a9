// The objects of one of our own types in a cluster, Applications where nothing is said, as a watch shows them. It
// decides nothing: whoever is told looks up what there is now.
//
// Lives on one executor, one thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>

#include "app/config_changes.h"
#include "app/own_definitions.h"
#include "holdfast/base/task_scope.h"
#include "holdfast/ports/api_server.h"
#include "holdfast/ports/watch_transport.h"
#include "watchers/reflector.h"
#include "watchers/store.h"

namespace holdfast {

class ApplicationObjectsSink {
 public:
  virtual ~ApplicationObjectsSink() = default;
  // It came, changed or went: find() has what there is now.
  virtual void object_changed(const ApplicationName& name) = 0;
  // All of them have been told of. What was not among them is not there.
  virtual void objects_known() = 0;
  // They cannot be seen now; nothing is known to have gone.
  virtual void objects_unknown(const Error& error) = 0;
};

class ApplicationObjects final : public ReflectorSink {
 public:
  // All references outlive ended(). `resource`: of the same shape, a namespace and a name; `selector`: of labels.
  ApplicationObjects(boost::asio::any_io_executor executor, ApiServer& api, WatchTransport& transport,
                     ApplicationObjectsSink& sink, std::function<double()> random,
                     ApiResource resource = application_resource(), std::string selector = {},
                     std::string only_namespace = {});

  void start();
  void stop();
  boost::asio::awaitable<void> ended();  // after stop()

  // With its body. Null where there is none, or where the first list has not come.
  [[nodiscard]] LivePtr find(const ApplicationName& name) const;
  [[nodiscard]] bool known() const { return known_; }

  // Of its own watch.
  void changed(std::span<const StoreEvent> events, std::chrono::steady_clock::time_point received_at) override;
  void status_changed(const ApiResource& resource, const ReflectorStatus& status) override;

 private:
  ApplicationObjectsSink& sink_;
  ApiResource resource_;
  Store store_;
  StoreWriter writer_{store_};
  std::shared_ptr<Reflector> reflector_;
  bool known_ = false;
  bool stopping_ = false;
  TaskScope tasks_;
};

}  // namespace holdfast
