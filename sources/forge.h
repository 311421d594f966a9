// The senders of pushes that are known, and how each of them proves that it is the one. Pure.
#pragma once

#include <span>
#include <string_view>

#include "holdfast/base/result.h"

namespace holdfast {

enum class Forge {
  GitHub,
  GitLab,
  Gitea,  // and Forgejo, Gogs
  Bitbucket,
  BitbucketServer,  // and Data Center
  AzureDevOps,
  Generic,   // whatever signs its body: a pipeline, a script
  Registry,  // notifications of the distribution project's registry, which others send too
  DockerHub,
  Harbor,
  Ghcr,
  Quay,
  Acr,
  Nexus,
};

enum class ProofKind {
  Sha256Signature,  // a header with the HMAC-SHA256 of the body
  Sha1Signature,    // with HMAC-SHA1, where the sender has nothing better
  TokenHeader,      // a header with the secret itself
  BasicPassword,    // HTTP basic authentication, or a header with the secret
  Authorization,    // the Authorization header, with the secret or "Bearer SECRET"
  PathToken,        // nothing: the path holds what nobody can guess
};

struct ForgeWords {
  Forge forge;
  std::string_view type;  // in a configuration
  std::string_view name;  // for people
  ProofKind proof;
};

std::span<const ForgeWords> all_forges();
const ForgeWords& words_of(Forge forge);
// Errors: Invalid, with the nearest type. "forgejo" and "gogs" are "gitea".
Result<Forge> parse_forge(std::string_view type);

}  // namespace holdfast
