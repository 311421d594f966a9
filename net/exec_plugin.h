// Exec credential plugins: the program to run, and what its answer means (correctness B5). Pure.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "holdfast/base/process.h"
#include "holdfast/base/result.h"
#include "holdfast/base/secret.h"
#include "net/tls_files.h"

namespace holdfast {

// What a kubeconfig says about it. `command` is an absolute path once load_kubeconfig has found it.
struct ExecPlugin {
  std::string command;
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> environment;  // added to our own
  std::string api_version;                                       // client.authentication.k8s.io/v1 or v1beta1
  std::string install_hint;
  bool provide_cluster_info = false;
};

// What a plugin may be told about the cluster.
struct ExecClusterInfo {
  std::string server, tls_server_name, ca_pem, proxy_url;
  bool insecure_skip_verify = false, disable_compression = false;
};

struct ExecCredential {
  Secret token;  // empty: none
  std::shared_ptr<const TlsIdentity> identity;
  std::optional<std::chrono::system_clock::time_point> expires;  // none: until a 401
};

inline constexpr const char* kExecV1 = "client.authentication.k8s.io/v1";
inline constexpr const char* kExecV1beta1 = "client.authentication.k8s.io/v1beta1";

// The value of KUBERNETES_EXEC_INFO. Never interactive: there is nobody to answer.
std::string exec_info(const ExecPlugin& plugin, const ExecClusterInfo& cluster);
// Run without a shell, with `own_environment` and what the kubeconfig adds, nothing on standard input, killed after
// 60 s.
ProcessSpec exec_process(const ExecPlugin& plugin, const ExecClusterInfo& cluster,
                         const std::vector<std::string>& own_environment);
// Errors: Unauthorized, where the program failed (with the end of what it said, never of its standard output) or its
// answer is not an ExecCredential of the version that was asked for with a token or a certificate and its key.
Result<ExecCredential> read_exec_answer(const ExecPlugin& plugin, const Result<ProcessOutput>& output);

}  // namespace holdfast
