// What most cluster tests start from: a namespace of their own, a repository with manifests for it, and the daemon.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "cluster/control_plane.h"
#include "cluster/holdfast_process.h"
#include "cluster/repository.h"

namespace holdfast::cluster {

// PREFIX-name-of-the-running-test-PID: a name that no other test has, nor an earlier run against the same servers.
std::string name_of_test(const std::string& prefix);

class Application {
 public:
  // `name` is used as namespace, application and installation, so that tests do not see one another.
  Application(ControlPlane& plane, std::string name);

  // A ConfigMap manifest in this namespace with data.color and data.size.
  [[nodiscard]] std::string config_map(const std::string& object, const std::string& color) const;
  [[nodiscard]] std::string namespace_manifest() const;
  [[nodiscard]] std::vector<std::string> arguments(const std::string& verb) const;
  // Starts `holdfast run` and returns when the log says that the cluster is at the repository's HEAD.
  void start(const std::vector<std::string>& more = {});
  void wait_synced(const std::string& commit, std::size_t from = 0);
  // The daemon's requests for one object since a moment, of which the predicate holds.
  [[nodiscard]] std::vector<AuditedRequest> requests_for(const std::string& object,
                                                         std::chrono::system_clock::time_point since) const;
  [[nodiscard]] std::string field(const std::string& object, const std::string& json_path) const;

  ControlPlane& plane;
  const std::string name;
  Kubectl kubectl;
  Repository repository;
  std::unique_ptr<HoldfastProcess> daemon;
};

}  // namespace holdfast::cluster
