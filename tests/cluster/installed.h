// A cluster of one's own with Holdfast installed by what `holdfast install` prints, a repository behind http, and
// daemons that are nobody but a ServiceAccount: as a Pod of the Deployment has it, but for the way to the server.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cluster/control_plane.h"
#include "cluster/eventually.h"
#include "cluster/git_server.h"
#include "cluster/holdfast_process.h"
#include "cluster/live_watch.h"
#include "cluster/repository.h"

namespace holdfast::cluster {

class Installed : public testing::Test {
 protected:
  static constexpr std::chrono::seconds kDeadline{30};

  // The control plane outlives it.
  explicit Installed(ControlPlane& plane)
      : plane_(plane),
        kubectl_(plane_.kubectl()),
        server_({.folder = std::filesystem::path(repository_.directory()).parent_path(),
                 .username = {},
                 .password = {},
                 .certificate = {},
                 .redirect_to = {}}) {
    std::filesystem::create_directories(repository_.cache());
  }

  std::string install(std::vector<std::string> options = {}) const {
    options.insert(options.begin(), "install");
    const Finished printed = HoldfastProcess::run(options);
    EXPECT_EQ(printed.exit_code, 0) << printed.err;
    kubectl_.must({"apply", "-f", "-"}, printed.out);
    return printed.out;
  }
  void wait_for_definitions() const { kubectl_.wait_until_established("applications.holdfast.dev", kDeadline); }
  void namespaces(const std::vector<std::string>& names) const {
    for (const std::string& name : names) kubectl_.must({"create", "namespace", name});
  }
  // An account, and what it may do in its namespace.
  void account(const std::string& namespace_, const std::string& name, const std::string& verbs,
               const std::string& resources) const {
    kubectl_.must({"-n", namespace_, "create", "serviceaccount", name});
    if (verbs.empty()) return;
    kubectl_.must({"-n", namespace_, "create", "role", name, "--verb=" + verbs, "--resource=" + resources});
    kubectl_.must({"-n", namespace_, "create", "rolebinding", name, "--role=" + name,
                   "--serviceaccount=" + namespace_ + ":" + name});
  }

  // Of an account of a namespace, which is its own as well.
  std::string kubeconfig_of(const std::string& namespace_, const std::string& name) {
    const ClientConfig server = LiveWatch::config(plane_.kubeconfig());
    const std::string folder = repository_.cache() + "/" + namespace_ + "-" + name;
    std::filesystem::create_directories(folder);
    std::ofstream(folder + "/ca.crt") << server.ca_pem;
    std::ofstream(folder + "/token") << kubectl_.must({"-n", namespace_, "create", "token", name});
    std::ofstream(folder + "/kubeconfig") << "current-context: c\n"
                                             "contexts: [{name: c, context: {cluster: c, user: u, namespace: "
                                          << namespace_
                                          << "}}]\n"
                                             "clusters: [{name: c, cluster: {server: 'https://127.0.0.1:"
                                          << server.port
                                          << "', certificate-authority: ca.crt}}]\n"
                                             "users: [{name: u, user: {tokenFile: token}}]\n";
    return folder + "/kubeconfig";
  }
  std::unique_ptr<HoldfastProcess> run(const std::string& kubeconfig, std::vector<std::string> options = {},
                                       const Environment& environment = {}) const {
    std::vector<std::string> arguments{"run", "--kubeconfig", kubeconfig, "--cache-dir", repository_.cache() + "/git"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return std::make_unique<HoldfastProcess>(std::move(arguments), environment);
  }

  static std::string config_map(const std::string& name, const std::string& color, const std::string& place = {}) {
    return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name +
           (place.empty() ? "" : ", namespace: " + place) + "}\ndata: {color: " + color + "}\n";
  }
  // Of the folder of its name in the repository; `more` are lines of its spec.
  [[nodiscard]] std::string application(const std::string& namespace_, const std::string& name,
                                        const std::string& more = {}, const std::string& source = {}) const {
    return "apiVersion: holdfast.dev/v1alpha1\nkind: Application\nmetadata: {name: " + name +
           ", namespace: " + namespace_ + "}\nspec:\n  source: {repoURL: " + server_.url() +
           "/work, ref: {branch: main}, path: " + name + ", interval: 1s" + source + "}\n" + more;
  }
  void apply(const std::string& text) const { kubectl_.must({"apply", "-f", "-"}, text); }

  [[nodiscard]] std::string condition(const std::string& namespace_, const std::string& name, const std::string& type,
                                      const std::string& part = "message") const {
    return kubectl_.field(namespace_, "hfapp", name, "{.status.conditions[?(@.type==\"" + type + "\")]." + part + "}");
  }
  [[nodiscard]] std::string color(const std::string& namespace_, const std::string& name) const {
    return kubectl_.field(namespace_, "configmap", name, "{.data.color}");
  }
  static testing::AssertionResult eventually_says(const std::function<std::string()>& what, const std::string& part) {
    if (eventually([&] { return what().contains(part); }, kDeadline)) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "\"" << what() << "\" does not say \"" << part << "\"\n";
  }
  testing::AssertionResult becomes_ready(const std::string& namespace_, const std::string& name) const {
    if (eventually([&] { return condition(namespace_, name, "Ready", "status") == "True"; }, kDeadline))
      return testing::AssertionSuccess();
    return testing::AssertionFailure() << name << " is not ready: " << condition(namespace_, name, "Ready") << "\n";
  }

  ControlPlane& plane_;
  Kubectl kubectl_;
  Repository repository_;
  GitServer server_;
};

}  // namespace holdfast::cluster
