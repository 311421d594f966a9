// The ports of one daemon, connected to a simulated API server through a network with faults, under virtual time.
//
// Every request takes a while to arrive and its answer a while to come back; events of a watch come in pieces of any
// size, and before or after the answer of the write that made them. isolate() is what a kill -9 looks like from
// outside: nothing of what the daemon still does arrives, and what was on its way may or may not.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "holdfast/base/clock.h"
#include "holdfast/ports/api_server.h"
#include "holdfast/ports/watch_transport.h"
#include "sim/faults.h"
#include "simulator/simulator.h"

namespace holdfast::sim {

struct SeenRequest {
  Method method = Method::Get;
  std::string target;  // path and query
  int status = 0;      // what the server answered, whether or not that arrived; 0: it never got there
  Clock::time_point at;
};

// The API server under virtual time, with everything that listens to it.
class SimulatedCluster {
 public:
  explicit SimulatedCluster(std::uint64_t seed);
  ~SimulatedCluster();

  SimulatedAnswer handle(const SimulatedRequest& request);  // then lets controllers act and wakes the watches
  void settle();                                            // lets controllers do what is due by now
  [[nodiscard]] Clock::time_point next_due() const;         // when there is something for settle()
  [[nodiscard]] ObjectStore& store() { return simulator_->store(); }
  [[nodiscard]] const ObjectStore& store() const { return simulator_->store(); }
  [[nodiscard]] SimulatedTime now() const { return simulator_->now(); }

  std::set<std::function<void()>*> listeners;  // called whenever there may be something new; a stream adds its own

 private:
  std::unique_ptr<SimulatorClock> clock_;
  std::unique_ptr<Simulator> simulator_;
};

class SimulatedNetwork final : public ApiServer, public WatchTransport {
 public:
  // `on_handled` hears of every request that the server has dealt with.
  SimulatedNetwork(boost::asio::any_io_executor executor, SimulatedCluster& cluster, FaultPlan& faults,
                   std::function<void(const SeenRequest&)> on_handled);

  boost::asio::awaitable<Result<ApiResponse>> send(ApiRequest request) override;
  boost::asio::awaitable<Result<std::unique_ptr<ResponseStream>>> open(
      ApiRequest request, std::chrono::milliseconds stream_deadline) override;

  void isolate() { isolated_ = true; }
  [[nodiscard]] const std::vector<SeenRequest>& requests() const { return requests_; }
  [[nodiscard]] std::size_t writes() const;

 private:
  boost::asio::awaitable<void> pass(std::chrono::nanoseconds time);
  boost::asio::awaitable<void> travel();

  boost::asio::any_io_executor executor_;
  SimulatedCluster& cluster_;
  FaultPlan& faults_;
  std::function<void(const SeenRequest&)> on_handled_;
  std::vector<SeenRequest> requests_;
  bool isolated_ = false;
};

}  // namespace holdfast::sim
