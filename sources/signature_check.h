// Whether a commit, or the tag that names it, was signed by one of those whose signatures count. By gpg with a key ring
// of its own, which is thrown away, and by ssh-keygen; neither sees keys, trust or configuration of this machine.
//
// Blocks; any thread.
#pragma once

#include <stop_token>
#include <string>
#include <string_view>

#include "holdfast/base/result.h"
#include "holdfast/model/application.h"
#include "sources/git_program.h"
#include "sources/signed_object.h"
#include "sources/signers.h"

namespace holdfast {

// What gpg says with --status-fd; the signer where one of its keys made the signature and is good now. Errors: Invalid,
// in words about the signature. Pure.
Result<std::string> read_gpg_status(std::string_view status);

class SignatureCheck {
 public:
  // `scratch_folder` exists, and a folder for gpg may be made in it.
  SignatureCheck(Signers signers, std::string scratch_folder, std::stop_token stop);

  [[nodiscard]] const std::string& identity() const { return identity_; }  // the same for the same keys
  // The signer, as the key names them. `what` is named in errors: "commit 1234abcd of Jane <jane@example.com>". Errors:
  // Invalid (not signed, by another key, by one that is expired or revoked, changed since), NotFound (a program is
  // missing), Timeout, Cancelled, TooLarge, Internal.
  [[nodiscard]] Result<std::string> signer_of(const SignedObject& object, const std::string& what) const;

 private:
  [[nodiscard]] Result<std::string> by_gpg(const SignedObject& object) const;
  [[nodiscard]] Result<std::string> by_ssh(const SignedObject& object) const;

  Signers signers_;
  std::string scratch_folder_;
  std::stop_token stop_;
  std::string identity_;
};

// What is to be read at a ref, as far as signatures go.
struct NamedRevision {
  std::string commit;      // 40 hex
  std::string tag_object;  // of an annotated tag; empty: it is no such tag
  std::string ref;         // "refs/tags/v1"; empty: a commit by its id
};

// Both are in this repository. Errors: as SignatureCheck.
Result<void> verify_revision(const GitProgram& git, const std::string& repository, const NamedRevision& revision,
                             SignatureMode mode, const SignatureCheck& check);

}  // namespace holdfast
