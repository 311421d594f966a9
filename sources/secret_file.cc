#include "sources/secret_file.h"

#include <openssl/crypto.h>
#include <spdlog/fmt/fmt.h>

#include <fstream>
#include <utility>

#include "holdfast/base/log.h"

namespace holdfast {
namespace {

constexpr const char* kMakeOne = "make one with: openssl rand -hex 32";

Result<std::vector<Secret>> secrets_in(std::string& bytes, const std::string& path) {
  constexpr std::string_view kBlank = " \t\r\n";
  std::vector<Secret> secrets;
  std::string_view rest = bytes;
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    line.remove_prefix(std::min(line.find_first_not_of(kBlank), line.size()));
    line = line.substr(0, line.find_last_not_of(kBlank) + 1);
    if (line.empty()) continue;
    if (line.size() < SecretFile::kLeastBytes)
      return fail(ErrorKind::Invalid,
                  fmt::format("a secret shorter than {} bytes can be guessed", SecretFile::kLeastBytes), path,
                  kMakeOne);
    if (secrets.size() == SecretFile::kMostSecrets)
      return fail(ErrorKind::Invalid, fmt::format("holds more than {} secrets", SecretFile::kMostSecrets), path,
                  "each line is one; remove those that are not in use any more");
    secrets.emplace_back(std::string(line));
  }
  if (secrets.empty())
    return fail(ErrorKind::Invalid, "holds no secret, and without one anybody would be believed", path, kMakeOne);
  return secrets;
}

}  // namespace

SecretFile::SecretFile(std::string path, ReadFile read_file, Now now)
    : path_(std::move(path)), read_file_(std::move(read_file)), now_(std::move(now)) {}

Result<void> SecretFile::load() {
  look_next_ = now_() + kLookEvery;
  auto bytes = read_file_(path_);
  if (!bytes) return std::unexpected(std::move(bytes.error()));
  auto secrets = secrets_in(*bytes, path_);
  OPENSSL_cleanse(bytes->data(), bytes->size());
  if (!secrets) return std::unexpected(std::move(secrets.error()));
  secrets_ = std::move(*secrets);
  warned_ = false;
  return {};
}

std::span<const Secret> SecretFile::secrets() {
  if (now_() < look_next_) return secrets_;
  if (const auto loaded = load(); !loaded && !std::exchange(warned_, true))
    log(LogLevel::Warning, "secret-file-unusable",
        "keeping the secret that was read before: " + describe(loaded.error()));
  return secrets_;
}

Result<std::string> SecretFile::read_secret_file(const std::string& path) {
  constexpr std::size_t kMostBytes = 64UL * 1024;
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorKind::Unauthorized, "cannot open the file of a secret", path, kMakeOne);
  std::string bytes(kMostBytes + 1, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (file.bad()) return fail(ErrorKind::Unauthorized, "cannot read the file of a secret", path);
  const auto size = static_cast<std::size_t>(file.gcount());
  if (size > kMostBytes) return fail(ErrorKind::TooLarge, "the file of a secret is larger than 64 KiB", path);
  bytes.resize(size);
  return bytes;
}

}  // namespace holdfast
