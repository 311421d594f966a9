// Whom a reading believes, and what it can open: parts of SourceAccess, as they are at that moment.
#pragma once

#include <memory>

#include "holdfast/model/application.h"
#include "sources/decryptor.h"

namespace holdfast {

class SignatureCheck;

struct SourceTrust {
  std::shared_ptr<const SignatureCheck> signatures;  // null: none is asked for
  SignatureMode mode = SignatureMode::Head;
  std::shared_ptr<Decryptor> decryptor;  // null: nothing can be decrypted
  bool operator==(const SourceTrust&) const = default;
};

}  // namespace holdfast
