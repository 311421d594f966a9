// The real control plane that cluster tests run against (tests/controlplane/controlplane).
//
// Tests share one and isolate themselves by namespace. A test that stops servers, installs webhooks or cluster-wide
// kinds, or compacts history starts its own (some 3 s). Failures are exceptions. Not thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/audit_log.h"
#include "cluster/kubectl.h"

namespace holdfast::cluster {

class ControlPlane {
 public:
  // The one that `./dev test cluster` started, from HOLDFAST_CONTROLPLANE_DIR. It outlives the object.
  static ControlPlane shared();
  // A new one in a temporary folder, ended and removed with the object.
  static ControlPlane own();
  ~ControlPlane();
  ControlPlane(ControlPlane&& other) noexcept;
  ControlPlane(const ControlPlane&) = delete;
  ControlPlane& operator=(const ControlPlane&) = delete;
  ControlPlane& operator=(ControlPlane&&) = delete;

  // `server` is "apiserver" for the first API server, or a name given to add_apiserver.
  [[nodiscard]] std::string kubeconfig(const std::string& server = "apiserver") const;        // user holdfast-test
  [[nodiscard]] std::string admin_kubeconfig(const std::string& server = "apiserver") const;  // user holdfast-admin
  [[nodiscard]] Kubectl kubectl(const std::string& server = "apiserver") const;               // as the admin
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

  void add_apiserver(const std::string& name);     // on the same etcd; returns when it is ready
  void stop(const std::string& process) const;     // SIGTERM; returns when it is gone ("etcd" is a process, too)
  void kill(const std::string& process) const;     // SIGKILL
  void restart(const std::string& process) const;  // on the same port; returns when it is ready
  void compact() const;                            // etcd forgets all changes up to its present revision
  void start_controllers() const;                  // kube-controller-manager; built at first use, which takes minutes

  // Requests of a user to any of the servers since a moment, those of which the predicate holds (none: all of them).
  [[nodiscard]] std::vector<AuditedRequest> requests(std::string_view user, std::chrono::system_clock::time_point since,
                                                     const RequestPredicate& predicate = {}) const;
  [[nodiscard]] std::size_t count_requests(std::string_view user, std::chrono::system_clock::time_point since,
                                           const RequestPredicate& predicate = {}) const;
  // Returns when the audit log has every request whose answer was read before the call.
  void settle_audit() const;

 private:
  ControlPlane(std::filesystem::path directory, bool is_own);
  void script(const std::vector<std::string>& arguments) const;

  std::filesystem::path directory_;
  bool is_own_ = false;
};

// An environment variable that `./dev test cluster` sets; throws and says so where it is missing.
std::string required_environment(const char* name);

}  // namespace holdfast::cluster
