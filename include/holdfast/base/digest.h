// Digests of bytes and of JSON values.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast {

// SHA-256. Ordered so that it may be a key.
struct Sha256 {
  std::array<std::uint8_t, 32> bytes{};
  auto operator<=>(const Sha256&) const = default;
};
Sha256 sha256(std::string_view bytes);

// The same of bytes that come in pieces.
class Sha256Hasher {
 public:
  Sha256Hasher();
  ~Sha256Hasher();
  Sha256Hasher(Sha256Hasher&&) noexcept;
  Sha256Hasher& operator=(Sha256Hasher&&) noexcept;
  void update(std::string_view bytes);
  [[nodiscard]] Sha256 finish();  // once

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string to_hex(const Sha256& digest);
std::string base64url_unpadded(std::string_view bytes);
std::string base64_encode(std::string_view bytes);
// Line breaks and spaces do not count. Nothing where it is empty, or no padded base64.
std::optional<std::string> base64_decode(std::string text);

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

// The same of bytes that come in pieces; where one piece ends is not part of it.
class KeyedHasher {
 public:
  explicit KeyedHasher(const DigestKey& key);
  void update(std::string_view bytes);
  void update(std::uint64_t number);
  [[nodiscard]] Digest128 finish();

 private:
  void take(std::uint64_t word);

  std::uint64_t v0_, v1_, v2_, v3_;
  std::uint64_t rest_ = 0;  // bytes that are no word yet, the first one lowest
  std::uint64_t bytes_ = 0;
};

}  // namespace holdfast
