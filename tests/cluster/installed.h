// A cluster with Holdfast installed by what `holdfast install` prints, a repository behind http, and daemons that are
// nobody but a ServiceAccount: as a Pod of the Deployment has it, but for the way to the server.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cluster/control_plane.h"
#include "cluster/eventually.h"
#include "cluster/git_server.h"
#include "cluster/holdfast_process.h"
#include "cluster/kubectl.h"
#include "cluster/repository.h"

namespace holdfast::cluster {

class Installed : public testing::Test {
 protected:
  static constexpr std::chrono::seconds kDeadline{30};

  Installed();                              // on a control plane of the test's own
  explicit Installed(ControlPlane& plane);  // which outlives it

  // What `holdfast install` printed and was applied.
  std::string install(std::vector<std::string> options = {}) const;
  void wait_for_definitions() const;                             // until all of them are served
  void wait_for_policy(const std::string& name) const;           // until it counts as known to every API server
  void namespaces(const std::vector<std::string>& names) const;  // those that are there stay as they are
  // An account, and what it may do in its namespace.
  void account(const std::string& namespace_, const std::string& name, const std::string& verbs,
               const std::string& resources) const;
  // Of an account of a namespace, which is its own as well.
  [[nodiscard]] std::string kubeconfig_of(const std::string& namespace_, const std::string& name) const;
  [[nodiscard]] std::string daemons_kubeconfig() const { return kubeconfig_of("holdfast-system", "holdfast"); }

  [[nodiscard]] std::unique_ptr<HoldfastProcess> run(const std::string& kubeconfig,
                                                     const std::vector<std::string>& options = {},
                                                     const Environment& environment = {}) const;
  // The daemon, with the account that the installation has for it.
  void start(const std::vector<std::string>& options = {}) { daemon_ = run(daemons_kubeconfig(), options); }

  static std::string config_map(const std::string& name, const std::string& color, const std::string& place = {});
  // Of the folder of its name in the repository; `more` are lines of its spec.
  [[nodiscard]] std::string application(const std::string& namespace_, const std::string& name,
                                        const std::string& more = {}, const std::string& source = {}) const;
  void apply(const std::string& text) const { kubectl_.must({"apply", "-f", "-"}, text); }
  [[nodiscard]] std::vector<std::string> names(const std::string& kind, const std::string& namespace_) const;
  // Deletes all of a kind in a namespace, whoever is to be asked before.
  void forget(const std::string& kind, const std::string& namespace_) const;

  [[nodiscard]] std::string condition(const std::string& namespace_, const std::string& name, const std::string& type,
                                      const std::string& part = "message") const;
  [[nodiscard]] std::string color(const std::string& namespace_, const std::string& name) const;
  static testing::AssertionResult eventually_says(const std::function<std::string()>& what, const std::string& part);
  [[nodiscard]] testing::AssertionResult eventually_is(const std::function<std::string()>& what,
                                                       const std::string& expected,
                                                       std::chrono::milliseconds deadline = kDeadline) const;
  [[nodiscard]] testing::AssertionResult becomes_ready(const std::string& namespace_, const std::string& name) const;

 private:
  explicit Installed(std::unique_ptr<ControlPlane> own);

  std::unique_ptr<ControlPlane> own_;

 protected:
  ControlPlane& plane_;
  Kubectl kubectl_;
  Repository repository_;
  GitServer server_;
  std::unique_ptr<HoldfastProcess> daemon_;
};

// All tests of a suite on one control plane, which takes seconds to start.
template <class Suite>
class InstalledOnce : public Installed {
 protected:
  static void SetUpTestSuite() { of_suite_ = std::make_unique<ControlPlane>(ControlPlane::own()); }
  static void TearDownTestSuite() { of_suite_.reset(); }

  InstalledOnce() : Installed(*of_suite_) {}

  inline static std::unique_ptr<ControlPlane> of_suite_;
};

}  // namespace holdfast::cluster
