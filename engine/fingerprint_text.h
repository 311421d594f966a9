// The text that a fingerprint is the digest of. Injective: every string has its length before it, every choice a tag.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "holdfast/base/digest.h"

namespace holdfast {

inline void put_number(std::string& out, std::size_t number, std::size_t at) {
  for (std::size_t byte = 0; byte < 8; ++byte) out[at + byte] = static_cast<char>((number >> (8 * byte)) & 0xFFU);
}
inline void append_number(std::string& out, std::size_t number) {
  out.append(8, '\0');
  put_number(out, number, out.size() - 8);
}
inline void append_text(std::string& out, std::string_view bytes) {
  append_number(out, bytes.size());
  out += bytes;
}

// How every fingerprint begins. `fields`: the digest of the canonical set that we own.
inline void append_ownership(std::string& out, std::string_view uid, std::string_view api_version,
                             const Digest128& fields) {
  append_text(out, uid);
  out.push_back('M');
  append_text(out, api_version);
  append_number(out, fields.high);
  append_number(out, fields.low);
}

}  // namespace holdfast
