#include "net/tls_files.h"

#include <fstream>
#include <utility>

#include "holdfast/base/log.h"

namespace holdfast {

TlsFiles::TlsFiles(TlsFilePaths paths, TlsMaterial in_use, ReadFile read_file, Now now)
    : paths_(std::move(paths)),
      in_use_(std::move(in_use)),
      read_file_(std::move(read_file)),
      now_(std::move(now)),
      look_next_(now_() + kLookEvery) {}

std::optional<TlsMaterial> TlsFiles::changed() {
  const auto now = now_();
  if (!paths_.any() || now < look_next_) return std::nullopt;
  look_next_ = now + kLookEvery;
  TlsMaterial seen = in_use_;
  bool all_read = read(paths_.ca, seen.ca_pem);
  if (seen.identity) {
    all_read &= read(paths_.certificate, seen.identity->certificate_pem);
    std::string key;
    all_read &= read(paths_.key, key);
    if (!key.empty()) seen.identity->key_pem = Secret(std::move(key));
  }
  if (!all_read) unusable();
  if (seen == in_use_) return std::nullopt;
  return seen;
}

bool TlsFiles::read(const std::string& path, std::string& into) const {
  if (path.empty()) return true;
  Result<std::string> bytes = read_file_(path);
  const bool usable = bytes && bytes->find_first_not_of(" \t\r\n") != std::string::npos;
  if (usable) {
    into = std::move(*bytes);
  } else {
    log(LogLevel::Warning, "certificate-file-unreadable", "keeping what was read before",
        {{"file", path}, {"reason", bytes ? std::string("the file is empty") : describe(bytes.error())}});
  }
  return usable;
}

Result<std::string> TlsFiles::read_pem_file(const std::string& path) {
  constexpr std::size_t kMaxFileBytes = 1024UL * 1024;
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorKind::Unauthorized, "cannot open the file", path);
  std::string bytes(kMaxFileBytes + 1, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  const auto size = static_cast<std::size_t>(file.gcount());
  if (file.bad()) return fail(ErrorKind::Unauthorized, "cannot read the file", path);
  if (size > kMaxFileBytes) return fail(ErrorKind::TooLarge, "the file is larger than 1 MiB", path);
  bytes.resize(size);
  return bytes;
}

}  // namespace holdfast
