// What benches of the whole program stand on: a simulator without controllers, a session with it, and a tunnel to it
// for the daemon, with eyes on what passes.
//
// One thread, inside run(). Failures are exceptions.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <string>
#include <vector>

#include "app/cluster_session.h"
#include "bench/observed_tunnel.h"
#include "bench/repair_eyes.h"
#include "cluster/holdfast_process.h"

namespace holdfast::bench {

class ObservedSimulator {
 public:
  // Its files go into the folder, which is made; `counted` is for the eyes.
  ObservedSimulator(const std::string& folder, std::vector<std::string> counted);

  boost::asio::io_context& io() { return io_; }
  ApiServer& api() { return *session_.client; }
  RepairEyes& eyes() { return eyes_; }
  [[nodiscard]] const std::string& kubeconfig() const { return through_; }  // through the tunnel

  // Until the measurement has ended. Where it fails, what the daemon has said is told before.
  void run(boost::asio::awaitable<void> measurement, const std::function<std::string()>& said);

 private:
  std::string direct_, through_;
  cluster::HoldfastProcess simulator_;
  boost::asio::io_context io_{1};
  ClusterSession session_;
  RepairEyes eyes_;
  ObservedTunnel tunnel_;
};

}  // namespace holdfast::bench
