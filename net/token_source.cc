#include "net/token_source.h"

#include <openssl/crypto.h>

#include <fstream>
#include <string_view>
#include <utility>

#include "holdfast/base/log.h"

namespace holdfast {
namespace {

constexpr auto kReadEvery = std::chrono::seconds{60 - 10};  // the leeway is client-go's: read before it is due
constexpr auto kRetryAfter = std::chrono::seconds{10};
constexpr std::size_t kMaxFileBytes = 1024UL * 1024;

Secret trimmed(std::string bytes) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  const auto first = bytes.find_first_not_of(kSpace);
  const auto last = bytes.find_last_not_of(kSpace);
  Secret token = first == std::string::npos ? Secret{} : Secret{bytes.substr(first, last - first + 1)};
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return token;
}

}  // namespace

Result<Secret> StaticToken::token() {
  if (token_.empty()) return fail(ErrorKind::Unauthorized, "the bearer token is empty");
  return token_;
}

FileToken::FileToken(std::string path, ReadFile read_file, Now now)
    : path_(std::move(path)), read_file_(std::move(read_file)), now_(std::move(now)), read_next_(now_()) {}

Result<Secret> FileToken::token() {
  const auto now = now_();
  if (!token_.empty() && now < read_next_) return token_;
  auto bytes = read_file_(path_);
  if (!bytes) return keep_old(std::move(bytes.error()));
  Secret fresh = trimmed(std::move(*bytes));
  if (fresh.empty()) return keep_old({ErrorKind::Unauthorized, "the token file is empty", path_});
  token_ = std::move(fresh);
  read_next_ = now + kReadEvery;
  keeps_old_ = false;
  return token_;
}

Result<Secret> FileToken::keep_old(Error reason) {
  if (token_.empty()) return std::unexpected(std::move(reason));
  read_next_ = now_() + kRetryAfter;
  if (!std::exchange(keeps_old_, true)) {
    log(LogLevel::Warning, "token-file-unreadable", "keeping the token read before", {{"reason", describe(reason)}});
  }
  return token_;
}

void FileToken::rejected() { read_next_ = now_(); }

Result<std::string> FileToken::read_token_file(const std::string& path) {
  const auto unreadable = [&path](std::string message) {
    return fail(ErrorKind::Unauthorized, std::move(message), path, "check tokenFile in the kubeconfig");
  };
  std::ifstream file(path, std::ios::binary);
  if (!file) return unreadable("cannot open the token file");
  std::string bytes(kMaxFileBytes + 1, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (file.bad()) return unreadable("cannot read the token file");
  const auto size = static_cast<std::size_t>(file.gcount());
  if (size > kMaxFileBytes) return unreadable("the token file is larger than 1 MiB");
  bytes.resize(size);
  return bytes;
}

}  // namespace holdfast
