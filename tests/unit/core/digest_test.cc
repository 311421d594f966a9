#include "holdfast/base/digest.h"

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include <cstring>
#include <string>

namespace holdfast {
namespace {

Digest128 by_openssl(const DigestKey& key, const std::string& text) {
  EVP_MAC* mac = EVP_MAC_fetch(nullptr, "SIPHASH", nullptr);
  EVP_MAC_CTX* context = EVP_MAC_CTX_new(mac);
  std::size_t size = 16;
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size), OSSL_PARAM_construct_end()};
  unsigned char out[16] = {};
  std::size_t written = 0;
  EXPECT_EQ(EVP_MAC_init(context, key.bytes.data(), key.bytes.size(), params), 1);
  EXPECT_EQ(EVP_MAC_update(context, reinterpret_cast<const unsigned char*>(text.data()), text.size()), 1);
  EXPECT_EQ(EVP_MAC_final(context, out, &written, sizeof out), 1);
  EVP_MAC_CTX_free(context);
  EVP_MAC_free(mac);
  Digest128 digest;
  std::memcpy(&digest.high, out, 8);
  std::memcpy(&digest.low, out + 8, 8);
  return digest;
}

TEST(KeyedDigest, C3_is_SipHash_2_4_with_128_bits) {
  const DigestKey key{{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255}};
  std::string text;
  for (int length = 0; length < 100; ++length) {
    EXPECT_EQ(keyed_digest(key, text), by_openssl(key, text)) << length;
    text.push_back(static_cast<char>(length * 37 + 200));
  }
}

TEST(KeyedDigest, pieces_of_any_size_make_the_same_digest) {
  const DigestKey key{{9, 9}};
  const std::string text = "the quick brown fox jumps over the lazy dog and goes home";
  const Digest128 whole = keyed_digest(key, text);
  for (std::size_t first = 0; first <= text.size(); ++first)
    for (std::size_t second = first; second <= text.size(); ++second) {
      KeyedHasher hasher(key);
      hasher.update(std::string_view(text).substr(0, first));
      hasher.update(std::string_view(text).substr(first, second - first));
      hasher.update(std::string_view(text).substr(second));
      EXPECT_EQ(hasher.finish(), whole) << first << ", " << second;
    }
}

TEST(KeyedDigest, C3_another_key_makes_another_digest) {
  EXPECT_NE(keyed_digest(DigestKey{{1}}, "x"), keyed_digest(DigestKey{{2}}, "x"));
  EXPECT_NE(DigestKey::random().bytes, DigestKey::random().bytes);
}

}  // namespace
}  // namespace holdfast
