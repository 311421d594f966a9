#include "holdfast/base/digest.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <cstdlib>
#include <cstring>
#include <memory>

namespace holdfast {
namespace {

// libcrypto fails in these calls only when it was built without the algorithm or memory ran out: nothing of ours can go
// on.
void require(bool done) {
  if (!done) std::abort();
}

struct MacFree {
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};
using MacContext = std::unique_ptr<EVP_MAC_CTX, MacFree>;

MacContext new_siphash() {
  EVP_MAC* mac = EVP_MAC_fetch(nullptr, "SIPHASH", nullptr);
  require(mac != nullptr);
  MacContext context(EVP_MAC_CTX_new(mac));
  EVP_MAC_free(mac);
  require(context != nullptr);
  return context;
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

DigestKey DigestKey::random() {
  DigestKey key;
  require(RAND_bytes(key.bytes.data(), static_cast<int>(key.bytes.size())) == 1);
  return key;
}

Digest128 keyed_digest(const DigestKey& key, std::string_view bytes) {
  static thread_local const MacContext context = new_siphash();
  std::size_t size = 16;
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size), OSSL_PARAM_construct_end()};
  require(EVP_MAC_init(context.get(), key.bytes.data(), key.bytes.size(), params) == 1);
  require(EVP_MAC_update(context.get(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()) == 1);
  std::array<unsigned char, 16> out{};
  std::size_t length = 0;
  require(EVP_MAC_final(context.get(), out.data(), &length, out.size()) == 1 && length == out.size());
  Digest128 digest;
  std::memcpy(&digest.high, out.data(), 8);
  std::memcpy(&digest.low, out.data() + 8, 8);
  return digest;
}

}  // namespace holdfast
