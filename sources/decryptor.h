// Files of a repository that are encrypted, and whoever turns them into what they say.
#pragma once

#include <string>
#include <string_view>

#include "holdfast/base/result.h"

namespace holdfast {

enum class SopsFormat { Yaml, Json, Dotenv, Ini, Binary };
const char* to_string(SopsFormat format);  // as sops names it
// By the end of the name: .yaml, .yml, .json, .env, .ini; anything else is Binary.
SopsFormat sops_format_of(std::string_view path);

// Whether SOPS encrypted these bytes, or a document among them. Pure.
bool is_sops_encrypted(std::string_view bytes, SopsFormat format);

class Decryptor {
 public:
  virtual ~Decryptor() = default;
  // What the bytes say; documents of YAML begin in the lines in which they began. Of what is not encrypted: the same
  // bytes. `path` names the file in errors, which never quote what is inside. What comes back is to be kept in memory
  // alone. Errors: Invalid (no key for it, or it was changed by hand), NotFound (no sops here), TooLarge, Timeout,
  // Cancelled, Internal. Blocks; any thread.
  virtual Result<std::string> decrypt(const std::string& path, std::string_view bytes, SopsFormat format) = 0;
  // The same of one object, as JSON, that a renderer took along: what it set in it (a namespace, a label) is no reason
  // to refuse it, for each encrypted value vouches for itself and its place. As Flux does.
  virtual Result<std::string> decrypt_rendered(const std::string& origin, std::string_view object) = 0;
};

}  // namespace holdfast
