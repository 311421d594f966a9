// Where the cluster is and who we are: kubeconfig files and the in-cluster service account (correctness B1, B3).
#pragma once

#include <string>

#include "holdfast/base/result.h"
#include "net/client_config.h"

namespace holdfast {

struct KubeconfigOptions {
  std::string path;            // explicit; the only file then
  std::string context;         // empty: current-context
  std::string kubeconfig_env;  // value of KUBECONFIG: files separated by ':'
  std::string home;            // for ~/.kube/config, where neither of the others names a file
  std::string path_env;        // value of PATH: where a credential plugin without a folder is looked for
  ProxyEnvironment proxy;      // HTTPS_PROXY and NO_PROXY
};

struct KubeContext {
  ClientConfig client;
  std::string namespace_;  // "default" where the context names none
  std::string context;
  std::string cluster;
};

// Reads files of at most 1 MiB, and nothing else: no programs are run (an exec plugin is only found), no connection is
// made. For each name of a cluster, user or context the first file of the list that has it wins; files of KUBECONFIG
// that do not exist are passed over. What would change who we are and is not supported (auth-provider, basic
// authentication, an exec plugin that must be interactive) is an error, never ignored. Errors name the file and what to
// do.
Result<KubeContext> load_kubeconfig(const KubeconfigOptions& options);

struct InClusterOptions {
  std::string host;       // value of KUBERNETES_SERVICE_HOST
  std::string port;       // value of KUBERNETES_SERVICE_PORT
  std::string root = "";  // put before /var/run/secrets/...: for tests
};

// The token file is read again as it is rotated. NotFound where we are not in a cluster.
Result<KubeContext> load_in_cluster(const InClusterOptions& options);

}  // namespace holdfast
