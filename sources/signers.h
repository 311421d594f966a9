// Whose signatures count: OpenPGP and SSH public keys, out of a Secret or a file. Pure; any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "holdfast/base/result.h"
#include "holdfast/base/secret.h"

namespace holdfast {

struct Signers {
  std::string openpgp;          // armored public keys, one after another
  std::string allowed_signers;  // as ssh-keygen reads them
  std::string revoked;          // SSH public keys, or a revocation list; empty: none
  std::string where;            // "Secret web/signers", for messages
  bool operator==(const Signers&) const = default;
};

inline constexpr std::size_t kSignersLimitBytes = std::size_t{1} << 20;

// Each entry holds OpenPGP public keys in armor, or lines of SSH public keys, plain or as in an allowed_signers file;
// `revoked_keys` those of SSH that count no more. Errors: Invalid, with the entry, where one is neither, or a private
// key, or there is none.
Result<Signers> signers_of(const std::map<std::string, Secret>& entries, std::string where);

}  // namespace holdfast
