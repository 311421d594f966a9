#include "app/application_objects.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

asio::awaitable<void> run_reflector(std::shared_ptr<Reflector> reflector) { co_await reflector->run(); }

ReflectorOptions options_for(std::string only_namespace) {
  ReflectorOptions options;
  options.namespace_ = std::move(only_namespace);
  return options;
}

}  // namespace

ApplicationObjects::ApplicationObjects(asio::any_io_executor executor, ApiServer& api, WatchTransport& transport,
                                       ApplicationObjectsSink& sink, std::function<double()> random,
                                       ApiResource resource, std::string selector, std::string only_namespace)
    : sink_(sink),
      resource_(std::move(resource)),
      reflector_(std::make_shared<Reflector>(api, transport, resource_, std::move(selector), writer_, *this,
                                             std::move(random), options_for(std::move(only_namespace)))),
      tasks_(executor) {}

void ApplicationObjects::start() { tasks_.spawn(run_reflector(reflector_)); }

void ApplicationObjects::stop() {
  stopping_ = true;
  reflector_->stop();
}

asio::awaitable<void> ApplicationObjects::ended() { co_await tasks_.join(); }

LivePtr ApplicationObjects::find(const ApplicationName& name) const {
  const GroupVersionKind& type = resource_.gvk;
  return store_.find({type.group, type.kind, name.first, name.second});
}

void ApplicationObjects::changed(std::span<const StoreEvent> events, std::chrono::steady_clock::time_point) {
  if (stopping_) return;  // what is forgotten at the end has not gone
  for (const StoreEvent& event : events) {
    if (event.kind != StoreEventKind::Synced) {
      sink_.object_changed({event.key.namespace_, event.key.name});
      continue;
    }
    known_ = true;
    sink_.objects_known();
  }
}

void ApplicationObjects::status_changed(const ApiResource& /*resource*/, const ReflectorStatus& status) {
  if (!stopping_ && status.error) sink_.objects_unknown(*status.error);
}

}  // namespace holdfast
