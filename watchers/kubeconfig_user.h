// The user of a kubeconfig's context: certificates, tokens, exec plugins, impersonation (correctness B2, B3, B5, B6).
#pragma once

#include "holdfast/base/result.h"
#include "net/client_config.h"
#include "watchers/kubeconfig.h"
#include "watchers/kubeconfig_entry.h"

namespace holdfast {

// Into `client`, of which the server is known already: credentials are never sent over http. Errors: Invalid, NotFound,
// Unauthorized, with the place in the kubeconfig.
Result<void> read_user(const KubeconfigEntry& user, const KubeconfigOptions& options, ClientConfig& client);

}  // namespace holdfast
