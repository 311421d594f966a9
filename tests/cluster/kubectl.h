// kubectl as a test runs it: the person at the other end, who edits, applies and deletes.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "cluster/child_process.h"

namespace holdfast::cluster {

class Kubectl {
 public:
  // The discovery cache is the control plane's own: another test's server may have had the same port.
  Kubectl(std::string program, std::string kubeconfig, std::string cache_directory);

  // kubectl ARGUMENT..., with the input as its standard input ({"apply", "-f", "-"}).
  [[nodiscard]] Finished run(std::vector<std::string> arguments, const std::string& input = {}) const;
  // The same, returning what it printed; throws with its message where it failed.
  std::string must(std::vector<std::string> arguments, const std::string& input = {}) const;
  // A field by JSONPath ("{.spec.replicas}"), without a trailing newline; empty where object or field is absent.
  [[nodiscard]] std::string field(const std::string& namespace_name, const std::string& resource,
                                  const std::string& name, const std::string& json_path) const;
  // Until the type of a CustomResourceDefinition is served; throws where that takes longer. `kubectl wait` does not
  // do: it fails on a definition so new that its conditions are null, as those of a real API server are for a moment.
  void wait_until_established(const std::string& definition, std::chrono::milliseconds deadline) const;

 private:
  std::string program_, kubeconfig_, cache_directory_;
};

}  // namespace holdfast::cluster
