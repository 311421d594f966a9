// How a registry asks who we are, and what we answer: challenges of WWW-Authenticate, and Docker's credentials file.
// Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/base/result.h"
#include "holdfast/base/secret.h"

namespace holdfast {

struct RegistryLogin {
  std::string username;
  Secret password;
  friend bool operator==(const RegistryLogin&, const RegistryLogin&) = default;
};

// The value of an Authorization header.
Secret basic_authorization(const RegistryLogin& login);

struct Challenge {
  std::string scheme;                             // in lower case: "bearer", "basic"
  std::map<std::string, std::string> parameters;  // names in lower case
};
// Of the values of all WWW-Authenticate headers (RFC 9110, 11.6.1). What cannot be read ends it; what came before
// holds.
std::vector<Challenge> parse_challenges(const std::vector<std::string>& headers);

// What Docker's config.json says of a registry (RegistryAddress::host), under any of the spellings that are in use.
// Nothing where it does not name it. Errors: Invalid (no such file format, or one that names a program to run).
Result<std::optional<RegistryLogin>> docker_login(std::string_view config, std::string_view host);

}  // namespace holdfast
