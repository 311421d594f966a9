// What of a commit or an annotated tag was signed, and by which kind of signature. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "holdfast/base/result.h"

namespace holdfast {

enum class SignatureKind { None, OpenPgp, Ssh, X509 };

struct SignedObject {
  std::string payload;    // what the signature is about
  std::string signature;  // armored; empty: not signed
  SignatureKind kind = SignatureKind::None;
  std::string author;             // "Jane <jane@example.com>": of a commit its committer, of a tag its tagger
  std::string tag, target, type;  // of a tag: its name, what it points at, and what that is
};

// `text`: as `git cat-file` prints it. Invalid where it is none.
Result<SignedObject> parse_signed_commit(std::string_view text);
Result<SignedObject> parse_signed_tag(std::string_view text);

// The id that an object of this type and text has; SHA-1 in hex.
std::string git_object_id(std::string_view type, std::string_view text);

}  // namespace holdfast
