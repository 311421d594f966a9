// The way from one daemon to simulated API servers, through a network with faults, under virtual time. Each call is one
// attempt.
//
// Every request takes a while to arrive and its answer a while to come back; events of a watch come in pieces of any
// size, and before or after the answer of the write that made them. isolate() is what a kill -9 looks like from
// outside: nothing of what the daemon still does arrives, and what was on its way may or may not.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "holdfast/base/clock.h"
#include "holdfast/ports/api_server.h"
#include "holdfast/ports/watch_transport.h"
#include "sim/faults.h"
#include "sim/simulated_cluster.h"
#include "sim/simulated_stream.h"

namespace holdfast::sim {

struct SeenRequest {
  Method method = Method::Get;
  std::string target;  // path and query
  int status = 0;      // what the server answered, whether or not that arrived; 0: it never got there
  Clock::time_point at;
  StoredPtr before;  // of a deletion: what was there
};

class SimulatedNetwork {
 public:
  // `on_handled` hears of every request that the server has dealt with.
  SimulatedNetwork(boost::asio::any_io_executor executor, SimulatedCluster& cluster, FaultPlan& faults,
                   std::function<void(const SeenRequest&)> on_handled);

  // `keys`: what the daemon sends along, and trusts. Errors as of the ports.
  boost::asio::awaitable<Result<ApiResponse>> send(ApiRequest request, ServerKeys keys);
  boost::asio::awaitable<Result<std::unique_ptr<ResponseStream>>> open(ApiRequest request,
                                                                       std::chrono::milliseconds stream_deadline,
                                                                       ServerKeys keys);

  void isolate() { connections_.isolated = true; }
  // Writes that were sent and have not arrived. Whoever sent them may be dead: then nobody else brings them there.
  [[nodiscard]] std::vector<ApiRequest> on_their_way() const;
  void arrive(const ApiRequest& request);  // and nobody hears the answer
  // Streams are closed: they were opened with other keys.
  void replace_connections();
  [[nodiscard]] std::size_t writes() const { return writes_; }      // successful ones
  [[nodiscard]] std::size_t lessons() const { return lessons_; }    // those of them that keep what was learned
  [[nodiscard]] std::size_t requests() const { return requests_; }  // all that were sent, watches too
  [[nodiscard]] std::size_t lists() const { return lists_; }        // those of them that ask for everything
  [[nodiscard]] std::size_t served() const { return served_; }      // dealt with by the server, watches not counted
  [[nodiscard]] std::size_t answered() const { return answered_; }  // those of which the daemon has the answer
  // What came sooner than it was told to; empty: nothing (correctness B8).
  [[nodiscard]] const std::string& impatience() const { return impatience_; }
  [[nodiscard]] std::string last_requests() const;  // for the message of a failed history

 private:
  boost::asio::awaitable<void> pass(std::chrono::nanoseconds time);
  boost::asio::awaitable<void> travel();
  boost::asio::awaitable<Result<ApiResponse>> lost(bool is_write, std::chrono::nanoseconds after);
  boost::asio::awaitable<Result<ApiResponse>> bring_back(ApiRequest request, SimulatedAnswer answer, FaultKind fault);
  SimulatedAnswer serve(const ApiRequest& request);
  boost::asio::awaitable<void> open_in_the_past(const ApiRequest& request, bool initial,
                                                SimulatedStream::Opening& opening);
  [[nodiscard]] bool parted();
  // Why no connection comes about.
  std::optional<Error> unconnected(const ServerKeys& keys);
  // Why the server does not carry it out, though it came through.
  FaultKind refused(const ApiRequest& request, const std::string& type, const ServerKeys& keys, FaultKind fault);
  void check_patience(const ApiRequest& request);
  void turn_away(const ApiRequest& request, std::chrono::seconds retry_after);
  void saw(const ApiRequest& request, int status, StoredPtr before);
  [[nodiscard]] StoredPtr at(const ApiRequest& request) const;

  boost::asio::any_io_executor executor_;
  SimulatedCluster& cluster_;
  FaultPlan& faults_;
  std::function<void(const SeenRequest&)> on_handled_;
  std::size_t requests_ = 0, writes_ = 0, lists_ = 0, served_ = 0, answered_ = 0;
  std::map<std::size_t, ApiRequest> on_their_way_;
  std::size_t lessons_ = 0;
  std::map<std::string, Clock::time_point> turned_away_until_;
  std::uint64_t types_seen_ = 0;
  std::string impatience_;
  std::vector<SeenRequest> seen_;
  Connections connections_;
};

}  // namespace holdfast::sim
