// Certificates that somebody else renews on disk: the CA of the server and our own certificate with its key, looked at
// again every 5 minutes (correctness B1, B2). Time and files are given.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "holdfast/base/clock.h"
#include "holdfast/base/result.h"
#include "holdfast/base/secret.h"

namespace holdfast {

// A client certificate (with its chain) and its private key.
struct TlsIdentity {
  std::string certificate_pem;
  Secret key_pem;
  friend bool operator==(const TlsIdentity&, const TlsIdentity&) = default;
};

struct TlsMaterial {
  std::string ca_pem;  // empty: the certificates that the system trusts
  std::optional<TlsIdentity> identity;
  friend bool operator==(const TlsMaterial&, const TlsMaterial&) = default;
};

// Empty where the bytes came with the configuration and never change.
struct TlsFilePaths {
  std::string ca, certificate, key;
  [[nodiscard]] bool any() const { return !ca.empty() || !certificate.empty() || !key.empty(); }
};

class TlsFiles {
 public:
  static constexpr std::chrono::minutes kLookEvery{5};
  static constexpr std::chrono::seconds kLookAgainAfter{10};  // after a file that could not be used
  using ReadFile = std::function<Result<std::string>(const std::string& path)>;
  using Now = std::function<Clock::time_point()>;

  TlsFiles(TlsFilePaths paths, TlsMaterial in_use, ReadFile read_file = read_pem_file, Now now = Clock::now);

  // What the files hold, where that is something else than what is in use, and it is time to look. A file that is
  // missing, empty or unreadable keeps what it held before.
  std::optional<TlsMaterial> changed();
  // The caller uses it now.
  void in_use(TlsMaterial material) { in_use_ = std::move(material); }
  // The caller could not use it: key and certificate may have been written one after the other.
  void unusable() { look_next_ = now_() + kLookAgainAfter; }

  // The whole file, 1 MiB at most.
  static Result<std::string> read_pem_file(const std::string& path);

 private:
  // False where the file could not be used.
  bool read(const std::string& path, std::string& into) const;

  TlsFilePaths paths_;
  TlsMaterial in_use_;
  ReadFile read_file_;
  Now now_;
  Clock::time_point look_next_;
};

}  // namespace holdfast
