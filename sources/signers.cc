#include "sources/signers.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>

namespace holdfast {
namespace {

constexpr std::string_view kOpenPgp = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
constexpr const char* kHint = "give public keys as `gpg --armor --export` prints them, or as in id_ed25519.pub";

bool is_key_type(std::string_view word) {
  constexpr std::array kPrefixes = {"ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"};
  return std::ranges::any_of(kPrefixes, [&](std::string_view prefix) { return word.starts_with(prefix); });
}

std::string_view word_of(std::string_view line, std::size_t index) {
  for (;; --index) {
    line.remove_prefix(std::min(line.find_first_not_of(" \t\r"), line.size()));
    const std::string_view word = line.substr(0, line.find_first_of(" \t\r"));
    if (index == 0 || word.empty()) return word;
    line.remove_prefix(word.size());
  }
}

// A name that ssh-keygen takes for no pattern.
std::string principal_of(std::string_view comment) {
  std::string name(comment.empty() ? "signer" : comment);
  for (char& c : name)
    if (c == '*' || c == '?' || c == '!' || c == ',' || c == '"') c = '_';
  return name;
}

// False where this is no line of SSH keys.
bool add_ssh_line(std::string_view line, std::string& into) {
  const std::string_view first = word_of(line, 0);
  if (first.empty() || first.starts_with('#')) return true;
  if (is_key_type(first)) {
    const std::string_view key = word_of(line, 1);
    if (!key.starts_with("AAAA")) return false;
    into += fmt::format("{} namespaces=\"git\" {} {}\n", principal_of(word_of(line, 2)), first, key);
    return true;
  }
  if (!std::string_view(line).contains(" AAAA")) return false;
  into += std::string(line) + '\n';
  return true;
}

}  // namespace

Result<Signers> signers_of(const std::map<std::string, Secret>& entries, std::string where) {
  Signers signers;
  std::size_t total = 0;
  for (const auto& [name, value] : entries) {
    std::string_view text = value.reveal();
    total += text.size();
    if (total > kSignersLimitBytes) return fail(ErrorKind::TooLarge, "more than 1 MiB of public keys", where);
    if (text.contains("PRIVATE KEY"))
      return fail(ErrorKind::Invalid, fmt::format("its {} is a private key", name), where, kHint);
    if (name == "revoked_keys") {
      signers.revoked = text;
    } else if (text.contains(kOpenPgp)) {
      signers.openpgp += std::string(text) + '\n';
    } else {
      while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (!add_ssh_line(line, signers.allowed_signers))
          return fail(ErrorKind::Invalid, fmt::format("its {} holds no public keys", name), where, kHint);
      }
    }
  }
  if (signers.openpgp.empty() && signers.allowed_signers.empty())
    return fail(ErrorKind::Invalid, "it holds no public key, so that no signature could count", where, kHint);
  signers.where = std::move(where);
  return signers;
}

}  // namespace holdfast
