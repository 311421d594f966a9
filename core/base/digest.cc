#include "holdfast/base/digest.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace holdfast {
namespace {

// libcrypto fails in these calls only when it was built without the algorithm or memory ran out: nothing of ours can go
// on.
void require(bool done) {
  if (!done) std::abort();
}

std::uint64_t load_little_endian(const char* bytes, std::size_t count) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, count);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

inline void sip_round(std::uint64_t& v0, std::uint64_t& v1, std::uint64_t& v2, std::uint64_t& v3) {
  v0 += v1;
  v2 += v3;
  v1 = std::rotl(v1, 13) ^ v0;
  v3 = std::rotl(v3, 16) ^ v2;
  v0 = std::rotl(v0, 32) + v3;
  v2 += v1;
  v3 = std::rotl(v3, 21) ^ v0;
  v1 = std::rotl(v1, 17) ^ v2;
  v2 = std::rotl(v2, 32);
}

std::string base64(std::string_view bytes, const char* alphabet, bool pad) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t n = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) group = (group << 8) | (j < n ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    for (std::size_t j = 0; j < 4; ++j) {
      if (j <= n)
        out.push_back(alphabet[(group >> (18 - 6 * j)) & 63U]);
      else if (pad)
        out.push_back('=');
    }
  }
  return out;
}

}  // namespace

Sha256 sha256(std::string_view bytes) {
  Sha256 digest;
  unsigned int length = 0;
  require(EVP_Digest(bytes.data(), bytes.size(), digest.bytes.data(), &length, EVP_sha256(), nullptr) == 1);
  return digest;
}

struct Sha256Hasher::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();

  State() { require(context != nullptr && EVP_DigestInit_ex(context, EVP_sha256(), nullptr) == 1); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { EVP_MD_CTX_free(context); }
};

Sha256Hasher::Sha256Hasher() : state_(std::make_unique<State>()) {}
Sha256Hasher::~Sha256Hasher() = default;
Sha256Hasher::Sha256Hasher(Sha256Hasher&&) noexcept = default;
Sha256Hasher& Sha256Hasher::operator=(Sha256Hasher&&) noexcept = default;

void Sha256Hasher::update(std::string_view bytes) {
  require(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1);
}

Sha256 Sha256Hasher::finish() {
  Sha256 digest;
  unsigned int length = 0;
  require(EVP_DigestFinal_ex(state_->context, digest.bytes.data(), &length) == 1);
  return digest;
}

std::string to_hex(const Sha256& digest) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (const std::uint8_t byte : digest.bytes) {
    out.push_back(kHex[byte >> 4U]);
    out.push_back(kHex[byte & 15U]);
  }
  return out;
}

std::string base64url_unpadded(std::string_view bytes) {
  return base64(bytes, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", false);
}

std::string base64_encode(std::string_view bytes) {
  return base64(bytes, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", true);
}

std::optional<std::string> base64_decode(std::string text) {
  std::erase_if(text, [](char c) { return c == '\n' || c == '\r' || c == ' '; });
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  std::vector<unsigned char> bytes(text.size() / 4 * 3);
  const std::vector<unsigned char> input(text.begin(), text.end());
  if (EVP_DecodeBlock(bytes.data(), input.data(), static_cast<int>(input.size())) < 0) return std::nullopt;
  const auto padding = static_cast<std::size_t>(std::ranges::count(text.substr(text.size() - 2), '='));
  return std::string(bytes.begin(), bytes.end() - static_cast<std::ptrdiff_t>(padding));
}

DigestKey DigestKey::random() {
  DigestKey key;
  require(RAND_bytes(key.bytes.data(), static_cast<int>(key.bytes.size())) == 1);
  return key;
}

// SipHash-2-4 with 128 bits of output, as its authors describe it. Ours, because libcrypto's needs longer to be set up
// than most texts to be hashed, and takes no pieces without a copy.
KeyedHasher::KeyedHasher(const DigestKey& key) {
  const auto* const bytes = reinterpret_cast<const char*>(key.bytes.data());
  const std::uint64_t k0 = load_little_endian(bytes, 8);
  const std::uint64_t k1 = load_little_endian(bytes + 8, 8);
  v0_ = k0 ^ 0x736f6d6570736575ULL;
  v1_ = k1 ^ 0x646f72616e646f6dULL ^ 0xee;
  v2_ = k0 ^ 0x6c7967656e657261ULL;
  v3_ = k1 ^ 0x7465646279746573ULL;
}

inline void KeyedHasher::take(std::uint64_t word) {
  v3_ ^= word;
  sip_round(v0_, v1_, v2_, v3_);
  sip_round(v0_, v1_, v2_, v3_);
  v0_ ^= word;
}

void KeyedHasher::update(std::string_view bytes) {
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  const std::size_t kept = bytes_ % 8;
  bytes_ += left;
  const std::size_t shift = 8 * kept;
  for (; left >= 8; at += 8, left -= 8) {
    const std::uint64_t word = load_little_endian(at, 8);
    if (kept == 0) {
      take(word);
    } else {
      take(rest_ | word << shift);
      rest_ = word >> (64 - shift);
    }
  }
  if (left == 0) return;
  const std::uint64_t word = load_little_endian(at, left);
  rest_ |= word << shift;
  if (kept + left >= 8) {
    take(rest_);
    rest_ = kept + left == 8 ? 0 : word >> (64 - shift);
  }
}

void KeyedHasher::update(std::uint64_t number) {
  std::array<char, 8> bytes;
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>((number >> (8 * i)) & 0xFFU);
  update(std::string_view(bytes.data(), bytes.size()));
}

Digest128 KeyedHasher::finish() {
  take(rest_ | bytes_ << 56U);
  const auto squeeze = [this](std::uint64_t& into, std::uint64_t mark) {
    into ^= mark;
    for (int round = 0; round < 4; ++round) sip_round(v0_, v1_, v2_, v3_);
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  };
  Digest128 digest;
  digest.high = squeeze(v2_, 0xee);
  digest.low = squeeze(v1_, 0xdd);
  return digest;
}

Digest128 keyed_digest(const DigestKey& key, std::string_view bytes) {
  KeyedHasher hasher(key);
  hasher.update(bytes);
  return hasher.finish();
}

}  // namespace holdfast
