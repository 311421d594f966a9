// What a source is read with besides its address: credentials of the repository, whose signatures count, and keys to
// decrypt with. They come from Secrets or files, and are looked at again before each reading, so that whatever was
// renewed is in use and what was withdrawn is not.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "holdfast/base/result.h"
#include "holdfast/model/application.h"
#include "holdfast/ports/cluster_values.h"
#include "net/gate.h"
#include "sources/decryptor.h"
#include "sources/git_access.h"
#include "sources/github_app.h"
#include "sources/signature_check.h"
#include "sources/sops_decryptor.h"
#include "sources/source_trust.h"

namespace holdfast {

// As an Application says it; files are absolute.
struct AccessWishes {
  std::string namespace_;  // of all Secrets
  CredentialFiles files;
  std::string ssh_auth_sock;       // empty: no agent
  std::string credentials_secret;  // instead of files; empty: none
  std::optional<SignatureSpec> signatures;
  std::optional<DecryptionSpec> decryption;
  std::string sops;  // the program; empty: found when it is needed

  // Of the repository, which many applications share, and of the application alone.
  [[nodiscard]] AccessWishes credentials() const;
  [[nodiscard]] AccessWishes trust() const;
  [[nodiscard]] bool names_credentials() const { return !credentials_secret.empty() || files != CredentialFiles{}; }
  [[nodiscard]] bool names_secrets() const {
    return !credentials_secret.empty() || (signatures && !signatures->secret.empty()) ||
           (decryption && !decryption->secret.empty());
  }
};

// As it is now. Nothing in it changes.
struct SourceAccess {
  GitCredentials credentials;
  std::shared_ptr<const SignatureCheck> signatures;  // null: none is asked for
  std::shared_ptr<Decryptor> decryptor;              // null: nothing is decrypted
};
using SourceAccessPtr = std::shared_ptr<const SourceAccess>;

// Lives on one executor, one thread.
class AccessKeeper {
 public:
  // `values` outlives it; null where no Secret is named. `scratch_folder`: see SignatureCheck.
  AccessKeeper(boost::asio::any_io_executor executor, ClusterValues* values, AccessWishes wishes, GitUrl url,
               std::string scratch_folder, std::stop_token stop);

  // The same pointer, and the same parts of it, while nothing has changed. Errors: those of
  // ClusterValues::read, Invalid for what cannot be used, and those of asking GitHub.
  boost::asio::awaitable<Result<SourceAccessPtr>> get();
  // Completes when a Secret may be another than at the last get(). Cancelled when the caller is.
  boost::asio::awaitable<Result<void>> changed();
  [[nodiscard]] bool names_secrets() const { return wishes_.names_secrets(); }
  // get(), of an application: as its renderers want it.
  boost::asio::awaitable<Result<SourceTrust>> trust();
  // The repository does not take the credentials: a token that we asked for is asked for anew. The hint for people.
  std::string refused();

 private:
  boost::asio::awaitable<Result<ClusterValuePtr>> read(std::string name);
  boost::asio::awaitable<Result<void>> renew_credentials();
  boost::asio::awaitable<Result<void>> renew_signatures();
  boost::asio::awaitable<Result<void>> renew_decryptor();
  [[nodiscard]] ValueReference reference(const std::string& name) const;

  ClusterValues* values_;
  AccessWishes wishes_;
  GitUrl url_;
  std::string scratch_folder_;
  std::stop_token stop_;
  std::shared_ptr<Gate> one_;  // renews at a time
  GithubAppTokens tokens_;
  SeenValues seen_;
  SourceAccess parts_;      // each as it was renewed last
  SourceAccessPtr access_;  // of when all were good; null: never yet

  std::string credentials_version_;  // of the Secret that they were made from
  std::optional<GithubApp> app_;
  Signers signers_;
  AgeKeys age_keys_;
};

// Out of a Secret: what ends in .agekey. Invalid where nothing does.
Result<AgeKeys> age_keys_of(const ClusterValue& secret, std::string where);

}  // namespace holdfast
