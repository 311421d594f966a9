// What can be told of a file that SOPS encrypted without decrypting it. Internal to sources/. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sources/decryptor.h"

namespace holdfast {

// A document of a YAML file, with the line that separates it from the one before.
struct YamlChunk {
  std::string_view text;
  int line = 1;  // of its beginning
};
std::vector<YamlChunk> split_yaml(std::string_view text);

// The `sops` block of one document.
struct SopsBlock {
  bool present = false;
  std::string mac;
  std::vector<std::string> age_recipients;  // public keys
  std::vector<std::string> other_keys;      // "pgp", "kms", …, each once
};
SopsBlock sops_block_of(std::string_view document, SopsFormat format);

// `decrypted` with empty lines before its documents, so that each begins where it did in `original`; as it is where
// they do not match.
std::string with_lines_of(std::string_view original, std::string decrypted);

}  // namespace holdfast
