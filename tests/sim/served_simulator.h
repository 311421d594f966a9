// `holdfast simulate` as a process of its own, with kubectl beside it and a folder for manifests.
//
// Needs HOLDFAST_BINARY and HOLDFAST_KUBECTL; no cluster.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "cluster/control_plane.h"
#include "cluster/holdfast_process.h"
#include "cluster/kubectl.h"

namespace holdfast::cluster {

inline constexpr const char* kWebDeployment = R"(apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: default}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "nginx:1"}]}
)";

class ServedSimulator : public testing::Test {
 protected:
  ServedSimulator() {
    std::string pattern = (std::filesystem::temp_directory_path() / "holdfast-simulator.XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make a temporary folder");
    folder_ = pattern;
    kubeconfig_ = (folder_ / "kubeconfig").string();
    server_ = std::make_unique<HoldfastProcess>(std::vector<std::string>{"simulate", "--kubeconfig", kubeconfig_});
    server_->wait_for_line("an API server is ready", std::chrono::seconds{10});
    kubectl_ =
        std::make_unique<Kubectl>(required_environment("HOLDFAST_KUBECTL"), kubeconfig_, (folder_ / "cache").string());
  }
  ~ServedSimulator() override {
    server_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  std::string must(std::vector<std::string> arguments, const std::string& input = {}) {
    return kubectl_->must(std::move(arguments), input);
  }
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }
  // VERB ARGUMENT... against this server.
  [[nodiscard]] std::vector<std::string> here(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--kubeconfig", kubeconfig_});
    return arguments;
  }

  std::filesystem::path folder_;
  std::string kubeconfig_;
  std::unique_ptr<HoldfastProcess> server_;
  std::unique_ptr<Kubectl> kubectl_;
};

}  // namespace holdfast::cluster
