// How a repository lets us in: credentials out of files, or out of a Secret with the keys that Flux gives them. Reads
// the files each time, so that what somebody else renews is in use at the next reading.
#pragma once

#include <optional>
#include <string>

#include "holdfast/base/result.h"
#include "holdfast/ports/cluster_values.h"
#include "sources/git_program.h"

namespace holdfast {

// Paths; empty: none.
struct CredentialFiles {
  std::string username;  // no path
  std::string password, ssh_key, known_hosts, ca, docker_config;
  bool operator==(const CredentialFiles&) const = default;
};

// Errors: Invalid, with the file and the option that names it.
Result<GitCredentials> read_credential_files(const CredentialFiles& files);

// A GitHub App, in whose name tokens are asked for.
struct GithubApp {
  std::string id, installation;
  Secret private_key;    // PEM
  std::string base_url;  // of the API
  std::string ca_pem;    // empty: the machine's CAs
  bool operator==(const GithubApp&) const = default;
};
struct SecretCredentials {
  GitCredentials credentials;
  std::optional<GithubApp> app;  // its token is what credentials lack
};

// `where` names the Secret in errors. Keys: username and password, or bearerToken, or githubAppID,
// githubAppInstallationID, githubAppPrivateKey and githubAppBaseURL, for https, each with ca.crt and with tls.crt and
// tls.key; identity and known_hosts for ssh; .dockerconfigjson, or username and password, for a registry (oci://).
// Errors: Invalid, which say what is missing for this URL.
Result<SecretCredentials> credentials_of_secret(const ClusterValue& secret, const GitUrl& url,
                                                const std::string& where);

}  // namespace holdfast
