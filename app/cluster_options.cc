#include "app/cluster_options.h"

#include <CLI/CLI.hpp>

namespace holdfast {

void add_cluster_options(CLI::App& app, ClusterOptions& options) {
  app.add_option("--kubeconfig", options.kubeconfig,
                 "kubeconfig file (default: $KUBECONFIG, ~/.kube/config, in-cluster)");
  app.add_option("--context", options.context, "context of the kubeconfig (default: its current-context)");
  app.add_option("-n,--namespace", options.namespace_, "namespace of objects that name none");
  app.add_option("--installation", options.installation, "id of this Holdfast among several in one cluster")
      ->check(label_problem)
      ->capture_default_str();
}

}  // namespace holdfast
