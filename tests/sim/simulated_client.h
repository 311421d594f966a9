// What net::HttpClient is above its connections, of one daemon: the same token file, certificate files, retries and
// waits, over a SimulatedNetwork in place of TLS.
#pragma once

#include <memory>
#include <string>

#include "holdfast/ports/api_server.h"
#include "holdfast/ports/watch_transport.h"
#include "net/attempts.h"
#include "net/tls_files.h"
#include "net/token_source.h"
#include "sim/faults.h"
#include "sim/simulated_cluster.h"
#include "sim/simulated_network.h"

namespace holdfast::sim {

class SimulatedClient final : public ApiServer, public WatchTransport, private CredentialSource {
 public:
  // All of them outlive the client, and it outlives what it was asked for.
  SimulatedClient(boost::asio::any_io_executor executor, SimulatedNetwork& network, SimulatedCluster& cluster,
                  FaultPlan& faults);

  boost::asio::awaitable<Result<ApiResponse>> send(ApiRequest request) override;
  boost::asio::awaitable<Result<std::unique_ptr<ResponseStream>>> open(
      ApiRequest request, std::chrono::milliseconds stream_deadline) override;

  // How many 401 the daemon got to see.
  [[nodiscard]] std::size_t unauthorized() const { return unauthorized_; }

 private:
  boost::asio::awaitable<Result<Secret>> token() override;
  [[nodiscard]] std::shared_ptr<const void> in_use() const override { return nullptr; }
  [[nodiscard]] bool renewable(const Secret& token) const override { return !token.empty(); }
  void rejected() override { token_file_.rejected(); }

  boost::asio::awaitable<Result<FlowAnswer>> send_once(ApiRequest request, Clock::time_point deadline);
  void look_at_files();
  [[nodiscard]] ServerKeys keys_with(const Secret& token) const;

  boost::asio::any_io_executor executor_;
  SimulatedNetwork& network_;
  FaultPlan& faults_;
  FileToken token_file_;
  std::string authority_;  // in use
  TlsFiles certificate_files_;
  FlowBackoffs flows_;
  std::size_t unauthorized_ = 0;
};

}  // namespace holdfast::sim
