// Digests of bytes and of JSON values.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast {

// SHA-256. Ordered so that it may be a key.
struct Sha256 {
  std::array<std::uint8_t, 32> bytes{};
  auto operator<=>(const Sha256&) const = default;
};
Sha256 sha256(std::string_view bytes);
std::string to_hex(const Sha256& digest);
std::string base64url_unpadded(std::string_view bytes);
std::string base64_encode(std::string_view bytes);

// A keyed 128-bit digest (SipHash-2-4): whoever may edit an object must not be able to forge one (correctness C3).
struct Digest128 {
  std::uint64_t high = 0, low = 0;
  auto operator<=>(const Digest128&) const = default;
};
struct DigestKey {
  std::array<std::uint8_t, 16> bytes{};
  static DigestKey random();
};
Digest128 keyed_digest(const DigestKey& key, std::string_view bytes);

}  // namespace holdfast
