// What benches of the whole program stand on: an API server, which is a simulator without controllers or a real one
// that is there, a session with it, and a tunnel to it for the daemon, with eyes on what passes.
//
// One thread, inside run(). Failures are exceptions.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/cluster_session.h"
#include "bench/observed_tunnel.h"
#include "bench/repair_eyes.h"
#include "cluster/holdfast_process.h"

namespace holdfast::bench {

class ObservedServer {
 public:
  // Its files go into the folder, which is made; `counted` is for the eyes. `kubeconfig`: of the server that is there,
  // by a client certificate; empty: a simulator.
  ObservedServer(const std::string& folder, std::vector<std::string> counted, const std::string& kubeconfig = {});

  boost::asio::io_context& io() { return io_; }
  ApiServer& api() { return *session_.client; }
  RepairEyes& eyes() { return eyes_; }
  [[nodiscard]] const std::string& kubeconfig() const { return through_; }  // through the tunnel

  // Until the measurement has ended. Where it fails, what the daemon has said is told before.
  void run(boost::asio::awaitable<void> measurement, const std::function<std::string()>& said);

 private:
  std::string direct_, through_;
  std::unique_ptr<cluster::HoldfastProcess> simulator_;  // null: the server is there
  boost::asio::io_context io_{1};
  ClusterSession session_;
  RepairEyes eyes_;
  ObservedTunnel tunnel_;
};

}  // namespace holdfast::bench
