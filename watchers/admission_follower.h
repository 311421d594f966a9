// Watches the mutating webhook configurations and admission policies of a cluster, where it serves them and lets us
// look, and tells which types a change of them may touch (correctness C10). What cannot be seen is no failure of
// anything else.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "holdfast/base/task_scope.h"
#include "holdfast/model/admission.h"
#include "holdfast/ports/admission_view.h"
#include "holdfast/ports/api_server.h"
#include "holdfast/ports/watch_transport.h"
#include "watchers/reflector.h"
#include "watchers/store.h"

namespace holdfast {

// Called synchronously; must not block, and may call stop().
class AdmissionSink {
 public:
  virtual ~AdmissionSink() = default;
  // Writes of these types may be met otherwise from now on; the servers may take a moment to follow.
  virtual void admission_changed(const AdmissionReach& reach) = 0;
  // What there is has been read: state_for() has an answer.
  virtual void admission_known() = 0;
  // Said once for each type: it may not be read.
  virtual void admission_hidden(const ApiResource& type, const Error& error) = 0;
};

class AdmissionFollower final : public AdmissionView, public ReflectorSink {
 public:
  // All references outlive ended().
  AdmissionFollower(boost::asio::any_io_executor executor, ApiServer& api, WatchTransport& transport,
                    AdmissionSink& sink, std::function<double()> random, ReflectorOptions options);

  void set_catalog(const ApiCatalog& catalog);
  // The cluster was restored: all is read again, and compared with what was known.
  void watch_anew();
  void stop();
  boost::asio::awaitable<void> ended();  // after stop()

  [[nodiscard]] std::optional<Digest128> state_for(const std::vector<ApiResource>& types) const override;

  // Of its own watches.
  void changed(std::span<const StoreEvent> events, std::chrono::steady_clock::time_point received_at) override;
  void status_changed(const ApiResource& resource, const ReflectorStatus& status) override;

 private:
  void begin(const ApiResource& resource);
  void note(const StoreEvent& event, AdmissionReach& reach);
  [[nodiscard]] AdmissionReach reach_of(const AdmissionRules& rules) const;
  [[nodiscard]] bool known() const;

  ApiServer& api_;
  WatchTransport& transport_;
  AdmissionSink& sink_;
  std::function<double()> random_;
  ReflectorOptions options_;
  Store store_;
  StoreWriter writer_{store_};
  std::map<GroupKind, std::shared_ptr<Reflector>> watches_;
  std::map<ObjectKey, AdmissionRules> rules_;
  std::set<GroupKind> read_;  // completely, at least once
  std::set<GroupKind> hidden_;
  bool catalog_read_ = false;
  bool stopping_ = false;
  TaskScope tasks_;
};

}  // namespace holdfast
