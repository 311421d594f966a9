#include "sources/push_proof.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "holdfast/base/digest.h"

namespace holdfast {
namespace {

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 0xfU];
  }
  return out;
}

std::string hmac_hex(const EVP_MD* algorithm, const Secret& secret, std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  const std::string_view key = secret.reveal();
  const void* const data = bytes.data();
  HMAC(algorithm, key.data(), static_cast<int>(key.size()), static_cast<const unsigned char*>(data), bytes.size(),
       digest.data(), &size);
  const void* const made = digest.data();
  return to_hex({static_cast<const char*>(made), size});
}

// In a time that depends on nothing but the two lengths: digests of equal length are compared.
bool same(std::string_view given, std::string_view wanted) {
  const Sha256 a = sha256(given), b = sha256(wanted);
  return CRYPTO_memcmp(a.bytes.data(), b.bytes.data(), a.bytes.size()) == 0 && given.size() == wanted.size();
}

template <class Fits>
bool any_fits(std::span<const Secret> secrets, Fits fits) {
  bool found = false;
  for (const Secret& secret : secrets) found = (!secret.empty() && fits(secret)) || found;  // looks at each of them
  return found;
}

std::unexpected<Error> unproven(std::string message, std::string hint = {}) {
  return fail(ErrorKind::Unauthorized, std::move(message), {}, std::move(hint));
}

// Headers in which senders of a kind put their signature, the best first.
std::vector<std::string_view> signature_headers(Forge forge) {
  switch (forge) {
    case Forge::GitHub:
    case Forge::Ghcr:
      return {"x-hub-signature-256"};
    case Forge::Gitea:
      return {"x-gitea-signature", "x-forgejo-signature", "x-gogs-signature", "x-hub-signature-256"};
    case Forge::Bitbucket:
    case Forge::BitbucketServer:
      return {"x-hub-signature"};
    case Forge::Generic:
      return {"x-signature", "x-hub-signature-256"};
    case Forge::Nexus:
      return {"x-nexus-webhook-signature"};
    case Forge::GitLab:
    case Forge::AzureDevOps:
    case Forge::Registry:
    case Forge::DockerHub:
    case Forge::Harbor:
    case Forge::Quay:
    case Forge::Acr:
      return {};
  }
  return {};
}

constexpr const char* kSameSecret = "enter the same secret at the sender as in secretFile";

Result<void> prove_signature(const PushIdentity& identity, const ReceivedRequest& request, const EVP_MD* algorithm) {
  constexpr std::string_view kPrefix = "sha256=";
  const auto headers = signature_headers(identity.forge);
  const auto header = std::ranges::find_if(headers, [&](auto name) { return !request.header(name).empty(); });
  if (header == headers.end())
    return unproven(fmt::format("it is not signed: there is no header {}", headers.front()),
                    "enter a secret at the sender, the same as in secretFile");
  std::string_view given = request.header(*header);
  if (given.starts_with("sha1=") || given.starts_with("sha512="))
    return unproven(fmt::format("its signature is made with {}", given.substr(0, given.find('='))),
                    "have it made with sha256");
  if (given.starts_with(kPrefix)) given.remove_prefix(kPrefix.size());
  const bool fits = any_fits(
      identity.secrets, [&](const Secret& secret) { return same(given, hmac_hex(algorithm, secret, request.body)); });
  if (!fits) return unproven("its signature does not fit the secret, or it was changed on its way", kSameSecret);
  return {};
}

Result<void> prove_header(const PushIdentity& identity, const ReceivedRequest& request, std::string_view header) {
  const std::string_view given = request.header(header);
  if (given.empty()) return unproven(fmt::format("there is no header {}", header), kSameSecret);
  if (!any_fits(identity.secrets, [&](const Secret& secret) { return same(given, secret.reveal()); }))
    return unproven(fmt::format("the header {} does not hold the secret", header), kSameSecret);
  return {};
}

// The password of "Basic base64(user:password)"; nothing where it is none.
std::optional<Secret> basic_password(std::string_view header) {
  if (!header.starts_with("Basic ")) return std::nullopt;
  auto decoded = base64_decode(std::string(header.substr(6)));
  if (!decoded) return std::nullopt;
  const std::size_t colon = decoded->find(':');
  Secret password(colon == std::string::npos ? std::string() : decoded->substr(colon + 1));
  OPENSSL_cleanse(decoded->data(), decoded->size());
  return password;
}

// A secret may also be the whole header, as some senders have it entered.
Result<void> prove_authorization(const PushIdentity& identity, const ReceivedRequest& request) {
  const std::string_view given = request.header("authorization");
  if (given.empty()) return unproven("there is no header authorization", kSameSecret);
  const auto password = basic_password(given);
  std::string_view token = given;
  if (token.starts_with("Bearer ")) token.remove_prefix(7);
  const auto fits = [&](const Secret& secret) {
    const bool whole = same(given, secret.reveal()), rest = same(token, secret.reveal());
    return whole || rest || (password && same(password->reveal(), secret.reveal()));
  };
  if (any_fits(identity.secrets, fits)) return {};
  return unproven(password ? "its password is not the secret" : "the header authorization does not hold the secret",
                  kSameSecret);
}

Result<void> prove_path(const PushIdentity& identity) {
  const bool fits = any_fits(identity.secrets, [&](const Secret& secret) {
    return same(identity.path_token, path_token(identity.receiver, secret));
  });
  if (fits) return {};
  return unproven("its path does not hold the receiver's token",
                  "enter the URL that `holdfast receiver --print-setup` names");
}

}  // namespace

Result<void> prove_push(const PushIdentity& identity, const ReceivedRequest& request) {
  switch (words_of(identity.forge).proof) {
    case ProofKind::Sha256Signature:
      return prove_signature(identity, request, EVP_sha256());
    case ProofKind::Sha1Signature:
      return prove_signature(identity, request, EVP_sha1());
    case ProofKind::TokenHeader:
      return prove_header(identity, request, "x-gitlab-token");
    case ProofKind::BasicPassword:
      if (!request.header("x-holdfast-token").empty()) return prove_header(identity, request, "x-holdfast-token");
      return prove_authorization(identity, request);
    case ProofKind::Authorization:
      return prove_authorization(identity, request);
    case ProofKind::PathToken:
      return prove_path(identity);
  }
  return unproven("there is no way to prove it");
}

std::string path_token(std::string_view receiver, const Secret& secret) { return hmac_sha256_hex(secret, receiver); }

std::string hmac_sha256_hex(const Secret& secret, std::string_view bytes) {
  return hmac_hex(EVP_sha256(), secret, bytes);
}

}  // namespace holdfast
