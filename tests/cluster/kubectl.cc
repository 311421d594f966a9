#include "cluster/kubectl.h"

#include <stdexcept>
#include <utility>

#include "cluster/eventually.h"

namespace holdfast::cluster {

Kubectl::Kubectl(std::string program, std::string kubeconfig, std::string cache_directory)
    : program_(std::move(program)), kubeconfig_(std::move(kubeconfig)), cache_directory_(std::move(cache_directory)) {}

Finished Kubectl::run(std::vector<std::string> arguments, const std::string& input) const {
  std::vector<std::string> command{program_, "--kubeconfig", kubeconfig_, "--cache-dir", cache_directory_};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return cluster::run(command, input);
}

std::string Kubectl::must(std::vector<std::string> arguments, const std::string& input) const {
  std::string shown = "kubectl";
  for (const std::string& argument : arguments) shown += " " + argument;
  const Finished finished = run(std::move(arguments), input);
  if (finished.exit_code != 0) throw std::runtime_error(shown + ": " + finished.err);
  return finished.out;
}

std::string Kubectl::field(const std::string& namespace_name, const std::string& resource, const std::string& name,
                           const std::string& json_path) const {
  return must({"get", resource, name, "--namespace", namespace_name, "--ignore-not-found", "--output",
               "jsonpath=" + json_path});
}

void Kubectl::wait_until_established(const std::string& definition, std::chrono::milliseconds deadline) const {
  const auto established = [&] {
    const Finished conditions = run({"get", "crd", definition, "--output", "jsonpath={.status.conditions}"});
    return conditions.out.contains(R"("status":"True","type":"Established")");
  };
  if (!eventually(established, deadline)) throw std::runtime_error(definition + " was not established in time");
}

}  // namespace holdfast::cluster
