// One type of a real cluster, watched by our own code inside of the test: client, reflector, store, and what they said.
//
// Everything runs on the test's thread while it waits in until(). Time is the test's own (VirtualTime): what waits for
// minutes is made due by pass(), while sockets are real.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "holdfast/base/clock.h"
#include "holdfast/model/api_resource.h"
#include "net/http_client.h"
#include "watchers/kubeconfig.h"
#include "watchers/reflector.h"

namespace holdfast::cluster {

class LiveWatch final : public ReflectorSink {
 public:
  // As the user of the kubeconfig; `port` other than 0 replaces the server's, for a proxy before it.
  explicit LiveWatch(const std::string& kubeconfig, std::uint16_t port = 0);
  // The same with a configuration of the test's own.
  explicit LiveWatch(ClientConfig config);
  ~LiveWatch() override;
  LiveWatch(const LiveWatch&) = delete;
  LiveWatch& operator=(const LiveWatch&) = delete;

  static ClientConfig config(const std::string& kubeconfig, std::uint16_t port = 0);

  void watch(const ApiResource& resource);
  // Runs until the predicate holds; false when it did not within so much real time.
  bool until(const std::function<bool()>& predicate, std::chrono::seconds deadline = std::chrono::seconds(20));
  void pass(std::chrono::seconds time);
  // One request, answered.
  Result<ApiResponse> send(ApiRequest request);
  Result<ApiResponse> get(const std::string& target);

  [[nodiscard]] LivePtr find(const std::string& namespace_name, const std::string& name) const;
  [[nodiscard]] bool synced() const { return store_.synced(resource_.gvk.group_kind()); }
  // "Listing Gone", "Watching", "deleted a", "restored", ...; those with that text.
  [[nodiscard]] std::size_t count(const std::string& line) const;
  [[nodiscard]] std::string lines() const;  // for the message of a failed expectation

  HttpClient& client() { return *client_; }
  ClusterKnowledge& knowledge() { return *knowledge_; }

 private:
  void changed(std::span<const StoreEvent> events, Clock::time_point received_at) override;
  void status_changed(const ApiResource& resource, const ReflectorStatus& status) override;
  void cluster_restored() override { lines_.emplace_back("restored"); }
  void cluster_replaced(const Error&) override { lines_.emplace_back("replaced"); }
  void run_a_little();

  VirtualTime time_;
  boost::asio::io_context io_;
  std::unique_ptr<HttpClient> client_;
  Store store_;
  StoreWriter writer_{store_};
  std::shared_ptr<ClusterKnowledge> knowledge_ = std::make_shared<ClusterKnowledge>();
  ApiResource resource_;
  std::unique_ptr<Reflector> reflector_;
  bool ended_ = true;
  std::vector<std::string> lines_;
};

inline const ApiResource kConfigMaps{{"", "v1", "ConfigMap"}, "configmaps", true, {"list", "watch"}};

}  // namespace holdfast::cluster
