// A file of secrets that somebody else renews: each line is one, and any of them counts, so that a new one is put in
// before the old one goes. Looked at again every 10 s; while it cannot be used, what it held before counts.
//
// Used on one thread.
#pragma once

#include <chrono>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "holdfast/base/clock.h"
#include "holdfast/base/result.h"
#include "holdfast/base/secret.h"

namespace holdfast {

class SecretFile {
 public:
  static constexpr std::chrono::seconds kLookEvery{10};
  static constexpr std::size_t kLeastBytes = 16;  // of a secret: less can be guessed
  static constexpr std::size_t kMostSecrets = 8;
  using ReadFile = std::function<Result<std::string>(const std::string& path)>;
  using Now = std::function<Clock::time_point()>;

  explicit SecretFile(std::string path, ReadFile read_file = read_secret_file, Now now = Clock::now);

  // Errors: Invalid (empty, a secret that is too short, too many), and those of reading.
  Result<void> load();
  std::span<const Secret> secrets();

  // The whole file, 64 KiB at most. Errors: Unauthorized.
  static Result<std::string> read_secret_file(const std::string& path);

 private:
  std::string path_;
  ReadFile read_file_;
  Now now_;
  std::vector<Secret> secrets_;
  Clock::time_point look_next_;
  bool warned_ = false;
};

}  // namespace holdfast
